package people

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Scope is what a token needs for everything here but one's own profile.
const Scope = "https://www.googleapis.com/auth/contacts"

// User is somebody with contacts.
type User struct {
	// Subject is the account's number, as in the claim "sub".
	Subject, Email, Name string
}

// Options configure a Server.
type Options struct {
	// Prefix is the path it is mounted at, unstripped: "" or "/google".
	Prefix string
	Users  []User
	// Bearer says to which User.Subject a bearer token belongs and which scopes
	// it has. Nil takes a Subject for a token with every scope.
	Bearer func(token string) (subject string, scopes []string, ok bool)
	Quirks Quirks
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Quirks are what the service does badly, or leaves open.
type Quirks struct {
	// Delay is how long a write stays invisible to people.connections.list.
	Delay time.Duration
	// Gone answers an expired token with 410 in place of 400.
	Gone bool
	// WholeBatch fails a whole batch for one contact in it. With Partial what
	// came before that contact is kept all the same.
	WholeBatch, Partial bool
	// Shuffle gives the entries of a field in another order at each reading.
	Shuffle bool
	// Linked gives new contacts the name of a profile, from which the number of
	// the contact cannot be told, and forgets the names that were before.
	Linked bool
	// Refuse is a family name that is refused, as the content of a contact may be.
	Refuse string
	// Spurious is how many of the next etags are refused although they are right.
	Spurious int
	// Reads, Writes and FullSyncs are how many of each are let through per user
	// and minute; 0 is any number. Forbidden answers 403 in place of 429.
	Reads, Writes, FullSyncs int
	Forbidden                bool
}

// Server is the service. It is safe for concurrent use.
type Server struct {
	prefix string
	bearer func(string) (string, []string, bool)
	now    func() time.Time

	mu       sync.Mutex
	quirks   Quirks
	users    map[string]*user // by Subject
	requests map[string]int
	changes  uint64
	turn     int // of Shuffle
}

// New makes a server. Mount it at Prefix+"/v1/".
func New(o Options) *Server {
	s := &Server{
		prefix: strings.TrimSuffix(o.Prefix, "/"), bearer: o.Bearer, now: o.Now, quirks: o.Quirks,
		users: map[string]*user{}, requests: map[string]int{},
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.bearer == nil {
		s.bearer = func(token string) (string, []string, bool) {
			return token, []string{Scope, "email", "profile"}, true
		}
	}
	for _, u := range o.Users {
		s.users[u.Subject] = newUser(u)
	}
	s.changes++
	return s
}

// SetQuirks changes the misbehaviour from now on.
func (s *Server) SetQuirks(q Quirks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirks = q
}

// Requests counts the requests so far by method, as the discovery document
// names it without its first word: "people.connections.list".
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

// call is one request on its way through the server.
type call struct {
	*http.Request
	s      *Server
	u      *user
	scopes []string
	body   []byte
}

// route finds the method of a request and the resource that its path names.
func route(method, path string) (name, resource string, do func(*call, string) (any, *fault)) {
	last := path[strings.LastIndexByte(path, '/')+1:]
	_, verb, _ := strings.Cut(last, ":")
	resource = strings.TrimSuffix(path, ":"+verb)
	kind, id, _ := strings.Cut(resource, "/")
	one := id != "" && !strings.Contains(id, "/")
	switch {
	case method == "GET" && path == "people/me/connections":
		return "people.connections.list", "", (*call).connections
	case method == "GET" && path == "people:batchGet":
		return "people.getBatchGet", "", (*call).batchGet
	case method == "POST" && path == "people:createContact":
		return "people.createContact", "", (*call).createOne
	case method == "POST" && path == "people:batchCreateContacts":
		return "people.batchCreateContacts", "", (*call).batchCreate
	case method == "POST" && path == "people:batchUpdateContacts":
		return "people.batchUpdateContacts", "", (*call).batchUpdate
	case method == "POST" && path == "people:batchDeleteContacts":
		return "people.batchDeleteContacts", "", (*call).batchDelete
	case method == "GET" && kind == "people" && one && verb == "":
		return "people.get", resource, (*call).getOne
	case method == "PATCH" && kind == "people" && one && verb == "updateContact":
		return "people.updateContact", resource, (*call).updateOne
	case method == "DELETE" && kind == "people" && one && verb == "deleteContact":
		return "people.deleteContact", resource, (*call).deleteOne
	case method == "GET" && path == "contactGroups":
		return "contactGroups.list", "", (*call).listGroups
	case method == "POST" && path == "contactGroups":
		return "contactGroups.create", "", (*call).createGroup
	case method == "GET" && kind == "contactGroups" && one && verb == "":
		return "contactGroups.get", resource, (*call).getGroup
	case method == "DELETE" && kind == "contactGroups" && one && verb == "":
		return "contactGroups.delete", resource, (*call).deleteGroup
	}
	return "", "", nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
	if err != nil {
		return
	}
	answer, wrong := s.serve(r, body)
	status := http.StatusOK
	if wrong != nil {
		status, answer = wrong.code, wrong.body()
	}
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(answer); err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the reader went away: nothing to be done
}

func (s *Server) serve(r *http.Request, body []byte) (any, *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path, ok := strings.CutPrefix(r.URL.Path, s.prefix+"/v1/")
	name, resource, do := route(r.Method, path)
	if !ok || do == nil {
		return nil, refuse(http.StatusNotFound, "NOT_FOUND", "", "Method not found.")
	}
	s.requests[name]++
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	subject, scopes, known := "", []string(nil), false
	if ok {
		subject, scopes, known = s.bearer(token)
	}
	u := s.users[subject]
	if !known || u == nil {
		return nil, refuse(http.StatusUnauthorized, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED",
			"Request had invalid authentication credentials. Expected OAuth 2 access token.")
	}
	if !slices.Contains(scopes, Scope) && resource != "people/me" {
		return nil, refuse(http.StatusForbidden, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
			"Request had insufficient authentication scopes.")
	}
	c := &call{Request: r, s: s, u: u, scopes: scopes, body: body}
	if wrong := c.meter(r.Method == http.MethodGet); wrong != nil {
		return nil, wrong
	}
	return do(c, resource)
}

// read takes the body into v, as strictly as Google does.
func (c *call) read(v any) *fault {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return invalid("Invalid JSON payload received. " + err.Error())
	}
	return nil
}
