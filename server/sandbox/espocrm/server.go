// Package espocrm is an EspoCRM in memory: it speaks the API of EspoCRM 10 for
// contacts, leads and accounts as its published source and description have it,
// with users, roles, tokens, validation and the duplicate rule. The demo and the
// adapter's tests use it; it is no part of what a real installation runs.
//
// Peculiarities of the real one that are kept on purpose: lists hold only the
// first e-mail and phone; lists above the limit are refused with 403; times are
// to the second; administrators still read what was deleted; the answer to an
// update tells the old account's name; a contact's title lives in its link with
// an account; taking the account away without the list of accounts puts the
// first of them back.
//
// Simplified: e-mail addresses and phone numbers belong to one record, while
// the real one shares them (and a number's type) between all records.
package espocrm

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The entities.
const (
	Contact = "Contact"
	Lead    = "Lead"
	Account = "Account"
)

// Options configure a Server. The zero Options are a new EspoCRM as it is
// installed.
type Options struct {
	// Now is the clock. nil means time.Now.
	Now func() time.Time
	// LoosePhones takes phone numbers in nearly any form, as servers do that
	// were upgraded from before 8.1. Otherwise they are international.
	LoosePhones bool
	// PhoneExtensions takes international numbers with " ext. 12".
	PhoneExtensions bool
	// MaxPage is the greatest page of a list. 0 means 200.
	MaxPage int
	// NoTokens never exchanges a password for a token.
	NoTokens bool
	// Versions makes contacts and leads count versions (optimistic locking).
	Versions bool
	// Required are fields, per entity, that an administrator made required.
	Required map[string][]string
}

// Server is the sandbox: an http.Handler for the root of an EspoCRM. It is safe
// for concurrent use.
type Server struct {
	o        Options
	requests atomic.Int64

	mu       sync.Mutex
	state    state
	changes  uint64
	failures []time.Time // of sign-ins
	mux      *http.ServeMux
}

// New makes an empty Server: it has no user yet.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxPage == 0 {
		o.MaxPage = 200
	}
	s := &Server{o: o, state: newState(), mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /api/v1/App/user", s.signedIn(s.appUser))
	s.mux.HandleFunc("POST /api/v1/App/destroyAuthToken", s.signedIn(s.destroyToken))
	for entity := range entities {
		root := "/api/v1/" + entity
		s.mux.HandleFunc("GET "+root, s.signedIn(s.list(entity)))
		s.mux.HandleFunc("POST "+root, s.signedIn(s.create(entity)))
		s.mux.HandleFunc("GET "+root+"/{id}", s.signedIn(s.read(entity)))
		s.mux.HandleFunc("PATCH "+root+"/{id}", s.signedIn(s.update(entity)))
		s.mux.HandleFunc("PUT "+root+"/{id}", s.signedIn(s.update(entity)))
		s.mux.HandleFunc("DELETE "+root+"/{id}", s.signedIn(s.delete(entity)))
	}
	s.mux.HandleFunc("/api/v1/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	s.mux.HandleFunc("/", page)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	s.mux.ServeHTTP(w, r)
}

// Requests is how many requests came so far.
func (s *Server) Requests() int64 { return s.requests.Load() }

// page is what people get: the real one starts its client here.
func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<!doctype html>\n<html lang=\"en\"><title>EspoCRM</title><p>This is a sandbox that speaks EspoCRM's API.</p></html>\n"))
}

// handler answers with a value for JSON, or a refusal. The lock is held.
type handler func(r *http.Request, u *User) (any, *refusal)

// refusal is an unsuccessful answer: its reason goes into X-Status-Reason.
type refusal struct {
	status int
	reason string
	body   any
}

func forbidden(reason string) *refusal { return &refusal{status: http.StatusForbidden, reason: reason} }
func badRequest(reason string) *refusal {
	return &refusal{status: http.StatusBadRequest, reason: reason}
}
func notFound(id string) *refusal {
	return &refusal{status: http.StatusNotFound, reason: "Record " + id + " does not exist."}
}

// signedIn lets only known users pass.
func (s *Server) signedIn(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		u, no := s.authenticate(w, r)
		var out any
		if no == nil {
			out, no = h(r, u)
		}
		if no == nil {
			answer(w, http.StatusOK, out)
			return
		}
		if no.reason != "" {
			w.Header().Set("X-Status-Reason", no.reason)
		}
		if no.body == nil {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(no.status)
			return
		}
		answer(w, no.status, no.body)
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the sandbox cannot write its answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the reader went away: nothing to be done
}

// object reads a request's body.
func object(r *http.Request) (map[string]any, *refusal) {
	data := map[string]any{}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || json.NewDecoder(r.Body).Decode(&data) != nil {
		return nil, badRequest("Bad request body.")
	}
	return data, nil
}
