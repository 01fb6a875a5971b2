package microsoft365

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/server/sandbox/graph"
	"tandem/server/sandbox/kit"
)

const (
	tester = "ann@contoso.example"
	tenant = "0f6c6c1e-5a52-4b8a-9b56-1c5ff1c3a9d4"
)

// world is a sandbox with one mailbox and its sign-in.
type world struct {
	*graph.Server
	oidc   *kit.OIDC
	faults *kit.Faults
	url    string
	p      provider.Provider
	values map[string]string
	scopes []string
}

// newWorld starts a sandbox. Everything passes the contract's judge.
func newWorld(t testing.TB, o graph.Options) *world {
	t.Helper()
	w := &world{values: map[string]string{}, scopes: scopes}
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	var err error
	w.oidc, err = kit.NewOIDC(kit.OIDCOptions{
		Issuer:  srv.URL + "/" + tenant + "/v2.0",
		Users:   []kit.User{{Email: tester, Name: "Ann Example", TenantID: tenant}},
		Scopes:  map[string]string{"Contacts.ReadWrite": "Read and change your contacts", "User.Read": "See who you are"},
		Clients: []kit.Client{{ID: "app", Secret: "secret", Name: "Tandem", RedirectURIs: []string{"https://tandem.example/connect/microsoft365/callback"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Users = append(o.Users, graph.User{Name: tester, DisplayName: "Ann Example", Mail: tester})
	o.Bearer = func(token string) (string, []string, bool) {
		u, scopes, ok := w.oidc.Verify(token)
		return u.Email, scopes, ok
	}
	w.Server = graph.New(o)
	w.faults = kit.NewFaults(judged(w.Server), nil)
	mux.Handle("/v1.0/", w.faults)
	mux.Handle("/", graph.Authority("", tenant, w.oidc))
	w.p = Provider(Config{ClientID: "app", ClientSecret: "secret", Endpoint: srv.URL})
	return w
}

// access is what the connect room hands to the adapter.
func (w *world) access(t testing.TB) provider.Access {
	t.Helper()
	transport := rest.New(rest.Options{AllowLoopback: true, Wire: tripper{http.DefaultTransport}, Patience: 2 * time.Second})
	token, _, err := w.oidc.Tokens(tester, "app", w.scopes...)
	if err != nil {
		t.Fatal(err)
	}
	return w.with(transport, func() string { return token })
}

// connected connects and opens the Book.
func (w *world) connected(t testing.TB) (*book, provider.Connected) {
	t.Helper()
	a := w.access(t)
	got, err := w.p.Connect(t.Context(), a)
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	w.values = got.Values
	b := w.open(t)
	for time.Now().UnixMilli() <= b.opened.UnixMilli() {
		// Markers tell their time to the millisecond: those of the tests are new.
	}
	return b, got
}

// open opens the Book once more, as another process would.
func (w *world) open(t testing.TB) *book {
	t.Helper()
	b, err := w.p.Open(t.Context(), w.access(t))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return b.(*book)
}

func (w *world) raw(t *testing.T, id contact.ID) string {
	t.Helper()
	data, err := json.MarshalIndent(w.Raw(tester, string(id)), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// list reads a stream of changes to its end.
func listed(t testing.TB, b contact.Book, from contact.Cursor) (map[contact.ID]contact.Change, contact.Cursor) {
	t.Helper()
	all := map[contact.ID]contact.Change{}
	for page, err := range b.Changes(t.Context(), from) {
		if err != nil {
			t.Fatalf("Changes: %v", err)
		}
		for _, c := range page.Changes {
			all[c.ID] = c
		}
		if page.Next != nil {
			return all, page.Next
		}
	}
	t.Fatal("the listing did not complete")
	return nil, nil
}

func write1(t testing.TB, b contact.Book, m contact.Mutation) contact.Result {
	t.Helper()
	rs, err := b.Write(t.Context(), []contact.Mutation{m})
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	return rs[0]
}

func (w *world) with(transport *rest.Transport, token func() string) provider.Access {
	return provider.Access{
		BaseURL: w.p.DefaultURL, Values: w.values, Category: "CRM Contacts",
		Token: func(context.Context) (string, error) { return token(), nil },
		HTTP:  func(base string, auth rest.Auth) (*rest.Client, error) { return transport.Client(base, auth, nil) },
	}
}
