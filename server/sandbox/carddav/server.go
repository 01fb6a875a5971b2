package carddav

import (
	"bytes"
	"crypto/subtle"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// User is somebody with address books.
type User struct {
	// Name signs in, with Password by Basic or as Options.Bearer says.
	Name, Password string
	// DisplayName is shown; "" means Name.
	DisplayName string
	Books       []Book
}

// Book is an address book as it is at the start.
type Book struct {
	Slug, Name, Description string // Slug is its last path segment
	ReadOnly                bool
	// MaxSize is the greatest card in bytes, MaxCards how many fit; 0 is no limit.
	MaxSize, MaxCards int
	// Versions of vCard that may be stored; none means 3.0 and 4.0.
	Versions []string
}

// Options configure a Server.
type Options struct {
	// Prefix is the path it is mounted at, unstripped: "" or "/dav".
	Prefix string
	Users  []User
	// Bearer says to which User.Name a bearer token belongs. Nil knows none.
	Bearer func(token string) (user string, ok bool)
	Quirks Quirks
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Server is a CardDAV server. It is safe for concurrent use.
type Server struct {
	prefix string
	bearer func(string) (string, bool)
	now    func() time.Time

	mu       sync.Mutex
	quirks   Quirks
	users    map[string]*user // by folded name
	requests map[string]int
	changes  uint64
}

// New makes a server. Mount it at Prefix+"/" and at /.well-known/carddav.
func New(o Options) *Server {
	s := &Server{
		prefix: strings.TrimSuffix(o.Prefix, "/"), bearer: o.Bearer, now: o.Now, quirks: o.Quirks,
		users: map[string]*user{}, requests: map[string]int{},
	}
	if s.now == nil {
		s.now = time.Now
	}
	for _, u := range o.Users {
		s.users[strings.ToLower(u.Name)] = newUser(u)
	}
	s.changes++ // even what was seeded is worth saving: tokens name it
	return s
}

// SetQuirks changes the misbehaviour from now on.
func (s *Server) SetQuirks(q Quirks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirks = q
}

// Requests counts the requests so far: by method, and REPORT with its name.
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// ResetRequests starts counting anew.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.requests)
}

// target is what a path means. Each level is set only if the path reaches it.
type target struct {
	kind       kind
	owner      *user
	slug, name string
	book       *book // nil where it does not exist
	card       *card // nil where it does not exist
}

type kind int

const (
	nowhere kind = iota
	root
	principal
	home
	collection
	object
)

const wellKnown = "/.well-known/carddav"

// ServeHTTP answers one request. The state is locked while the answer is made,
// so that it is about one moment, but not while it is sent: a client may ask
// the next thing before it has read the whole of this.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	out := &answer{ResponseWriter: w, code: http.StatusOK}
	s.serve(out, r, body)
	w.WriteHeader(out.code)
	_, _ = out.body.WriteTo(w) // the reader went away: nothing to be done
}

// answer keeps the status and the body until they may be sent.
type answer struct {
	http.ResponseWriter
	code int
	body bytes.Buffer
}

func (a *answer) WriteHeader(code int)        { a.code = code }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != "REPORT" {
		s.requests[r.Method]++
	}
	if path := r.URL.Path; path == wellKnown || path == s.prefix+wellKnown {
		if s.quirks.NoWellKnown {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Location", s.prefix+"/")
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	me := s.signedIn(r)
	if me == nil {
		w.Header().Add("WWW-Authenticate", `Basic realm="Address books", charset="UTF-8"`)
		if s.bearer != nil {
			w.Header().Add("WWW-Authenticate", "Bearer")
		}
		http.Error(w, "sign in first", http.StatusUnauthorized)
		return
	}
	t := s.find(r.URL)
	if t.kind == nowhere {
		http.NotFound(w, r)
		return
	}
	if t.owner != nil && t.owner != me {
		problem(w, http.StatusForbidden, dav("need-privileges"))
		return
	}
	s.dispatch(w, r, me, t, body)
}

func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, me *user, t target, body []byte) {
	exists := t.kind < collection || t.kind == collection && t.book != nil || t.card != nil
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("DAV", "1, 3, extended-mkcol, access-control, addressbook")
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusOK)
	case http.MethodPut:
		s.put(w, r, t, body)
	case "MKCOL":
		s.mkcol(w, t, body)
	case http.MethodGet, http.MethodHead, http.MethodDelete, "PROPFIND", "PROPPATCH", "REPORT":
		if !exists {
			http.NotFound(w, r)
			return
		}
		switch r.Method {
		case http.MethodDelete:
			s.remove(w, r, t)
		case "PROPFIND":
			s.propfind(w, r, me, t, body)
		case "PROPPATCH":
			s.proppatch(w, t, body)
		case "REPORT":
			s.report(w, r, me, t, body)
		default:
			s.get(w, r, t)
		}
	default:
		methodNotAllowed(w)
	}
}

const allow = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, MKCOL, REPORT"

func methodNotAllowed(w http.ResponseWriter) {
	w.Header().Set("Allow", allow)
	http.Error(w, "not possible here", http.StatusMethodNotAllowed)
}

// signedIn is the user that the request's credentials belong to, or nil.
func (s *Server) signedIn(r *http.Request) *user {
	if name, password, ok := r.BasicAuth(); ok {
		u := s.users[strings.ToLower(name)]
		if u != nil && u.Password != "" && subtle.ConstantTimeCompare([]byte(password), []byte(u.Password)) == 1 {
			return u
		}
		return nil
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || s.bearer == nil {
		return nil
	}
	name, ok := s.bearer(token)
	if !ok {
		return nil
	}
	return s.users[strings.ToLower(name)]
}

// find says what a URL means here.
func (s *Server) find(u *url.URL) target {
	rest, ok := strings.CutPrefix(u.EscapedPath(), s.prefix)
	if !ok || rest != "" && rest[0] != '/' {
		return target{}
	}
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	for i, p := range parts {
		text, err := url.PathUnescape(p)
		if err != nil || text == "" && len(parts) > 1 {
			return target{}
		}
		parts[i] = text
	}
	if parts[0] == "" {
		return target{kind: root}
	}
	if len(parts) < 2 || !slices.Contains([]string{"principals", "books"}, parts[0]) {
		return target{}
	}
	t := target{owner: s.users[strings.ToLower(parts[1])]}
	switch {
	case t.owner == nil || parts[0] == "principals" && len(parts) > 2 || len(parts) > 4:
		return target{}
	case parts[0] == "principals":
		t.kind = principal
		return t
	case len(parts) == 2:
		t.kind = home
		return t
	}
	t.kind, t.slug = collection, parts[2]
	t.book = t.owner.books[t.slug]
	if len(parts) == 4 {
		t.kind, t.name = object, parts[3]
		if t.book != nil {
			t.card = s.cards(t.book)[t.name]
		}
	}
	return t
}

// href is the path of segments below the prefix, with what AbsoluteHrefs says.
func (s *Server) href(segments ...string) string {
	var b strings.Builder
	b.WriteString(s.quirks.AbsoluteHrefs + s.prefix)
	for _, one := range segments {
		b.WriteString("/" + url.PathEscape(one))
	}
	return b.String()
}

func (s *Server) bookHref(t target) string { return s.href("books", t.owner.Name, t.slug) + "/" }

func (s *Server) cardHref(t target, name string) string {
	return s.href("books", t.owner.Name, t.slug, name)
}

func (s *Server) principalHref(u *user) string { return s.href("principals", u.Name) + "/" }
