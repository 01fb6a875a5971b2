package booktest

import (
	"errors"
	"testing"

	"tandem/server/contact"
)

// try writes and returns the answers, checking what holds for every Write:
// one answer per mutation, OK with an ID, created records noted for clean-up.
func (s *suite) try(t *testing.T, b contact.Book, ms ...contact.Mutation) []contact.Result {
	t.Helper()
	results, err := b.Write(t.Context(), ms)
	for i, r := range results {
		if i < len(ms) && ms[i].Op == contact.Create && r.Outcome == contact.OK {
			s.made = append(s.made, r.ID)
		}
	}
	if err != nil {
		t.Fatalf("Write: %v (cause: %v)", err, errors.Unwrap(err))
	}
	if len(results) != len(ms) {
		t.Fatalf("Write of %d mutations gives %d results", len(ms), len(results))
	}
	for i, r := range results {
		switch {
		case r.Outcome == contact.OK && ms[i].Op == contact.Create && r.ID == "":
			t.Fatal("a created record has no ID")
		case r.Outcome == contact.OK && ms[i].Op == contact.Update && r.ID != ms[i].ID:
			t.Errorf("updating %q answers for %q", ms[i].ID, r.ID)
		}
	}
	s.Settle()
	return results
}

// write is try for mutations that must succeed.
func (s *suite) write(t *testing.T, ms ...contact.Mutation) []contact.Result {
	t.Helper()
	results := s.try(t, s.book, ms...)
	for i, r := range results {
		if r.Outcome != contact.OK {
			field := ""
			if r.HasField {
				field = r.Field.String()
			}
			t.Fatalf("%v answers %v %s %q: %v", ms[i].Op, r.Outcome, field, r.Message, r.Cause)
		}
	}
	return results
}

// create makes a record that must succeed and gives it as it is then read.
func (s *suite) create(t *testing.T, c contact.Contact) contact.Record {
	t.Helper()
	s.needs(t, !s.d.ReadOnly, "right to write")
	return s.get(t, s.write(t, contact.Mutation{Op: contact.Create, Contact: c, Mask: s.mask(c)})[0].ID)
}

// update writes mask and gives the record as it is then read.
func (s *suite) update(t *testing.T, id contact.ID, c contact.Contact, mask contact.Fields) contact.Record {
	t.Helper()
	s.write(t, contact.Mutation{Op: contact.Update, ID: id, Contact: c, Mask: mask})
	return s.get(t, id)
}

func (s *suite) remove(t *testing.T, id contact.ID) {
	t.Helper()
	s.write(t, contact.Mutation{Op: contact.Delete, ID: id})
}

// get reads one record that must exist.
func (s *suite) get(t *testing.T, id contact.ID) contact.Record {
	t.Helper()
	found, missing, err := s.book.Get(t.Context(), []contact.ID{id})
	if err != nil {
		t.Fatalf("Get: %v (cause: %v)", err, errors.Unwrap(err))
	}
	if len(found) != 1 || len(missing) != 0 || found[0].ID != id {
		t.Fatalf("Get(%q) finds %d records, %d missing", id, len(found), len(missing))
	}
	s.checkRecord(t, found[0])
	return found[0]
}

// checkRecord checks what holds for every record, however it was read.
func (s *suite) checkRecord(t *testing.T, r contact.Record) {
	t.Helper()
	if lacks := s.fields &^ r.Read; lacks != 0 {
		t.Errorf("the record was read without %v", lacks)
	}
	if extra := r.Contact.Filled() &^ s.d.Fields &^ contact.FieldsOf(contact.FullName); extra != 0 {
		t.Errorf("the record holds %v, which the Description does not name", extra)
	}
	if s.d.Conditional && r.Version == "" {
		t.Error("the record has no version, although writes are conditional")
	}
}

// mask is what is written of c on a create: what it holds.
func (s *suite) mask(c contact.Contact) contact.Fields { return c.Filled() & s.writable }

// compared are the fields whose values are compared: the name's single text
// only where the Book has no parts (it is computed from them otherwise).
func (s *suite) compared() contact.Fields {
	if s.d.Fields.Has(contact.Surname) {
		return s.fields.Without(contact.FullName)
	}
	return s.fields
}

// same fails unless got reads as want does in fs.
func (s *suite) same(t *testing.T, what string, fs contact.Fields, want, got contact.Contact) {
	t.Helper()
	for f := range fs.All() {
		if w, g := want.Value(f), got.Value(f); !s.Norm.Equal(f, w, g) {
			t.Errorf("%s: %v reads %q, want %q", what, f, g, w)
		}
	}
}

// exact fails unless got holds the very texts of want in fs.
func (s *suite) exact(t *testing.T, what string, fs contact.Fields, want, got contact.Contact) {
	t.Helper()
	for f := range fs.All() {
		if w, g := want.Value(f), got.Value(f); !equal(w, g) {
			t.Errorf("%s: %v reads %q, was %q", what, f, g, w)
		}
	}
}

func equal(a, b contact.Value) bool {
	if a.IsEmpty() || b.IsEmpty() {
		return a.IsEmpty() && b.IsEmpty()
	}
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// put is c after next's fields in mask were written over it, as the Book
// stores it. It is what a lens promises.
func (s *suite) put(c, next contact.Contact, mask contact.Fields) contact.Contact {
	for f := range mask.All() {
		if f == contact.FullName {
			c.Name.Full = next.Name.Full
			continue
		}
		c = c.Set(f, next.Value(f))
	}
	return s.book.Project(c)
}
