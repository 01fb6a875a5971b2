package graph

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// lanes is how many requests of one mailbox run at the same time.
const lanes = 4

// single answers a request that came alone.
func (s *Server) single(c call) reply {
	if no := s.spend(c.box); no != nil {
		return *no
	}
	got, leave := s.enter(c.box, 1)
	defer leave()
	if got == 0 {
		return s.tooMany("Application is over its MailboxConcurrency limit.", 10*time.Second)
	}
	s.work(1, got)
	return s.answer(c)
}

// spend takes one request of the mailbox's window, or says how long to wait.
// Refused requests count, too.
func (s *Server) spend(box *mailbox) *reply {
	s.mu.Lock()
	now := s.o.Now()
	for len(box.log) > 0 && now.Sub(box.log[0]) >= s.o.Window {
		box.log = box.log[1:]
	}
	box.log = append(box.log, now)
	over := s.o.Limit >= 0 && len(box.log) > s.o.Limit
	wait := s.o.Window
	if over {
		wait -= now.Sub(box.log[len(box.log)-1-s.o.Limit])
	}
	s.mu.Unlock()
	if !over {
		return nil
	}
	a := s.tooMany("Application is over its request limit.", max(wait, time.Second))
	return &a
}

func (s *Server) tooMany(message string, wait time.Duration) reply {
	s.mu.Lock()
	s.throttled++
	s.mu.Unlock()
	a := failed(http.StatusTooManyRequests, "ApplicationThrottled", message)
	a.header = map[string]string{"Retry-After": strconv.Itoa(int((wait + time.Second - 1) / time.Second))}
	return a
}

// enter takes up to n of the mailbox's lanes. Without a service time requests
// take no time, and there is always room.
func (s *Server) enter(box *mailbox, n int) (got int, leave func()) {
	if s.o.ServiceTime == 0 {
		return n, func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	got = min(n, lanes-box.busy)
	box.busy += got
	return got, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		box.busy -= got
	}
}

// work lets the time pass that n requests take on so many lanes.
func (s *Server) work(n, lanes int) {
	if s.o.ServiceTime > 0 {
		time.Sleep(time.Duration((n+lanes-1)/lanes) * s.o.ServiceTime)
	}
}

// part is one request of a batch.
type part struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	DependsOn []string          `json:"dependsOn"`
	Body      json.RawMessage   `json:"body"`
}

const maxParts = 20

// batch answers POST $batch: at most twenty requests, four of them at a time.
// The answers come in another order than the requests.
func (s *Server) batch(c call) reply {
	var in struct {
		Requests []part `json:"requests"`
	}
	if c.method != http.MethodPost {
		return notAllowed()
	}
	if err := json.Unmarshal(c.body, &in); err != nil || len(in.Requests) == 0 {
		return failed(http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
	}
	if len(in.Requests) > maxParts {
		return failed(http.StatusBadRequest, "BadRequest", "Number of batch request steps exceeds the maximum value of 20.")
	}
	seen := map[string]bool{}
	sequential := false
	for _, p := range in.Requests {
		if p.ID == "" || seen[p.ID] {
			return failed(http.StatusBadRequest, "BadRequest", "Every request in a batch needs an id of its own.")
		}
		seen[p.ID], sequential = true, sequential || len(p.DependsOn) > 0
	}
	want := min(lanes, len(in.Requests))
	if sequential {
		want = 1
	}
	got, leave := s.enter(c.box, want)
	defer leave()
	if got > 0 {
		s.work(len(in.Requests), got)
	}
	status := map[string]int{}
	var out []any
	for i, p := range in.Requests {
		a := s.part(c, p, status, got == 0 || s.overBatch(i))
		status[p.ID] = a.status
		one := map[string]any{"id": p.ID, "status": a.status, "headers": a.header}
		if a.header == nil {
			one["headers"] = map[string]string{}
		}
		if a.body != nil {
			one["body"] = a.body
		}
		out = append(out, one)
	}
	slices.Reverse(out)
	return reply{status: http.StatusOK, body: map[string]any{"responses": out}}
}

func (s *Server) overBatch(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quirks.BatchOf > 0 && i >= s.quirks.BatchOf
}

// part answers one request of a batch.
func (s *Server) part(outer call, p part, status map[string]int, crowded bool) reply {
	u, err := url.Parse(p.URL)
	c := call{method: p.Method, header: http.Header{}, body: p.Body, base: outer.base, box: outer.box, scopes: outer.scopes}
	if err != nil || u.IsAbs() || !c.split(strings.TrimPrefix(u.EscapedPath(), "/")) {
		return failed(http.StatusBadRequest, "BadRequest", "The url of a request in a batch is relative to the version.")
	}
	c.query = u.Query()
	for k, v := range p.Headers {
		c.header.Set(k, v)
	}
	s.count(c, "part ")
	for _, id := range p.DependsOn {
		if code, known := status[id]; !known || code >= 400 {
			return failed(http.StatusFailedDependency, "FailedDependency", "A request that this one depends on failed.")
		}
	}
	if no := s.spend(c.box); no != nil {
		return *no
	}
	if crowded {
		return s.tooMany("Application is over its MailboxConcurrency limit.", time.Second)
	}
	if len(p.Body) > 0 && c.header.Get("Content-Type") == "" {
		return failed(http.StatusBadRequest, "BadRequest", "A request with a body needs a Content-Type header of its own.")
	}
	return s.answer(c)
}
