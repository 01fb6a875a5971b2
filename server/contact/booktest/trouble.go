package booktest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"tandem/server/contact"
)

// testConcurrent: a Book is safe for concurrent use (run with -race).
func testConcurrent(t *testing.T, s *suite) {
	s.needs(t, !s.d.ReadOnly, "right to write")
	key := s.key()
	r := s.create(t, s.sample(key, 0))
	other := s.create(t, s.sample(s.key(), 1))
	mask := contact.FieldsOf(contact.JobTitle, contact.Emails) & s.writable
	next := s.sample(key, 2)
	// An unconditional update has nothing to collide with.
	m := contact.Mutation{Op: contact.Update, ID: other.ID, Contact: next, Mask: mask}
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for _, do := range []func() error{
		func() error { _, _, err := s.book.Get(t.Context(), []contact.ID{r.ID}); return err },
		func() error {
			_, err := s.book.Find(t.Context(), contact.Query{Name: r.Contact.Name.Text()})
			return err
		},
		func() error { _, err := s.book.Describe(t.Context()); return err },
		func() error { _, err := s.book.Write(t.Context(), []contact.Mutation{m}); return err },
	} {
		wg.Go(func() { errs <- do() })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("concurrent use: %v", err)
		}
	}
	s.Settle()
	s.same(t, "after concurrent use", mask, s.put(other.Contact, next, mask), s.get(t, other.ID).Contact)
}

// testCancelled: a cancelled context ends every method with an error that
// tells so, and a write never claims success.
func testCancelled(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context gives %v, want an error that wraps context.Canceled", what, err)
		}
	}
	_, _, err := s.book.Get(ctx, []contact.ID{"1"})
	ended("Get", err)
	_, err = s.book.Find(ctx, contact.Query{Emails: []string{"nobody@example.com"}})
	ended("Find", err)
	for page, e := range s.book.Changes(ctx, nil) {
		if err = e; page.Next != nil {
			t.Error("Changes with a cancelled context gives a cursor")
		}
	}
	ended("Changes", err)
	if s.d.ReadOnly {
		return
	}
	c := s.sample(s.key(), 0)
	results, err := s.book.Write(ctx, []contact.Mutation{{Op: contact.Create, Contact: c, Mask: s.mask(c)}})
	ended("Write", err)
	for _, r := range results {
		if r.Outcome != contact.NotRun && r.Outcome != contact.Unknown {
			t.Errorf("Write with a cancelled context answers %v", r.Outcome)
		}
	}
}

func upper(s string) string { return strings.ToUpper(s) }
