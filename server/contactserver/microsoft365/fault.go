package microsoft365

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"tandem/server/contact"
)

// graphFault is the cause of an error that Graph told. It is for the log, and
// holds the code alone: messages may name contacts.
type graphFault struct {
	status int
	code   string
}

func (f graphFault) Error() string { return fmt.Sprintf("graph: status %d %s", f.status, f.code) }

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,80}$`)

// problemOf reads an answer's code and message.
func problemOf(body []byte) (code, message string) {
	var p problem
	_ = json.Unmarshal(body, &p) // a body that is none has no code
	if !plainWord.MatchString(p.Error.Code) {
		p.Error.Code = ""
	}
	return p.Error.Code, p.Error.Message
}

func is(code string, any ...string) bool {
	for _, a := range any {
		if strings.EqualFold(code, a) {
			return true
		}
	}
	return false
}

// expired reports whether an answer means that a delta token leads nowhere.
func expired(status int, body []byte) bool {
	code, message := problemOf(body)
	if status == http.StatusGone {
		return true
	}
	text := strings.ToLower(code + " " + message)
	return status >= 400 && status < 500 &&
		(strings.Contains(text, "syncstatenotfound") || strings.Contains(text, "syncstateinvalid") || strings.Contains(text, "resyncrequired"))
}

// noMailbox reports whether a code says that there is none to be read.
func noMailbox(code string) bool {
	return is(code, "MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI", "ErrorNonExistentMailbox", "ErrorMailboxNotEnabled")
}

// faultOf is what an unsuccessful answer means for the whole connection.
func faultOf(status int, body []byte) error {
	code, message := problemOf(body)
	e := &contact.Error{Cause: graphFault{status, code}}
	say := func(kind error, text string) error {
		e.Kind, e.Message = kind, text
		return e
	}
	switch {
	case noMailbox(code):
		return say(contact.ErrNotLicensed, "This account has no mailbox in Microsoft 365, so it has no contacts there. Ask your administrator for a licence with Exchange Online, or connect another account.")
	case strings.Contains(message, "AADSTS65001") || strings.Contains(message, "AADSTS90094"):
		return say(contact.ErrAdminNeeded, "Microsoft 365 says that an administrator has to approve this service first. Ask your administrator, then connect again.")
	case status == http.StatusUnauthorized:
		return say(contact.ErrReconnect, "Microsoft 365 no longer accepts this sign-in. Connect again.")
	case status == http.StatusForbidden:
		return say(contact.ErrAdminNeeded, "Microsoft 365 does not let this service see your contacts: the permission Contacts.ReadWrite is missing or was taken back. Ask your administrator to approve it, then connect again.")
	case status == http.StatusNotFound, is(code, "ErrorFolderNotFound"):
		return say(contact.ErrReconnect, "The folder for CRM contacts is no longer in Outlook. Nothing was deleted anywhere. Connect again to make a new one.")
	case status == http.StatusTooManyRequests:
		return say(contact.ErrQuota, "Microsoft 365 limits how many requests it accepts. The sync goes on later by itself.")
	case status >= 500, status == http.StatusRequestTimeout:
		return say(contact.ErrUnavailable, "Microsoft 365 is not available at the moment. Try again later.")
	}
	return say(contact.ErrProtocol, "Microsoft 365 did not understand the request. Try again later; if it stays, tell your administrator.")
}

// refused are words of messages, for the field that they are about.
var refused = []struct {
	word  string
	field contact.Field
}{
	{"emailaddress", contact.Emails}, {"businessphones", contact.WorkPhones}, {"homephones", contact.HomePhones},
	{"mobilephone", contact.MobilePhones}, {"birthday", contact.Birth}, {"businessaddress", contact.WorkAddress},
	{"homeaddress", contact.HomeAddress}, {"otheraddress", contact.OtherAddress}, {"businesshomepage", contact.Website},
	{"categories", contact.Categories}, {"companyname", contact.Organization}, {"department", contact.Unit},
	{"jobtitle", contact.JobTitle}, {"nickname", contact.Nickname}, {"givenname", contact.Given},
	{"middlename", contact.Given2}, {"surname", contact.Surname}, {"generation", contact.Generation},
}

// outcome reads the answer to a write that was not a success. An error is for
// the connection as a whole.
func outcome(m contact.Mutation, a answer) (contact.Result, error) {
	r := contact.Result{ID: m.ID}
	if a.Status == 0 {
		if r.Outcome = contact.NotRun; a.Lost {
			r.Outcome = contact.Unknown
		}
		return r, nil
	}
	code, message := problemOf(a.Body)
	r.Cause = graphFault{a.Status, code}
	wait, told := a.retryAfter()
	switch {
	case is(code, "ErrorIrresolvableConflict"), a.Status == http.StatusPreconditionFailed:
		r.Outcome = contact.Conflict
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusFailedDependency, a.Status == http.StatusLocked,
		a.Status == http.StatusServiceUnavailable && told:
		r.Outcome, r.RetryAfter = contact.Retry, wait
	case is(code, "ErrorQuotaExceeded"), a.Status == http.StatusInsufficientStorage:
		r.Outcome, r.Message = contact.Invalid, "The mailbox is full. Make room in Outlook; this contact is tried again after its next edit."
	case a.Status >= 500:
		r.Outcome = contact.Unknown
	case a.Status == http.StatusUnauthorized, noMailbox(code):
		r.Outcome = contact.NotRun
		return r, faultOf(a.Status, a.Body)
	case a.Status == http.StatusNotFound && m.Op == contact.Create:
		r.Outcome = contact.NotRun
		return r, faultOf(a.Status, a.Body)
	case a.Status == http.StatusNotFound, is(code, "ErrorInvalidIdMalformed"):
		r.Outcome = contact.Gone
	case a.Status == http.StatusForbidden:
		r.Outcome, r.Message = contact.Forbidden, "Microsoft 365 does not let your account "+m.Op.String()+" this contact. Ask your administrator."
	default:
		r.Outcome, r.Message = contact.Invalid, "Outlook refuses this contact. Check its fields."
		text := strings.ToLower(code + message)
		for _, w := range refused {
			if strings.Contains(text, w.word) {
				r.Field, r.HasField = w.field, true
				r.Message = w.field.Label() + " is not in a form that Outlook accepts. Correct it."
				break
			}
		}
	}
	return r, nil
}
