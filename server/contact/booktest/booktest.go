// Package booktest is the conformance suite that every Book passes: an
// adapter's own test is its sandbox (or a real server) and one call of Run.
//
// The suite reads what the Book's Description says and holds it to that. It
// writes about 45 records' worth of requests, all under fresh names, and takes
// away what it made, so that it also runs against real servers.
package booktest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tandem/server/contact"
)

// Options tell the suite about one Book. Only Open is needed.
type Options struct {
	// Open opens the Book under test. It is called once per Run.
	Open func(t *testing.T) contact.Book
	// Second opens another Book of the same account, as another process would:
	// what it writes must be seen by the first. nil skips that test.
	Second func(t *testing.T) contact.Book
	// Settle is called after writes, before they are looked at: where the
	// provider shows them late, or where its clock gives versions.
	Settle func()
	// Skip names fields that are neither written nor compared.
	Skip contact.Fields
	// Required fields are never cleared. Names never are.
	Required contact.Fields
	// Norm compares values. The zero Norm knows no country.
	Norm contact.Norm
	// Value replaces the suite's own n-th sample of a field (n is 0 to 5, and
	// neighbours must differ); nil, or an answer of nil, keeps it.
	Value func(f contact.Field, n int) contact.Value
	// Organizations are two companies that exist at the provider, where
	// Description.OrganizationExisting. Without them the field is skipped.
	Organizations []string
	// Foreign puts something that the Book does not map into the record, as a
	// person would at the provider, and gives a function that fails the test
	// unless it is still there. nil skips that test.
	Foreign func(t *testing.T, id contact.ID) (check func(t *testing.T))
	// Raw reads the record as the provider keeps it, without what changes with
	// every write (times, versions): writing back what was read must leave it
	// the same. nil skips that comparison.
	Raw func(t *testing.T, id contact.ID) string
	// PersonEdit changes the record's job title (or else what f says) at the
	// provider, beside the Book. nil makes the Book itself do it.
	PersonEdit func(t *testing.T, id contact.ID, f contact.Field, v contact.Value)
	// Many is how many records the paging test creates: more than a page where
	// that is cheap. 0 means 6.
	Many int
}

// Run passes the Book through the whole suite.
func Run(t *testing.T, o Options) {
	t.Helper()
	s := newSuite(t, o)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"Describe", testDescribe},
		{"Project", testProject},
		{"CreateGet", testCreateGet},
		{"Awkward", testAwkward},
		{"Capacity", testCapacity},
		{"TooLong", testTooLong},
		{"Marker", testMarker},
		{"Duplicate", testDuplicate},
		{"Find", testFind},
		{"Mask", testMask},
		{"Clear", testClear},
		{"GetPut", testGetPut},
		{"PutPut", testPutPut},
		{"Foreign", testForeign},
		{"Conditional", testConditional},
		{"Gone", testGone},
		{"Batch", testBatch},
		{"Paging", testPaging},
		{"Incremental", testIncremental},
		{"Cursor", testCursor},
		{"Second", testSecond},
		{"Concurrent", testConcurrent},
		{"Cancelled", testCancelled},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

// suite is the Book under test and what the suite made in it.
type suite struct {
	Options
	book contact.Book
	d    contact.Description
	// fields are compared, writable of them are written.
	fields, writable contact.Fields
	run              string // makes names and addresses of this run unique
	serial           int
	made             []contact.ID
}

func newSuite(t *testing.T, o Options) *suite {
	t.Helper()
	s := &suite{Options: o, book: o.Open(t), run: fmt.Sprintf("q%08x", rand.Uint32())}
	t.Logf("booktest: everything made by this run has %q in its name", s.run)
	if s.Settle == nil {
		s.Settle = func() {}
	}
	if s.Many == 0 {
		s.Many = 6
	}
	var err error
	if s.d, err = s.book.Describe(t.Context()); err != nil {
		t.Fatalf("Describe: %v", err)
	}
	if s.d.OrganizationExisting && len(o.Organizations) < 2 {
		s.Skip = s.Skip.With(contact.Organization)
	}
	s.fields = s.d.Fields &^ s.Skip
	s.writable = s.d.Writable & s.fields
	t.Cleanup(func() { s.cleanUp(t) })
	return s
}

// cleanUp deletes what the suite made. t's own context has ended by now.
func (s *suite) cleanUp(t *testing.T) {
	for batch := range slices.Chunk(s.made, max(s.d.Batch, 1)) {
		var ms []contact.Mutation
		for _, id := range batch {
			ms = append(ms, contact.Mutation{Op: contact.Delete, ID: id})
		}
		results, err := s.book.Write(context.Background(), ms)
		if err != nil {
			t.Errorf("clean-up: %v", err)
		}
		for _, r := range results {
			if r.Outcome != contact.OK && r.Outcome != contact.Gone {
				t.Errorf("clean-up: deleting answers %v %s %v", r.Outcome, r.Message, r.Cause)
			}
		}
	}
}

// needs skips a test where the Book's user may write nothing.
func (s *suite) needs(t *testing.T, can bool, what string) {
	t.Helper()
	if !can {
		t.Skip("this Book has no " + what)
	}
}
