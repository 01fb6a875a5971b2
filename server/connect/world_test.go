package connect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/server/sandbox/kit"
	"tandem/store"
)

const (
	base     = "https://tandem.example.com"
	password = "canary-password-77"
	client   = "canary-client-secret-77"
)

// world is a Service between a store and providers that run.
type world struct {
	*connect.Service
	store    *store.Store
	provider *kit.OIDC
	tokens   atomic.Int32 // calls of the token endpoint
	slow     chan struct{}
	url      string // of the API and of the provider's pages
	user     store.User
	options  connect.Options

	mu   sync.Mutex
	now  time.Time
	logs bytes.Buffer
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Write takes the log.
func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.Write(p)
}

func start(t *testing.T, s *store.Store, change func(*kit.OIDCOptions)) *world {
	t.Helper()
	w := &world{store: s, now: time.Now()}
	s.Now = w.clock
	o := kit.OIDCOptions{
		Path: "/idp",
		Users: []kit.User{
			{Email: "ada@example.test", Name: "Ada", Subject: "sub-ada"},
			{Email: "ben@example.test", Name: "Ben", Subject: "sub-ben"},
		},
		Clients: []kit.Client{{ID: "tandem", Secret: client, Name: "Tandem",
			RedirectURIs: []string{base + "/connect/cloud/callback", base + "/connect/plain/callback"}}},
		Scopes: map[string]string{"people": "Read and change your contacts"}, Now: w.clock,
	}
	if change != nil {
		change(&o)
	}
	var err error
	if w.provider, err = kit.NewOIDC(o); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/idp/", func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			w.tokens.Add(1)
			if w.slow != nil {
				<-w.slow
			}
		}
		w.provider.ServeHTTP(rw, r)
	})
	mux.HandleFunc("GET /me", w.me)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.url = server.URL
	w.user = newUser(t, s, "ann")
	log := slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.options = connect.Options{
		Store: s, Providers: w.providers(), BaseURL: base + "/", Now: w.clock, Log: log,
		HTTP: rest.New(rest.Options{AllowLoopback: true, Patience: 50 * time.Millisecond, Log: log}),
	}
	w.Service = connect.New(w.options)
	t.Cleanup(func() {
		for _, canary := range []string{password, client} {
			if strings.Contains(w.logs.String(), canary) {
				t.Errorf("the log tells %s", canary)
			}
		}
	})
	return w
}

func newUser(t *testing.T, s *store.Store, name string) store.User {
	t.Helper()
	u, err := s.EnsureUser(t.Context(), store.SignIn{Issuer: "https://issuer.example", Subject: name, Email: name + "@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// me says who is there, by token or by password.
func (w *world) me(rw http.ResponseWriter, r *http.Request) {
	if name, typed, ok := r.BasicAuth(); ok && typed == password {
		json.NewEncoder(rw).Encode(map[string]string{"id": "id-" + name, "name": strings.ToUpper(name)})
		return
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	u, _, ok := w.provider.Verify(token)
	if !ok {
		rw.WriteHeader(http.StatusUnauthorized)
		return
	}
	json.NewEncoder(rw).Encode(map[string]string{"id": u.Subject, "name": u.Name})
}

// providers are one of each kind.
func (w *world) providers() []provider.Provider {
	oauth := &provider.OAuthConfig{
		AuthURL: "{base}/idp/authorize", TokenURL: "{base}/idp/token", RevokeURL: "{base}/idp/revoke", Issuer: "{base}/idp",
		Scopes: []string{"openid", "offline_access", "people"}, ClientID: "tandem", ClientSecret: client,
	}
	plain := *oauth
	plain.Issuer, plain.Scopes = "", []string{"people"}
	form := []provider.Field{
		{Name: "username", Label: "User name", Required: true},
		{Name: "auth", Label: "Sign-in", Default: "password", Options: []provider.Option{{Value: "password"}, {Value: "api-key"}}},
		{Name: "password", Label: "Password", Required: true, Secret: true, OnlyIf: "auth=password"},
		{Name: "key", Label: "API key", Required: true, Secret: true, OnlyIf: "auth=api-key"},
	}
	return []provider.Provider{
		{ID: "own", Name: "Own CRM", Side: provider.CRM, Methods: []provider.Method{provider.Form}, Fields: form, URL: provider.URLRequired,
			Connect: whoIs, Open: open},
		{ID: "choosy", Name: "Choosy", Side: provider.Contacts, Methods: []provider.Method{provider.Form}, Fields: form, DefaultURL: w.url,
			URL: provider.URLOptional, Connect: choosy, Open: open},
		{ID: "cloud", Name: "Cloud", Side: provider.Contacts, Methods: []provider.Method{provider.OAuth}, DefaultURL: w.url,
			OAuth: oauth, Connect: whoIs, Open: open},
		{ID: "plain", Name: "Plain", Side: provider.Contacts, Methods: []provider.Method{provider.OAuth}, URL: provider.URLRequired,
			OAuth: &plain, Connect: whoIs, Open: open},
	}
}

// account asks the API who is there.
func account(ctx context.Context, a provider.Access) (contact.Account, error) {
	auth := rest.Basic(a.Values["username"], a.Values["password"])
	if a.Token != nil {
		auth = rest.Bearer(a.Token)
	}
	c, err := a.HTTP(a.BaseURL, auth)
	if err != nil {
		return contact.Account{}, err
	}
	answer, err := c.Do(ctx, rest.Request{URL: "/me"})
	switch {
	case err != nil:
		return contact.Account{}, err
	case answer.Status == http.StatusUnauthorized:
		return contact.Account{}, &contact.Error{Kind: contact.ErrReconnect, Field: "password", Message: "User name or password is wrong."}
	case answer.Status != http.StatusOK:
		return contact.Account{}, &contact.Error{Kind: contact.ErrBaseURL, Message: "There is no Own CRM at this address."}
	}
	var me struct{ ID, Name string }
	if err := json.Unmarshal(answer.Body, &me); err != nil {
		return contact.Account{}, &contact.Error{Kind: contact.ErrProtocol, Cause: err}
	}
	return contact.Account{ID: me.ID, Name: me.Name}, nil
}

func whoIs(ctx context.Context, a provider.Access) (provider.Connected, error) {
	who, err := account(ctx, a)
	return provider.Connected{Account: who}, err
}

// choosy asks which address book, and keeps what it found.
func choosy(ctx context.Context, a provider.Access) (provider.Connected, error) {
	if a.Values["username"] == "broken" {
		return provider.Connected{}, errors.New("a fault with " + password)
	}
	who, err := account(ctx, a)
	if err != nil {
		return provider.Connected{}, err
	}
	if a.Values["book"] == "" {
		return provider.Connected{Choose: []provider.Field{{Name: "book", Label: "Address book", Required: true,
			Options: []provider.Option{{Value: "home", Label: "At home"}, {Value: "work", Label: "At work"}}}}}, nil
	}
	a.Values["kept"] = "yes"
	return provider.Connected{Account: who, Values: a.Values, Notice: []string{"No trash there."}}, nil
}

func open(_ context.Context, a provider.Access) (contact.Book, error) { return &thinBook{a}, nil }

// thinBook asks the API who is there, whatever is asked of it.
type thinBook struct{ a provider.Access }

func (b *thinBook) Describe(ctx context.Context) (contact.Description, error) {
	who, err := account(ctx, b.a)
	return contact.Description{Account: who}, err
}

func (b *thinBook) Changes(ctx context.Context, _ contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		if _, err := account(ctx, b.a); err != nil {
			yield(contact.Page{}, err)
			return
		}
		_ = yield(contact.Page{Full: true}, nil) && yield(contact.Page{Full: true, Next: contact.Cursor("1")}, nil)
	}
}

func (b *thinBook) Get(ctx context.Context, ids []contact.ID) ([]contact.Record, []contact.ID, error) {
	_, err := account(ctx, b.a)
	return nil, ids, err
}

func (b *thinBook) Find(ctx context.Context, _ contact.Query) ([]contact.Record, error) {
	_, err := account(ctx, b.a)
	return nil, err
}

func (b *thinBook) Write(ctx context.Context, m []contact.Mutation) ([]contact.Result, error) {
	out := make([]contact.Result, len(m))
	_, err := account(ctx, b.a)
	if err != nil {
		for i := range out {
			out[i].Outcome = contact.NotRun
		}
	}
	return out, err
}

func (b *thinBook) Sweep(ctx context.Context) iter.Seq2[[]contact.Stamp, error] {
	return func(yield func([]contact.Stamp, error) bool) {
		_, err := account(ctx, b.a)
		yield(nil, err)
	}
}

func (b *thinBook) Project(c contact.Contact) contact.Contact { return c }
