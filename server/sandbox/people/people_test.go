package people_test

import (
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
	"tandem/server/sandbox/people"
)

// TestPeople: the page's directory gives back what it was given, and keeps what
// it does not show.
func TestPeople(t *testing.T) {
	s, _, _ := start(t, people.Quirks{})
	d := s.People(ann)
	sample := kit.Sample(150, 3)
	for _, c := range sample {
		if err := d.Save(t.Context(), "", c); err != nil {
			t.Fatal(err)
		}
	}
	all, err := d.List(t.Context())
	if err != nil || len(all) != len(sample) {
		t.Fatalf("%d people, %v", len(all), err)
	}
	for _, p := range all {
		i := slices.IndexFunc(sample, func(c contact.Contact) bool {
			return reflect.DeepEqual(c.Value(contact.Emails), p.Contact.Value(contact.Emails)) && c.Name.Text() == p.Contact.Name.Text() && c.Notes == p.Contact.Notes
		})
		if i < 0 {
			t.Errorf("nobody was given as %+v", p.Contact)
			continue
		}
		for f := range contact.AllFields.Without(contact.FullName).All() {
			if was, is := sample[i].Value(f), p.Contact.Value(f); !(contact.Norm{}).Equal(f, was, is) {
				t.Errorf("%v reads %q, was %q", f, is, was)
			}
		}
	}
	id := all[0].ID
	s.Set(ann, id, "relations", map[string]any{"person": "Bob", "type": "spouse"})
	c, err := d.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	c.JobTitle, c.Nickname, c.Birth, c.Categories = "Boss", "", contact.Date{Month: 2, Day: 29}, []string{"CRM Contacts"}
	if err := d.Save(t.Context(), id, c); err != nil {
		t.Fatal(err)
	}
	if now, _ := d.Get(t.Context(), id); now.JobTitle != "Boss" || now.Birth != c.Birth || !slices.Equal(now.Categories, c.Categories) {
		t.Errorf("it reads %+v", now)
	}
	if raw := s.Raw(ann, id); len(raw["relations"]) != 1 || len(raw["memberships"]) != 2 {
		t.Errorf("it is kept as %v", raw)
	}
	if err := d.Delete(t.Context(), id); err != nil {
		t.Error(err)
	}
	for _, err := range []error{d.Delete(t.Context(), id), d.Save(t.Context(), id, c)} {
		if err != kit.ErrNoPerson {
			t.Errorf("a person that is gone gives %v", err)
		}
	}
}

// TestSave: a sandbox goes on where it was, tokens and all.
func TestSave(t *testing.T) {
	s, c, clock := start(t, people.Quirks{})
	ids := s.Seed(ann, kit.Sample(5, 1))
	first, err := c.People.Connections.List("people/me").PersonFields("names").RequestSyncToken(true).Do()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "people.json")
	before := s.Changes()
	s.Remove(ann, ids[0])
	if s.Changes() == before {
		t.Error("a change does not count")
	}
	if err := s.Save(file); err != nil {
		t.Fatal(err)
	}
	next := people.New(people.Options{Prefix: "/google", Now: clock.time, Users: []people.User{{Subject: ann}}})
	if found, err := next.Load(filepath.Join(t.TempDir(), "none")); found || err != nil {
		t.Error(found, err)
	}
	if found, err := next.Load(file); !found || err != nil {
		t.Fatal(found, err)
	}
	if !slices.Equal(next.IDs(ann), s.IDs(ann)) || !reflect.DeepEqual(next.Raw(ann, ids[1]), s.Raw(ann, ids[1])) {
		t.Error("it reads otherwise")
	}
	srv := httptest.NewServer(next)
	t.Cleanup(srv.Close)
	r, err := service(t, srv.URL, ann).People.Connections.List("people/me").PersonFields("names").RequestSyncToken(true).SyncToken(first.NextSyncToken).Do()
	if err != nil || len(r.Connections) != 1 || !r.Connections[0].Metadata.Deleted {
		t.Errorf("the token brings %+v, %v", r, err)
	}
}
