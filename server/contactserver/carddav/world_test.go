package carddav

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
	sandbox "tandem/server/sandbox/carddav"
)

const (
	testUser     = "ada@example.test"
	testPassword = "app-password"
)

// access is what the connect room hands to the adapter.
func access(t testing.TB, base, user, password string, extra ...string) provider.Access {
	t.Helper()
	tr := rest.New(rest.Options{AllowLoopback: true, UserAgent: "Tandem/test"})
	a := provider.Access{
		BaseURL: base, Values: map[string]string{fieldUsername: user, fieldPassword: password},
		HTTP: func(base string, auth rest.Auth) (*rest.Client, error) { return tr.Client(base, auth, nil) },
	}
	for i := 0; i+1 < len(extra); i += 2 {
		a.Values[extra[i]] = extra[i+1]
	}
	return a
}

// connected connects and opens the address book of an account.
func connected(t testing.TB, a provider.Access) (*book, provider.Access, provider.Connected) {
	t.Helper()
	p := Other()
	got, err := p.Connect(t.Context(), a)
	if err != nil {
		t.Fatalf("Connect: %v (%v)", err, unwrapAll(err))
	}
	if len(got.Choose) > 0 {
		t.Fatalf("Connect asks for %v", got.Choose)
	}
	a.Values = got.Values
	return reopened(t, a), a, got
}

// reopened opens the address book once more, as another process would.
func reopened(t testing.TB, a provider.Access) *book {
	t.Helper()
	b, err := Other().Open(t.Context(), a)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return b.(*book)
}

func unwrapAll(err error) error {
	if e, ok := err.(*contact.Error); ok {
		return e.Cause
	}
	return err
}

// world is a sandbox server with one account.
type world struct {
	*sandbox.Server
	url string
	// twist, where it is set, may answer a request in the server's place.
	twist *func(w http.ResponseWriter, r *http.Request, next http.Handler) bool
}

func newWorld(t testing.TB, q sandbox.Quirks, books ...sandbox.Book) world {
	t.Helper()
	if len(books) == 0 {
		books = []sandbox.Book{{Slug: "contacts", Name: "Contacts"}}
	}
	s := sandbox.New(sandbox.Options{Prefix: "/dav", Quirks: q, Users: []sandbox.User{{Name: testUser, Password: testPassword, Books: books}}})
	mux := http.NewServeMux()
	mux.Handle("/dav/", s)
	mux.Handle("/.well-known/carddav", s)
	twist := new(func(http.ResponseWriter, *http.Request, http.Handler) bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if *twist == nil || !(*twist)(w, r, mux) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return world{s, server.URL, twist}
}
