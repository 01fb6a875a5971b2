package carddav

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
	sandbox "tandem/server/sandbox/carddav"
)

func TestConnect(t *testing.T) {
	books := []sandbox.Book{{Slug: "contacts", Name: "Contacts"}, {Slug: "team", Name: "Team"}, {Slug: "shared", Name: "Shared", ReadOnly: true}}
	w := newWorld(t, sandbox.Quirks{}, books...)
	at := func(slug string) string { return w.url + "/dav/books/" + url.PathEscape(testUser) + "/" + slug + "/" }
	for _, tt := range []struct {
		name, base, wish string
		book             string
		field            string
		kind             error
		text             string
		choose           int
		readOnly         bool
	}{
		{name: "asks which", base: w.url, choose: 2},
		{name: "by name", base: w.url, wish: "team", book: at("team")},
		{name: "by URL", base: w.url, wish: at("contacts"), book: at("contacts")},
		{name: "read-only by name", base: w.url, wish: "Shared", book: at("shared"), readOnly: true},
		{name: "no such name", base: w.url, wish: "Nobody", field: "book", kind: contact.ErrBaseURL, text: "This account has: Contacts, Team, Shared."},
		{name: "the URL of a book", base: at("team"), book: at("team")},
		{name: "a path of the server", base: w.url + "/dav", wish: "team", book: at("team")},
		{name: "a wrong path", base: w.url + "/nothing/here", wish: "team", book: at("team")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := access(t, tt.base, testUser, testPassword)
			if tt.wish != "" {
				a.Values[fieldBook] = tt.wish
			}
			got, err := Other().Connect(t.Context(), a)
			var e *contact.Error
			switch {
			case tt.kind != nil:
				if !errors.As(err, &e) || e.Kind != tt.kind || e.Field != tt.field || !strings.Contains(e.Message, tt.text) {
					t.Errorf("error %v", err)
				}
			case err != nil:
				t.Errorf("%v (%v)", err, unwrapAll(err))
			case tt.choose > 0:
				if len(got.Choose) != 1 || len(got.Choose[0].Options) != tt.choose || got.Choose[0].Name != "book" {
					t.Errorf("asks %+v", got.Choose)
				}
				// The choice, as the connect room brings it back.
				a.Values = got.Values
				a.Values[fieldBook] = got.Choose[0].Options[1].Value
				if got, err = Other().Connect(t.Context(), a); err != nil || got.Values[fieldBook] != at("team") {
					t.Errorf("after the choice: %v %v", got.Values, err)
				}
			default:
				if got.Values[fieldBook] != tt.book || got.Account.Name != testUser || got.Account.Email != testUser || got.Account.ID == "" || len(got.Notice) == 0 {
					t.Errorf("%+v", got)
				}
				a.Values = got.Values
				d, err := reopened(t, a).Describe(t.Context())
				if err != nil || d.ReadOnly != tt.readOnly || d.Account != got.Account || !tt.readOnly && d.Writable != contact.AllFields {
					t.Errorf("%+v %v", d, err)
				}
			}
		})
	}
}

// TestConnectFaults: each wrong entry is a sentence beside its field.
func TestConnectFaults(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>Shop</title>")
	}))
	defer page.Close()
	loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }))
	defer loop.Close()
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, page.URL, http.StatusMovedPermanently)
	}))
	defer away.Close()
	nothing := httptest.NewServer(http.NotFoundHandler())
	defer nothing.Close()
	for _, tt := range []struct {
		name, base, user, password string
		kind                       error
		field, text                string
	}{
		{"wrong password", w.url, testUser, "wrong", contact.ErrReconnect, "password", "app password"},
		{"no user name", w.url, " ", "x", contact.ErrReconnect, "username", "Enter your user name."},
		{"no password", w.url, "x", "", contact.ErrReconnect, "password", "Enter your password."},
		{"a web page", page.URL, "x", "y", contact.ErrBaseURL, "url", "no address book at this address"},
		{"not found", nothing.URL, "x", "y", contact.ErrBaseURL, "url", "CardDAV address"},
		{"circles", loop.URL, "x", "y", contact.ErrProtocol, "url", "in circles"},
		{"another server's page", away.URL, "x", "y", contact.ErrBaseURL, "url", "no address book"},
		{"unreachable", "http://127.0.0.1:1", "x", "y", contact.ErrUnreachable, "url", "refuses connections"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Other().Connect(t.Context(), access(t, tt.base, tt.user, tt.password))
			var e *contact.Error
			if !errors.As(err, &e) || e.Kind != tt.kind || e.Field != tt.field || !strings.Contains(e.Message, tt.text) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("private address", func(t *testing.T) {
		a := access(t, "https://192.168.1.9", "x", "y")
		tr := rest.New(rest.Options{})
		a.HTTP = func(base string, auth rest.Auth) (*rest.Client, error) { return tr.Client(base, auth, nil) }
		if _, err := Other().Connect(t.Context(), a); !errors.Is(err, contact.ErrBlocked) {
			t.Errorf("%v", err)
		}
	})
}

// TestPartitionHost: iCloud's home set lies on another host of the same owner,
// which may have the password; a stranger's host may not.
func TestPartitionHost(t *testing.T) {
	for _, tt := range []struct {
		home string
		ok   bool
	}{
		{"https://p42-contacts.icloud.com:443/1234/carddavhome/", true},
		{"https://p42-contacts.icloud.com.evil.example/1234/", false},
		{"https://evil.example/1234/", false},
		{"http://p42-contacts.icloud.com/1234/", false},
		{"https://user:pw@p42-contacts.icloud.com/1234/", false},
	} {
		var leaks []string
		tr := rest.New(rest.Options{Wire: wire(func(r *http.Request) (*http.Response, error) {
			_, _, auth := r.BasicAuth()
			if u := r.URL.Hostname(); auth && u != "contacts.icloud.com" && u != "p42-contacts.icloud.com" || auth && r.URL.Scheme != "https" {
				leaks = append(leaks, r.URL.String())
			}
			props := `<d:current-user-principal><d:href>/1234/principal/</d:href></d:current-user-principal>`
			switch {
			case r.URL.Path == "/.well-known/carddav":
				return reply(301, "", "Location", "/"), nil
			case r.URL.Path == "/1234/principal/":
				props = `<c:addressbook-home-set><d:href>` + tt.home + `</d:href></c:addressbook-home-set>`
			case strings.HasSuffix(r.URL.Path, "/carddavhome/"):
				return reply(207, multistatus("/1234/carddavhome/card/", `<d:resourcetype><d:collection/><c:addressbook/></d:resourcetype>`)), nil
			}
			return reply(207, multistatus(r.URL.Path, props)), nil
		})})
		a := provider.Access{BaseURL: "https://contacts.icloud.com", Values: map[string]string{"username": "a@icloud.com", "password": "p"},
			HTTP: func(base string, auth rest.Auth) (*rest.Client, error) { return tr.Client(base, auth, nil) }}
		got, err := ICloud().Connect(t.Context(), a)
		if tt.ok && (err != nil || got.Values[fieldBook] != "https://p42-contacts.icloud.com:443/1234/carddavhome/card/") {
			t.Errorf("%s: %v %v", tt.home, got.Values, err)
		}
		if !tt.ok && !errors.Is(err, contact.ErrBaseURL) {
			t.Errorf("%s: %v", tt.home, err)
		}
		if len(leaks) > 0 {
			t.Errorf("%s: the password went to %v", tt.home, leaks)
		}
	}
}

type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func multistatus(href, props string) string {
	return `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><d:response><d:href>` + href +
		`</d:href><d:propstat><d:prop>` + props + `</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`
}

// TestBearer connects by a token, as after a redirect.
func TestBearer(t *testing.T) {
	s := sandbox.New(sandbox.Options{
		Users:  []sandbox.User{{Name: testUser, Password: "x", DisplayName: "Ada", Books: []sandbox.Book{{Slug: "c", Name: "C"}}}},
		Bearer: func(token string) (string, bool) { return testUser, token == "good" },
	})
	server := httptest.NewServer(s)
	defer server.Close()
	a := access(t, server.URL, "", "")
	a.Token = func(context.Context) (string, error) { return "good", nil }
	b, _, got := connected(t, a)
	if got.Account.Name != "Ada" {
		t.Errorf("%+v", got.Account)
	}
	if _, _, _, err := changes(t, b, nil); err != nil {
		t.Error(err)
	}
	a.Token = func(context.Context) (string, error) { return "bad", nil }
	if _, err := Other().Connect(t.Context(), a); !errors.Is(err, contact.ErrReconnect) {
		t.Errorf("%v", err)
	}
}

func TestMenu(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Providers() {
		if p.ID == "" || p.Name == "" || seen[p.ID] || p.Side != provider.Contacts || !strings.HasSuffix(p.Help, ".") || p.Connect == nil || p.Open == nil {
			t.Errorf("%+v", p)
		}
		if (p.URL == provider.URLNever) != (p.DefaultURL != "") {
			t.Errorf("%s: URL need %v with default %q", p.ID, p.URL, p.DefaultURL)
		}
		seen[p.ID] = true
	}
	demo := Provider(Preset{ID: "demo", Name: "Demo", OAuth: &provider.OAuthConfig{}})
	if len(demo.Methods) != 2 || demo.Methods[0] != provider.OAuth {
		t.Errorf("%v", demo.Methods)
	}
	for in, want := range map[string]string{
		"ann@example.com": "https://example.com", " dav.example.com/x/ ": "https://dav.example.com/x", "http://10.0.0.1:5232": "http://10.0.0.1:5232",
		"": "", "ann@": "", "a@b@c": "", "https://u:p@h": "",
	} {
		got, err := normalizeURL(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
}

// TestPlace: what an href may stand for. None is ever followed.
func TestPlace(t *testing.T) {
	u, _ := url.Parse("https://dav.example.com/dav/a%40b/contacts/")
	c := newCollection(u)
	for href, want := range map[string]string{
		"/dav/a%40b/contacts/x.vcf": "x.vcf", "/dav/a@b/contacts/x.vcf": "x.vcf", "https://dav.example.com/dav/a@b/contacts/x.vcf": "x.vcf",
		"https://DAV.example.com:443/dav/a@b/contacts/x.vcf": "x.vcf", "http://dav.example.com:8080/dav/a@b/contacts/x.vcf": "x.vcf",
		"/dav/a%40b/contacts/a%20b%2Fc%3F.vcf": "a%20b%2Fc%3F.vcf", "/dav/a%40b/contacts/%C3%A4.vcf": "%C3%A4.vcf", "/dav/a%40b/contacts/ä.vcf": "%C3%A4.vcf",
		"x.vcf": "x.vcf", "//dav.example.com/dav/a@b/contacts/x.vcf": "x.vcf", "/dav/a%40b/contacts/x.vcf?y=1": "x.vcf", "/dav/a%40b/contacts/AbC==.vcf": "AbC==.vcf",
		"/dav/a%40b/contacts/": "self", "/dav/a%40b/contacts": "self", "https://dav.example.com/dav/a@b/contacts/": "self",
		"": "self", "/dav/a%40b/contacts/%2e%2e": "", "/dav/a%40b/contacts/../x.vcf": "", "/dav/a%40b/contacts/%2e%2e/x.vcf": "", "/dav/a%40b/contacts/..%2fx.vcf": "",
		"/dav/a%40b/contacts/./x.vcf": "", "/dav/a%40b/other/x.vcf": "", "/dav/c/contacts/x.vcf": "", "/x.vcf": "", "/": "", "https://evil.example/dav/a@b/contacts/x.vcf": "",
		"https://dav.example.com.evil.example/dav/a@b/contacts/x.vcf": "", "//evil.example/dav/a@b/contacts/x.vcf": "", "/dav/a%40b/contacts/sub/": "", "/dav/a%40b/contacts/sub/x.vcf": "",
		"/dav/a%40b/contacts/x%00.vcf": "", "/dav/a%40b/contacts/x%0d%0a.vcf": "", "/dav/a%40b/contacts/x\\y.vcf": "", "/dav/a%40b/contacts/%5cy.vcf": "", "javascript:alert(1)": "",
		"mailto:a@b": "", "file:///dav/a@b/contacts/x.vcf": "x.vcf", "/dav/a%40b/contacts/%zz": "", "http://[::1": "", "/dav/a%40b/contactsx/x.vcf": "", "/DAV/a%40b/contacts/x.vcf": "",
		"/dav/a%40b/contacts/" + strings.Repeat("x", 8192): "", "/dav/a%40b/contacts/x.vcf#f": "x.vcf", "../x.vcf": "", "https://user:pw@dav.example.com/dav/a@b/contacts/x.vcf": "x.vcf",
		"/dav/a%40b/contacts/.": "", "/dav/a%40b/contacts/..": "", "/dav//a%40b/contacts/x.vcf": "x.vcf", "/dav/a%40b/contacts/%01.vcf": "", "/dav/a%2540b/contacts/x.vcf": "",
	} {
		id, self, ok := c.place(href)
		got := string(id)
		if self {
			got = "self"
		}
		if !ok {
			got = ""
		}
		if len(href) > 60 {
			href = href[:60]
		}
		if got != want {
			t.Errorf("%q is %q, want %q", href, got, want)
		}
		if ok && !self && (!c.valid(id) || !strings.HasPrefix(c.href(id), "/dav/a%40b/contacts/")) {
			t.Errorf("%q gives an ID that is not valid: %q", href, id)
		}
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("/dav/a%40b/contacts/x.vcf")
	u, _ := url.Parse("https://dav.example.com/dav/a%40b/contacts/")
	c := newCollection(u)
	f.Fuzz(func(t *testing.T, href string) {
		id, self, ok := c.place(href)
		if !ok || self {
			return
		}
		to, err := u.Parse(c.href(id))
		if err != nil || to.Host != u.Host || !strings.HasPrefix(to.Path, u.Path) || !c.valid(id) {
			t.Errorf("%q leads to %v (%v)", href, to, err)
		}
	})
}

func FuzzMultistatus(f *testing.F) {
	f.Add([]byte(multistatus("/x", "<d:getetag>1</d:getetag>")))
	f.Add([]byte("<a><b></a>"))
	f.Fuzz(func(_ *testing.T, body []byte) {
		_ = eachRow(body, func(n *node) error { toRow(n); return nil })
		parseError(body)
	})
}
