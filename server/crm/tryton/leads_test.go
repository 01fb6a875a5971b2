package tryton

import (
	"errors"
	"slices"
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	"tandem/server/crm/tryton/trytontest"
	"tandem/server/provider"
)

// partyOf is the party of a lead.
func partyOf(t *testing.T, s *trytontest.Server, lead contact.ID) int {
	t.Helper()
	r := s.Call(t, "model.sale.opportunity.read", []int{number(t, lead)}, []string{"party"}).([]any)[0].(map[string]any)
	return int(r["party"].(float64))
}

func TestLeadBook(t *testing.T) {
	s := trytontest.Start(t)
	booktest.Run(t, booktest.Options{
		Open:   func(t *testing.T) contact.Book { return book(t, s, provider.EntityLeads) },
		Second: func(t *testing.T) contact.Book { return book(t, s, provider.EntityLeads) },
		Norm:   contact.Norm{Country: "DE"},
		Raw:    func(t *testing.T, id contact.ID) string { return raw(t, s, partyOf(t, s, id)) },
		PersonEdit: func(t *testing.T, id contact.ID, f contact.Field, v contact.Value) {
			if f != contact.Emails {
				t.Fatalf("the test cannot edit %v", f)
			}
			s.SetMechanism(t, s.Mechanisms(t, partyOf(t, s, id), "email")[0], v.First())
		},
	})
}

// TestLeads: a lead has a party and leaves the scope by going on, and creating
// one for a party that is there makes no second party.
func TestLeads(t *testing.T) {
	s := trytontest.Start(t)
	s.NewUser(t, "berta", "Kantig-4-Speer")
	b := book(t, s.As("berta", "Kantig-4-Speer"), provider.EntityLeads)
	ann := s.CreateParties(t, trytontest.Party{Name: "Ann Miller", Emails: []string{"ann@example.com"}})[0]
	create := func(name, email string) contact.Mutation {
		return contact.Mutation{Op: contact.Create, Contact: contact.Contact{Name: contact.Name{Full: name}, Emails: []string{email}},
			Mask: contact.FieldsOf(contact.FullName, contact.Emails)}
	}
	made := write(t, b, create("Ann Miller", "Ann@example.com"), create("Ann Smith", "ann@example.com"), create("Bob", "bob@example.com"))
	for _, r := range made {
		if r.Outcome != contact.OK {
			t.Fatalf("creating a lead: %v %s %v", r.Outcome, r.Message, r.Cause)
		}
	}
	if p := partyOf(t, s, made[0].ID); p != ann {
		t.Errorf("the lead of Ann Miller has party %d, want %d", p, ann)
	}
	if n := s.Count(t); n != 3 {
		t.Errorf("%d parties, want 3", n)
	}
	all, cursor := changes(t, b, nil)
	if len(all) != 3 {
		t.Fatalf("%d leads are listed, want 3", len(all))
	}
	s.Call(t, "model.sale.opportunity.write", []int{number(t, made[0].ID)}, map[string]any{"employee": 1})
	s.Call(t, "model.sale.opportunity.opportunity", []int{number(t, made[0].ID)})
	s.Call(t, "model.sale.opportunity.cancel", []int{number(t, made[1].ID)})
	s.AddMechanism(t, partyOf(t, s, made[2].ID), "mobile", "+49 171 1234567")
	got, _ := changes(t, b, cursor)
	want := map[contact.ID]contact.ChangeKind{made[0].ID: contact.Converted, made[1].ID: contact.LeftScope, made[2].ID: contact.Changed}
	for id, kind := range kinds(got) {
		if want[id] != kind {
			t.Errorf("lead %s is listed as %v, want %v", id, kind, want[id])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d changes are listed, want %d", len(got), len(want))
	}
	if r := write(t, b, contact.Mutation{Op: contact.Update, ID: made[0].ID, Mask: contact.FieldsOf(contact.Emails)})[0]; r.Outcome != contact.ReadOnly {
		t.Errorf("writing to a converted lead answers %v", r.Outcome)
	}
	if swept := sweep(t, b); len(swept) != 1 || swept[made[2].ID] == "" {
		t.Errorf("the sweep lists %v", swept)
	}
	gone := write(t, b, contact.Mutation{Op: contact.Delete, ID: made[2].ID, Version: get(t, b, number(t, made[2].ID)).Version})[0]
	if _, missing, _ := b.Get(t.Context(), []contact.ID{made[2].ID}); gone.Outcome != contact.OK || !slices.Equal(missing, []contact.ID{made[2].ID}) {
		t.Errorf("deleting a lead: %v %s %v, missing %v", gone.Outcome, gone.Message, gone.Cause, missing)
	}
	if n := s.Count(t); n != 3 {
		t.Errorf("deleting a lead leaves %d parties, want 3", n)
	}
}

// TestRights: what a user may not do is said, and stops nobody else.
func TestRights(t *testing.T) {
	s := trytontest.Start(t)
	s.Call(t, "model.res.user.create", []any{map[string]any{"login": "carl", "name": "Carl", "password": "Kantig-4-Speer"}})
	carl := s.As("carl", "Kantig-4-Speer")
	a, _ := access(s.URL, typed(carl), provider.EntityLeads)
	_, err := Provider().Connect(t.Context(), a)
	if !errors.Is(err, contact.ErrForbidden) {
		t.Errorf("leads without the right to see them: %v", err)
	}
	sales := ids(s.Call(t, "model.res.group.search", []any{[]any{"name", "in", []string{"Sales", "Sale Opportunity"}}}, 0, nil, nil))
	user := ids(s.Call(t, "model.res.user.search", []any{[]any{"login", "=", "carl"}}, 0, nil, nil))
	s.Call(t, "model.res.user.write", user, map[string]any{"groups": []any{[]any{"add", sales}}})
	if _, err = Provider().Connect(t.Context(), a); !errors.Is(err, contact.ErrNotLicensed) {
		t.Errorf("leads without a company: %v", err)
	}

	// A rule of Tryton keeps one party from being written by Carl's groups.
	model := ids(s.Call(t, "model.ir.model.search", []any{[]any{"model", "=", "party.party"}}, 0, nil, nil))[0]
	s.Call(t, "model.ir.rule.group.create", []any{map[string]any{
		"name": "Secret", "model": model, "global_p": true, "perm_read": false, "perm_write": true, "perm_create": true, "perm_delete": true,
		"rules": []any{[]any{"create", []any{map[string]any{"domain": `[["name", "!=", "Secret"]]`}}}},
	}})
	b := book(t, carl, provider.EntityContacts)
	var ms []contact.Mutation
	for _, name := range []string{"Ann", "Secret", "Bob"} {
		ms = append(ms, contact.Mutation{Op: contact.Create, Contact: contact.Contact{Name: contact.Name{Full: name}}, Mask: contact.FieldsOf(contact.FullName)})
	}
	got := write(t, b, ms...)
	if got[0].Outcome != contact.OK || got[1].Outcome != contact.Forbidden || got[2].Outcome != contact.OK {
		t.Errorf("one refused create among three: %v, %v, %v (%v)", got[0].Outcome, got[1].Outcome, got[2].Outcome, got[1].Cause)
	}
	if n := s.Count(t); n != 2 {
		t.Errorf("%d parties were made, want 2", n)
	}

	s.Call(t, "model.ir.model.access.create", []any{map[string]any{
		"model": model, "perm_read": true, "perm_write": false, "perm_create": false, "perm_delete": false}})
	d, err := book(t, carl, provider.EntityContacts).Describe(t.Context())
	if err != nil || !d.ReadOnly || d.Writable != 0 {
		t.Errorf("a user who may only read: %+v, %v", d, err)
	}
}
