package kit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"tandem/server/sandbox/kit"
)

const callbackURL = "http://localhost:1/callback"

// world is a running provider with go-oidc and x/oauth2 as its client.
type world struct {
	*kit.OIDC
	url      string
	conf     *oauth2.Config
	provider *oidc.Provider
	now      time.Time
}

func start(t *testing.T, change func(*kit.OIDCOptions)) *world {
	t.Helper()
	w := &world{now: time.Now()}
	o := kit.OIDCOptions{
		Path: "/idp",
		Users: []kit.User{
			{Email: "ada@example.test", EmailVerified: true, Name: "Ada Admin", TenantID: "tid-1", ObjectID: "oid-1"},
			{Email: "ben@example.test", Name: "Ben User"},
		},
		Clients: []kit.Client{
			{ID: "app", Secret: "s3cret", Name: "Tandem", RedirectURIs: []string{callbackURL}},
			{ID: "own", Secret: "x", RedirectURIs: []string{callbackURL}, SkipConsent: true},
			{ID: "public", RedirectURIs: []string{callbackURL}},
		},
		Scopes: map[string]string{"contacts": "Read and change your contacts"},
		Now:    func() time.Time { return w.now },
	}
	if change != nil {
		change(&o)
	}
	p, err := kit.NewOIDC(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	w.OIDC, w.url = p, s.URL+"/idp"
	w.provider, err = oidc.NewProvider(t.Context(), w.url)
	if err != nil {
		t.Fatal(err)
	}
	w.conf = &oauth2.Config{
		ClientID: "app", ClientSecret: "s3cret", RedirectURL: callbackURL, Endpoint: w.provider.Endpoint(),
		Scopes: []string{"openid", "email", "profile", "offline_access", "contacts"},
	}
	return w
}

// get signs in and exchanges the code.
func (w *world) get(t *testing.T, user string) (*oauth2.Token, string, string) {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	back, err := kit.Walk(t.Context(), w.conf.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier), oidc.Nonce("n-1")), user, true)
	if err != nil {
		t.Fatal(err)
	}
	q := back.Query()
	if q.Get("state") != "st" || q.Get("iss") != w.url || q.Get("error") != "" {
		t.Fatalf("sent back to %s", back)
	}
	token, err := w.conf.Exchange(t.Context(), q.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return token, q.Get("code"), verifier
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	var e *oauth2.RetrieveError
	if !errors.As(err, &e) || e.ErrorCode != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSignIn(t *testing.T) {
	w := start(t, nil)
	token, _, _ := w.get(t, "ada@example.test")
	id, err := w.provider.Verifier(&oidc.Config{ClientID: "app"}).Verify(t.Context(), token.Extra("id_token").(string))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Name     string `json:"name"`
		TID      string `json:"tid"`
		OID      string `json:"oid"`
	}
	if err := id.Claims(&c); err != nil {
		t.Fatal(err)
	}
	if id.Nonce != "n-1" || c.Email != "ada@example.test" || !c.Verified || c.Name != "Ada Admin" || c.TID != "tid-1" || c.OID != "oid-1" {
		t.Errorf("claims %+v nonce %q", c, id.Nonce)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		t.Error(err)
	}
	info, err := w.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != id.Subject || info.Email != "ada@example.test" || !info.EmailVerified {
		t.Errorf("userinfo %+v, %v", info, err)
	}
	u, scopes, ok := w.Verify(token.AccessToken)
	if !ok || u.Email != "ada@example.test" || !slices.Contains(scopes, "contacts") {
		t.Errorf("Verify: %v %v %v", u, scopes, ok)
	}
}

func TestCodeWorksOnce(t *testing.T) {
	w := start(t, nil)
	token, code, verifier := w.get(t, "ben@example.test")
	_, err := w.conf.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	refused(t, err, "invalid_grant")
	if _, _, ok := w.Verify(token.AccessToken); ok {
		t.Error("a code used twice must take back what its first use gave")
	}
}

func TestCodeRefused(t *testing.T) {
	w := start(t, nil)
	for name, exchange := range map[string]func(code, verifier string) error{
		"wrong verifier": func(code, _ string) error {
			_, err := w.conf.Exchange(t.Context(), code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
			return err
		},
		"no verifier": func(code, _ string) error {
			_, err := w.conf.Exchange(t.Context(), code)
			return err
		},
		"other client": func(code, verifier string) error {
			c := *w.conf
			c.ClientID, c.ClientSecret = "own", "x"
			_, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
			return err
		},
		"other redirect": func(code, verifier string) error {
			c := *w.conf
			c.RedirectURL += "2"
			_, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
			return err
		},
		"too late": func(code, verifier string) error {
			w.now = w.now.Add(2 * time.Minute)
			_, err := w.conf.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			verifier := oauth2.GenerateVerifier()
			back, err := kit.Walk(t.Context(), w.conf.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier)), "ada@example.test", true)
			if err != nil {
				t.Fatal(err)
			}
			refused(t, exchange(back.Query().Get("code"), verifier), "invalid_grant")
		})
	}
	c := *w.conf
	c.ClientSecret = "wrong"
	_, err := c.Exchange(t.Context(), "x")
	refused(t, err, "invalid_client")
}

func TestRefreshRotates(t *testing.T) {
	w := start(t, nil)
	first, _, _ := w.get(t, "ada@example.test")
	refresh := func(token string) (*oauth2.Token, error) {
		return w.conf.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token}).Token()
	}
	second, err := refresh(first.RefreshToken)
	if err != nil || second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Fatalf("refresh gave %v, %v", second, err)
	}
	_, err = refresh(first.RefreshToken)
	refused(t, err, "invalid_grant")
	w.FailNext(kit.FailTokenLost)
	if _, err = refresh(second.RefreshToken); err == nil {
		t.Fatal("the answer should have been lost")
	}
	_, err = refresh(second.RefreshToken)
	refused(t, err, "invalid_grant")
}

func TestRefreshKept(t *testing.T) {
	w := start(t, func(o *kit.OIDCOptions) { o.KeepRefresh = true })
	first, _, _ := w.get(t, "ada@example.test")
	for range 2 {
		next, err := w.conf.TokenSource(t.Context(), &oauth2.Token{RefreshToken: first.RefreshToken}).Token()
		if err != nil || next.RefreshToken != first.RefreshToken {
			t.Fatalf("refresh gave %v, %v", next, err)
		}
	}
}

func TestAccessEnds(t *testing.T) {
	w := start(t, func(o *kit.OIDCOptions) { o.AccessTTL = time.Minute })
	post := func(token string) int {
		answer, err := http.PostForm(w.url+"/revoke", url.Values{"token": {token}, "client_id": {"app"}, "client_secret": {"s3cret"}})
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	for name, tc := range map[string]struct {
		end     func(*oauth2.Token)
		refresh bool
	}{
		"expired":         {func(*oauth2.Token) { w.now = w.now.Add(time.Minute) }, true},
		"expired by test": {func(*oauth2.Token) { w.ExpireAccess() }, true},
		"user revoked":    {func(*oauth2.Token) { w.RevokeUser("ada@example.test") }, false},
		"access revoked":  {func(t *oauth2.Token) { post(t.AccessToken) }, true},
		"refresh revoked": {func(t *oauth2.Token) { post(t.RefreshToken) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			token, _, _ := w.get(t, "ada@example.test")
			tc.end(token)
			if _, _, ok := w.Verify(token.AccessToken); ok {
				t.Error("the access token still works")
			}
			_, err := w.conf.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
			if (err == nil) != tc.refresh {
				t.Errorf("refresh: %v", err)
			}
		})
	}
	if post("never given") != http.StatusOK {
		t.Error("revoking an unknown token is no error (RFC 7009 section 2.2)")
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	w := start(t, nil)
	ok := oauth2.S256ChallengeOption(oauth2.GenerateVerifier())
	for name, tc := range map[string]struct {
		url  string
		user string
		want string
	}{
		"denied":            {w.conf.AuthCodeURL("st", ok), "ben@example.test", "access_denied"},
		"no PKCE":           {w.conf.AuthCodeURL("st"), "ben@example.test", "invalid_request"},
		"plain PKCE":        {w.conf.AuthCodeURL("st", oauth2.SetAuthURLParam("code_challenge", "x"), oauth2.SetAuthURLParam("code_challenge_method", "plain")), "", "invalid_request"},
		"prompt none":       {w.conf.AuthCodeURL("st", ok, oauth2.SetAuthURLParam("prompt", "none")), "", "login_required"},
		"implicit flow":     {w.conf.AuthCodeURL("st", ok, oauth2.SetAuthURLParam("response_type", "token")), "", "unsupported_response_type"},
		"no such scope":     {w.conf.AuthCodeURL("st", ok, oauth2.SetAuthURLParam("scope", "openid mail")), "", "invalid_scope"},
		"a failing service": {w.conf.AuthCodeURL("st", ok), "", "server_error"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.want == "server_error" {
				w.FailNext(kit.FailAuthorize)
			}
			back, err := kit.Walk(t.Context(), tc.url, tc.user, false)
			if err != nil {
				t.Fatal(err)
			}
			if q := back.Query(); q.Get("error") != tc.want || q.Get("state") != "st" || q.Has("code") {
				t.Errorf("sent back to %s, want %s", back, tc.want)
			}
		})
	}
}

// A redirect URI that is not the registered one is never redirected to.
func TestRedirectURIExact(t *testing.T) {
	w := start(t, func(o *kit.OIDCOptions) {
		o.AllowRedirect = func(c kit.Client, uri string) bool { return c.ID == "own" && uri == "http://localhost:2/x" }
	})
	ok := oauth2.S256ChallengeOption(oauth2.GenerateVerifier())
	for uri, client := range map[string]string{
		callbackURL + "/":          "app",
		callbackURL + "?a=b":       "app",
		"http://evil.test/":        "app",
		"http://localhost:2/x":     "app",
		"":                         "app",
		callbackURL:                "nobody",
		"http://localhost:1/call%": "app",
	} {
		c := *w.conf
		c.ClientID = client
		target := c.AuthCodeURL("st", ok, oauth2.SetAuthURLParam("redirect_uri", uri))
		back, err := kit.Walk(t.Context(), target, "ben@example.test", true)
		if back != nil || err == nil {
			t.Errorf("%s %q: sent to %v", client, uri, back)
		}
	}
	c := *w.conf
	c.ClientID = "own"
	if _, err := kit.Walk(t.Context(), c.AuthCodeURL("st", ok, oauth2.SetAuthURLParam("redirect_uri", "http://localhost:2/x")), "ben@example.test", true); err != nil {
		t.Error(err)
	}
}

func TestSessionsAndHints(t *testing.T) {
	w := start(t, nil)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	walk := func(user string, extra ...oauth2.AuthCodeOption) (url.Values, error) {
		extra = append(extra, oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
		back, err := kit.WalkWith(t.Context(), browser, w.conf.AuthCodeURL("st", extra...), user, true)
		if err != nil {
			return nil, err
		}
		return back.Query(), nil
	}
	none := oauth2.SetAuthURLParam("prompt", "none")
	hint := func(e string) oauth2.AuthCodeOption { return oauth2.SetAuthURLParam("login_hint", e) }
	for _, step := range []struct {
		name, user string
		extra      []oauth2.AuthCodeOption
		want       string // an error, "code", or "page" where the pages refuse
	}{
		{"sign in", "ada@example.test", nil, "code"},
		{"silently", "", []oauth2.AuthCodeOption{none}, "code"},
		{"silently, hinted", "", []oauth2.AuthCodeOption{none, hint("ada@example.test")}, "code"},
		{"silently, another", "", []oauth2.AuthCodeOption{none, hint("ben@example.test")}, "login_required"},
		{"hinted: no page", "nobody", []oauth2.AuthCodeOption{hint("ADA@example.test")}, "code"},
		{"not hinted: asked", "nobody", nil, "page"},
		{"login forced: asked", "nobody", []oauth2.AuthCodeOption{hint("ada@example.test"), oauth2.SetAuthURLParam("prompt", "login")}, "page"},
		{"silently, consent withdrawn", "", []oauth2.AuthCodeOption{none, oauth2.SetAuthURLParam("prompt", "none consent")}, "consent_required"},
	} {
		q, err := walk(step.user, step.extra...)
		got := "page"
		switch {
		case err == nil && q.Has("code"):
			got = "code"
		case err == nil:
			got = q.Get("error")
		}
		if got != step.want {
			t.Errorf("%s: got %s (%v), want %s", step.name, got, err, step.want)
		}
	}
}

func TestPublicClientAndPlainOAuth(t *testing.T) {
	w := start(t, func(o *kit.OIDCOptions) { o.AnyEmail = true })
	w.conf.ClientID, w.conf.ClientSecret = "public", ""
	w.conf.Scopes = []string{"contacts"}
	w.conf.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	token, _, _ := w.get(t, "new@example.test")
	if token.RefreshToken == "" || token.Extra("id_token") != nil {
		t.Errorf("plain OAuth gives a refresh token and no ID token, got %v", token)
	}
	if u, _, ok := w.Verify(token.AccessToken); !ok || u.EmailVerified || u.Name != "new" {
		t.Errorf("a typed e-mail is not verified: %+v", u)
	}
}

func TestTampering(t *testing.T) {
	w := start(t, nil)
	verifier := w.provider.Verifier(&oidc.Config{ClientID: "app"})
	w.FailNext(kit.FailSignature)
	token, _, _ := w.get(t, "ada@example.test")
	if _, err := verifier.Verify(t.Context(), token.Extra("id_token").(string)); err == nil {
		t.Error("the signature should be broken")
	}
	w.FailNext(kit.FailNonce)
	token, _, _ = w.get(t, "ada@example.test")
	if id, err := verifier.Verify(t.Context(), token.Extra("id_token").(string)); err != nil || id.Nonce == "n-1" {
		t.Error("the nonce should be another one")
	}
	signed, err := w.Sign(map[string]any{"iss": w.url, "aud": "app", "sub": "x", "exp": time.Now().Add(time.Hour).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(t.Context(), signed); err != nil {
		t.Error(err)
	}
}

// A restart keeps keys, users and tokens.
func TestSaveAndLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "idp.json")
	w := start(t, func(o *kit.OIDCOptions) { o.AnyEmail = true })
	token, _, _ := w.get(t, "new@example.test")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := kit.Keep(ctx, w.OIDC, file, time.Hour); err != nil {
		t.Fatal(err)
	}
	again, err := kit.NewOIDC(kit.OIDCOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Load(file); err != nil {
		t.Fatal(err)
	}
	if u, _, ok := again.Verify(token.AccessToken); !ok || u.Email != "new@example.test" {
		t.Errorf("after a restart the token speaks for %+v, %v", u, ok)
	}
	one, _ := w.Sign(map[string]any{"a": 1})
	two, _ := again.Sign(map[string]any{"a": 1})
	if one != two {
		t.Error("the key changed")
	}
	if err := again.Load(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Error(err)
	}
}

// The pages run no script, need no colour and label their field.
func TestPages(t *testing.T) {
	w := start(t, nil)
	answer, err := http.Get(w.conf.AuthCodeURL(`"><script>`, oauth2.S256ChallengeOption("x"), oauth2.SetAuthURLParam("login_hint", `"><script>`)))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var b strings.Builder
	if err := answer.Write(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"Demo sign-in", "Ada Admin", `<label for="email">`, `lang="en"`, "default-src 'none'", "/idp/style.css"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("the page has a script or an inline style")
	}
	css, err := http.Get(w.url + "/style.css")
	if err != nil || css.StatusCode != http.StatusOK || !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") {
		t.Errorf("the style sheet: %v %v", css, err)
	}
	_ = css.Body.Close()
}
