package addin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/a-h/templ"
	"github.com/chromedp/chromedp"

	"tandem/addin"
	"tandem/views"
)

// host stands in for our server on the sidebar's host: it signs everybody in
// and repeats what the sidebar told it.
type host struct {
	mu        sync.Mutex
	challenge string
	tickets   int
	expired   bool
	last      string // what the newest question was about
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'"

func (h *host) handler() http.Handler {
	mux := http.NewServeMux()
	show := func(path string, c func(*http.Request) (int, templ.Component)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			h.mu.Lock()
			defer h.mu.Unlock()
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", policy)
			if !strings.HasPrefix(path, "GET") && (h.expired || r.Header.Get("Authorization") != "Bearer secret") {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			status, page := c(r)
			w.WriteHeader(status)
			_ = page.Render(r.Context(), w)
		})
	}
	mux.Handle("GET "+views.StaticPrefix, views.Static())
	mux.Handle("GET "+addin.Prefix, addin.Files(true))
	show("GET "+views.RouteSidebar, func(*http.Request) (int, templ.Component) {
		return 200, views.SidebarPage(views.Sidebar{OfficeURL: addin.Asset(addin.DemoOfficeJS), Script: addin.Asset("taskpane.js")})
	})
	mux.HandleFunc("GET "+views.RouteDialog, func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.challenge = r.FormValue("challenge")
		h.mu.Unlock()
		http.Redirect(w, r, views.RouteDialogDone, http.StatusSeeOther)
	})
	show("GET "+views.RouteDialogDone, func(*http.Request) (int, templ.Component) {
		return 200, views.DialogPage(views.Dialog{OfficeURL: addin.Asset(addin.DemoOfficeJS), Script: addin.Asset("dialog.js"), Code: "one-time"})
	})
	mux.HandleFunc("POST "+views.RouteToken, func(w http.ResponseWriter, r *http.Request) {
		var got struct{ Code, Verifier string }
		_ = json.NewDecoder(r.Body).Decode(&got)
		if got.Code != "one-time" || len(got.Verifier) != 43 || len(h.challenge) != 43 {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		h.expired = false
		_, _ = w.Write([]byte(`{"token":"secret","expires_in":3600}`))
	})
	show("POST "+views.RoutePeople, func(r *http.Request) (int, templ.Component) {
		_ = r.ParseForm()
		h.last = fmt.Sprint(r.Form["item"], r.Form["mode"], r.Form["role"], r.Form["email"])
		if r.FormValue("item") == "none" {
			return 200, views.PeopleFragment(views.People{Empty: "Select a message or an event."})
		}
		var v views.People
		for i, e := range r.Form["email"] {
			v.People = append(v.People, views.Person{Name: r.Form["name"][i], Email: e, Role: r.Form["role"][i], State: views.NotInCRM})
		}
		return 200, views.PeopleFragment(v)
	})
	show("POST "+views.RouteMenu, func(*http.Request) (int, templ.Component) {
		h.tickets++
		return 200, views.MenuFragment(views.Menu{Name: "Anna", Link: views.TicketLink{URL: fmt.Sprintf("/continue?ticket=%d", h.tickets)}})
	})
	show("POST "+views.RouteLeave, func(*http.Request) (int, templ.Component) { return 204, templ.NopComponent })
	return mux
}

// The whole sidebar in Chromium: framed by a mailbox of another host, with the
// double of Office.js and our strict Content-Security-Policy.
func TestSidebarInChromium(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is missing")
		}
		t.Skip("chromium is missing")
	}
	h := &host{}
	ours := httptest.NewServer(h.handler())
	defer ours.Close()
	people := []addin.DemoPerson{}
	for i := range 10 {
		people = append(people, addin.DemoPerson{Name: fmt.Sprintf("Person %d", i), Email: fmt.Sprintf("p%d@example.test", i)})
	}
	sidebar := strings.Replace(ours.URL, "127.0.0.1", "localhost", 1) + views.RouteSidebar
	mail := httptest.NewServer(addin.Demo{SidebarURL: sidebar, User: addin.DemoPerson{Name: "Anna", Email: "Anna@example.test"}, People: people}.Handler())
	defer mail.Close()

	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 800))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(mail.URL), chromedp.WaitVisible(chromedp.CSS(`.entry[aria-current="true"]`)), chromedp.Click(chromedp.CSS("#open"))); err != nil {
		t.Fatal(err)
	}
	b := newPane(t, ctx, sidebar)

	b.wait("the sign-in button", `!document.getElementById("sign-in").hidden`)
	b.wait("what Office.js takes away", `history.replaceState === null && (() => { try { confirm("?") } catch { return true } })()`)
	b.click("#sign-in-button")
	b.wait("sender and copied", `[...document.querySelectorAll(".person h2")].map(e => e.textContent).join() === "Person 0,Person 1"`)
	h.told(t, "[message] [read] [Sender Recipient] [p0@example.test p1@example.test]")

	b.selects("draft")
	b.wait("a draft's recipient", `document.querySelector(".person h2").textContent === "Person 6"`)
	h.told(t, "[message] [compose] [Recipient Recipient] [p6@example.test quentin.newcomer@elsewhere.example.test]")
	b.selects("organizer")
	b.wait("attendees", `document.querySelector(".person h2").textContent === "Person 7"`)
	h.told(t, "[appointment] [compose] [Attendee Attendee Attendee] [p7@example.test p8@example.test p0@example.test]")
	b.selects("attendee")
	b.wait("the organizer", `document.querySelector(".person h2").textContent === "Person 9"`)
	h.told(t, "[appointment] [read] [Organizer Attendee] [p9@example.test p1@example.test]")
	b.selects("")
	b.wait("nothing selected", `document.querySelector("#people .empty")?.textContent === "Select a message or an event."`)

	b.click("#menu > summary")
	b.wait("the menu's link", `document.querySelector("#menu-list a")?.textContent === "Auto sync"`)
	b.wait("one target for both", `(l => l.length === 3 && new Set(l.map(a => a.href)).size === 1 && l.every(a => a.rel || a.hasAttribute("data-copy")))([...document.querySelectorAll("[data-ticket]")])`)
	b.click(".submenu > summary")
	b.click("[data-copy]")
	b.wait("the link to copy", `document.querySelector(".copy-field")?.value.includes("ticket=1") || document.getElementById("live").textContent.startsWith("Link copied")`)
	b.click("#menu > summary")
	b.wait("a closed menu without tickets", `!document.querySelector("[data-ticket]")`)

	h.expire()
	b.selects("thread")
	b.wait("the end of the session", `!document.getElementById("sign-in").hidden && document.getElementById("sign-in-error").textContent.startsWith("Your session has ended")`)
	b.click("#sign-in-button")
	b.wait("people again", `document.querySelectorAll(".person").length === 4`)
	b.click("#menu > summary")
	b.wait("the menu", `document.querySelector("[data-sign-out]")`)
	b.click("[data-sign-out]")
	b.wait("signed out", `!document.getElementById("sign-in").hidden && document.getElementById("menu").hidden && !document.querySelector(".person")`)
	if f := b.complaints(); len(f) > 0 {
		t.Error("faults in the browser:", f)
	}
}

func (h *host) told(t *testing.T, want string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != want {
		t.Errorf("the sidebar told %s\nwant %s", h.last, want)
	}
}

func (h *host) expire() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expired = true
}
