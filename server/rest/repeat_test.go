package rest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/server/contact"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		in   string
		want time.Duration
		told bool
	}{
		{"", 0, false}, {"0", 0, false}, {"-5", 0, false}, {"x", 0, false}, {"NaN", 0, false},
		{"30", 30 * time.Second, true}, {" 7 ", 7 * time.Second, true}, {"1.5", 1500 * time.Millisecond, true},
		{"3600", time.Hour, true}, {"86400", time.Hour, true}, {"99999999999999999999999", time.Hour, true}, {"1e300", time.Hour, true},
		{"Inf", time.Hour, true},
		{"Wed, 04 Mar 2026 12:01:00 GMT", time.Minute, true},
		{"Wednesday, 04-Mar-26 12:01:00 GMT", time.Minute, true},
		{"Wed, 04 Mar 2026 11:00:00 GMT", 0, false},
		{"Wed, 04 Mar 2099 11:00:00 GMT", time.Hour, true},
	} {
		if got, told := RetryAfter(tt.in, now); got != tt.want || told != tt.told {
			t.Errorf("%q = %v, %v", tt.in, got, told)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("30")
	f.Fuzz(func(t *testing.T, s string) {
		d, told := RetryAfter(s, time.Unix(1e9, 0))
		if d < 0 || d > time.Hour || told != (d > 0) {
			t.Errorf("%q = %v %v", s, d, told)
		}
	})
}

// TestRepeat plays scripts of answers in virtual time and checks when the
// server was called.
func TestRepeat(t *testing.T) {
	broken := &net.OpError{Op: "read", Err: errors.New("reset by peer")}
	refused := &net.OpError{Op: "dial", Err: errors.New("refused")}
	type step struct {
		status int
		after  string
		err    error
	}
	for _, tt := range []struct {
		name       string
		method     string
		repeatable bool
		steps      []step
		calls      int
		min, max   time.Duration
		kind       error
		sent       bool
		status     int
	}{
		{name: "429 with seconds", method: "POST", steps: []step{{status: 429, after: "30"}, {status: 200}}, calls: 2, min: 30 * time.Second, max: 31 * time.Second, status: 200},
		{name: "429 with a long wait", method: "GET", steps: []step{{status: 429, after: "600"}}, calls: 1, kind: contact.ErrQuota},
		{name: "429 without a wait", method: "POST", steps: []step{{status: 429}, {status: 429}, {status: 201}}, calls: 3, min: time.Second, max: 6 * time.Second, status: 201},
		{name: "429 for ever", method: "GET", steps: []step{{status: 429, after: "20"}}, calls: 7, min: 120 * time.Second, max: 121 * time.Second, kind: contact.ErrQuota},
		{name: "503 on a read", method: "GET", steps: []step{{status: 503}, {status: 200}}, calls: 2, max: 3 * time.Second, status: 200},
		{name: "503 on a write", method: "POST", steps: []step{{status: 503}}, calls: 1, status: 503},
		{name: "503 with a wait on a write", method: "POST", steps: []step{{status: 503, after: "5"}, {status: 200}}, calls: 2, min: 5 * time.Second, max: 6 * time.Second, status: 200},
		{name: "503 with a long wait", method: "PUT", steps: []step{{status: 503, after: "3000"}}, calls: 1, kind: contact.ErrUnavailable},
		{name: "502 on a read", method: "REPORT", steps: []step{{status: 502}, {status: 207}}, calls: 2, max: 3 * time.Second, status: 207},
		{name: "502 on a write", method: "POST", steps: []step{{status: 502}}, calls: 1, status: 502},
		{name: "broken read", method: "GET", steps: []step{{err: broken}, {err: broken}, {status: 200}}, calls: 3, max: 2 * time.Second, status: 200},
		{name: "broken for ever", method: "GET", steps: []step{{err: broken}}, calls: 3, max: 2 * time.Second, kind: contact.ErrUnreachable, sent: true},
		{name: "broken write", method: "POST", steps: []step{{err: broken}}, calls: 1, kind: contact.ErrUnreachable, sent: true},
		{name: "broken repeatable write", method: "PUT", repeatable: true, steps: []step{{err: broken}, {status: 204}}, calls: 2, max: time.Second, status: 204},
		{name: "write that never left", method: "POST", steps: []step{{err: refused}, {status: 201}}, calls: 2, max: time.Second, status: 201},
		{name: "write that never left at all", method: "POST", steps: []step{{err: refused}}, calls: 3, max: 2 * time.Second, kind: contact.ErrUnreachable},
		{name: "lost reply, then throttled", method: "PUT", repeatable: true, steps: []step{{err: broken}, {status: 429, after: "999"}}, calls: 2, max: time.Second, kind: contact.ErrQuota, sent: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, calls := time.Now(), 0
				var earliest time.Time
				c := client(t, "https://h/", func(*http.Request) (*http.Response, error) {
					if time.Now().Before(earliest) {
						t.Errorf("called %v too early", time.Until(earliest))
					}
					s := tt.steps[min(calls, len(tt.steps)-1)]
					calls++
					if s.err != nil {
						return nil, s.err
					}
					if d, told := RetryAfter(s.after, time.Now()); told {
						earliest = time.Now().Add(d)
					}
					return answer(s.status, "Retry-After", s.after), nil
				})
				res, err := c.Do(t.Context(), Request{Method: tt.method, URL: "x", Repeatable: tt.repeatable})
				took := time.Since(start)
				if calls != tt.calls || c.Requests() != int64(calls) {
					t.Errorf("%d calls, %d counted; want %d", calls, c.Requests(), tt.calls)
				}
				if took < tt.min || tt.max > 0 && took > tt.max {
					t.Errorf("took %v", took)
				}
				if tt.kind != nil {
					var e *contact.Error
					if !errors.As(err, &e) || e.Kind != tt.kind || Sent(err) != tt.sent || e.Message == "" {
						t.Errorf("error %v, sent %v", err, Sent(err))
					} else if (tt.kind == contact.ErrQuota || tt.kind == contact.ErrUnavailable) && !e.RetryAt.After(start) {
						t.Error("no RetryAt")
					}
					return
				}
				if err != nil || res.Status != tt.status {
					t.Errorf("%v %v", res, err)
				}
			})
		})
	}
}

// TestThrottlePausesAll: once told to wait, no other request of the connection
// goes out earlier, while another connection is not held up.
func TestThrottlePausesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		tr := New(Options{Wire: wire(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/first" && time.Since(start) < 60*time.Second {
				return answer(429, "Retry-After", "60"), nil
			}
			return answer(200), nil
		})})
		one, _ := tr.Client("https://h/", nil, nil)
		two, _ := tr.Client("https://h/", nil, nil)
		go func() { _, _ = one.Do(t.Context(), Request{URL: "/first"}) }()
		synctest.Wait()
		if _, err := two.Do(t.Context(), Request{URL: "/second"}); err != nil || time.Since(start) != 0 {
			t.Errorf("another connection waited %v: %v", time.Since(start), err)
		}
		if _, err := one.Do(t.Context(), Request{URL: "/second"}); err != nil || time.Since(start) < 60*time.Second {
			t.Errorf("called after %v: %v", time.Since(start), err)
		}
	})
}

func TestContextEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, "https://h/", func(*http.Request) (*http.Response, error) { return answer(429, "Retry-After", "30"), nil })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Do(ctx, Request{})
		if !errors.Is(err, contact.ErrQuota) || time.Since(start) != 0 {
			t.Errorf("waited %v for a reply that comes too late: %v", time.Since(start), err)
		}
	})
}

func TestAuthFailsOnce(t *testing.T) {
	calls := 0
	c, _ := New(Options{Wire: wire(func(*http.Request) (*http.Response, error) { t.Error("sent"); return answer(200), nil })}).
		Client("https://h/", Bearer(func(context.Context) (string, error) {
			calls++
			return "", &contact.Error{Kind: contact.ErrReconnect, Message: "Sign in again."}
		}), nil)
	_, err := c.Do(t.Context(), Request{})
	if !errors.Is(err, contact.ErrReconnect) || calls != 1 || Sent(err) || err.Error() != "Sign in again." {
		t.Errorf("%d calls: %v", calls, err)
	}
}

func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			running += n
			most = max(most, running)
		}
		block := make(chan struct{})
		tr := New(Options{InFlight: 3, Wire: wire(func(*http.Request) (*http.Response, error) {
			count(1)
			<-block
			count(-1)
			return answer(200), nil
		})})
		c, _ := tr.Client("https://h/", nil, nil)
		for range 10 {
			go func() { _, _ = c.Do(t.Context(), Request{}) }()
		}
		synctest.Wait()
		if running != 3 {
			t.Errorf("%d running", running)
		}
		close(block)
		synctest.Wait()
		if most != 3 || len(tr.hosts) != 0 {
			t.Errorf("most %d, %d hosts kept", most, len(tr.hosts))
		}
	})
}

func TestIdleBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, "https://h/", func(r *http.Request) (*http.Response, error) {
			pr, pw := io.Pipe()
			go func() {
				_, _ = pw.Write([]byte("half"))
				<-r.Context().Done()
				pw.CloseWithError(r.Context().Err())
			}()
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: pr}, nil
		})
		start := time.Now()
		_, err := c.Do(t.Context(), Request{Method: "POST"})
		if !errors.Is(err, contact.ErrUnreachable) || !Sent(err) || time.Since(start) != idleTimeout || !strings.Contains(err.Error(), "in time") {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
