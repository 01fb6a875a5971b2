package views_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"tandem/views"
)

// browser starts Chromium with one tab.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is missing")
		}
		t.Skip("chromium is missing")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// policy is the page's Content-Security-Policy.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'"

func show(w http.ResponseWriter, r *http.Request, status int, c templ.Component) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.WriteHeader(status)
	_ = c.Render(r.Context(), w)
}

// site plays our server for the page Connections > Contacts and notes what was
// posted.
type site struct {
	mu     sync.Mutex
	page   views.Connections
	posted []string
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	note := func(r *http.Request) {
		_ = r.ParseForm()
		s.posted = append(s.posted, r.URL.Path+" "+r.PostForm.Encode())
	}
	mux.Handle("GET "+views.StaticPrefix, views.Static())
	mux.HandleFunc("GET "+views.RouteConnections, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		p := s.page
		if r.FormValue("contacts") == "fastmail" {
			p.Contacts.Chosen, p.Contacts.Form = "fastmail", fastmail
		}
		show(w, r, 200, views.ConnectionsPage(p))
	})
	mux.HandleFunc("POST "+views.ConnectPath("crm"), func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		note(r)
		p := s.page
		f := espo()
		f.Ways[0].Fields[1].Value = r.PostFormValue("f.username")
		f.Ways[0].Fields[2].Error = "EspoCRM does not accept this user name and password."
		p.CRM.Form = f
		show(w, r, 422, views.ConnectionsPage(p))
	})
	mux.HandleFunc("POST "+views.ConnectPath("contacts"), func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		note(r)
		if r.Header.Get("HX-Request") != "" {
			w.Header().Set("HX-Redirect", "/provider")
			return
		}
		show(w, r, 200, views.LeavePage(views.Leave{Page: views.Page{Title: "Connect"}, Provider: "Fastmail", URL: "/provider"}))
	})
	mux.HandleFunc("GET /provider", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.page = connectionsReady()
		s.page.Sync.Auto = false
		http.Redirect(w, r, views.RouteConnections, http.StatusSeeOther)
	})
	back := func(change func()) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			note(r)
			change()
			s.mu.Unlock()
			http.Redirect(w, r, views.RouteConnections, http.StatusSeeOther)
		}
	}
	mux.HandleFunc("POST "+views.RouteSyncAuto, back(func() { s.page.Sync.Auto = !s.page.Sync.Auto }))
	mux.HandleFunc("POST "+views.RouteSyncReset, back(func() {}))
	mux.HandleFunc("POST "+views.RouteSyncNow, back(func() {
		s.page.Sync.Progress = &views.Progress{Text: "Reading EspoCRM", Refresh: views.RouteConnections}
	}))
	mux.HandleFunc("GET "+views.RouteSyncProgress, s.progress)
	return mux
}

// progress is a stream as the server sends it: two fragments, then done.
func (s *site) progress(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(p views.Progress) {
		fmt.Fprint(w, "data: ")
		_ = views.ProgressFragment(p).Render(r.Context(), w)
		fmt.Fprint(w, "\n\n")
		w.(http.Flusher).Flush()
	}
	send(views.Progress{Text: "Writing to iCloud", Done: 5, Total: 10})
	send(views.Progress{Text: "12 created", Finished: true})
	s.mu.Lock()
	s.page.Sync.Progress = nil
	s.page.Notices = []views.Notice{{Tone: views.Success, Text: "12 contacts were created in iCloud."}}
	s.mu.Unlock()
	fmt.Fprint(w, "event: done\ndata: \n\n")
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// The page in Chromium under its own policy: what htmx and page.js add to it.
func TestConnectionsInChromium(t *testing.T) {
	s := &site{page: connectionsNew()}
	server := httptest.NewServer(s.handler())
	defer server.Close()
	ctx := browser(t)
	b := &tab{t: t, ctx: ctx}
	faults := b.listen()
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+views.RouteConnections)); err != nil {
		t.Fatal(err)
	}
	b.wait("fields of the chosen way only", `!document.querySelector('[name="f.username"]').disabled && document.querySelector('[name="f.api-key"]').disabled`)
	b.do(`(e => { e.value = "api-key"; e.dispatchEvent(new Event("change", {bubbles: true})) })(document.querySelector('[name="f.auth"]'))`)
	b.wait("the other way's field", `document.querySelector('[name="f.username"]').closest(".field").hidden && !document.querySelector('[name="f.api-key"]').disabled`)
	b.do(`(e => { e.value = "password"; e.dispatchEvent(new Event("change", {bubbles: true})) })(document.querySelector('[name="f.auth"]'))`)

	b.do(`document.querySelector('[name="f.username"]').value = "anna"; document.querySelector('[name="custom_url"]').value = "https://crm.example.com"; document.querySelector('[name="f.password"]').value = "x"`)
	b.do(`document.querySelector("#crm .form[data-htmx-powered] button[type=submit]").click()`)
	b.wait("the fault beside its field, what was typed, and the focus there", `document.querySelector("#crm-form-password-error") && document.querySelector('[name="f.username"]').value === "anna" && document.activeElement.name === "f.password"`)
	s.last(t, "/connections/contacts/crm custom_url=https%3A%2F%2Fcrm.example.com&custom_url_on=on&f.auth=password&f.password=x&f.username=anna&method=form&provider=espocrm")

	b.do(`(e => { e.value = "fastmail"; e.dispatchEvent(new Event("change", {bubbles: true})) })(document.getElementById("contacts-provider"))`)
	b.wait("the provider's form, and the CRM's typed values still there", `document.querySelector('#contacts .form[data-htmx-powered] [name="method"]')?.value === "oauth" && document.querySelector('[name="f.username"]').value === "anna"`)
	b.do(`document.querySelector("#contacts .form button[type=submit]").click()`)
	b.wait("both connected after the redirect", `document.querySelectorAll("#crm .badge-success, #contacts .badge-success").length === 2 && document.querySelector(".auto[data-htmx-powered]")`)
	s.last(t, "/connections/contacts/contacts method=oauth&provider=fastmail")

	b.do(`document.getElementById("auto").click()`)
	b.wait("automatic sync on", `document.querySelector(".auto[data-htmx-powered] #auto[checked]")`)
	s.last(t, "/sync/auto on=on")
	b.do(`document.getElementById("auto").click()`)
	b.wait("automatic sync off", `document.querySelector(".auto[data-htmx-powered] #auto:not([checked])")`)
	s.last(t, "/sync/auto ")

	b.do(`document.querySelector(".split-more > summary").click()`)
	b.do(`document.querySelector('[data-dialog="reset"]').click()`)
	b.wait("the dialog of Reset, the menu closed", `document.getElementById("reset").open && !document.querySelector(".split-more").open`)
	b.do(`document.querySelector("#reset [data-close]").click()`)
	b.wait("a closed dialog", `!document.getElementById("reset").open`)
	b.do(`document.querySelector('[data-dialog="reset"]').click(); document.querySelector("#reset .button-danger").click()`)
	b.wait("the page after Reset", `document.readyState === "complete" && !document.getElementById("reset").open`)
	s.last(t, "/sync/reset keep_removed=on")

	b.do(`document.querySelector(".split-main").click()`)
	b.wait("the outcome after live progress", `document.querySelector(".notice")?.textContent.includes("12 contacts were created") && !document.getElementById("progress")`)
	if f := faults(); len(f) > 0 {
		t.Error("faults in the browser:", f)
	}
}

func (s *site) last(t *testing.T, want string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := s.posted[len(s.posted)-1]; got != want {
		t.Errorf("posted %s\nwant   %s", got, want)
	}
}

// tab drives one page.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// listen collects exceptions and what the policy refused.
func (b *tab) listen() func() []string {
	var mu sync.Mutex
	var faults []string
	messages := chromedp.Console(b.ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Source == "security" {
				mu.Lock()
				faults = append(faults, m.Text)
				mu.Unlock()
			}
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return faults
	}
}

func (b *tab) eval(expression string) (bool, error) {
	return chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression, func(e *runtime.EvaluateParams) {
		yes := true
		e.UserGesture = &yes
	}))
}

func (b *tab) do(statement string) {
	b.t.Helper()
	if _, err := b.eval("(() => {" + statement + "; return true})()"); err != nil {
		b.t.Fatal(statement, err)
	}
}

func (b *tab) wait(what, expression string) {
	b.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(15 * time.Second)
	for {
		ok, err := b.eval("Boolean(" + expression + ")")
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			html, _ := chromedp.Run(b.ctx, chromedp.OuterHTML(chromedp.CSS("main")))
			b.t.Fatalf("the page did not show %s (%v):\n%s", what, err, html)
		}
	}
}
