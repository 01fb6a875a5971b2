package google

import (
	"context"
	"errors"
	"net/http"
	"net/mail"
	"slices"

	"tandem/server/contact"
	"tandem/server/rest"
)

// writing is one Write under way.
type writing struct {
	*book
	ctx     context.Context
	m       []contact.Mutation
	results []contact.Result
	rereads int // after whole batches that were refused for an etag
}

// Write implements contact.Book: creates, then updates, then deletions, one
// request after another, as Google wants the writes of one user.
func (b *book) Write(ctx context.Context, m []contact.Mutation) ([]contact.Result, error) {
	w := &writing{book: b, ctx: ctx, m: m, results: make([]contact.Result, len(m))}
	for i := range m {
		w.results[i] = contact.Result{Outcome: contact.NotRun, ID: m[i].ID}
	}
	if len(m) == 0 {
		return nil, nil
	}
	leave, err := b.own.take(ctx)
	defer leave()
	if err != nil {
		return w.results, ended(ctx)
	}
	defer b.forgetFound()
	for op, do := range []func([]int) error{contact.Create: w.creates, contact.Update: w.updates, contact.Delete: w.deletes} {
		if err := do(w.of(contact.Op(op))); err != nil {
			return w.results, trouble(err)
		}
	}
	return w.results, nil
}

// of are the mutations of one kind.
func (w *writing) of(op contact.Op) (all []int) {
	for i := range w.m {
		if w.m[i].Op == op {
			all = append(all, i)
		}
	}
	return all
}

// set ends mutations with one outcome.
func (w *writing) set(o contact.Outcome, message string, cause error, which ...int) {
	for _, i := range which {
		w.results[i] = contact.Result{Outcome: o, ID: w.m[i].ID, Message: message, Cause: cause}
	}
}

// done ends a mutation with the person that Google gave back.
func (w *writing) done(i int, r contact.Record) {
	id := w.m[i].ID
	if id == "" {
		id = r.ID
	}
	w.own.wrote(r)
	w.results[i] = contact.Result{Outcome: contact.OK, ID: id, Version: r.Version, Record: &r}
}

// failed ends the mutations of a request that was not carried out, or perhaps
// was, and gives the error for the connection. part is set for a request that
// was refused for its content: then nothing is decided yet.
func (w *writing) failed(err error, which []int) (part *refusal, _ error) {
	var r *refusal
	if !errors.As(err, &r) {
		if rest.Sent(err) {
			w.set(contact.Unknown, "", err, which...)
		}
		return nil, err
	}
	switch {
	case r.quota():
		w.set(contact.Retry, "", r, which...)
	case r.content():
		return r, nil
	case r.status >= 500:
		w.set(contact.Unknown, "", r, which...)
	}
	return nil, err
}

const (
	refusedContact = "Google refuses this contact. Check its e-mail addresses, its web address and its birthday."
	refusedEmail   = "One of the e-mail addresses is not complete. Correct it, for example to name@example.com."
)

// refuse ends a mutation that Google refused alone.
func (w *writing) refuse(i int, r *refusal) {
	switch {
	case r.stale():
		w.set(contact.Conflict, "", r, i)
	case r.status == http.StatusNotFound && w.m[i].Op != contact.Create:
		w.set(contact.Gone, "", r, i)
	case r.status == http.StatusConflict:
		w.set(contact.Retry, "", r, i)
	default:
		w.set(contact.Invalid, refusedContact, r, i)
	}
}

// part ends a mutation by its own answer inside a batch.
func (w *writing) part(i, code int) {
	create := w.m[i].Op == contact.Create
	cause := &refusal{status: http.StatusOK, state: codeNames[code]}
	switch {
	case code == codeNotFound && !create:
		w.set(contact.Gone, "", cause, i)
	case code == codeInvalid || code == codeNotFound:
		w.set(contact.Invalid, refusedContact, cause, i)
	case code == codeDenied:
		w.set(contact.Forbidden, "Google does not let this account change this contact. Try it in Google Contacts.", cause, i)
	case code == codeExhausted || create && (code == codeFailed || code == codeAborted):
		w.set(contact.Retry, "", cause, i)
	case code == codeFailed || code == codeAborted:
		w.set(contact.Conflict, "", cause, i)
	default:
		w.set(contact.Unknown, "", cause, i)
	}
}

var codeNames = map[int]string{
	codeUnknown: "UNKNOWN", codeInvalid: "INVALID_ARGUMENT", codeNotFound: "NOT_FOUND", codeDenied: "PERMISSION_DENIED",
	codeExhausted: "RESOURCE_EXHAUSTED", codeFailed: "FAILED_PRECONDITION", codeAborted: "ABORTED",
}

// malformed ends a mutation whose new e-mails are none: Google would refuse its
// whole batch, or keep what no program can use.
func (w *writing) malformed(i int, held []string) bool {
	if !w.m[i].Mask.Has(contact.Emails) {
		return false
	}
	for _, e := range project(w.m[i].Contact).Emails {
		parsed, err := mail.ParseAddress(e)
		if !slices.Contains(held, e) && (err != nil || parsed.Address != e) {
			w.set(contact.Invalid, refusedEmail, nil, i)
			w.results[i].Field, w.results[i].HasField = contact.Emails, true
			return true
		}
	}
	return false
}

// halves parts a batch that was refused as a whole.
func halves[T any](s []T) [][]T { return [][]T{s[:len(s)/2], s[len(s)/2:]} }
