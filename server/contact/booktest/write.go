package booktest

import (
	"slices"
	"testing"

	"tandem/server/contact"
)

// testMarker: a created record carries our key, is found by it, and creating
// again with it never makes a second record.
func testMarker(t *testing.T, s *suite) {
	s.needs(t, s.d.Marker && !s.d.ReadOnly, "markers")
	c := s.sample(s.key(), 0)
	// The shape of an engine's marker: a UUID, new for every run.
	marker := "0190b6a0-7f00-7000-8000-" + (s.run + "000000000000")[1:13]
	m := contact.Mutation{Op: contact.Create, Marker: marker, Contact: c, Mask: s.mask(c)}
	id := s.write(t, m)[0].ID
	if r := s.get(t, id); r.Marker != marker {
		t.Errorf("the record's marker reads %q, want %q", r.Marker, marker)
	}
	again := s.try(t, s.book, m)[0]
	switch again.Outcome {
	case contact.OK:
		if again.ID != id {
			t.Errorf("creating again with the same marker made %q beside %q", again.ID, id)
		}
	case contact.Duplicate:
		if !slices.Contains(again.Existing, id) {
			t.Errorf("creating again with the same marker names %q, not %q", again.Existing, id)
		}
	default:
		t.Errorf("creating again with the same marker answers %v %s", again.Outcome, again.Message)
	}
	if ids := s.find(t, contact.Query{Marker: marker}); !slices.Equal(ids, []contact.ID{id}) {
		t.Errorf("Find by marker gives %q, want %q alone", ids, id)
	}
	next := s.sample(s.key(), 1)
	if r := s.update(t, id, next, s.mask(next)); r.Marker != marker {
		t.Errorf("after an update the marker reads %q", r.Marker)
	}
	s.remove(t, id)
	if ids := s.find(t, contact.Query{Marker: marker}); len(ids) > 0 {
		t.Errorf("Find by the marker of a deleted record gives %q", ids)
	}
}

// testDuplicate: where the provider refuses a second record of one person, it
// is a Duplicate, and AllowDuplicate passes.
func testDuplicate(t *testing.T, s *suite) {
	c := s.sample(s.key(), 0)
	r := s.create(t, c)
	m := contact.Mutation{Op: contact.Create, Contact: c, Mask: s.mask(c)}
	answer := s.try(t, s.book, m)[0]
	switch answer.Outcome {
	case contact.OK:
		if answer.ID == r.ID {
			t.Error("a create without a marker answered with an older record")
		}
	case contact.Duplicate:
		if len(answer.Existing) > 0 && !slices.Contains(answer.Existing, r.ID) {
			t.Errorf("the duplicate rule names %q, not %q", answer.Existing, r.ID)
		}
		m.AllowDuplicate = true
		s.write(t, m)
	default:
		t.Errorf("creating the same person again answers %v %s %v, want ok or duplicate", answer.Outcome, answer.Message, answer.Cause)
	}
}

// testFind: by e-mail, name and phone, each alone and together.
func testFind(t *testing.T, s *suite) {
	c := s.sample(s.key(), 0)
	r := s.create(t, c)
	other := s.create(t, s.sample(s.key(), 1))
	want := []contact.ID{r.ID}
	name := s.book.Project(c).Name.Text()
	check := func(what string, q contact.Query, want []contact.ID) {
		t.Helper()
		if ids := s.find(t, q); !slices.Equal(ids, want) {
			t.Errorf("Find by %s gives %q, want %q", what, ids, want)
		}
	}
	check("name", contact.Query{Name: name}, want)
	check("name, beyond the scope too", contact.Query{Name: name, Anyone: true}, want)
	if s.writable.Has(contact.Emails) {
		email := c.Emails[0]
		check("e-mail", contact.Query{Emails: []string{email}}, want)
		check("e-mail in capitals", contact.Query{Emails: []string{upper(email)}}, want)
		check("any of two e-mails", contact.Query{Emails: []string{"nobody." + email, email}}, want)
		check("somebody else's name", contact.Query{Emails: []string{email}, Name: other.Contact.Name.Text()}, nil)
		check("an e-mail that nobody has", contact.Query{Emails: []string{"nobody." + email}}, nil)
		check("a part of an e-mail", contact.Query{Emails: []string{email[1:]}}, nil)
		both := contact.Query{Emails: []string{email, other.Contact.Value(contact.Emails).First()}}
		if ids := s.find(t, both); len(ids) != 2 {
			t.Errorf("Find by the e-mails of two records gives %q", ids)
		}
		both.Limit = 1
		if ids := s.find(t, both); len(ids) != 1 {
			t.Errorf("Find with a limit of 1 gives %q", ids)
		}
	}
	if s.writable.Has(contact.WorkPhones) {
		number := c.Value(contact.WorkPhones).First()
		check("phone and name", contact.Query{Phone: number, Name: name}, want)
		check("somebody else's phone", contact.Query{Phone: "+49 30 1", Name: name}, nil)
	}
}

// find gives the IDs that a query finds.
func (s *suite) find(t *testing.T, q contact.Query) []contact.ID {
	t.Helper()
	found, err := s.book.Find(t.Context(), q)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	var ids []contact.ID
	for _, r := range found {
		s.checkRecord(t, r)
		ids = append(ids, r.ID)
	}
	return ids
}

// testConditional: a write that depends on a version that is no more changes
// nothing.
func testConditional(t *testing.T, s *suite) {
	key := s.key()
	r := s.create(t, s.sample(key, 0))
	s.needs(t, r.Version != "", "versions")
	mask := s.writable & s.compared()
	m := contact.Mutation{Op: contact.Update, ID: r.ID, Version: r.Version, Contact: s.sample(key, 1), Mask: mask}
	answer := s.write(t, m)[0]
	now := s.get(t, r.ID)
	if answer.Version != "" && answer.Version != now.Version {
		t.Errorf("the update answers version %q, a read gives %q", answer.Version, now.Version)
	}
	if answer.Record != nil {
		s.same(t, "the update's own answer", s.compared()&answer.Record.Read, now.Contact, answer.Record.Contact)
	}
	if now.Version == r.Version {
		t.Errorf("the version is still %q after an update", r.Version)
	}
	m.Contact = s.sample(key, 2)
	if stale := s.try(t, s.book, m)[0]; stale.Outcome != contact.Conflict {
		t.Errorf("an update of a version that is no more answers %v, want conflict", stale.Outcome)
	}
	m.Op = contact.Delete
	if stale := s.try(t, s.book, m)[0]; stale.Outcome != contact.Conflict {
		t.Errorf("a delete of a version that is no more answers %v, want conflict", stale.Outcome)
	}
	s.exact(t, "after refused writes", s.compared(), now.Contact, s.get(t, r.ID).Contact)
	s.write(t, contact.Mutation{Op: contact.Delete, ID: r.ID, Version: s.get(t, r.ID).Version})
}

// testGone: what was deleted is reported missing, and writing to it is Gone.
func testGone(t *testing.T, s *suite) {
	key := s.key()
	r := s.create(t, s.sample(key, 0))
	s.remove(t, r.ID)
	found, missing, err := s.book.Get(t.Context(), []contact.ID{r.ID})
	if err != nil || len(found) > 0 || !slices.Equal(missing, []contact.ID{r.ID}) {
		t.Errorf("Get of a deleted record gives %d found, missing %q, %v", len(found), missing, err)
	}
	c := s.sample(key, 1)
	for _, m := range []contact.Mutation{
		{Op: contact.Update, ID: r.ID, Contact: c, Mask: s.mask(c)},
		{Op: contact.Update, ID: r.ID, Version: r.Version, Contact: c, Mask: s.mask(c)},
		{Op: contact.Delete, ID: r.ID},
	} {
		if answer := s.try(t, s.book, m)[0]; answer.Outcome != contact.Gone {
			t.Errorf("%v of a deleted record answers %v %s, want gone", m.Op, answer.Outcome, answer.Message)
		}
	}
	if _, missing, err := s.book.Get(t.Context(), []contact.ID{r.ID}); err != nil || len(missing) != 1 {
		t.Errorf("writing to a deleted record brought it back: missing %q, %v", missing, err)
	}
}

// testBatch: mutations of one batch are answered in order, each on its own.
func testBatch(t *testing.T, s *suite) {
	s.needs(t, s.d.Batch >= 3, "batches")
	gone := s.create(t, s.sample(s.key(), 0))
	s.remove(t, gone.ID)
	a, b := s.create(t, s.sample(s.key(), 0)), s.create(t, s.sample(s.key(), 1))
	mask := contact.FieldsOf(contact.JobTitle, contact.Emails, contact.WorkPhones) & s.writable
	next := s.sample(s.key(), 2)
	results := s.try(t, s.book,
		contact.Mutation{Op: contact.Update, ID: a.ID, Contact: next, Mask: mask},
		contact.Mutation{Op: contact.Update, ID: gone.ID, Contact: next, Mask: mask},
		contact.Mutation{Op: contact.Delete, ID: b.ID},
	)
	want := []contact.Outcome{contact.OK, contact.Gone, contact.OK}
	for i, r := range results {
		if r.Outcome != want[i] {
			t.Errorf("mutation %d answers %v %s, want %v", i, r.Outcome, r.Message, want[i])
		}
	}
	s.same(t, "the first of the batch", mask, s.put(a.Contact, next, mask), s.get(t, a.ID).Contact)
	found, missing, err := s.book.Get(t.Context(), []contact.ID{b.ID, a.ID, gone.ID})
	if err != nil || len(found) != 1 || len(missing) != 2 {
		t.Errorf("afterwards Get gives %d found, %d missing, %v; want 1 and 2", len(found), len(missing), err)
	}
	if results, err := s.book.Write(t.Context(), nil); err != nil || len(results) > 0 {
		t.Errorf("Write of nothing gives %d results, %v", len(results), err)
	}
}
