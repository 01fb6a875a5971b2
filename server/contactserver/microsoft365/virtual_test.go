package microsoft365

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/server/sandbox/graph"
)

// inMemory answers requests without a network, so that time may be virtual.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Result(), nil
}

// virtual is a sandbox without a network, and a way to open Books of it that
// belong to one process.
func virtual(t testing.TB, o graph.Options) (*graph.Server, func() *book) {
	t.Helper()
	o.Users = []graph.User{{Name: tester}}
	o.Bearer = func(string) (string, []string, bool) { return tester, scopes, true }
	s := graph.New(o)
	p := Provider(Config{ClientID: "app", Endpoint: "http://127.0.0.1"})
	transport := rest.New(rest.Options{Wire: inMemory{s}})
	a := provider.Access{
		BaseURL: p.DefaultURL, Values: map[string]string{keepAccount: "a", keepName: "Ann"},
		Token: func(context.Context) (string, error) { return "token", nil },
		HTTP:  func(base string, auth rest.Auth) (*rest.Client, error) { return transport.Client(base, auth, nil) },
	}
	return s, func() *book {
		b, err := p.Open(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return b.(*book)
	}
}

// creates are n people to be made, as the engine would send them.
func creates(from, n int) []contact.Mutation {
	var ms []contact.Mutation
	for i := range n {
		c := contact.Contact{
			Name:   contact.Name{Given: "Ann", Surname: fmt.Sprintf("Miller-%05d", from+i)},
			Emails: []string{fmt.Sprintf("ann%05d@example.com", from+i)},
		}
		ms = append(ms, contact.Mutation{Op: contact.Create, Marker: uuid.Must(uuid.NewV7()).String(), Contact: c, Mask: fields})
	}
	return ms
}

// fill creates n people in batches and waits where it is told to.
func fill(t testing.TB, b *book, n int, each func(done int)) (quotas int) {
	t.Helper()
	for done := 0; done < n; {
		ms := creates(done, min(maxParts, n-done))
		for len(ms) > 0 {
			rs, err := b.Write(t.Context(), ms)
			var e *contact.Error
			switch {
			case errors.Is(err, contact.ErrQuota) && errors.As(err, &e):
				quotas++
				if until := time.Until(e.RetryAt); until <= 0 || until > window {
					t.Fatalf("the quota says to come back in %v", until)
				}
				time.Sleep(time.Until(e.RetryAt))
			case err != nil:
				t.Fatal(err)
			}
			var left []contact.Mutation
			for i, r := range rs {
				switch r.Outcome {
				case contact.OK:
					done++
				case contact.NotRun, contact.Retry:
					left = append(left, ms[i])
				default:
					t.Fatalf("a create answers %v %s %v", r.Outcome, r.Message, r.Cause)
				}
			}
			ms = left
		}
		if each != nil {
			each(done)
		}
	}
	return quotas
}

// TestThrottled fills mailboxes that keep to Microsoft's limits, in virtual
// time: no request is refused, and hardly any time is lost.
func TestThrottled(t *testing.T) {
	for name, tt := range map[string]struct {
		n, before int // before were sent by an earlier run, just now
		service   time.Duration
		ideal     time.Duration
		quotas    bool // told to come back, rather than waiting in the adapter
	}{
		"within one window":       {5_000, 0, 200 * time.Millisecond, 250 * time.Second, false},
		"slow, beyond one window": {10_400, 0, 200 * time.Millisecond, 620 * time.Second, false},
		"fast, beyond one window": {1_400, 9_000, 40 * time.Millisecond, 604 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			if slow && tt.n > 2_000 {
				t.Skip("too many contacts for the race detector")
			}
			synctest.Test(t, func(t *testing.T) {
				s, open := virtual(t, graph.Options{ServiceTime: tt.service, Limit: 10_000 - tt.before})
				b := open()
				b.box.reserve(tt.before)
				b = open()
				time.Sleep(time.Second)
				start := time.Now()
				first := time.Duration(0)
				quotas := fill(t, b, tt.n, func(done int) {
					if first == 0 && done >= 100 {
						first = time.Since(start)
					}
				})
				took := time.Since(start)
				t.Logf("%d contacts in %v, ideal %v (%.3f); the first 100 after %v; %d refused; told to come back %d times",
					tt.n, took, tt.ideal, took.Seconds()/tt.ideal.Seconds(), first, s.Throttled(), quotas)
				if took > tt.ideal*105/100 || s.Throttled() > 0 || first > time.Minute || quotas > 0 != tt.quotas {
					t.Error("that is too slow, or requests were refused")
				}
				if people, _ := s.People(tester).List(t.Context()); len(people) != tt.n {
					t.Errorf("there are %d people", len(people))
				}
			})
		})
	}
}

// TestTwoBooks: the limits are the mailbox's, however many Books are open.
func TestTwoBooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, open := virtual(t, graph.Options{ServiceTime: 100 * time.Millisecond})
		var all sync.WaitGroup
		for n := range 3 {
			b, ms := open(), creates(n*1000, 400)
			all.Go(func() {
				for some := range slices.Chunk(ms, maxParts) {
					if _, err := b.Write(t.Context(), some); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 10 {
			b := open()
			all.Go(func() {
				for _, err := range b.Changes(t.Context(), nil) {
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if s.Throttled() > 0 {
			t.Errorf("%d requests were refused", s.Throttled())
		}
		if people, _ := s.People(tester).List(t.Context()); len(people) != 1200 {
			t.Errorf("there are %d people", len(people))
		}
	})
}

// TestThrottledInside: a service that takes four parts of a batch and refuses
// the others gets batches of four from then on, nothing earlier than it said,
// and nobody is created twice.
func TestThrottledInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, open := virtual(t, graph.Options{Quirks: graph.Quirks{BatchOf: 4}})
		b := open()
		time.Sleep(time.Second)
		fill(t, b, 100, nil)
		people, _ := s.People(tester).List(t.Context())
		if got := s.Throttled(); got != 16 || len(people) != 100 {
			t.Errorf("%d parts were refused and there are %d people, want 16 and 100", got, len(people))
		}
		// A part that another one's failure held back, and one that is refused for
		// longer than anybody waits.
		s.SetQuirks(graph.Quirks{})
		s.Fail(graph.Failure{Match: graph.Writes, Status: 424, Code: "FailedDependency"})
		fill(t, b, 5, nil)
		s.Fail(graph.Failure{Match: graph.Writes, Status: 429, Code: "ApplicationThrottled", RetryAfter: 9 * time.Minute})
		rs, err := b.Write(t.Context(), creates(900, 1))
		var e *contact.Error
		if !errors.As(err, &e) || !errors.Is(err, contact.ErrQuota) || time.Until(e.RetryAt) != 9*time.Minute || rs[0].Outcome != contact.Retry {
			t.Errorf("%v, %v", rs, err)
		}
		// Nobody else of this process knocks earlier.
		if _, err := open().Find(t.Context(), contact.Query{Marker: "x"}); !errors.Is(err, contact.ErrQuota) {
			t.Errorf("another Book gets %v", err)
		}
		time.Sleep(9 * time.Minute)
		if _, err := open().Find(t.Context(), contact.Query{Marker: "x"}); err != nil {
			t.Error(err)
		}
	})
}

// TestRequestEconomy counts requests, as the sandbox sees them.
func TestRequestEconomy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, open := virtual(t, graph.Options{})
		b := open()
		time.Sleep(time.Second)
		count := func(what string, requests, parts int, f func()) {
			t.Helper()
			s.ResetRequests()
			f()
			gotRequests, gotParts := 0, 0
			for kind, n := range s.Requests() {
				if len(kind) > 5 && kind[:5] == "part " {
					gotParts += n
				} else {
					gotRequests += n
				}
			}
			t.Logf("%-28s %3d requests, %4d parts of batches", what, gotRequests, gotParts)
			if gotRequests != requests || gotParts != parts {
				t.Errorf("%s: want %d requests and %d parts", what, requests, parts)
			}
		}
		var cursor contact.Cursor
		count("an empty mailbox", 1, 0, func() { _, cursor = listed(t, b, nil) })
		count("1,000 creates", 50, 1000, func() { fill(t, b, 1000, nil) })
		count("the echo of these", 5, 0, func() { _, cursor = listed(t, b, cursor) })
		var all map[contact.ID]contact.Change
		count("a full read of 1,000", 5, 0, func() { all, _ = listed(t, open(), nil) })
		count("nothing new", 1, 0, func() { _, cursor = listed(t, b, cursor) })
		edits := func(title string) []contact.Mutation {
			var ms []contact.Mutation
			for id, c := range all {
				if len(ms) < 20 {
					ms = append(ms, contact.Mutation{Op: contact.Update, ID: id, Version: c.Record.Version,
						Contact: contact.Contact{JobTitle: title}, Mask: contact.FieldsOf(contact.JobTitle)})
				}
			}
			return ms
		}
		ms := edits("Director")
		write := func(b *book, ms []contact.Mutation) {
			t.Helper()
			rs, err := b.Write(t.Context(), ms)
			for i, r := range rs {
				if r.Outcome != contact.OK {
					t.Fatal(r.Outcome, r.Cause, err)
				}
				ms[i].Version = r.Version
			}
		}
		fresh := open()
		count("20 edits of the CRM", 2, 40, func() { write(fresh, ms) })
		count("the same once more", 0, 0, func() { write(fresh, ms) })
		for i := range ms {
			ms[i].Contact.JobTitle = "Chair"
		}
		count("20 edits of what was read", 1, 20, func() { write(fresh, ms) })
		count("20 edits in Outlook", 1, 0, func() {
			for i := range ms {
				s.Set(tester, string(ms[i].ID), "jobTitle", "Founder")
			}
			all, cursor = listed(t, b, cursor)
			if len(all) != 20 {
				t.Errorf("%d changes", len(all))
			}
		})
		for i := range ms {
			ms[i] = contact.Mutation{Op: contact.Delete, ID: ms[i].ID, Version: all[ms[i].ID].Record.Version}
		}
		count("20 deletions of the CRM", 1, 20, func() { write(b, ms) })
		count("which come back", 2, 20, func() { listed(t, b, cursor) })
	})
}

// TestForgotten: a mailbox is remembered for one window and no longer.
func TestForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boxes := newMailboxes()
		quiet, busy := boxes.of("quiet"), boxes.of("busy")
		quiet.reserve(1)
		time.Sleep(window - time.Second)
		busy.reserve(budget)
		time.Sleep(time.Second)
		nobody := boxes.of("")
		if boxes.of("busy") != busy || boxes.of("quiet") == quiet || boxes.of("") == nobody {
			t.Error("the wrong mailbox was forgotten")
		}
		if at, ok := busy.reserve(1); ok || time.Until(at) != window-time.Second {
			t.Errorf("the next request is free in %v (%v)", time.Until(at), ok)
		}
	})
}
