package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/server/auth"
	"tandem/server/web"
	"tandem/store"
)

// TestTooMuch: a body that is too large is refused before it is taken in, on
// every route that takes one.
func TestTooMuch(t *testing.T) {
	r := newRig(t)
	large := url.Values{"name": {strings.Repeat("x", 1<<20)}}
	r.each(func(method, route string, who rule) {
		if method != http.MethodPost {
			return
		}
		if res := r.ask(method, r.path(route, "boss"), "boss", who == pane, large, nil); res.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s takes a megabyte: %d", route, res.Code)
		}
	})
}

// TestNoText: bytes that are no text reach neither a page nor a database.
func TestNoText(t *testing.T) {
	r := newRig(t)
	for path, want := range map[string]int{"/activity/%00": http.StatusNotFound, "/profiles/%ff": http.StatusNotFound, "/activity?before=%00": http.StatusBadRequest} {
		if res := r.ask(http.MethodGet, path, "boss", false, nil, nil); res.Code != want {
			t.Errorf("GET %s: %d, want %d", path, res.Code, want)
		}
	}
	for _, name := range []string{"a\x00b", "\xff"} {
		if res := r.ask(http.MethodPost, "/profiles", "boss", false, url.Values{"name": {name}}, nil); res.Code != http.StatusBadRequest {
			t.Errorf("a profile %q: %d", name, res.Code)
		}
	}
}

// TestHalfABody: over a real connection, a body that ends early is an answer,
// not a hanging request, and the handler sees a whole one.
func TestHalfABody(t *testing.T) {
	r := newRig(t)
	server := httptest.NewServer(r.web)
	defer server.Close()
	for length, want := range map[int]string{7: "303", 100: "400"} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /profiles HTTP/1.1\r\nHost: tandem.example\r\nCookie: %s=%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\nname=%d",
			auth.SessionCookie, r.secret["boss"], length, 10+length%10)
		if length > 7 { // a client that hangs up is not waited for
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil && err != io.EOF || !strings.Contains(line, want) {
			t.Errorf("%d bytes promised: %q, %v", length, line, err)
		}
		conn.Close()
	}
}

// TestDatabaseDown: every route answers with our own words, none with those of
// the database, and none as if all were well.
func TestDatabaseDown(t *testing.T) {
	r := newRig(t)
	if err := r.store.SQL().Close(); err != nil {
		t.Fatal(err)
	}
	static := map[string]bool{"/healthz": true, "/manifest.xml": true, "/static/*": true, "/addin/*": true, "/": true, "/sign-in": true,
		"/help": true, "/help/:topic": true, "/sidebar": true, "/sidebar/dialog/done": true, "/sign-in/callback": true}
	r.each(func(method, route string, who rule) {
		form := url.Values{"ticket": {auth.NewSecret()}, "code": {auth.NewSecret()}, "verifier": {auth.NewSecret()}}
		res := r.ask(method, r.path(route, "boss"), "boss", who == pane, form, nil)
		if strings.Contains(res.Body.String(), "sql:") {
			t.Errorf("%s %s tells the database's words: %s", method, route, res.Body)
		}
		if res.Code < 500 && !(method == http.MethodGet && static[route]) {
			t.Errorf("%s %s: %d", method, route, res.Code)
		}
	})
	// What comes back from the sign-in, with a state and a cookie.
	for _, path := range []string{"/sign-in/callback?state=x&code=y", "/sidebar/dialog/done?state=x&code=y"} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://tandem.example"+path, nil)
		req.AddCookie(&http.Cookie{Name: auth.AttemptCookie, Value: auth.NewSecret()})
		res := httptest.NewRecorder()
		r.web.ServeHTTP(res, req)
		if body := res.Body.String(); res.Code != http.StatusInternalServerError || strings.Contains(body, "sql:") || !strings.Contains(body, "on our side") {
			t.Errorf("%s: %d %s", path, res.Code, body)
		}
	}
}

// TestStaleYes: a Yes lifts the guard, so it counts only for what was shown.
func TestStaleYes(t *testing.T) {
	r := newRig(t)
	ann := r.user["ann"]
	seeded, err := r.store.RunOf(t.Context(), ann.ID, r.run["ann"])
	if err != nil {
		t.Fatal(err)
	}
	if err := r.store.CloseRun(t.Context(), seeded.ID, store.RunSucceeded, ""); err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	add := func(pair string, kind store.RunKind, state store.RunState) string {
		t.Helper()
		at = at.Add(time.Second)
		run := store.Run{PairID: pair, Kind: kind, Trigger: "manual", State: state, CreatedAt: at}
		if err := r.store.CreateRun(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
		return run.ID
	}
	pair, err := r.store.PairOf(t.Context(), ann.ID, seeded.PairID)
	if err != nil {
		t.Fatal(err)
	}
	leads, err := r.store.EnsurePair(t.Context(), ann.ID, pair.LeftID, pair.RightID, "leads")
	if err != nil {
		t.Fatal(err)
	}
	old := add(pair.ID, store.RunSync, store.RunHalted)
	shown := add(pair.ID, store.RunSync, store.RunHalted)
	preview := add(pair.ID, store.RunPreview, store.RunPlanned)
	other := add(leads.ID, store.RunSync, store.RunHalted)
	yes := func(run string, want int) {
		t.Helper()
		if res := r.ask(http.MethodPost, "/sync/confirm", "ann", false, url.Values{"run": {run}}, nil); res.Code != want {
			t.Errorf("%d, want %d: %s", res.Code, want, res.Body)
		}
	}
	confirmed := func() (n int) {
		runs, err := r.store.Runs(t.Context(), ann.ID, 0, 20)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range runs {
			if run.Confirmed {
				n++
			}
		}
		return n
	}
	yes(old, http.StatusConflict)
	yes(other, http.StatusConflict)
	if n := confirmed(); n != 0 {
		t.Fatalf("%d runs were confirmed by a stale Yes", n)
	}
	yes(preview, http.StatusSeeOther)
	yes(shown, http.StatusSeeOther) // of two clicks one counts
	if n := confirmed(); n != 1 {
		t.Errorf("%d runs were confirmed, want 1", n)
	}
}

// TestStrictTransport is told by the public address, not by the connection: a
// proxy may end TLS. This machine is left out.
func TestStrictTransport(t *testing.T) {
	r := newRig(t)
	for base, want := range map[string]bool{
		"https://tandem.example": true, "https://localhost:3000": false, "https://127.0.0.1:3000": false, "http://localhost:3000": false,
	} {
		w := web.New(web.Options{Store: r.store, BaseURL: base, AddinURL: base})
		defer w.Close()
		res := httptest.NewRecorder()
		w.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodGet, base+"/healthz", nil))
		if got := res.Header().Get("Strict-Transport-Security") != ""; got != want {
			t.Errorf("%s: %v", base, got)
		}
	}
}

// TestSignOutTakesTheCookie away from the browser, too.
func TestSignOutTakesTheCookie(t *testing.T) {
	r := newRig(t)
	res := r.ask(http.MethodPost, "/sign-out", "ann", false, nil, nil)
	if c := res.Header().Get("Set-Cookie"); !strings.Contains(c, "Max-Age=0") {
		t.Errorf("the cookie stays: %s", c)
	}
	if res := r.ask(http.MethodGet, "/activity", "ann", false, nil, nil); res.Code != http.StatusFound {
		t.Errorf("still signed in: %d", res.Code)
	}
}

// TestProfileForms: what is missing or too long is said, and nothing is stored;
// people and profiles of another organization are not there.
func TestProfileForms(t *testing.T) {
	r := newRig(t)
	mine, foreign := r.prof["boss"], r.prof["eve"]
	for _, c := range []struct {
		path string
		form url.Values
		want int
		lead string
	}{
		{"/profiles", url.Values{"name": {" "}}, http.StatusUnprocessableEntity, ""},
		{"/profiles", url.Values{"name": {strings.Repeat("ä", 101)}}, http.StatusUnprocessableEntity, ""},
		{"/profiles/" + mine, url.Values{"name": {""}}, http.StatusUnprocessableEntity, ""},
		{"/profiles/assign", url.Values{"profile": {mine}}, http.StatusSeeOther, "done=nobody"},
		{"/profiles/assign", url.Values{"profile": {mine}, "user": {r.user["ann"].ID, r.user["eve"].ID}}, http.StatusNotFound, ""},
		{"/profiles/assign", url.Values{"profile": {foreign}, "user": {r.user["ann"].ID}}, http.StatusNotFound, ""},
		{"/profiles/assign", url.Values{"profile": {mine}, "user": {r.user["bob"].ID}}, http.StatusSeeOther, "done=assigned"},
	} {
		res := r.ask(http.MethodPost, c.path, "boss", false, c.form, nil)
		if res.Code != c.want || !strings.Contains(res.Header().Get("Location"), c.lead) {
			t.Errorf("%s %.40v: %d %s", c.path, c.form, res.Code, res.Header().Get("Location"))
		}
	}
	for who, want := range map[string]string{"ann": "", "bob": mine, "eve": ""} {
		if u, err := r.store.User(t.Context(), r.user[who].ID); err != nil || u.ProfileID != want {
			t.Errorf("%s has the profile %q, %v", who, u.ProfileID, err)
		}
	}
	if p, err := r.store.Profile(t.Context(), r.user["boss"].OrganizationID, mine); err != nil || p.Name != "Sales" {
		t.Errorf("%+v, %v", p, err)
	}
}
