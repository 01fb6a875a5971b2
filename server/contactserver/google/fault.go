package google

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/rest"
)

// refusal is an answer that is no success. Its text is for the log: it names
// codes and reasons, never what Google says, which may quote a contact.
type refusal struct {
	status  int // of HTTP
	state   string
	reasons []string
	mention string // what only Google's sentence tells
	bare    bool   // no token was sent
	page    bool   // it is a web page
}

// What some answers say in their sentence alone.
const (
	mentionEtag   = "person.etag"
	mentionUnused = "people api has not been used"
)

func (r *refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("google: status %d %s %s", r.status, r.state, strings.Join(r.reasons, " ")))
}

// refused reads an error answer: google.rpc.Status with ErrorInfo, and the
// older list of errors beside it.
func refused(res *rest.Response) *refusal {
	var body struct {
		Error struct {
			Status  string `json:"status"`
			Message string `json:"message"`
			Errors  []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
			Details []struct {
				Reason string `json:"reason"`
			} `json:"details"`
		} `json:"error"`
	}
	r := &refusal{status: res.Status, bare: res.Bare, page: rest.WebPage(res)}
	if json.Unmarshal(res.Body, &body) != nil {
		return r
	}
	r.state = body.Error.Status
	for _, d := range body.Error.Details {
		r.add(d.Reason)
	}
	for _, e := range body.Error.Errors {
		r.add(e.Reason)
	}
	for _, word := range []string{mentionEtag, mentionUnused} {
		if strings.Contains(strings.ToLower(body.Error.Message), word) {
			r.mention = word
		}
	}
	return r
}

func (r *refusal) add(reason string) {
	if reason != "" && !slices.Contains(r.reasons, reason) {
		r.reasons = append(r.reasons, reason)
	}
}

func (r *refusal) says(reasons ...string) bool {
	return slices.ContainsFunc(r.reasons, func(have string) bool {
		return slices.ContainsFunc(reasons, func(want string) bool { return strings.EqualFold(have, want) })
	})
}

// expired says that a sync token is no more. The reason counts, not the status:
// both 400 and 410 occur.
func (r *refusal) expired() bool {
	return r.says("EXPIRED_SYNC_TOKEN") || r.status == http.StatusGone
}

// stale says that an etag is no more. Some answers tell it with 403.
func (r *refusal) stale() bool {
	return r.says("failedPrecondition") || r.state == "FAILED_PRECONDITION" && !r.expired() || r.mention == mentionEtag
}

// quota says that a limit is used up. Google tells it with 429 and with 403.
func (r *refusal) quota() bool {
	return r.status == http.StatusTooManyRequests || r.state == "RESOURCE_EXHAUSTED" ||
		r.says("RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded")
}

// content says that the request was refused for what it holds.
func (r *refusal) content() bool {
	return !r.page && (r.status == http.StatusBadRequest || r.status == http.StatusNotFound || r.status == http.StatusConflict || r.stale())
}

// quotaWait is how long a used-up limit is left alone: limits are per minute,
// and Google promises no Retry-After.
const quotaWait = time.Minute

// trouble is what an error means for the connection as a whole.
func trouble(err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	say := func(kind error, message string) error {
		return &contact.Error{Kind: kind, Message: message, Cause: r}
	}
	switch {
	case r.page || r.bare:
		return say(contact.ErrProtocol, "Google's address answers with something else than contacts. Ask your administrator whether GOOGLE_ENDPOINT is right.")
	case r.status == http.StatusUnauthorized:
		return say(contact.ErrReconnect, "The permission at Google is no longer valid. Connect again.")
	case r.quota():
		return &contact.Error{Kind: contact.ErrQuota, Cause: r, RetryAt: time.Now().Add(quotaWait),
			Message: "Google limits how many requests it accepts. The sync goes on later by itself."}
	case r.says("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions"):
		return say(contact.ErrReconnect, "Google was not allowed to share your contacts. Connect again, and leave the box for your contacts ticked.")
	case r.says("SERVICE_DISABLED", "accessNotConfigured") || r.mention == mentionUnused:
		return say(contact.ErrAdminNeeded, "The People API is not switched on for this service at Google. Ask your administrator to enable it in the Google Cloud console.")
	case r.status == http.StatusForbidden:
		return say(contact.ErrForbidden, "Google does not let this account use its contacts. Ask the administrator of your Google Workspace whether Contacts is switched on.")
	case r.status >= 500:
		return say(contact.ErrUnavailable, "Google Contacts is not available at the moment. Try again later.")
	}
	return say(contact.ErrProtocol, "Google did not understand a request for contacts. The next run tries again; if it stays, tell your administrator.")
}
