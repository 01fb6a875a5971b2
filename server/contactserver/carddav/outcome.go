package carddav

import (
	"errors"
	"net/http"

	"tandem/server/contact"
	"tandem/server/rest"
)

// strong reports whether an ETag is a strong one in its full form (RFC 9110
// section 8.8.3).
func strong(v contact.Version) bool {
	return len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"'
}

// interrupted is the result of a request that got no answer.
func (b *book) interrupted(r contact.Result, err error) (contact.Result, error) {
	r.Outcome, r.Cause = contact.NotRun, err
	if rest.Sent(err) {
		r.Outcome = contact.Unknown
	} else if errors.Is(err, contact.ErrQuota) || errors.Is(err, contact.ErrUnavailable) {
		r.Outcome = contact.Retry
	}
	return r, err
}

// judge makes a Result of the answer to a write.
func (b *book) judge(res *rest.Response, id contact.ID) (contact.Result, error) {
	r := contact.Result{ID: id, Cause: statusError(res.Status)}
	fail := func(o contact.Outcome, message string) (contact.Result, error) {
		r.Outcome, r.Message = o, message
		return r, nil
	}
	switch s := res.Status; {
	case res.OK() && s != http.StatusMultiStatus && !rest.WebPage(res):
		r.Cause = nil
		// Only a strong ETag promises that the card was stored as it was sent
		// (RFC 6352 section 6.3.2.3); anything else is read again.
		if v := contact.Version(res.Header.Get("Etag")); strong(v) {
			r.Version = v
		}
		return r, nil
	case s == http.StatusUnauthorized:
		r.Outcome = contact.NotRun
		return r, b.trouble(res)
	case s == http.StatusConflict && condition(res.Body, "no-uid-conflict"), s == http.StatusForbidden && condition(res.Body, "no-uid-conflict"):
		r.Outcome = contact.Duplicate
		r.Existing = b.named(res.Body)
		return r, nil
	case s == http.StatusForbidden && condition(res.Body, "valid-address-data", "supported-address-data", "max-resource-size"),
		s == http.StatusBadRequest, s == http.StatusConflict, s == http.StatusUnsupportedMediaType, s == http.StatusUnprocessableEntity, s == http.StatusMultiStatus:
		return fail(contact.Invalid, "The server does not accept this contact's card.")
	case s == http.StatusForbidden || s == http.StatusMethodNotAllowed:
		b.forget()
		return fail(contact.Forbidden, "This account may not change this contact.")
	case s == http.StatusRequestEntityTooLarge:
		return fail(contact.Invalid, "This contact is larger than the server accepts.")
	case s == http.StatusInsufficientStorage:
		return fail(contact.Invalid, "The server has no room left for this contact.")
	case s == http.StatusLocked:
		return fail(contact.Retry, "Another program is changing this contact.")
	case s == http.StatusNotFound || s == http.StatusGone:
		r.Outcome = contact.Gone
		return r, nil
	case s >= 500 || res.OK():
		return fail(contact.Unknown, "The server failed while it stored this contact. It is looked for before it is sent again.")
	}
	return fail(contact.Invalid, "The server refused this contact.")
}

// named are the cards that an error body points at.
func (b *book) named(body []byte) []contact.ID {
	var ids []contact.ID
	var walk func(*node)
	walk = func(n *node) {
		if n.name == "href" {
			if id, self, ok := b.place(n.trimmed()); ok && !self {
				ids = append(ids, id)
			}
		}
		for _, k := range n.kids {
			walk(k)
		}
	}
	if n := parseError(body); n != nil {
		walk(n)
	}
	return ids
}
