package kit

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault makes a request fail, or wait. Its parts may be combined.
type Fault struct {
	// Match chooses the requests it is for; nil chooses all.
	Match func(*http.Request) bool
	// Skip lets that many matching requests pass first. Times is how many are
	// hit then: 0 means one, a negative number all that follow.
	Skip, Times int
	// Before runs before anything else: to wait, or to edit behind the
	// client's back. After runs once the request took effect and before the
	// answer is sent.
	Before, After func(*http.Request)
	// Status is answered instead of letting the request take effect, with
	// Header and Body. RetryAfter is written in whole seconds where it is set.
	Status     int
	Header     http.Header
	Body       string
	RetryAfter time.Duration
	// Drop cuts the connection before the request takes effect, Lose after:
	// in both cases no answer comes.
	Drop, Lose bool
	// Truncate lets the request take effect and cuts the answer's body, and
	// then the connection, after that many bytes. 0 cuts nothing.
	Truncate int
}

// Faults is a middleware with a queue of faults. It counts the requests too.
// It is safe for concurrent use.
type Faults struct {
	next  http.Handler
	class func(*http.Request) string

	mu     sync.Mutex
	queue  []*Fault
	counts map[string]int
}

// NewFaults wraps next. Class names the kind of a request for Counts; nil
// counts by method.
func NewFaults(next http.Handler, class func(*http.Request) string) *Faults {
	if class == nil {
		class = func(r *http.Request) string { return r.Method }
	}
	return &Faults{next: next, class: class, counts: map[string]int{}}
}

// Add queues faults. Each request meets the first fault that matches it.
func (f *Faults) Add(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range faults {
		if one.Times == 0 {
			one.Times = 1
		}
		f.queue = append(f.queue, &one)
	}
}

// Clear drops the faults that did not happen yet and says how many those were.
func (f *Faults) Clear() (left int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	left = len(f.queue)
	f.queue = nil
	return left
}

// Counts are the requests so far by class, whether they failed or not.
func (f *Faults) Counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.counts)
}

// ResetCounts starts counting anew.
func (f *Faults) ResetCounts() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.counts)
}

// ServeHTTP counts the request, applies the fault it meets and passes it on.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := f.take(r)
	if fault == nil {
		f.next.ServeHTTP(w, r)
		return
	}
	if fault.Before != nil {
		fault.Before(r)
	}
	if fault.Drop {
		panic(http.ErrAbortHandler)
	}
	if fault.Status != 0 {
		maps.Copy(w.Header(), fault.Header)
		if fault.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(fault.RetryAfter.Seconds())))
		}
		w.WriteHeader(fault.Status)
		_, _ = w.Write([]byte(fault.Body)) // the reader went away: nothing to be done
		return
	}
	kept := &recorder{header: http.Header{}, code: http.StatusOK}
	f.next.ServeHTTP(kept, r)
	if fault.After != nil {
		fault.After(r)
	}
	if fault.Lose {
		panic(http.ErrAbortHandler)
	}
	cut(w, kept, fault.Truncate)
}

// take finds the fault for r and counts r.
func (f *Faults) take(r *http.Request) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[f.class(r)]++
	for i, one := range f.queue {
		if one.Match != nil && !one.Match(r) {
			continue
		}
		if one.Skip > 0 {
			one.Skip--
			continue
		}
		if one.Times--; one.Times == 0 {
			f.queue = slices.Delete(f.queue, i, i+1)
		}
		return one
	}
	return nil
}

// cut sends the first n bytes of an answer that announced all of them; 0 sends all.
func cut(w http.ResponseWriter, kept *recorder, n int) {
	body := kept.body.Bytes()
	if n == 0 {
		n = len(body)
	}
	maps.Copy(w.Header(), kept.header)
	if n < len(body) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(kept.code)
	_, _ = w.Write(body[:min(n, len(body))])
	if n >= len(body) {
		return
	}
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (k *recorder) Header() http.Header         { return k.header }
func (k *recorder) WriteHeader(code int)        { k.code = code }
func (k *recorder) Write(b []byte) (int, error) { return k.body.Write(b) }

// Throttle answers 429 with Retry-After to all but the first n requests of
// each window of time. Now is the clock; nil means time.Now.
func Throttle(next http.Handler, n int, window time.Duration, now func() time.Time) http.Handler {
	if now == nil {
		now = time.Now
	}
	var mu sync.Mutex
	var began time.Time
	var seen int
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		at := now()
		if at.Sub(began) >= window {
			began, seen = at, 0
		}
		seen++
		over, wait := seen > n, began.Add(window).Sub(at)
		mu.Unlock()
		if over {
			w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
			http.Error(w, "too many requests", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}
