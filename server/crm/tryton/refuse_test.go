package tryton

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/crm/tryton/trytontest"
	"tandem/server/provider"
)

// TestRefuse: Tryton's words become ours, and no contact data reaches the log.
func TestRefuse(t *testing.T) {
	c := contact.Contact{Name: contact.Name{Full: "Ann Miller"}, Emails: []string{"ann@example.com"}, Phones: []contact.Phone{{Kind: contact.PhoneWork, Number: "030 1234567"}}}
	for _, test := range []struct {
		answer  string
		op      contact.Op
		outcome contact.Outcome
		field   contact.Field
		blames  bool
	}{
		{`["ConcurrencyException","Records were modified in the meanwhile"]`, contact.Update, contact.Conflict, 0, false},
		{`["UserError",["You are trying to write to records \"5\" of \"Party\" that don't exist anymore.","",null]]`, contact.Update, contact.Conflict, 0, false},
		{`["UserError",["You are not allowed to write to records \"5\" of \"Ann Miller\" because of at least one of these rules:\nx","",null]]`, contact.Update, contact.Forbidden, 0, false},
		{`["UserError",["The phone number \"030 1234567\" of party \"Ann Miller\" is not valid.","",null]]`, contact.Create, contact.Invalid, contact.WorkPhones, true},
		{`["UserError",["The value \"ann@example.com\" for field \"Value\" in \"Contact Mechanism\" is wrong.","",null]]`, contact.Create, contact.Invalid, contact.Emails, true},
		{`["UserError",["A value is required for field \"Name\" in \"Party\".","",null]]`, contact.Create, contact.Invalid, contact.FullName, true},
		{`["UserError",["The records could not be deleted because they are used on field \"Party\" of \"Ann Miller\".","",null]]`, contact.Delete, contact.ReadOnly, 0, false},
		{`["UserWarning",["party_5",["Ann Miller looks like somebody else",""]]]`, contact.Create, contact.Invalid, 0, false},
		{`["UserWarning",["party_5","\"Ann Miller\" looks like somebody else",""]]`, contact.Create, contact.Invalid, 0, false},
		{`["UserError",["Ann Miller and 030 1234567 do not please this module","",null]]`, contact.Create, contact.Invalid, contact.WorkPhones, true},
		{`["database is locked",""]`, contact.Update, contact.Retry, 0, false},
		{`["could not serialize access due to concurrent update",""]`, contact.Update, contact.Retry, 0, false},
		{`["'Ann Miller' is no number",""]`, contact.Create, contact.Invalid, 0, false},
	} {
		var a answer
		if err := json.Unmarshal([]byte(`{"id":1,"error":`+test.answer+`}`), &a); err != nil {
			t.Fatal(err)
		}
		w := &writer{
			ms:      []contact.Mutation{{Op: test.op, ID: "5", Contact: c, Mask: fields}},
			results: make([]contact.Result, 1),
		}
		w.refuse(step{}, a.fault("model.party.party.write"))
		r := w.results[0]
		if r.Outcome != test.outcome || r.HasField != test.blames || r.Field != test.field {
			t.Errorf("%s: %v, field %v (%v); want %v, %v (%v)", test.answer, r.Outcome, r.Field, r.HasField, test.outcome, test.field, test.blames)
		}
		if r.Message != "" && !strings.HasSuffix(r.Message, ".") {
			t.Errorf("%q is no sentence", r.Message)
		}
		for _, text := range []string{r.Message, r.Cause.Error()} {
			if strings.Contains(text, "Miller") || strings.Contains(text, "1234567 ") || strings.Contains(text, "ann@") {
				t.Errorf("%q holds contact data", text)
			}
		}
	}
}

// TestLostReply: a write whose answer is lost is Unknown, and found again.
func TestLostReply(t *testing.T) {
	s := trytontest.Start(t)
	for _, entity := range []provider.Entity{provider.EntityContacts, provider.EntityLeads} {
		b, w := wired(t, s, entity)
		before := s.Count(t)
		if _, err := b.Describe(t.Context()); err != nil {
			t.Fatal(err)
		}
		model := "model." + b.model() + ".create"
		w.mu.Lock()
		w.lose = func(method string) bool { return method == model }
		w.mu.Unlock()
		m := contact.Mutation{Op: contact.Create, Contact: contact.Contact{Name: contact.Name{Full: "Ann " + string(entity)}, Emails: []string{string(entity) + "@example.com"}},
			Mask: contact.FieldsOf(contact.FullName, contact.Emails)}
		results, err := b.Write(t.Context(), []contact.Mutation{m, {Op: contact.Delete, ID: "1"}})
		if !errors.Is(err, contact.ErrUnreachable) || results[0].Outcome != contact.Unknown || results[1].Outcome != contact.NotRun {
			t.Errorf("%s: a lost answer gives %v, %v: %v", entity, results[0].Outcome, results[1].Outcome, err)
		}
		w.mu.Lock()
		w.lose = nil
		w.mu.Unlock()
		found, err := b.Find(t.Context(), contact.Query{Emails: m.Contact.Emails, Name: m.Contact.Name.Full})
		if err != nil || len(found) != 1 || found[0].Created.IsZero() {
			t.Errorf("%s: the record is found %d times, %v", entity, len(found), err)
		}
		if n := s.Count(t) - before; n != 1 {
			t.Errorf("%s: %d parties were made, want 1", entity, n)
		}
	}
	// Lost between the two calls of a lead: a repetition takes the party.
	b, w := wired(t, s, provider.EntityLeads)
	lost := false
	w.lose = func(method string) bool {
		now := !lost && method == "model.party.party.create"
		lost = lost || now
		return now
	}
	before := s.Count(t)
	m := contact.Mutation{Op: contact.Create, Contact: contact.Contact{Name: contact.Name{Full: "Zoe"}, Emails: []string{"zoe@example.com"}}, Mask: contact.FieldsOf(contact.FullName, contact.Emails)}
	if results, err := b.Write(t.Context(), []contact.Mutation{m}); err == nil || results[0].Outcome != contact.Unknown {
		t.Errorf("half a lead answers %v, %v", results[0].Outcome, err)
	}
	if r := write(t, b, m)[0]; r.Outcome != contact.OK || s.Count(t)-before != 1 {
		t.Errorf("the repetition answers %v and leaves %d new parties, want 1", r.Outcome, s.Count(t)-before)
	}
}
