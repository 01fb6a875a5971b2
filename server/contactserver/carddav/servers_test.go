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
