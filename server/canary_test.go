package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"tandem/server/cli"
	"tandem/server/contact"
	"tandem/server/sandbox/kit"
	"tandem/store"
)

// TestLogHoldsNothingOfAnybody goes through the demo as a browser and a sidebar
// would, with what goes wrong on the way, and then looks in the log of level
// debug for all that must not be there: the password, everything secret that was
// ever sent or stored, and whatever tells people apart.
func TestLogHoldsNothingOfAnybody(t *testing.T) {
	c := newCanary(t)
	c.signIn(people[1].Email)
	c.connect()
	c.sidebar()
	c.hostile()
	for range 2 {
		c.post("/sync/now", nil)
		c.await()
	}
	c.post("/sync/confirm", url.Values{"run": {c.halted()}})
	c.await()
	c.stored()
	c.post("/sync/reset", nil)
	c.post("/connections/contacts/contacts/disconnect", nil)
	c.post("/sign-out", nil)
	c.stop()

	log := c.log.String()
	for _, said := range []string{`"msg":"connect refused"`, `"msg":"sign-in refused"`, `"msg":"revoked"`, `"route":"/sidebar/people"`, `"host":"127.0.0.1:`} {
		if !strings.Contains(log, said) {
			t.Errorf("the log lacks %s, so the journey went elsewhere", said)
		}
	}
	for canary, what := range c.canaries {
		if at := strings.Index(log, canary); at >= 0 {
			t.Errorf("%s is in the log: %s", what, log[max(0, at-200):min(len(log), at+200)])
		}
	}
	if at := regexp.MustCompile(`[^"\s]+@[^"\s]+`).FindString(log); at != "" {
		t.Errorf("an e-mail address is in the log: %s", at)
	}
	t.Logf("%d bytes of log hold none of %d canaries", len(log), len(c.canaries))
}

// canary is a browser without scripts that remembers what must not be logged.
type canary struct {
	t          *testing.T
	data       string
	page, side string
	client     *http.Client
	log        *buffer
	canaries   map[string]string
	stop       func()
}

func newCanary(t *testing.T) *canary {
	c := &canary{t: t, data: t.TempDir(), log: &buffer{}, canaries: map[string]string{}}
	c.client = &http.Client{Jar: jar{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan []string, 1), make(chan error, 1)
	out := writer(func(b []byte) { ready <- regexp.MustCompile(`http://[a-z0-9.]+:\d+`).FindAllString(string(b), -1) })
	go func() {
		ended <- demo(ctx, cli.Demo{People: 30, Data: c.data, Out: out, Log: slog.New(slog.NewJSONHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	}()
	c.stop = sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error("the demo ended with:", err)
		}
	})
	t.Cleanup(c.stop)
	select {
	case hosts := <-ready:
		c.page, c.side = hosts[1], hosts[2]
	case err := <-ended:
		t.Fatal("the demo did not start:", err)
	}
	c.mind(`"`+password+`"`, "the password")
	c.mind(":"+password, "the password")
	for _, p := range people {
		c.mind(p.Name, "a user")
	}
	left, right := kit.Book(30, 1)
	for _, group := range [][]contact.Contact{left, right, kit.Sample(10, 2), kit.Sample(10, 3), kit.Sample(5, 4)} {
		for _, p := range group {
			c.mind(p.Name.Display(), "a name")
			c.mind(p.Organization, "a company")
			for _, phone := range p.Phones {
				c.mind(phone.Number, "a phone number")
			}
		}
	}
	return c
}

func (c *canary) mind(secret, what string) {
	if len(secret) > 3 {
		c.canaries[secret] = what
	}
}

// query minds what an address carries.
func (c *canary) query(u *url.URL) {
	for _, name := range []string{"state", "nonce", "code", "code_challenge", "ticket"} {
		c.mind(u.Query().Get(name), "the "+name+" of an address")
	}
}

// send makes a request and minds the cookies it gets.
func (c *canary) send(method, address string, body io.Reader, header http.Header) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, address, body)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header = header
	c.query(req.URL)
	res, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, k := range res.Cookies() {
		c.mind(k.Value, "the cookie "+k.Name)
	}
	if res.StatusCode >= 500 {
		c.t.Fatalf("%s %s: %d\n%s", method, address, res.StatusCode, text)
	}
	return res, string(text)
}

func (c *canary) get(address string) (*http.Response, string) {
	c.t.Helper()
	return c.send(http.MethodGet, address, nil, http.Header{})
}

func (c *canary) post(path string, form url.Values) (*http.Response, string) {
	c.t.Helper()
	return c.send(http.MethodPost, c.page+path, strings.NewReader(form.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

// away follows an answer that leads to a provider, and comes back.
func (c *canary) away(res *http.Response, email string, allow bool) (*http.Response, string) {
	c.t.Helper()
	_, address, ok := strings.Cut(res.Header.Get("Refresh"), "url=")
	if !ok {
		address = res.Header.Get("Location")
	}
	u, err := url.Parse(address)
	if err != nil || address == "" {
		c.t.Fatal("leads nowhere:", res.Status, err)
	}
	c.query(u)
	back, err := kit.Walk(c.t.Context(), address, email, allow)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.get(back.String())
}

func (c *canary) signIn(email string) {
	c.t.Helper()
	c.get(c.page + "/sign-in/callback?state=forged-state-0123456789&code=forged-code-0123456789")
	res, _ := c.post("/sign-in", nil)
	if res, body := c.away(res, email, true); res.StatusCode != http.StatusFound {
		c.t.Fatal("not signed in:", res.Status, body)
	}
}

// connect connects both sides, with what goes wrong before.
func (c *canary) connect() {
	c.t.Helper()
	form := func(of, secret, address string) url.Values {
		c.mind(secret, "a wrong password")
		return url.Values{"provider": {of}, "method": {"form"}, "f.username": {"uma"}, "f.password": {secret}, "custom_url": {address}}
	}
	c.post("/connections/contacts/crm", form("espocrm", "a-wrong-password", ""))
	c.post("/connections/contacts/crm", form("espocrm", "another-password", "http://127.0.0.1:1/"))
	if res, body := c.post("/connections/contacts/crm", form("espocrm", "", "")); res.StatusCode != http.StatusUnprocessableEntity {
		c.t.Fatal(res.Status, body)
	}
	right := form("espocrm", "", "")
	right.Set("f.password", password)
	if res, body := c.post("/connections/contacts/crm", right); res.StatusCode != http.StatusSeeOther {
		c.t.Fatal(res.Status, body)
	}
	redirect := url.Values{"provider": {addressBookID}, "method": {"oauth"}}
	for _, allow := range []bool{false, true} {
		res, _ := c.post("/connections/contacts/contacts", redirect)
		if res, _ = c.away(res, people[1].Email, allow); allow != (res.StatusCode == http.StatusFound) {
			c.t.Fatal("consent", allow, res.Status)
		}
	}
	settings := url.Values{"direction": {"two-way"}, "mine": {"all"}}
	if res, body := c.post("/settings/contacts", settings); res.StatusCode != http.StatusSeeOther {
		c.t.Fatal(res.Status, body)
	}
}

// sidebar signs in by the dialog, looks people up and opens the menu.
func (c *canary) sidebar() {
	c.t.Helper()
	verifier := oauth2.GenerateVerifier()
	c.mind(verifier, "the pane's verifier")
	res, _ := c.get(c.side + "/sidebar/dialog?challenge=" + oauth2.S256ChallengeFromVerifier(verifier))
	_, body := c.away(res, people[1].Email, true)
	found := regexp.MustCompile(`data-code="([^"]+)"`).FindStringSubmatch(body)
	if found == nil {
		c.t.Fatal("the dialog gave no code:", body)
	}
	c.mind(found[1], "the dialog's code")
	ask, _ := json.Marshal(map[string]string{"code": found[1], "verifier": verifier})
	_, body = c.send(http.MethodPost, c.side+"/sidebar/token", bytes.NewReader(ask), http.Header{"Content-Type": {"application/json"}})
	var got struct{ Token string }
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Token == "" {
		c.t.Fatal("no token:", body, err)
	}
	c.mind(got.Token, "the sidebar's token")
	header := http.Header{"Authorization": {"Bearer " + got.Token}, "Content-Type": {"application/x-www-form-urlencoded"}}
	form := url.Values{"item": {"message"}, "email": {"stranger@elsewhere.test"}}
	left, _ := kit.Book(30, 1)
	for _, p := range left {
		form["email"] = append(form["email"], p.Emails...)
	}
	if _, body = c.send(http.MethodPost, c.side+"/sidebar/people", strings.NewReader(form.Encode()), header); !strings.Contains(body, "Not in CRM") {
		c.t.Error("nobody was looked up:", body)
	}
	_, body = c.send(http.MethodPost, c.side+"/sidebar/menu", nil, header)
	for _, ticket := range regexp.MustCompile(`ticket=([\w-]+)`).FindAllStringSubmatch(body, -1) {
		c.mind(ticket[1], "a ticket")
	}
	c.send(http.MethodPost, c.side+"/sidebar/sign-out", nil, header)
}

// hostile puts somebody into the address book whose card holds what a CRM does
// not take.
func (c *canary) hostile() {
	c.t.Helper()
	name := "Zwitscherling <http://zwitscher=x>"
	c.mind("Zwitscherling", "a hostile name")
	c.mind("zwitscher", "a hostile e-mail")
	card := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:canary\r\nFN:" + name + "\r\nN:" + name + ";;;;\r\nEMAIL:zwitscher@canary.test\r\nURL:zwitscher ://nowhere\r\nEND:VCARD\r\n"
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPut, c.side+davPath+"/books/uma/contacts/canary.vcf", strings.NewReader(card))
	if err != nil {
		c.t.Fatal(err)
	}
	req.SetBasicAuth("uma", password)
	req.Header.Set("Content-Type", "text/vcard")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		c.t.Fatal("the address book took no card:", res.Status)
	}
}

// await waits until no run is under way: the stream ends with the run.
func (c *canary) await() {
	c.t.Helper()
	if _, body := c.get(c.page + "/sync/progress"); !strings.Contains(body, "event: done") {
		c.t.Fatal("the run has not ended:", body)
	}
}

// open opens the demo's database.
func (c *canary) open() (*store.Store, store.User) {
	c.t.Helper()
	keys, err := store.LoadKeyset(filepath.Join(c.data, "keyset.json"))
	if err != nil {
		c.t.Fatal(err)
	}
	s, err := store.Open(c.t.Context(), store.Options{URL: filepath.Join(c.data, "tandem.sqlite"), Keyset: keys})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { s.Close() })
	users, err := s.UsersByEmail(c.t.Context(), people[1].Email)
	if err != nil || len(users) != 1 {
		c.t.Fatal(users, err)
	}
	return s, users[0]
}

// halted is the run that waits for a Yes.
func (c *canary) halted() string {
	c.t.Helper()
	s, u := c.open()
	runs, err := s.Runs(c.t.Context(), u.ID, 0, 1)
	if err != nil || len(runs) != 1 || runs[0].State != store.RunHalted {
		c.t.Fatalf("no run waits for a Yes: %+v, %v", runs, err)
	}
	return runs[0].ID
}

// stored minds every secret that is kept: tokens, the client's and the keys.
func (c *canary) stored() {
	c.t.Helper()
	s, u := c.open()
	for _, side := range []string{store.SideCRM, store.SideContacts} {
		conn, err := s.ConnectionOn(c.t.Context(), u.ID, side)
		if err != nil {
			c.t.Fatal(err)
		}
		var kept struct{ Access, Refresh string }
		if err := json.Unmarshal(conn.Secret, &kept); err != nil {
			c.t.Fatal(err)
		}
		c.mind(kept.Access, "an access token")
		c.mind(kept.Refresh, "a refresh token")
	}
	secret, err := os.ReadFile(filepath.Join(c.data, "client-secret"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.mind(string(secret), "the client's secret")
}

// buffer is a log that is read when all is over.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// jar keeps cookies by host name. Go's own sends no Secure cookie to
// http://localhost, as browsers do.
type jar map[string]map[string]*http.Cookie

func (j jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	if j[u.Hostname()] == nil {
		j[u.Hostname()] = map[string]*http.Cookie{}
	}
	for _, k := range cookies {
		j[u.Hostname()][k.Name] = k
	}
}

func (j jar) Cookies(u *url.URL) (all []*http.Cookie) {
	for _, k := range j[u.Hostname()] {
		all = append(all, k)
	}
	return all
}
