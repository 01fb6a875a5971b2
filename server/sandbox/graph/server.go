package graph

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// User is somebody with a mailbox.
type User struct {
	// Name is what Options.Bearer answers.
	Name string
	// ID is the object ID; "" is made from Name.
	ID, DisplayName, Mail, PrincipalName string
	// NoMailbox: the account has no licence for Exchange Online.
	NoMailbox bool
}

// Options configure a Server.
type Options struct {
	// Prefix is the path below which it is mounted, unstripped: the API is at
	// Prefix+"/v1.0/".
	Prefix string
	Users  []User
	// Bearer says to which User.Name an access token belongs, and with which
	// scopes. Nil knows none.
	Bearer func(token string) (user string, scopes []string, ok bool)
	// Directory are the organisation's own e-mail addresses, in lower case, and
	// the names that they have in the directory.
	Directory map[string]string
	Quirks    Quirks
	// Limit is how many requests a mailbox takes in each Window; 0 is 10,000 in
	// ten minutes, a negative number is no limit.
	Limit  int
	Window time.Duration
	// ServiceTime is how long one request takes. With one, requests beyond four
	// at the same time are throttled.
	ServiceTime time.Duration
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Server is Microsoft Graph, as far as contacts need it. It is safe for
// concurrent use.
type Server struct {
	o      Options
	prefix string

	mu        sync.Mutex
	quirks    Quirks
	mailboxes map[string]*mailbox // by User.Name
	failures  []*Failure
	requests  map[string]int
	throttled int
	changes   uint64
}

// New makes a server. Mount it at Prefix+"/v1.0/".
func New(o Options) *Server {
	o.Limit = cmp.Or(o.Limit, 10_000)
	o.Window = cmp.Or(o.Window, 10*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		o: o, prefix: strings.TrimSuffix(o.Prefix, "/") + version, quirks: o.Quirks,
		mailboxes: map[string]*mailbox{}, requests: map[string]int{},
	}
	for _, u := range o.Users {
		s.mailboxes[u.Name] = newMailbox(u)
	}
	s.changes++ // even what was seeded is worth saving: tokens name it
	return s
}

const version = "/v1.0"

// SetQuirks changes the misbehaviour from now on.
func (s *Server) SetQuirks(q Quirks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirks = q
}

// Requests counts the requests so far, by method and path with {id} for what is
// one. Those inside a batch have "part " before them.
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
	s.throttled = 0
}

// Throttled is how many requests and parts were answered with 429 because there
// were too many of them.
func (s *Server) Throttled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.throttled
}

// call is a request, or a part of a batch.
type call struct {
	method string
	path   []string // below the version, unescaped
	query  url.Values
	header http.Header
	body   []byte
	base   string // the address of the version, for links
	box    *mailbox
	scopes []string
}

// reply is the answer to a call.
type reply struct {
	status int
	header map[string]string
	body   any // nil for none
}

// failed is an error of Graph's.
func failed(status int, code, message string) reply {
	return reply{status: status, body: map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]any{"request-id": "00000000-0000-0000-0000-000000000000", "date": "2026-01-01T00:00:00"},
	}}}
}

const maxBody = 4 << 20

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		send(w, failed(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large."))
		return
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	c := call{method: r.Method, query: r.URL.Query(), header: r.Header, body: body, base: scheme + "://" + r.Host + s.prefix}
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), s.prefix+"/")
	if !ok || !c.split(rest) {
		send(w, failed(http.StatusNotFound, "BadRequest", "The address is not one of this API."))
		return
	}
	s.count(c, "")
	if no := s.signIn(&c); no != nil {
		send(w, *no)
		return
	}
	if len(c.path) == 1 && c.path[0] == "$batch" {
		send(w, s.batch(c))
		return
	}
	send(w, s.single(c))
}

func (c *call) split(path string) bool {
	c.path = strings.Split(path, "/")
	for i, part := range c.path {
		text, err := url.PathUnescape(part)
		if err != nil || text == "" {
			return false
		}
		c.path[i] = text
	}
	return true
}

func send(w http.ResponseWriter, a reply) {
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal; charset=utf-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) // the reader went away: nothing to be done
}

// count notes a call by its kind.
func (s *Server) count(c call, before string) {
	kind := make([]string, len(c.path))
	for i, part := range c.path {
		if kind[i] = part; i > 0 && i%2 == 0 && part != "delta" || len(part) > 40 {
			kind[i] = "{id}"
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[before+c.method+" "+strings.Join(kind, "/")]++
}

// signIn finds the mailbox of a request.
func (s *Server) signIn(c *call) *reply {
	token, ok := strings.CutPrefix(c.header.Get("Authorization"), "Bearer ")
	name := ""
	if ok && s.o.Bearer != nil {
		name, c.scopes, ok = s.o.Bearer(strings.TrimSpace(token))
	}
	s.mu.Lock()
	c.box = s.mailboxes[name]
	s.mu.Unlock()
	if !ok || c.box == nil {
		a := failed(http.StatusUnauthorized, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
		return &a
	}
	return nil
}

// allowed refuses what the scopes of the token do not cover.
func (c call) allowed() bool {
	need := []string{"Contacts.ReadWrite"}
	if c.method == http.MethodGet {
		need = append(need, "Contacts.Read")
	}
	if len(c.path) == 1 {
		need = []string{"User.Read"}
	}
	return slices.ContainsFunc(need, func(n string) bool {
		return slices.ContainsFunc(c.scopes, func(s string) bool { return s == n || strings.HasSuffix(s, "/"+n) })
	})
}

// answer carries out one call. The state is locked meanwhile, so that the
// answer is about one moment.
func (s *Server) answer(c call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.failure(c)
	if f != nil && !f.After {
		return f.reply()
	}
	a := s.route(c)
	if f != nil {
		return f.reply()
	}
	return a
}

func (s *Server) route(c call) reply {
	p := c.path
	switch {
	case p[0] != "me":
		return failed(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+p[0]+"'.")
	case !c.allowed():
		return failed(http.StatusForbidden, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
	case len(p) == 1:
		return s.me(c)
	case c.box.User.NoMailbox:
		return failed(http.StatusNotFound, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.")
	case p[1] == "contacts":
		return s.contacts(c, c.box.Folders[0], p[2:])
	case p[1] == "contactFolders":
		return s.folders(c, p[2:])
	}
	return failed(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+p[1]+"'.")
}

func (s *Server) me(c call) reply {
	if c.method != http.MethodGet {
		return notAllowed()
	}
	u := c.box.User
	all := map[string]any{"id": u.ID, "displayName": u.DisplayName, "mail": null(u.Mail), "userPrincipalName": u.PrincipalName}
	return reply{status: http.StatusOK, body: selected(all, c.query.Get("$select"))}
}

func notAllowed() reply {
	return failed(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
}

// selected keeps the named properties, the ID and what OData adds.
func selected(all map[string]any, names string) map[string]any {
	if names == "" {
		return all
	}
	keep := strings.Split(names, ",")
	out := map[string]any{}
	for k, v := range all {
		if k == "id" || strings.HasPrefix(k, "@") || slices.Contains(keep, k) {
			out[k] = v
		}
	}
	return out
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
