package google_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"tandem/server/contact"
	"tandem/server/contactserver/google"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/server/sandbox/kit"
	sandbox "tandem/server/sandbox/people"
)

// TestMenu: the entry is there without a registration, and says whom to ask.
func TestMenu(t *testing.T) {
	p := google.Provider(google.Config{})
	if p.ID != "google" || p.Name != "Google" || len(p.Methods) > 0 || p.OAuth != nil || !strings.Contains(p.Help, "Ask your administrator") {
		t.Errorf("without a registration: %+v", p)
	}
	p = google.Provider(google.Config{ClientID: "x", ClientSecret: "y"})
	if !slices.Equal(p.Methods, []provider.Method{provider.OAuth}) || p.OAuth.Issuer != "https://accounts.google.com" ||
		p.OAuth.AuthParams["access_type"] != "offline" || p.OAuth.AuthParams["prompt"] != "consent" || !slices.Contains(p.OAuth.Scopes, google.Scope) {
		t.Errorf("with one: %+v", p.OAuth)
	}
	if _, err := p.Open(t.Context(), provider.Access{}); !errors.Is(err, contact.ErrReconnect) {
		t.Errorf("without a token: %v", err)
	}
}

// TestConnectFaults: what a person, an administrator or a typing error in the
// configuration may get wrong.
func TestConnectFaults(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	w.scopes = []string{"email"}
	_, err := w.provider.Connect(t.Context(), w.access())
	if !errors.Is(err, contact.ErrReconnect) || !strings.Contains(err.Error(), "ticked") {
		t.Errorf("without the contacts' scope: %v", err)
	}
	w.scopes = nil
	w.faults.Add(fault(403, `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"People API has not been used in project 1 before or it is disabled."}}`, nil))
	if _, err = w.provider.Connect(t.Context(), w.access()); !errors.Is(err, contact.ErrAdminNeeded) {
		t.Errorf("with the API switched off: %v", err)
	}
	w.faults.Clear()
	w.faults.Add(fault(200, `{"resourceName":"people/me"}`, nil))
	if _, err = w.provider.Connect(t.Context(), w.access()); !errors.Is(err, contact.ErrProtocol) {
		t.Errorf("without an account: %v", err)
	}
}

// TestRedirect goes through the sandbox's own sign-in and consent: denied once,
// granted, a token that ends and is renewed, a permission that is taken back.
func TestRedirect(t *testing.T) {
	const back = "https://tandem.example.com/connect/google/callback"
	var grant *kit.OIDC
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	grant, err := kit.NewOIDC(kit.OIDCOptions{
		Issuer: srv.URL + "/google/oauth", KeepRefresh: true, Scopes: map[string]string{sandbox.Scope: "Read and change your contacts"},
		Users:   []kit.User{{Subject: ann, Email: "ann@example.test", EmailVerified: true, Name: "Ann Example"}},
		Clients: []kit.Client{{ID: "tandem", Secret: "secret", Name: "Tandem", RedirectURIs: []string{back}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := sandbox.New(sandbox.Options{
		Prefix: "/google", Users: []sandbox.User{{Subject: ann, Email: "ann@example.test", Name: "Ann Example"}},
		Bearer: func(token string) (string, []string, bool) {
			u, scopes, ok := grant.Verify(token)
			return u.Subject, scopes, ok
		},
	})
	mux.Handle("/google/oauth/", grant)
	mux.Handle("/google/v1/", judged(t, server))
	p := google.Provider(google.Config{ClientID: "tandem", ClientSecret: "secret", Endpoint: srv.URL + "/google/"})
	config := oauth2.Config{ClientID: p.OAuth.ClientID, ClientSecret: p.OAuth.ClientSecret, RedirectURL: back, Scopes: p.OAuth.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: p.OAuth.AuthURL, TokenURL: p.OAuth.TokenURL, AuthStyle: oauth2.AuthStyleInParams}}
	verifier := oauth2.GenerateVerifier()
	walk := func(allow bool) url.Values {
		t.Helper()
		params := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
		for k, v := range p.OAuth.AuthParams {
			params = append(params, oauth2.SetAuthURLParam(k, v))
		}
		u, err := kit.Walk(t.Context(), config.AuthCodeURL("state", params...), "ann@example.test", allow)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query()
	}
	if q := walk(false); q.Get("error") != "access_denied" {
		t.Errorf("denied: %v", q)
	}
	q := walk(true)
	if q.Get("iss") != p.OAuth.Issuer {
		t.Errorf("the answer is of %q, the provider of %q", q.Get("iss"), p.OAuth.Issuer)
	}
	token, err := config.Exchange(t.Context(), q.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil || token.RefreshToken == "" {
		t.Fatalf("no refresh token: %v", err)
	}
	transport := rest.New(rest.Options{AllowLoopback: true, Wire: judge{t, http.DefaultTransport}})
	a := provider.Access{
		Token: func(context.Context) (string, error) { return token.AccessToken, nil },
		HTTP:  func(base string, auth rest.Auth) (*rest.Client, error) { return transport.Client(base, auth, nil) },
	}
	c, err := p.Connect(t.Context(), a)
	if err != nil || c.Account != (contact.Account{ID: ann, Name: "ann@example.test", Email: "ann@example.test"}) {
		t.Fatalf("Connect: %+v, %v", c.Account, err)
	}
	a.Values = c.Values
	b, err := p.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	write(t, b, create(full("Miller"), "m-1"))
	grant.ExpireAccess()
	if _, _, err := b.Get(t.Context(), []contact.ID{"ffff00000001"}); !errors.Is(err, contact.ErrReconnect) {
		t.Errorf("with a token that has ended: %v", err)
	}
	if token, err = config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token(); err != nil {
		t.Fatal(err)
	}
	if all, _, _ := list(t, b, nil); len(all) != 1 {
		t.Errorf("after the renewal: %v", all)
	}
	grant.RevokeUser(ann)
	if rs, err := b.Write(t.Context(), named("B")); !errors.Is(err, contact.ErrReconnect) || rs[0].Outcome != contact.NotRun {
		t.Errorf("with the permission taken back: %v, %v", outcomes(rs), err)
	}
}
