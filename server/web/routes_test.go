package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/server/auth"
	"tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/jobs"
	"tandem/server/rest"
	"tandem/server/web"
	"tandem/store"
	"tandem/store/storetest"

	"context"
)

// rule says who may use a route.
type rule string

const (
	public rule = "public" // everybody
	own    rule = "own"    // whoever is signed in, for what is theirs
	admin  rule = "admin"  // administrators, for their organization
	pane   rule = "pane"   // the sidebar's bearer token
)

// matrix has an entry for every route there is; a route without one fails the
// test.
var matrix = map[string]rule{
	"GET /healthz": public, "GET /readyz": public, "GET /manifest.xml": public, "GET /static/*": public, "GET /addin/*": public,
	"GET /": public, "GET /sign-in": public, "POST /sign-in": public, "GET /sign-in/callback": public,
	"GET /continue": public, "POST /continue": public, "GET /help": public, "GET /help/:topic": public,
	"GET /sidebar": public, "GET /sidebar/dialog": public, "GET /sidebar/dialog/done": public, "POST /sidebar/token": public,

	"POST /sign-out": own, "GET /setup": own, "POST /setup": own, "GET /auto-sync": own, "GET /connections": own,
	"GET /connections/contacts": own, "POST /connections/contacts/:side": own,
	"GET /connections/contacts/:side/disconnect": own, "POST /connections/contacts/:side/disconnect": own,
	"GET /connect/:provider/callback": own, "POST /sync/now": own, "POST /sync/preview": own, "POST /sync/sweep": own,
	"POST /sync/confirm": own, "POST /sync/auto": own, "GET /sync/reset": own, "POST /sync/reset": own, "POST /sync/undo": own,
	"GET /sync/progress": own, "GET /settings": own, "GET /settings/contacts": own, "POST /settings/contacts": own,
	"GET /activity": own, "GET /activity/:run": own,
	"POST /activity/:run/undo": own, "POST /activity/:run/items/:id": own, "POST /activity/:run/items": own,

	"GET /global-settings": admin, "POST /global-settings": admin, "GET /profiles": admin, "POST /profiles": admin,
	"POST /profiles/assign": admin, "GET /profiles/:id": admin, "POST /profiles/:id": admin,
	"GET /profiles/:id/delete": admin, "POST /profiles/:id/delete": admin,

	"POST /sidebar/people": pane, "POST /sidebar/menu": pane, "POST /sidebar/sign-out": pane,
}

// rig is the pages over a real store, with people of two organizations.
type rig struct {
	t      *testing.T
	web    *web.Web
	store  *store.Store
	secret map[string]string // cookie by user
	bearer map[string]string // token by user
	user   map[string]store.User
	run    map[string]string // a run of each user
	prof   map[string]string // a profile of each organization, by one of its users
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s := storetest.Open(t, storetest.SQLite(t))
	r := &rig{t: t, store: s, secret: map[string]string{}, bearer: map[string]string{}, user: map[string]store.User{}, run: map[string]string{}, prof: map[string]string{}}
	for _, p := range []struct {
		issuer, who string
		admin       bool
	}{{"https://a.example", "boss", true}, {"https://a.example", "ann", false}, {"https://a.example", "bob", false}, {"https://b.example", "eve", true}} {
		u, pair := storetest.Seed(t, s, p.issuer, p.who)
		if err := s.SetAdmin(t.Context(), u.OrganizationID, u.ID, p.admin); err != nil {
			t.Fatal(err)
		}
		r.user[p.who] = u
		run := store.Run{PairID: pair.ID, Kind: store.RunSync, Trigger: "manual"}
		if err := s.CreateRun(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
		r.run[p.who] = run.ID
		for kind, into := range map[store.SessionKind]map[string]string{store.PageSession: r.secret, store.SidebarSession: r.bearer} {
			secret := auth.NewSecret()
			into[p.who] = secret
			if err := s.CreateSession(t.Context(), store.Session{Hash: auth.Hash(secret), Kind: kind, UserID: u.ID, CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
		if p.admin {
			profile, err := s.CreateProfile(t.Context(), u.OrganizationID, "Sales")
			if err != nil {
				t.Fatal(err)
			}
			r.prof[p.who] = profile.ID
		}
	}
	out := rest.New(rest.Options{})
	e := engine.New(engine.Options{Ledger: s, Open: func(context.Context, store.Connection, engine.Settings) (contact.Book, error) {
		return nil, &contact.Error{Kind: contact.ErrUnreachable}
	}})
	j, err := jobs.New(t.Context(), jobs.Options{Store: s, Engine: e,
		Settings: func(context.Context, string) (engine.Settings, error) { return engine.FromValues(nil), nil },
		Interval: func(context.Context, string) (time.Duration, error) { return 10 * time.Minute, nil }})
	if err != nil {
		t.Fatal(err)
	}
	const base = "http://tandem.example"
	r.web = web.New(web.Options{Store: s, Jobs: j, BaseURL: base, AddinURL: base,
		Auth:    auth.New(auth.Options{Store: s, Issuer: "http://127.0.0.1:1", ClientID: "x", BaseURL: base, ReturnTo: web.ReturnTo(), HTTP: &http.Client{Timeout: time.Second}}),
		Connect: connect.New(connect.Options{Store: s, HTTP: out, BaseURL: base})})
	t.Cleanup(r.web.Close)
	return r
}

// ask sends one request as somebody ("" for a stranger).
func (r *rig) ask(method, path, who string, bearer bool, form url.Values, header http.Header) *httptest.ResponseRecorder {
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Second)
	defer cancel()
	req := httptest.NewRequestWithContext(ctx, method, "http://tandem.example"+path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if who != "" && bearer {
		req.Header.Set("Authorization", "Bearer "+r.bearer[who])
	} else if who != "" {
		req.AddCookie(&http.Cookie{Name: auth.SessionCookie, Value: r.secret[who]})
	}
	res := httptest.NewRecorder()
	r.web.ServeHTTP(res, req)
	return res
}

// path fills the parameters of a route with things that belong to whose.
func (r *rig) path(route, whose string) string {
	admin := "boss"
	if whose == "eve" {
		admin = "eve"
	}
	return strings.NewReplacer(":side", "crm", ":provider", "sandbox", ":run", r.run[whose], ":id", r.prof[admin], ":topic", "none", "*", "none").Replace(route)
}

func (r *rig) each(do func(method, route string, who rule)) {
	seen := map[string]bool{}
	for _, route := range r.web.Routes() {
		if route.Method == echoNotFound {
			continue
		}
		key := route.Method + " " + route.Path
		rule, ok := matrix[key]
		if !ok {
			r.t.Errorf("the route %s has no entry in the matrix: say who may use it", key)
			continue
		}
		seen[key] = true
		do(route.Method, route.Path, rule)
	}
	for key := range matrix {
		if !seen[key] {
			r.t.Errorf("the matrix names %s, which is no route", key)
		}
	}
}

const echoNotFound = "echo_route_not_found"

// TestStrangersStayOutside asks every route as everybody who must not use it.
func TestStrangersStayOutside(t *testing.T) {
	r := newRig(t)
	n := 0
	r.each(func(method, route string, who rule) {
		check := func(as string, bearer bool, whose string, want ...int) {
			t.Helper()
			n++
			res := r.ask(method, r.path(route, whose), as, bearer, nil, nil)
			for _, code := range want {
				if res.Code == code {
					if code == http.StatusFound && !strings.HasPrefix(res.Header().Get("Location"), "/sign-in") {
						t.Errorf("%s %s as %q leads to %q", method, route, as, res.Header().Get("Location"))
					}
					return
				}
			}
			t.Errorf("%s %s as %q (of %q): %d, want one of %v", method, route, as, whose, res.Code, want)
		}
		closed := []int{http.StatusFound}
		if method == http.MethodPost {
			closed = []int{http.StatusUnauthorized}
		}
		switch who {
		case own:
			check("", false, "ann", closed...)
			check("ann", true, "ann", closed...) // the sidebar's token opens no page
			if strings.Contains(route, ":run") {
				check("bob", false, "ann", http.StatusNotFound)
				check("eve", false, "ann", http.StatusNotFound)
				check("boss", false, "ann", http.StatusNotFound)
			}
		case admin:
			check("", false, "ann", closed...)
			check("ann", false, "ann", http.StatusForbidden)
			if strings.Contains(route, ":id") {
				check("eve", false, "ann", http.StatusNotFound) // an administrator of another organization
			}
		case pane:
			check("", false, "ann", http.StatusUnauthorized)
			check("ann", false, "ann", http.StatusUnauthorized) // a page's cookie opens no sidebar
		}
	})
	t.Logf("%d doors tried", n)
}

// TestForeignPostsAreRefused sends each state-changing route what a browser
// sends from another site.
func TestForeignPostsAreRefused(t *testing.T) {
	r := newRig(t)
	foreign := []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}},
		{"Origin": {"https://evil.example"}}, {"Origin": {"null"}},
		{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"http://tandem.example"}},
	}
	n := 0
	r.each(func(method, route string, who rule) {
		if method != http.MethodPost {
			return
		}
		for _, h := range foreign {
			n++
			if res := r.ask(method, r.path(route, "ann"), "boss", who == pane, nil, h); res.Code != http.StatusForbidden {
				t.Errorf("%s %s with %v: %d", method, route, h, res.Code)
			}
		}
		if route == "/sign-out" || who == pane && route == "/sidebar/sign-out" {
			return // it would end the session that the others need
		}
		n++
		if res := r.ask(method, r.path(route, "boss"), "boss", who == pane, nil, http.Header{"Sec-Fetch-Site": {"same-origin"}}); res.Code == http.StatusForbidden {
			t.Errorf("%s %s from our own page is refused", method, route)
		}
	})
	t.Logf("%d posts sent", n)
}

// TestHeaders: every answer is fenced in, whatever the route.
func TestHeaders(t *testing.T) {
	r := newRig(t)
	r.each(func(method, route string, who rule) {
		if method != http.MethodGet || route == "/sync/progress" {
			return
		}
		res := r.ask(method, r.path(route, "boss"), "boss", who == pane, nil, nil)
		h := res.Header()
		policy := h.Get("Content-Security-Policy")
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("%s: headers %v", route, h)
		}
		framed := strings.Contains(policy, "https://outlook.office.com")
		if framed != strings.HasPrefix(route, "/sidebar") {
			t.Errorf("%s: framed by Outlook: %v", route, framed)
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", route, policy)
		}
	})
}
