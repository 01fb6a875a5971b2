package carddav

import (
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	"tandem/server/contactserver/carddav/davtest"
)

// TestServers passes the suite against the real servers.
func TestServers(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *davtest.Server{
		"Radicale": davtest.Radicale, "Xandikos": davtest.Xandikos, "Cyrus": davtest.Cyrus,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			b, a, _ := connected(t, access(t, s.URL, s.User, s.Password))
			booktest.Run(t, options(t, b, func(t *testing.T) contact.Book { return reopened(t, a) },
				func(id contact.ID) string { return s.Get(t, string(id)) },
				func(id contact.ID, text string) { s.Put(t, string(id), text) }))
		})
	}
}

// TestServersLens stores contacts of every kind at the real servers and reads
// them back, all in one batch per server.
func TestServersLens(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *davtest.Server{
		"Radicale": davtest.Radicale, "Xandikos": davtest.Xandikos, "Cyrus": davtest.Cyrus,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			b, _, _ := connected(t, access(t, s.URL, s.User, s.Password))
			var ms []contact.Mutation
			for i := range 40 {
				c := booktest.Contacts().Example(i)
				ms = append(ms, contact.Mutation{Op: contact.Create, Contact: c, Mask: contact.AllFields})
			}
			for _, u := range []string{"https://example.com/a,b;c?d=e&f=%20", "https://example.com/x:y\\z"} {
				ms = append(ms, contact.Mutation{Op: contact.Create, Contact: contact.Contact{Website: u, Notes: "a\u2028b\u0085c\u00a0d\ttab"}, Mask: contact.AllFields})
			}
			rs, err := b.Write(t.Context(), ms)
			if err != nil {
				t.Fatal(err)
			}
			var ids []contact.ID
			for i, r := range rs {
				if r.Outcome != contact.OK {
					t.Fatalf("%v %s: %+v", r.Outcome, r.Message, ms[i].Contact)
				}
				ids = append(ids, r.ID)
			}
			found, missing, err := b.Get(t.Context(), ids)
			if err != nil || len(found) != len(ms) {
				t.Fatalf("%d found, %d missing, %v", len(found), len(missing), err)
			}
			for i, r := range found {
				want := project(ms[i].Contact)
				for f := range contact.AllFields.Without(contact.FullName).All() {
					if !(contact.Norm{}).Equal(f, want.Value(f), r.Contact.Value(f)) {
						t.Errorf("%v: %q, want %q\n%s", f, r.Contact.Value(f), want.Value(f), s.Get(t, string(r.ID)))
					}
				}
			}
		})
	}
}
