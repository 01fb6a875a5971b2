package microsoft365

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	"tandem/server/sandbox/graph"
)

// TestLens: reading after writing gives what Project says, for contacts of
// every kind, and writing back what was read sends nothing.
func TestLens(t *testing.T) {
	_, open := virtual(t, graph.Options{Directory: map[string]string{"b@example.com": "Boss"}})
	b := open()
	rapid.Check(t, func(rt *rapid.T) {
		first, next := booktest.Contacts().Draw(rt, "first"), booktest.Contacts().Draw(rt, "next")
		made := write1(t, b, contact.Mutation{Op: contact.Create, Contact: first, Mask: fields})
		if made.Outcome != contact.OK {
			rt.Fatalf("the create answers %v %s %v", made.Outcome, made.Message, made.Cause)
		}
		same(rt, fields, project(first), get(t, b, made.ID).Contact)
		mask := contact.Fields(rapid.Uint32().Draw(rt, "mask")) & fields
		want := project(first)
		for f := range mask.All() {
			want = want.Set(f, project(next).Value(f))
		}
		m := contact.Mutation{Op: contact.Update, ID: made.ID, Version: made.Version, Contact: next, Mask: mask}
		done := write1(t, b, m)
		if done.Outcome != contact.OK {
			rt.Fatalf("the update answers %v %s %v", done.Outcome, done.Message, done.Cause)
		}
		now := get(t, b, made.ID)
		same(rt, fields, want, now.Contact)
		before := b.Requests()
		if again := write1(t, b, contact.Mutation{Op: contact.Update, ID: now.ID, Version: now.Version, Contact: now.Contact, Mask: fields}); again.Version != now.Version || b.Requests() != before {
			rt.Fatalf("writing back what was read sends %d requests", b.Requests()-before)
		}
	})
}

func same(t *rapid.T, fs contact.Fields, want, got contact.Contact) {
	t.Helper()
	for f := range fs.All() {
		if w, g := want.Value(f), got.Value(f); strings.Join(w, "\x00") != strings.Join(g, "\x00") {
			t.Errorf("%v reads %q, want %q", f, g, w)
		}
	}
}

func get(t testing.TB, b *book, id contact.ID) contact.Record {
	t.Helper()
	found, _, err := b.Get(t.Context(), []contact.ID{id})
	if err != nil || len(found) != 1 {
		t.Fatalf("Get finds %d, %v", len(found), err)
	}
	return found[0]
}

// TestNormalisations: what the service makes of what it is sent causes no
// loops, and what belongs to the person stays.
func TestNormalisations(t *testing.T) {
	s, open := virtual(t, graph.Options{Directory: map[string]string{"boss@contoso.example": "The Boss"}})
	b := open()
	made := write1(t, b, contact.Mutation{Op: contact.Create, Contact: ann(), Mask: fields})
	id := made.ID
	props := func() map[string]any { return s.Raw(tester, string(id)) }
	update := func(c contact.Contact, fs ...contact.Field) contact.Record {
		t.Helper()
		r := write1(t, b, contact.Mutation{Op: contact.Update, ID: id, Contact: c, Mask: contact.FieldsOf(fs...)})
		if r.Outcome != contact.OK {
			t.Fatalf("the update answers %v %s %v", r.Outcome, r.Message, r.Cause)
		}
		return *r.Record
	}
	if p := props(); p["birthday"] != "1985-03-04T11:59:00Z" || p["displayName"] != "Dr. Ann Kim Miller Jr." {
		t.Errorf("the birthday is %v, the name %v", p["birthday"], p["displayName"])
	}
	if d := made.Record.Contact.Birth.String(); d != "1985-03-04" {
		t.Errorf("the birthday reads %s", d)
	}
	// A display name that somebody phrased stays until the name changes.
	s.Set(tester, string(id), "displayName", "Ann from the fair")
	update(contact.Contact{JobTitle: "Chair"}, contact.JobTitle)
	if got := props()["displayName"]; got != "Ann from the fair" {
		t.Errorf("the display name became %v", got)
	}
	update(contact.Contact{Name: contact.Name{Surname: "Baker"}}, contact.Surname)
	if got := props()["displayName"]; got != "Dr. Ann Kim Baker Jr." {
		t.Errorf("after a new surname the display name is %v", got)
	}
	// Names of e-mail addresses stay with their addresses; the directory's win.
	s.Set(tester, string(id), "emailAddresses", []any{map[string]any{"address": "ann.miller@example.com", "name": "Ann (office)"}})
	update(contact.Contact{Emails: []string{"boss@contoso.example", "ANN.miller@example.com"}}, contact.Emails)
	update(contact.Contact{Emails: []string{"ann.miller@example.com", "boss@contoso.example", "x@example.com", "y@example.com"}}, contact.Emails)
	names := ""
	for _, row := range props()["emailAddresses"].([]any) {
		names += row.(map[string]any)["name"].(string) + ", "
	}
	if names != "Ann (office), The Boss, x@example.com, " {
		t.Errorf("the e-mails are named %s", names)
	}
	// A cleared address, an empty text and a birthday that is gone read as absent.
	r := update(contact.Contact{}, contact.WorkAddress, contact.Nickname, contact.Birth, contact.MobilePhones, contact.WorkPhones)
	if c := r.Contact; len(c.Addresses) != 1 || c.Nickname != "" || !c.Birth.IsZero() || len(c.Phones) != 1 {
		t.Errorf("after clearing it reads %+v", c)
	}
	// A birthday without its year, as phones write it, is unknown and stays.
	s.Set(tester, string(id), "birthday", "1604-02-29T00:00:00Z")
	if r := update(contact.Contact{}, contact.Birth); r.Read.Has(contact.Birth) || props()["birthday"] == nil {
		t.Errorf("a birthday without a year reads %v and became %v", r.Contact.Birth, props()["birthday"])
	}
	// The parts of a name that is a display name alone.
	id = contact.ID(s.Put(tester, contact.Contact{Emails: []string{"eve@example.com"}}))
	s.Set(tester, string(id), "displayName", "Eve Maria Stone")
	if n := get(t, b, id).Contact.Name; n.Given != "Eve" || n.Given2 != "Maria" || n.Surname != "Stone" {
		t.Errorf("the name reads %+v", n)
	}
	update(contact.Contact{Name: contact.Name{Given: "Eva"}}, contact.Given)
	if p := props(); p["givenName"] != "Eva" || p["surname"] != "Stone" || p["displayName"] != "Eva Maria Stone" {
		t.Errorf("the name became %v %v, %v", p["givenName"], p["surname"], p["displayName"])
	}
	s.Set(tester, string(id), "emailAddresses", []any{map[string]any{"address": "eve@example.com,"}})
	if c := get(t, b, id).Contact; len(c.Emails) > 0 {
		t.Errorf("a malformed address reads %q", c.Emails)
	}
}

// TestCaseOfIDs: identifiers that differ in case only are two records.
func TestCaseOfIDs(t *testing.T) {
	s, open := virtual(t, graph.Options{})
	b := open()
	x, y := contact.ID(s.Put(tester, ann())), contact.ID(s.Put(tester, ann()))
	if x == y || !strings.EqualFold(string(x), string(y)) {
		x, y = y, contact.ID(s.Put(tester, ann()))
	}
	if x == y || !strings.EqualFold(string(x), string(y)) {
		t.Fatalf("the sandbox gives %q and %q", x, y)
	}
	if r := write1(t, b, contact.Mutation{Op: contact.Delete, ID: x}); r.Outcome != contact.OK {
		t.Fatal(r)
	}
	found, missing, err := b.Get(t.Context(), []contact.ID{x, y})
	if err != nil || len(found) != 1 || found[0].ID != y || len(missing) != 1 {
		t.Errorf("Get finds %v, missing %v, %v", found, missing, err)
	}
}
