package google_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
	sandbox "tandem/server/sandbox/people"
)

// fault answers the next request that matches, each one where none is named,
// in place of the sandbox.
func fault(status int, body string, match func(*http.Request) bool) kit.Fault {
	return kit.Fault{Match: match, Status: status, Body: body, Times: -1}
}

func named(names ...string) (ms []contact.Mutation) {
	for _, n := range names {
		ms = append(ms, create(contact.Contact{Name: contact.Name{Given: "Ann", Surname: n}, Emails: []string{n + "@example.com"}}, "m-"+n))
	}
	return ms
}

func outcomes(rs []contact.Result) (all []contact.Outcome) {
	for _, r := range rs {
		all = append(all, r.Outcome)
	}
	return all
}

// TestPoison: one contact that Google refuses stops no other, whether it fails
// alone, with its whole batch, or with a part of the batch kept; and nobody is
// made twice.
func TestPoison(t *testing.T) {
	for name, q := range map[string]sandbox.Quirks{
		"alone": {Refuse: "Poison"}, "whole": {Refuse: "Poison", WholeBatch: true}, "partly kept": {Refuse: "Poison", WholeBatch: true, Partial: true},
	} {
		w := newWorld(t, q)
		b := w.open(t)
		ms := named("A", "B", "C", "Poison", "D", "E", "F")
		rs, err := b.Write(t.Context(), ms)
		if err != nil {
			t.Fatal(name, err)
		}
		for i, r := range rs {
			want := contact.OK
			if i == 3 {
				want = contact.Invalid
			}
			if r.Outcome != want || want == contact.Invalid && !strings.HasSuffix(r.Message, ".") {
				t.Errorf("%s: create %d answers %v %q %v", name, i, r.Outcome, r.Message, r.Cause)
			}
		}
		if n := len(w.people.IDs(ann)); n != 6 {
			t.Errorf("%s: %d people were made of 6", name, n)
		}
		// The same for updates, of which one has a version that is no more.
		var next []contact.Mutation
		for i, r := range rs {
			if i == 3 {
				continue
			}
			m := contact.Mutation{Op: contact.Update, ID: r.ID, Version: r.Version, Contact: contact.Contact{Name: contact.Name{Surname: fmt.Sprint("N", i)}}, Mask: contact.FieldsOf(contact.Surname)}
			if i == 1 {
				m.Contact.Name.Surname = "Poison"
			}
			next = append(next, m)
		}
		w.people.Edit(ann, string(rs[4].ID), func(c *contact.Contact) { c.JobTitle = "edited" })
		got, err := b.Write(t.Context(), next)
		if err != nil {
			t.Fatal(name, err)
		}
		for i, o := range outcomes(got) {
			want := map[int][]contact.Outcome{1: {contact.Invalid}, 3: {contact.Conflict}}[i]
			if want == nil {
				// What was kept of a batch that failed shows as changed by others.
				if want = []contact.Outcome{contact.OK}; q.Partial {
					want = append(want, contact.Conflict)
				}
			}
			if !slices.Contains(want, o) {
				t.Errorf("%s: update %d answers %v, want %v", name, i, o, want)
			}
		}
		// And for deletions, of which one vanishes on the way.
		var gone []contact.Mutation
		for i, r := range rs {
			if i != 3 {
				gone = append(gone, contact.Mutation{Op: contact.Delete, ID: r.ID})
			}
		}
		w.faults.Add(kit.Fault{Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ":batchDeleteContacts") },
			Before: func(*http.Request) { w.people.Remove(ann, string(rs[2].ID)) }})
		write(t, b, gone...)
		if n := len(w.people.IDs(ann)); n != 0 {
			t.Errorf("%s: %d people are left", name, n)
		}
	}
}

// TestLostAnswer: a batch that was carried out and whose answer was lost is
// unknown; another Book finds its people by their markers, all with one
// reading, and creating them again makes nobody twice.
func TestLostAnswer(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	b := w.open(t)
	w.faults.Add(kit.Fault{Lose: true, Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ":batchCreateContacts") }})
	ms := named("A", "B", "C", "D")
	rs, err := b.Write(t.Context(), ms)
	if err == nil || !slices.Equal(outcomes(rs), slices.Repeat([]contact.Outcome{contact.Unknown}, 4)) {
		t.Fatalf("%v, %v", outcomes(rs), err)
	}
	b = w.open(t)
	w.people.ResetRequests()
	for _, m := range ms {
		if found, err := b.Find(t.Context(), contact.Query{Marker: m.Marker}); err != nil || len(found) != 1 || found[0].Marker != m.Marker {
			t.Errorf("Find gives %v, %v", found, err)
		}
	}
	if n := w.people.Requests(); n["people.connections.list"] != 1 || len(n) != 2 {
		t.Errorf("%v for %d markers", n, len(ms))
	}
	write(t, b, ms...)
	if n := len(w.people.IDs(ann)); n != 4 {
		t.Errorf("there are %d people", n)
	}
}

// TestQuotaWhileWriting: what was refused for a limit was not done and says so.
func TestQuotaWhileWriting(t *testing.T) {
	for _, forbidden := range []bool{false, true} {
		w := newWorld(t, sandbox.Quirks{Writes: 2, Forbidden: forbidden})
		b := w.open(t)
		write(t, b, named("A")...) // a group too
		var many []string
		for i := range 2 {
			many = append(many, fmt.Sprint("Q", i))
		}
		write(t, b, create(contact.Contact{Name: contact.Name{Surname: "B"}}, "m-b"))
		rs, err := b.Write(t.Context(), named(many...))
		if !errors.Is(err, contact.ErrQuota) || rs[0].Outcome == contact.OK || rs[0].Outcome == contact.Unknown {
			t.Errorf("forbidden %v: %v, %v", forbidden, outcomes(rs), err)
		}
	}
}

// TestMasks: updates of the same fields share a request; each list is replaced
// whole around what stays.
func TestMasks(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	b := w.open(t)
	rs := write(t, b, named("A", "B", "C", "D", "E", "F")...)
	w.people.ResetRequests()
	var ms []contact.Mutation
	for i, r := range rs {
		c := contact.Contact{JobTitle: "Boss", Notes: "N", Emails: []string{"new@example.com"}}
		mask := []contact.Fields{contact.FieldsOf(contact.JobTitle), contact.FieldsOf(contact.Notes), contact.FieldsOf(contact.JobTitle, contact.Emails)}[i%3]
		ms = append(ms, contact.Mutation{Op: contact.Update, ID: r.ID, Version: r.Version, Contact: c, Mask: mask})
	}
	write(t, b, ms...)
	if n := w.people.Requests(); n["people.batchUpdateContacts"] != 3 || n["people.getBatchGet"] != 0 {
		t.Errorf("requests: %v", n)
	}
	// Two updates of one record in one Write follow each other.
	write(t, b,
		contact.Mutation{Op: contact.Update, ID: rs[0].ID, Contact: contact.Contact{JobTitle: "1"}, Mask: contact.FieldsOf(contact.JobTitle)},
		contact.Mutation{Op: contact.Update, ID: rs[0].ID, Contact: contact.Contact{Unit: "2"}, Mask: contact.FieldsOf(contact.Unit)})
	o := w.people.Raw(ann, string(rs[0].ID))["organizations"][0]
	if o["title"] != "1" || o["department"] != "2" {
		t.Errorf("the company reads %v", o)
	}
}

// TestSpurious: etags that are refused although they are right are tried again
// for a while, then they are a conflict.
func TestSpurious(t *testing.T) {
	for n, want := range map[int]contact.Outcome{3: contact.OK, 100: contact.Conflict} {
		for _, whole := range []bool{false, true} {
			w := newWorld(t, sandbox.Quirks{})
			b := w.open(t)
			r := write(t, b, named("A")...)[0]
			w.people.SetQuirks(sandbox.Quirks{Spurious: n, WholeBatch: whole})
			rs, err := b.Write(t.Context(), []contact.Mutation{{Op: contact.Update, ID: r.ID, Version: r.Version, Contact: contact.Contact{Notes: "x"}, Mask: contact.FieldsOf(contact.Notes)}})
			if err != nil || rs[0].Outcome != want {
				t.Errorf("%d refusals, whole %v: %v, %v; want %v", n, whole, rs[0].Outcome, err, want)
			}
		}
	}
}

// TestGroup: created people are in our group, which is made once; other groups
// are left alone; a group that was deleted is made again.
func TestGroup(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	b := w.open(t)
	in := func(n string) contact.Mutation {
		m := named(n)[0]
		m.Contact.Categories, m.Mask = []string{"CRM Contacts"}, m.Mask.With(contact.Categories)
		return m
	}
	id := write(t, b, in("A"))[0].ID
	write(t, b, in("B"))
	if g := w.people.Groups(ann); !slices.Equal(g, []string{"CRM Contacts"}) {
		t.Errorf("the groups are %q", g)
	}
	w.people.Edit(ann, string(id), func(c *contact.Contact) { c.Categories = append(c.Categories, "Golf") })
	m := contact.Mutation{Op: contact.Update, ID: id, Contact: full("Miller"), Mask: contact.AllFields.Without(contact.FullName, contact.Categories)}
	if r := write(t, b, m)[0]; len(w.people.Raw(ann, string(id))["memberships"]) != 3 {
		t.Errorf("the groups of %q changed: %v", r.ID, w.people.Raw(ann, string(id))["memberships"])
	}
	found, _, err := w.open(t).Get(t.Context(), []contact.ID{id})
	if err != nil || !slices.Equal(found[0].Contact.Categories, []string{"CRM Contacts", "Golf"}) {
		t.Errorf("the categories read %q, %v", found[0].Contact.Categories, err)
	}
	w.people.RemoveGroup(ann, "CRM Contacts")
	if rs, err := b.Write(t.Context(), []contact.Mutation{in("C"), in("D")}); err != nil {
		t.Errorf("with a group that is gone: %v, %v", outcomes(rs), err)
	}
	write(t, w.open(t), in("E"))
	if g := w.people.Groups(ann); !slices.Contains(g, "CRM Contacts") {
		t.Errorf("the groups are %q", g)
	}
}

// TestGroupRace: a group that another program makes meanwhile is used, not made
// twice.
func TestGroupRace(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	b := w.open(t)
	id := write(t, b, create(contact.Contact{Name: contact.Name{Surname: "A"}}, "m-a"))[0].ID // knows the groups now
	write(t, w.open(t), create(full("B"), "m-b"))
	write(t, b, create(full("C"), "m-c"), contact.Mutation{Op: contact.Update, ID: id, Contact: full("D"), Mask: contact.FieldsOf(contact.Categories)})
	if g := w.people.Groups(ann); !slices.Equal(g, []string{"CRM Contacts"}) {
		t.Errorf("the groups are %q", g)
	}
	for _, id := range w.people.IDs(ann) {
		if n := len(w.people.Raw(ann, id)["memberships"]); n != 2 {
			t.Errorf("%s is in %d groups", id, n)
		}
	}
}

// TestMalformed: an address that is none holds up its own record alone.
func TestMalformed(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	b := w.open(t)
	ms := named("A", "B")
	for _, bad := range []string{"A@msn.com,", "nobody", "a b@example.com", "Ann <ann@example.com>"} {
		ms[1].Contact.Emails = []string{"fine@example.com", bad}
		ms[0].Marker, ms[1].Marker = "a"+bad, "b"+bad
		rs, err := b.Write(t.Context(), ms)
		if err != nil || rs[0].Outcome != contact.OK || rs[1].Outcome != contact.Invalid || !rs[1].HasField || rs[1].Field != contact.Emails {
			t.Errorf("%q: %v, %v", bad, rs, err)
		}
		if strings.Contains(rs[1].Message, "msn") {
			t.Errorf("the message tells the address: %s", rs[1].Message)
		}
	}
	// One that is there already is no reason to refuse an update.
	id := write(t, b, named("C")...)[0].ID
	w.people.Set(ann, string(id), "emailAddresses", map[string]any{"value": "odd@"})
	write(t, b, contact.Mutation{Op: contact.Update, ID: id, Contact: contact.Contact{Emails: []string{"odd@"}, JobTitle: "x"}, Mask: contact.FieldsOf(contact.Emails, contact.JobTitle)})
}
