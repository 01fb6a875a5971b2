package booktest

import (
	"errors"
	"testing"

	"tandem/server/contact"
)

// listing is a complete stream of changes: the last word on each record.
type listing struct {
	last  map[contact.ID]contact.Change
	full  bool
	next  contact.Cursor
	pages int
}

// list reads a whole stream of changes and checks what holds for each.
func (s *suite) list(t *testing.T, b contact.Book, cursor contact.Cursor) listing {
	t.Helper()
	l := listing{last: map[contact.ID]contact.Change{}}
	for page, err := range b.Changes(t.Context(), cursor) {
		if err != nil {
			t.Fatalf("Changes: %v (cause: %v)", err, errors.Unwrap(err))
		}
		if l.next != nil {
			t.Fatal("a page follows the one with Next")
		}
		if l.pages > 0 && page.Full != l.full {
			t.Errorf("page %d has Full %v, unlike the first", l.pages, page.Full)
		}
		l.pages++
		l.full, l.next = page.Full, page.Next
		for _, c := range page.Changes {
			if c.ID == "" {
				t.Error("a change has no ID")
			}
			if c.Kind == contact.Changed {
				if c.Record.ID != c.ID {
					t.Errorf("the change of %q brings the record of %q", c.ID, c.Record.ID)
				}
				s.checkRecord(t, c.Record)
			}
			l.last[c.ID] = c
		}
	}
	if l.next == nil {
		t.Fatal("the stream ended without an error and without Next")
	}
	if cursor == nil && !l.full {
		t.Error("the stream of everything is not marked Full")
	}
	return l
}

// lists fails unless l brings r as it is now.
func (s *suite) lists(t *testing.T, l listing, what string, r contact.Record) {
	t.Helper()
	c, ok := l.last[r.ID]
	if !ok || c.Kind != contact.Changed {
		t.Errorf("%s is not listed", what)
		return
	}
	s.exact(t, "the listing of "+what, s.compared(), r.Contact, c.Record.Contact)
	if c.Record.Version != r.Version {
		t.Errorf("%s is listed with version %q; Get gives %q", what, c.Record.Version, r.Version)
	}
}

// testPaging: the listing of everything is complete, whatever its pages.
func testPaging(t *testing.T, s *suite) {
	s.needs(t, !s.d.ReadOnly, "right to write")
	var ms []contact.Mutation
	for i := range s.Many {
		c := s.sample(s.key(), i%6)
		ms = append(ms, contact.Mutation{Op: contact.Create, Contact: c, Mask: s.mask(c)})
	}
	var ids []contact.ID
	for len(ms) > 0 {
		n := min(s.d.Batch, len(ms))
		for _, r := range s.write(t, ms[:n]...) {
			ids = append(ids, r.ID)
		}
		ms = ms[n:]
	}
	l := s.list(t, s.book, nil)
	for _, id := range ids {
		s.lists(t, l, "a created record", s.get(t, id))
	}
	t.Logf("%d records on %d pages", len(l.last), l.pages)
	found, missing, err := s.book.Get(t.Context(), ids)
	if err != nil || len(found) != len(ids) || len(missing) > 0 {
		t.Errorf("Get of %d records finds %d, %d missing, %v", len(ids), len(found), len(missing), err)
	}
	// A reader may stop at any page.
	for range s.book.Changes(t.Context(), nil) {
		break
	}
}

// testIncremental: a cursor brings what was created, edited and deleted since.
func testIncremental(t *testing.T, s *suite) {
	s.needs(t, !s.d.ReadOnly, "right to write")
	key := s.key()
	still := s.create(t, s.sample(s.key(), 0))
	edited, deleted := s.create(t, s.sample(key, 0)), s.create(t, s.sample(s.key(), 1))
	before := s.list(t, s.book, nil)

	// Nothing happened: what is repeated must be as it was.
	quiet := s.list(t, s.book, before.next)
	for id, c := range quiet.last {
		was, known := before.last[id]
		if c.Kind == contact.Changed && known && c.Record.Version != was.Record.Version {
			t.Errorf("%q is listed with version %q although nothing happened; it was %q", id, c.Record.Version, was.Record.Version)
		}
	}

	s.edit(t, edited.ID, key)
	edited = s.get(t, edited.ID)
	s.remove(t, deleted.ID)
	created := s.create(t, s.sample(s.key(), 2))
	for _, cursor := range []contact.Cursor{quiet.next, before.next} {
		l := s.list(t, s.book, cursor)
		s.lists(t, l, "the edited record", edited)
		s.lists(t, l, "the created record", created)
		s.deleted(t, l, deleted.ID)
		if c, ok := l.last[still.ID]; ok && c.Kind != contact.Changed {
			t.Errorf("a record that nobody touched is listed as %v", c.Kind)
		}
	}
	if l := s.list(t, s.book, nil); l.last[deleted.ID].Record.ID != "" {
		t.Error("the listing of everything still holds the deleted record")
	}
}

// edit changes one field of a record as a person would.
func (s *suite) edit(t *testing.T, id contact.ID, key string) {
	t.Helper()
	f := contact.Emails
	if s.writable.Has(contact.JobTitle) {
		f = contact.JobTitle
	}
	v := s.value(f, key, 4)
	if s.PersonEdit != nil {
		s.PersonEdit(t, id, f, v)
		s.Settle()
		return
	}
	s.update(t, id, contact.Contact{}.Set(f, v), contact.FieldsOf(f))
}

// deleted fails unless the Book shows that id is gone, in its own way.
func (s *suite) deleted(t *testing.T, l listing, id contact.ID) {
	t.Helper()
	c, ok := l.last[id]
	switch {
	case ok && c.Kind == contact.Changed:
		t.Error("a deleted record is listed as changed")
	case ok && c.Kind != contact.Deleted:
		t.Errorf("a deletion is listed as change kind %d", c.Kind)
	case !ok && s.d.Tombstones && !l.full:
		t.Error("a deletion is not listed, although the Book has tombstones")
	}
	sweeper, ok := s.book.(contact.Sweeper)
	if s.d.Tombstones || !ok {
		return
	}
	swept := map[contact.ID]contact.Version{}
	for stamps, err := range sweeper.Sweep(t.Context()) {
		if err != nil {
			t.Fatalf("Sweep: %v", err)
		}
		for _, stamp := range stamps {
			swept[stamp.ID] = stamp.Version
		}
	}
	if _, ok := swept[id]; ok {
		t.Error("the sweep still lists a deleted record")
	}
	for id, c := range l.last {
		if v, ok := swept[id]; c.Kind == contact.Changed && (!ok || v != "" && v != c.Record.Version) {
			t.Errorf("the sweep gives version %q (listed: %v) for a record of version %q", v, ok, c.Record.Version)
		}
	}
}

// testCursor: a cursor that means nothing is ErrCursorExpired or answered with
// everything, never with a crash or a wrong "nothing changed".
func testCursor(t *testing.T, s *suite) {
	for _, cursor := range []contact.Cursor{{}, contact.Cursor("nonsense"), contact.Cursor(`{"v":999}`), {0xff, 0x00}} {
		answered := false
		for page, err := range s.book.Changes(t.Context(), cursor) {
			answered = true
			if err == nil && !page.Full {
				t.Errorf("the cursor %q is answered with changes", cursor)
			}
			if err != nil && !errors.Is(err, contact.ErrCursorExpired) {
				t.Errorf("the cursor %q is answered with %v", cursor, err)
			}
			break
		}
		if !answered {
			t.Errorf("the cursor %q is answered with silence", cursor)
		}
	}
}

// testSecond: what another Book of the account does is seen by this one.
func testSecond(t *testing.T, s *suite) {
	s.needs(t, s.Second != nil && !s.d.ReadOnly, "second Book")
	second := s.Second(t)
	key := s.key()
	r := s.create(t, s.sample(key, 0))
	cursor := s.list(t, s.book, nil).next
	fresh, next := s.sample(s.key(), 1), s.sample(key, 2)
	made := s.try(t, second, contact.Mutation{Op: contact.Create, Contact: fresh, Mask: s.mask(fresh)})[0]
	if made.Outcome != contact.OK {
		t.Fatalf("the second Book's create answers %v %s", made.Outcome, made.Message)
	}
	s.try(t, second, contact.Mutation{Op: contact.Update, ID: r.ID, Contact: next, Mask: s.writable & s.compared()})
	l := s.list(t, s.book, cursor)
	s.lists(t, l, "the second Book's record", s.get(t, made.ID))
	s.lists(t, l, "the record that the second Book edited", s.get(t, r.ID))
	stale := contact.Mutation{Op: contact.Update, ID: r.ID, Version: r.Version, Contact: s.sample(key, 3), Mask: s.writable & s.compared()}
	if r.Version == "" {
		return
	}
	if answer := s.try(t, s.book, stale)[0]; answer.Outcome != contact.Conflict {
		t.Errorf("writing over the second Book's edit answers %v, want conflict", answer.Outcome)
	}
}
