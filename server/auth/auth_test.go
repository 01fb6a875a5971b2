package auth_test

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"tandem/server/auth"
	"tandem/server/sandbox/kit"
	"tandem/store"
	"tandem/store/storetest"
)

const base, addin = "https://tandem.example.com", "https://addin.example.com"

// world is a Service at a running provider.
type world struct {
	*auth.Service
	provider *kit.OIDC
	store    *store.Store
	issuer   string
	mu       sync.Mutex
	now      time.Time
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

func start(t *testing.T, s *store.Store, change func(*auth.Options)) *world {
	t.Helper()
	w := &world{store: s, now: time.Now()}
	s.Now = w.clock
	var err error
	w.provider, err = kit.NewOIDC(kit.OIDCOptions{
		Users: []kit.User{
			{Email: "ada@example.test", EmailVerified: true, Name: "Ada Admin"},
			{Email: "ben@example.test", Name: "Ben User"},
			{Email: "cleo@example.test", EmailVerified: true, Name: "Cleo User"},
		},
		Clients: []kit.Client{{ID: "tandem", Secret: "s3cret", Name: "Tandem", SkipConsent: true,
			RedirectURIs: []string{base + "/sign-in/callback", addin + "/sidebar/dialog/done"}}},
		Now: w.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.provider)
	t.Cleanup(server.Close)
	w.issuer = server.URL
	o := auth.Options{
		Store: s, Issuer: server.URL, ClientID: "tandem", ClientSecret: "s3cret", BaseURL: base + "/", AddinURL: addin,
		ReturnTo: []string{"/", "/settings/contacts", "/activity/*"}, Now: w.clock,
	}
	if change != nil {
		change(&o)
	}
	w.Service = auth.New(o)
	return w
}

// begin starts a sign-in and goes through the provider's pages.
func (w *world) begin(t *testing.T, user string, b auth.Begin) (url.Values, string) {
	t.Helper()
	begun, err := w.Begin(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	back, err := kit.Walk(t.Context(), begun.URL, user, true)
	if err != nil {
		t.Fatal(err)
	}
	return back.Query(), begun.Attempt
}

func (w *world) signIn(t *testing.T, user string) auth.Result {
	t.Helper()
	q, attempt := w.begin(t, user, auth.Begin{ReturnTo: "/settings/contacts"})
	got, err := w.Finish(t.Context(), q, attempt)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSignIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		got := w.signIn(t, "ben@example.test")
		if got.User.Email != "ben@example.test" || got.User.EmailVerified || got.User.Name != "Ben User" || got.User.Admin || got.ReturnTo != "/settings/contacts" || got.Code != "" {
			t.Errorf("signed in: %+v", got)
		}
		c, err := w.Session(t.Context(), got.Session)
		if err != nil || c.User.ID != got.User.ID || c.Kind != store.PageSession || c.Hash != auth.Hash(got.Session) {
			t.Errorf("session: %+v, %v", c, err)
		}
		again := w.signIn(t, "ben@example.test")
		if again.User.ID != got.User.ID || again.Session == got.Session {
			t.Error("a second sign-in is another user, or has the same session")
		}
		other := w.signIn(t, "cleo@example.test")
		if other.User.ID == got.User.ID || other.User.OrganizationID != got.User.OrganizationID {
			t.Error("another person is the same user, or of another organization")
		}
		if err := w.SignOut(t.Context(), got.Session); err != nil {
			t.Error(err)
		}
		if err := w.SignOut(t.Context(), got.Session); err != nil {
			t.Errorf("signing out twice: %v", err)
		}
		if _, err := w.Session(t.Context(), got.Session); !errors.Is(err, auth.ErrSignedOut) {
			t.Errorf("after signing out: %v", err)
		}
		if _, err := w.Session(t.Context(), again.Session); err != nil {
			t.Errorf("the other session: %v", err)
		}
		for _, forged := range []string{"", "x", strings.Repeat("A", 43), auth.Hash(again.Session)} {
			if _, err := w.Session(t.Context(), forged); !errors.Is(err, auth.ErrSignedOut) {
				t.Errorf("forged %q: %v", forged, err)
			}
		}
	})
}

func TestSessionEnds(t *testing.T) {
	w := start(t, storetest.New(t), nil)
	idle := w.signIn(t, "ben@example.test").Session
	used := w.signIn(t, "ben@example.test").Session
	for range 13 { // six and a half days
		w.pass(12*time.Hour - time.Minute)
		if _, err := w.Session(t.Context(), used); err != nil {
			t.Fatalf("a session in use ended: %v", err)
		}
	}
	if _, err := w.Session(t.Context(), idle); !errors.Is(err, auth.ErrSignedOut) {
		t.Errorf("an idle session: %v", err)
	}
	w.pass(11 * time.Hour)
	if _, err := w.Session(t.Context(), used); err != nil {
		t.Fatalf("within seven days: %v", err)
	}
	w.pass(2 * time.Hour)
	if _, err := w.Session(t.Context(), used); !errors.Is(err, auth.ErrSignedOut) {
		t.Errorf("after seven days: %v", err)
	}
}

// TestTampering sends answers back that are not the ones that belong there.
func TestTampering(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		set := func(k string, v ...string) func(*testing.T, url.Values, *string) {
			return func(_ *testing.T, q url.Values, _ *string) { q[k] = v }
		}
		for _, c := range []struct {
			name   string
			tamper func(t *testing.T, q url.Values, browser *string)
			want   error
		}{
			{"state missing", set("state"), auth.ErrAttempt},
			{"state empty", set("state", ""), auth.ErrAttempt},
			{"state wrong", set("state", auth.NewSecret()), auth.ErrAttempt},
			{"state twice", func(_ *testing.T, q url.Values, _ *string) { q.Add("state", q.Get("state")) }, auth.ErrAttempt},
			{"state of another browser", func(t *testing.T, q url.Values, _ *string) {
				other, _ := w.begin(t, "cleo@example.test", auth.Begin{})
				q.Set("state", other.Get("state"))
			}, auth.ErrAttempt},
			{"state used", func(t *testing.T, q url.Values, browser *string) {
				if _, err := w.Finish(t.Context(), q, *browser); err != nil {
					t.Error(err)
				}
			}, auth.ErrAttempt},
			{"state expired", func(*testing.T, url.Values, *string) { w.pass(auth.AttemptLife + time.Second) }, auth.ErrAttempt},
			{"no cookie", func(_ *testing.T, _ url.Values, b *string) { *b = "" }, auth.ErrAttempt},
			{"another cookie", func(_ *testing.T, _ url.Values, b *string) { *b = auth.NewSecret() }, auth.ErrAttempt},
			{"whole answer of another person", func(t *testing.T, q url.Values, _ *string) {
				other, _ := w.begin(t, "cleo@example.test", auth.Begin{})
				q["state"], q["code"] = other["state"], other["code"]
			}, auth.ErrAttempt},
			{"code of another person", func(t *testing.T, q url.Values, _ *string) {
				other, _ := w.begin(t, "cleo@example.test", auth.Begin{})
				q["code"] = other["code"]
			}, auth.ErrRefused},
			{"code missing", set("code"), auth.ErrAttempt},
			{"code wrong", set("code", "guess"), auth.ErrRefused},
			{"code twice", func(_ *testing.T, q url.Values, _ *string) { q.Add("code", "more") }, auth.ErrAttempt},
			{"iss of another", set("iss", "https://evil.example"), auth.ErrRefused},
			{"iss missing although promised", set("iss"), auth.ErrRefused},
			{"iss twice", func(_ *testing.T, q url.Values, _ *string) { q.Add("iss", q.Get("iss")) }, auth.ErrAttempt},
			{"denied", set("error", "access_denied"), auth.ErrDenied},
			{"needs consent", set("error", "consent_required"), auth.ErrConsent},
			{"issuer fails", set("error", "server_error"), auth.ErrIssuer},
			{"unknown error", set("error", "<script>"), auth.ErrRefused},
			{"nonce of another attempt", func(*testing.T, url.Values, *string) { w.provider.FailNext(kit.FailNonce) }, auth.ErrRefused},
			{"signature broken", func(*testing.T, url.Values, *string) { w.provider.FailNext(kit.FailSignature) }, auth.ErrRefused},
			{"token endpoint down", func(*testing.T, url.Values, *string) { w.provider.FailNext(kit.FailTokenLost) }, auth.ErrIssuer},
		} {
			t.Run(c.name, func(t *testing.T) {
				q, browser := w.begin(t, "ben@example.test", auth.Begin{})
				c.tamper(t, q, &browser)
				got, err := w.Finish(t.Context(), q, browser)
				if !errors.Is(err, c.want) || got.Session != "" {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if err != nil && strings.Contains(err.Error(), "<script>") {
					t.Error("the answer's text is shown")
				}
			})
		}
	})
}

func TestTwoTabs(t *testing.T) {
	w := start(t, storetest.New(t), nil)
	first, browser := w.begin(t, "ben@example.test", auth.Begin{})
	second, same := w.begin(t, "ben@example.test", auth.Begin{Attempt: browser})
	if same != browser {
		t.Fatal("the second tab got another cookie")
	}
	for _, q := range []url.Values{first, second} {
		if _, err := w.Finish(t.Context(), q, browser); err != nil {
			t.Error(err)
		}
	}
}

func TestIssuerIsFoundLater(t *testing.T) {
	w := start(t, storetest.New(t), nil)
	for range 3 {
		w.provider.FailNext(kit.FailDiscovery)
	}
	if _, err := w.Begin(t.Context(), auth.Begin{}); !errors.Is(err, auth.ErrIssuer) {
		t.Fatalf("with the issuer down: %v", err)
	}
	w.signIn(t, "ben@example.test")
}

func TestDialog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		dialog := func(verifier string) auth.Result {
			q, attempt := w.begin(t, "ben@example.test", auth.Begin{Challenge: oauth2.S256ChallengeFromVerifier(verifier)})
			got, err := w.Finish(t.Context(), q, attempt)
			if err != nil || got.Session != "" || got.Code == "" {
				t.Fatalf("dialog: %+v, %v", got, err)
			}
			return got
		}
		verifier := oauth2.GenerateVerifier()
		got := dialog(verifier)
		token, err := w.Exchange(t.Context(), got.Code, verifier)
		if err != nil || token.User.ID != got.User.ID {
			t.Fatalf("exchange: %+v, %v", token, err)
		}
		if _, err := w.Exchange(t.Context(), got.Code, verifier); !errors.Is(err, auth.ErrTicket) {
			t.Errorf("the code works twice: %v", err)
		}
		if _, err := w.Exchange(t.Context(), dialog(verifier).Code, oauth2.GenerateVerifier()); !errors.Is(err, auth.ErrTicket) {
			t.Errorf("another verifier: %v", err)
		}
		late := dialog(verifier)
		w.pass(auth.TicketLife + time.Second)
		if _, err := w.Exchange(t.Context(), late.Code, verifier); !errors.Is(err, auth.ErrTicket) {
			t.Errorf("an old code: %v", err)
		}
		c, err := w.Bearer(t.Context(), token.Secret)
		if err != nil || c.User.ID != got.User.ID || c.Admin {
			t.Errorf("bearer: %+v, %v", c, err)
		}
		if _, err := w.Session(t.Context(), token.Secret); !errors.Is(err, auth.ErrSignedOut) {
			t.Errorf("a bearer token serves as a cookie: %v", err)
		}
		cookie := w.signIn(t, "ben@example.test").Session
		if _, err := w.Bearer(t.Context(), cookie); !errors.Is(err, auth.ErrSignedOut) {
			t.Errorf("a cookie serves as a bearer token: %v", err)
		}
		w.pass(auth.BearerLife)
		if _, err := w.Bearer(t.Context(), token.Secret); !errors.Is(err, auth.ErrSignedOut) {
			t.Errorf("after an hour: %v", err)
		}
	})
}
