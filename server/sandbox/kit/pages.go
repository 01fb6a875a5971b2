package kit

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// view is what the sign-in pages show.
type view struct {
	Heading, Title, Base, ID, App string
	Message, Typed                string
	AnyEmail                      bool
	User                          User
	Users                         []User
	Wants                         []string
}

// signinPage offers the users, the hinted one alone and first.
func (p *OIDC) signinPage(w http.ResponseWriter, r *http.Request, status int, id string, a *pending, typed, message string) {
	p.mu.Lock()
	users := slices.Clone(p.state.Users)
	p.mu.Unlock()
	slices.SortStableFunc(users, func(x, y User) int {
		return cmp.Compare(hintRank(a.hint, x), hintRank(a.hint, y))
	})
	if typed == "" && a.hint != "" && hintRank(a.hint, slices.Concat(users, []User{{}})[0]) != 0 {
		typed = a.hint
	}
	p.page(w, r, status, "signin.html", view{ID: id, App: a.client.name(), Users: users, Typed: typed, Message: message, AnyEmail: p.o.AnyEmail})
}

func hintRank(hint string, u User) int {
	if hint != "" && strings.EqualFold(hint, u.Email) {
		return 0
	}
	return 1
}

func (p *OIDC) showConsent(w http.ResponseWriter, r *http.Request, id string, a *pending) {
	u, _ := p.user(a.subject)
	v := view{ID: id, App: a.client.name(), User: u}
	for _, s := range a.scopes {
		switch text := p.o.Scopes[s]; {
		case text != "":
			v.Wants = append(v.Wants, text)
		case s == "email":
			v.Wants = append(v.Wants, "See your e-mail address")
		case s == "profile":
			v.Wants = append(v.Wants, "See your name")
		case s == "offline_access":
			v.Wants = append(v.Wants, "Keep this access while you are away, until you take it back")
		}
	}
	p.page(w, r, http.StatusOK, "consent.html", v)
}

func (c Client) name() string { return cmp.Or(c.Name, c.ID) }

func (p *OIDC) page(w http.ResponseWriter, _ *http.Request, status int, name string, v view) {
	v.Heading, v.Base = p.o.Title, p.path
	v.Title = cmp.Or(v.Title, map[string]string{
		"signin.html": "Sign in", "consent.html": "Allow access", "error.html": "That did not work",
	}[name])
	render(w, status, name, v)
}

// render answers with a page that runs no script and loads nothing foreign.
// form-action is left out of the policy: Chromium applies it to the redirect
// after a form, and the redirect back to the application is the purpose here.
func render(w http.ResponseWriter, status int, name string, v any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the reader went away: nothing to be done
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pageFiles, "pages/style.css")
}
