package espocrm_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/provider"
	sandbox "tandem/server/sandbox/espocrm"
	"tandem/server/sandbox/kit"
)

func try(t *testing.T, b contact.Book, m contact.Mutation) contact.Result {
	t.Helper()
	results, err := b.Write(t.Context(), []contact.Mutation{m})
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	return results[0]
}

// TestDuplicate: the rule names whom it found, and passes when a person said so.
func TestDuplicate(t *testing.T) {
	w := newWorld(t, world{})
	id := w.crm.Put(sandbox.Contact, w.user, ann())
	b := w.open(t)
	m := contact.Mutation{Op: contact.Create, Contact: contact.Contact{Name: contact.Name{Surname: "Else"}, Emails: []string{"Ann@home.example.org"}},
		Mask: contact.FieldsOf(contact.Surname, contact.Emails)}
	if r := try(t, b, m); r.Outcome != contact.Duplicate || !slices.Equal(r.Existing, []contact.ID{contact.ID(id)}) {
		t.Errorf("it answers %v %q", r.Outcome, r.Existing)
	}
	m.AllowDuplicate = true
	if r := try(t, b, m); r.Outcome != contact.OK || !r.Record.Mine {
		t.Errorf("with leave it answers %v", r.Outcome)
	}
}

// TestInvalid: what the server refuses is told by field, in a sentence, and
// stops nothing else.
func TestInvalid(t *testing.T) {
	w := newWorld(t, world{options: sandbox.Options{Required: map[string][]string{sandbox.Contact: {"cBranch"}}}})
	b := w.open(t)
	r := try(t, b, contact.Mutation{Op: contact.Create, Contact: ann(), Mask: contact.FieldsOf(contact.Surname)})
	if r.Outcome != contact.Invalid || r.HasField || !strings.Contains(r.Message, "cBranch") {
		t.Errorf("a field that we do not know: %v %q", r.Outcome, r.Message)
	}
	w = newWorld(t, world{options: sandbox.Options{Required: map[string][]string{sandbox.Lead: {"website"}}}, entity: provider.EntityLeads})
	b = w.open(t)
	r = try(t, b, contact.Mutation{Op: contact.Create, Contact: ann(), Mask: contact.FieldsOf(contact.Surname)})
	if r.Outcome != contact.Invalid || r.Field != contact.Website || !r.HasField || !strings.HasSuffix(r.Message, ".") {
		t.Errorf("a required field: %v %v %q", r.Outcome, r.Field, r.Message)
	}
	// An older server tells it in the reason alone.
	w.faults.Add(kit.Fault{Match: isPost, Status: 400, Header: http.Header{"X-Status-Reason": {"Field validation failure; entityType: Lead, field: phoneNumber, type: valid."}}})
	r = try(t, b, contact.Mutation{Op: contact.Create, Contact: ann(), Mask: contact.FieldsOf(contact.Surname, contact.MobilePhones)})
	if r.Outcome != contact.Invalid || r.Field != contact.MobilePhones {
		t.Errorf("an older server: %v %v %q", r.Outcome, r.Field, r.Message)
	}
	for f, v := range map[contact.Field]contact.Value{
		contact.Surname:     {strings.Repeat("x", 101)},
		contact.WorkAddress: {"Street", strings.Repeat("x", 101), "", "", ""},
		contact.Emails:      {strings.Repeat("x", 250) + "@example.com"},
	} {
		before := w.crm.Requests()
		r = try(t, b, contact.Mutation{Op: contact.Create, Contact: contact.Contact{}.Set(f, v), Mask: contact.FieldsOf(f)})
		if r.Outcome != contact.Invalid || r.Field != f || w.crm.Requests() != before {
			t.Errorf("%v too long: %v %v after %d requests", f, r.Outcome, r.Field, w.crm.Requests()-before)
		}
	}
	w = newWorld(t, world{})
	if r = try(t, w.open(t), contact.Mutation{Op: contact.Create, Contact: contact.Contact{Notes: "x"}, Mask: contact.FieldsOf(contact.Notes)}); r.Outcome != contact.Invalid || r.Field != contact.Surname {
		t.Errorf("no last name: %v %v", r.Outcome, r.Field)
	}
}

func isPost(r *http.Request) bool  { return r.Method == http.MethodPost }
func isPatch(r *http.Request) bool { return r.Method == http.MethodPatch }

// TestLost: a write whose answer is lost, or that failed in an unknown way, is
// Unknown and sent once; one that was surely not applied is not.
func TestLost(t *testing.T) {
	create := contact.Mutation{Op: contact.Create, Contact: ann(), Mask: contact.FieldsOf(contact.Surname, contact.Emails)}
	for name, test := range map[string]struct {
		fault     kit.Fault
		want      contact.Outcome
		connected bool
	}{
		"answer lost":      {kit.Fault{Match: isPost, Lose: true}, contact.Unknown, false},
		"answer cut":       {kit.Fault{Match: isPost, Truncate: 20}, contact.Unknown, false},
		"500":              {kit.Fault{Match: isPost, Status: 500}, contact.Unknown, true},
		"502 by a proxy":   {kit.Fault{Match: isPost, Status: 502, Body: "<html>", Header: http.Header{"Content-Type": {"text/html"}}}, contact.Unknown, true},
		"403":              {kit.Fault{Match: isPost, Status: 403}, contact.Forbidden, true},
		"blocked by a WAF": {kit.Fault{Match: isPost, Status: 403, Body: "<html>", Header: http.Header{"Content-Type": {"text/html"}}}, contact.NotRun, false},
		"a rule's 409":     {kit.Fault{Match: isPost, Status: 409, Body: "{}"}, contact.Invalid, true},
	} {
		w := newWorld(t, world{})
		b := w.open(t)
		w.faults.Add(test.fault)
		results, err := b.Write(t.Context(), []contact.Mutation{create})
		if results[0].Outcome != test.want || (err == nil) != test.connected {
			t.Errorf("%s: %v, %v", name, results[0].Outcome, err)
		}
		if n := w.faults.Counts()[http.MethodPost]; n != 1 {
			t.Errorf("%s: the create was sent %d times", name, n)
		}
	}
}

// TestSets: what the server knows of an address or number stays when others
// change, and rows that we do not understand are not touched.
func TestSets(t *testing.T) {
	w := newWorld(t, world{})
	id := w.crm.Put(sandbox.Contact, w.user, ann())
	w.crm.Set(sandbox.Contact, id, map[string]any{
		"emailAddressData": []any{
			map[string]any{"emailAddress": "Ann.Miller@example.com", "primary": true, "optOut": true},
			map[string]any{"emailAddress": "old@localhost", "invalid": true},
			map[string]any{"emailAddress": "ann@home.example.org", "invalid": true},
		},
		"phoneNumberData": []any{
			map[string]any{"phoneNumber": "+491711234567", "type": "Mobile", "primary": true, "optOut": true},
			map[string]any{"phoneNumber": "ask Bob", "type": "Other"},
			map[string]any{"phoneNumber": "+4930901820", "type": "Office"},
		},
	})
	b := w.open(t)
	c := contact.Contact{Emails: []string{"new@example.com", "ann.miller@example.com"}}.Set(contact.WorkPhones, contact.Value{"030 555555"})
	// What does not pass the server's rules any more would be refused with the
	// rest: here it only has to be sent as it was.
	body := ""
	w.faults.Add(kit.Fault{Match: isPatch, Before: func(r *http.Request) { body = read(r) }, Status: 500})
	try(t, b, contact.Mutation{Op: contact.Update, ID: contact.ID(id), Contact: c, Mask: contact.FieldsOf(contact.Emails, contact.WorkPhones)})
	for _, want := range []string{
		`{"emailAddress":"new@example.com","primary":true,"optOut":false,"invalid":false}`,
		`{"emailAddress":"ann.miller@example.com","primary":false,"optOut":true,"invalid":false}`,
		`{"emailAddress":"old@localhost","primary":false,"optOut":false,"invalid":true}`,
		`{"phoneNumber":"+491711234567","primary":true,"optOut":true,"invalid":false,"type":"Mobile"}`,
		`{"phoneNumber":"+4930555555","primary":false,"optOut":false,"invalid":false,"type":"Office"}`,
		`{"phoneNumber":"ask Bob","primary":false,"optOut":false,"invalid":false,"type":"Other"}`,
		`"emailAddress":"new@example.com"`, `"phoneNumber":"+491711234567"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
	for _, not := range []string{"home.example.org", "901820", "lastName", "assignedUserId"} {
		if strings.Contains(body, not) {
			t.Errorf("%s is in %s", not, body)
		}
	}
}

// TestCompany: accounts are linked by their exact name, never made; taking the
// company away leaves a contact's other accounts.
func TestCompany(t *testing.T) {
	w := newWorld(t, world{})
	b := w.open(t)
	accounts := w.crm.Count(sandbox.Account)
	c := ann()
	c.Organization = "Unheard Of Ltd"
	r := write(t, b, contact.Mutation{Op: contact.Create, Contact: c, Mask: c.Filled()})
	if got := r.Record.Contact; got.Organization != "" || got.JobTitle != "" || got.Name.Surname != "Miller" {
		t.Errorf("an unknown company leaves %+v", got)
	}
	both := contact.FieldsOf(contact.Organization, contact.JobTitle)
	set := func(company, title string, mask contact.Fields) contact.Contact {
		t.Helper()
		m := contact.Mutation{Op: contact.Update, ID: r.ID, Contact: contact.Contact{Organization: company, JobTitle: title}, Mask: mask}
		answer := write(t, b, m)
		found, _, err := b.Get(t.Context(), []contact.ID{r.ID})
		if err != nil {
			t.Fatal(err)
		}
		if answer.Version != found[0].Version || answer.Record.Contact.Organization != found[0].Contact.Organization || answer.Record.Contact.JobTitle != found[0].Contact.JobTitle {
			t.Errorf("the answer says %+v, a read %+v", answer.Record.Contact, found[0].Contact)
		}
		return found[0].Contact
	}
	for _, step := range []struct {
		company, title string
		mask           contact.Fields
		want           string
	}{
		{"Acme GmbH", "Boss", both, "Acme GmbH/Boss"},
		{"acme gmbh", "", contact.FieldsOf(contact.Organization), "Acme GmbH/Boss"}, // no such name
		{"Globex & Sons", "", contact.FieldsOf(contact.Organization), "Globex & Sons/Boss"},
		{"", "Clerk", contact.FieldsOf(contact.JobTitle), "Globex & Sons/Clerk"},
		{"Acme GmbH", "", contact.FieldsOf(contact.Organization), "Acme GmbH/Clerk"}, // it was Boss there
		{"", "", both, "Globex & Sons/Clerk"},
		{"", "", both, "/"},
	} {
		got := set(step.company, step.title, step.mask)
		if have := got.Organization + "/" + got.JobTitle; have != step.want {
			t.Errorf("writing %q, %q gives %s, want %s", step.company, step.title, have, step.want)
		}
	}
	if n := w.crm.Count(sandbox.Account); n != accounts {
		t.Errorf("there are %d accounts, were %d", n, accounts)
	}
	w.crm.AddAccount("Twin")
	w.crm.Set(sandbox.Account, w.crm.AddAccount("Twin2"), map[string]any{"name": "Twin"})
	if got := set("Twin", "", contact.FieldsOf(contact.Organization)); got.Organization != "" {
		t.Errorf("of two accounts of one name one was chosen: %q", got.Organization)
	}
}

// TestRaced: where versions are counted, a write between our read and our
// write is noticed.
func TestRaced(t *testing.T) {
	w := newWorld(t, world{options: sandbox.Options{Versions: true}})
	id := w.crm.Put(sandbox.Contact, w.user, ann())
	w.faults.Add(kit.Fault{Match: isPatch, Before: func(*http.Request) {
		w.crm.Edit(sandbox.Contact, id, func(c *contact.Contact) { c.Name.Given = "Anna" })
	}})
	r := try(t, w.open(t), contact.Mutation{Op: contact.Update, ID: contact.ID(id), Contact: contact.Contact{Notes: "n"}, Mask: contact.FieldsOf(contact.Notes)})
	if r.Outcome != contact.Conflict {
		t.Errorf("it answers %v", r.Outcome)
	}
}

// TestReadOnly: a role that only looks is known beforehand, fields too.
func TestReadOnly(t *testing.T) {
	look := map[string]sandbox.Levels{sandbox.Contact: sandbox.ReadOnly}
	w := newWorld(t, world{role: &sandbox.User{Roles: look}, scope: provider.ScopeAll})
	id := w.crm.Put(sandbox.Contact, w.user, ann())
	b := w.open(t)
	d, err := b.Describe(t.Context())
	if err != nil || !d.ReadOnly || d.Writable != 0 || d.Fields == 0 {
		t.Errorf("it describes itself as %+v, %v", d, err)
	}
	if found, _, err := b.Get(t.Context(), []contact.ID{contact.ID(id)}); err != nil || len(found) != 1 || !found[0].ReadOnly {
		t.Errorf("the record reads %+v, %v", found, err)
	}
	for _, m := range []contact.Mutation{
		{Op: contact.Create, Contact: people(1)[0], Mask: contact.FieldsOf(contact.Surname)},
		{Op: contact.Update, ID: contact.ID(id), Contact: people(1)[0], Mask: contact.FieldsOf(contact.Surname)},
		{Op: contact.Delete, ID: contact.ID(id)},
	} {
		if r := try(t, b, m); r.Outcome != contact.Forbidden || !strings.HasSuffix(r.Message, ".") {
			t.Errorf("%v answers %v %q", m.Op, r.Outcome, r.Message)
		}
	}
	w = newWorld(t, world{role: &sandbox.User{Fields: map[string]map[string]sandbox.FieldLevels{sandbox.Contact: {
		"description": {Read: "no", Edit: "no"}, "phoneNumber": {Read: "yes", Edit: "no"}}},
		Roles: map[string]sandbox.Levels{sandbox.Contact: {Create: "yes", Read: "all", Edit: "own", Delete: "no"}}}})
	mine, theirs := w.crm.Put(sandbox.Contact, w.user, ann()), w.crm.Put(sandbox.Contact, w.other, people(1)[0])
	b = w.open(t)
	d, err = b.Describe(t.Context())
	if err != nil || d.Fields.Has(contact.Notes) || !d.Fields.Has(contact.MobilePhones) ||
		d.Writable&contact.FieldsOf(contact.MobilePhones, contact.Notes, contact.Organization) != 0 || !d.Writable.Has(contact.Given) {
		t.Errorf("with restricted fields it holds %v and writes %v, %v", d.Fields, d.Writable, err)
	}
	found, _, err := b.Get(t.Context(), []contact.ID{contact.ID(mine), contact.ID(theirs)})
	if err != nil || len(found) != 2 || found[0].ReadOnly || !found[1].ReadOnly || found[0].Contact.Notes != "" || found[0].Read.Has(contact.Notes) {
		t.Errorf("they read %+v, %v", found, err)
	}
	c := ann()
	if r := write(t, b, contact.Mutation{Op: contact.Create, Contact: c, Mask: contact.FieldsOf(contact.Surname, contact.Organization), AllowDuplicate: true}); r.Record.Contact.Organization != "" {
		t.Error("who sees no accounts linked one")
	}
	w = newWorld(t, world{role: &sandbox.User{Roles: look}, entity: provider.EntityLeads})
	if _, err := w.open(t).Describe(t.Context()); !errors.Is(err, contact.ErrForbidden) {
		t.Errorf("without leads Describe gives %v", err)
	}
}

// TestUnusualSalutation: a prefix that we do not know is unknown, not empty.
func TestUnusualSalutation(t *testing.T) {
	w := newWorld(t, world{})
	id := w.crm.Put(sandbox.Contact, w.user, ann())
	w.crm.Set(sandbox.Contact, id, map[string]any{"salutationName": "Mr."})
	b := w.open(t)
	found, _, err := b.Get(t.Context(), []contact.ID{contact.ID(id)})
	if err != nil || found[0].Contact.Name.Title != "Mr." || !found[0].Read.Has(contact.Title) {
		t.Errorf("it reads %+v, %v", found, err)
	}
	for typed, want := range map[string]string{"Dr": "Dr.", "MRS.": "Mrs.", "Prof.": "", "": ""} {
		if got := b.Project(contact.Contact{Name: contact.Name{Title: typed}}).Name.Title; got != want {
			t.Errorf("%q is kept as %q", typed, got)
		}
	}
}

// TestPhones: how numbers are kept depends on the server.
func TestPhones(t *testing.T) {
	for want, mode := range map[string]sandbox.Options{
		"+4930123456 +12125550100 +49110":         {},
		"+4930123456 +12125550100 ext. 7 +49110":  {PhoneExtensions: true},
		"030 123456 +1 (212) 555-0100 ext. 7 110": {LoosePhones: true},
	} {
		w := newWorld(t, world{options: mode})
		b := w.open(t)
		var got []string
		for _, n := range []string{"030/123456", "+1 (212) 555-0100 ext. 7", "110"} {
			got = append(got, b.Project(contact.Contact{Phones: []contact.Phone{{Kind: contact.PhoneWork, Number: n}}}).Value(contact.WorkPhones).First())
		}
		if have := strings.Join(got, " "); have != want {
			t.Errorf("%+v keeps %q, want %q", mode, have, want)
		}
	}
}

func read(r *http.Request) string {
	buf := make([]byte, 1<<16)
	n, _ := r.Body.Read(buf)
	return string(buf[:n])
}

// TestMessyPeople: people as real address books hold them are taken, and read
// back as Project says, in both forms of phone numbers.
func TestMessyPeople(t *testing.T) {
	for _, w := range []world{{}, {entity: provider.EntityLeads, options: sandbox.Options{LoosePhones: true}}} {
		w := newWorld(t, w)
		b := w.open(t)
		d, err := b.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var want []contact.Contact
		for some := range slices.Chunk(kit.Sample(600, 7), d.Batch) {
			var ms []contact.Mutation
			for _, c := range some {
				c.Organization = "" // accounts are another test's matter
				if c.Name.Surname == "" {
					c.Name.Surname = "Unnamed" // as the engine fills in
				}
				ms = append(ms, contact.Mutation{Op: contact.Create, Contact: c, Mask: c.Filled() & d.Writable, AllowDuplicate: true})
				want = append(want, b.Project(c))
			}
			results, err := b.Write(t.Context(), ms)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range results {
				if r.Outcome != contact.OK {
					t.Fatalf("%+v answers %v %s (%v)", ms[i].Contact, r.Outcome, r.Message, r.Cause)
				}
				for f := range d.Fields.All() {
					now, proj := r.Record.Contact.Value(f), want[len(want)-len(some)+i].Value(f)
					if !(contact.Norm{}).Equal(f, now, proj) {
						t.Errorf("%v reads %q, want %q", f, now, proj)
					}
				}
			}
		}
		if all, _ := list(t, b, nil); len(all) != 600 {
			t.Errorf("the listing holds %d", len(all))
		}
	}
}
