package espocrm

import (
	"fmt"
	"net/http"
	"strings"

	"tandem/server/contact"
	"tandem/server/rest"
)

// status is the cause of an error that a status told. It is for the log: the
// server's reason names fields and rights, never a value.
type status struct {
	code   int
	reason string
}

func (s status) Error() string {
	return strings.TrimSpace(fmt.Sprintf("espocrm: status %d %s", s.code, s.reason))
}

func cause(res *rest.Response) error { return status{res.Status, reason(res)} }

func fault(kind error, field, message string, res *rest.Response) *contact.Error {
	return &contact.Error{Kind: kind, Field: field, Message: message, Cause: cause(res)}
}

// statusError is what an unsuccessful answer means for the whole connection.
func statusError(res *rest.Response) error {
	switch {
	case res.Status == http.StatusUnauthorized && res.Bare:
		return notEspo(res)
	case res.Status == http.StatusUnauthorized:
		return fault(contact.ErrReconnect, "", "EspoCRM no longer accepts this sign-in. Connect again.", res)
	case res.Status == http.StatusForbidden && strings.Contains(reason(res), "login attempts"):
		return fault(contact.ErrForbidden, fieldPassword, "EspoCRM refuses sign-ins for a while, because too many have failed. Wait some minutes, then try again.", res)
	case res.Status == http.StatusForbidden:
		return fault(contact.ErrForbidden, "", "Your EspoCRM account may not do this. Ask your EspoCRM administrator for access by the API.", res)
	case res.Status == http.StatusTooManyRequests:
		return fault(contact.ErrQuota, "", "EspoCRM limits how many requests it accepts. Try again later.", res)
	case res.Status == http.StatusServiceUnavailable:
		return fault(contact.ErrUnavailable, "", "EspoCRM is not available at the moment, perhaps for maintenance. Try again later.", res)
	case res.Status >= 500:
		return fault(contact.ErrUnavailable, "", "EspoCRM failed with an error of its own. Try again later; if it stays, its administrator finds the cause in its log.", res)
	case res.Status == http.StatusBadRequest && !rest.WebPage(res):
		return fault(contact.ErrProtocol, "", "EspoCRM did not understand the request. Its version may be too old.", res)
	}
	return notEspo(res)
}

// notEspo says that the address leads somewhere else.
func notEspo(res *rest.Response) error {
	message := "There is a server at this address, but it is not EspoCRM. Enter the address that you see in the browser when you use EspoCRM."
	if rest.WebPage(res) {
		message = "This address leads to a web page, not to EspoCRM's API. Enter the address that you see in the browser when you use EspoCRM, without what follows the #."
	}
	return fault(contact.ErrBaseURL, "url", message, res)
}
