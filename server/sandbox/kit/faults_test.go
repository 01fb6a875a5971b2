package kit_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/sandbox/kit"
)

func TestFaults(t *testing.T) {
	var effects atomic.Int64
	f := kit.NewFaults(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		effects.Add(1)
		_, _ = io.WriteString(w, "a whole answer")
	}), func(r *http.Request) string { return r.Method + " " + strings.Trim(r.URL.Path, "/") })
	s := httptest.NewServer(f)
	defer s.Close()
	post := func(path string) (status int, body string, failed bool, header http.Header) {
		answer, err := http.Post(s.URL+path, "text/plain", nil)
		if err != nil {
			return 0, "", true, nil
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		return answer.StatusCode, string(b), err != nil, answer.Header
	}
	for name, tc := range map[string]struct {
		fault   kit.Fault
		status  int
		body    string
		failed  bool
		effects int64
	}{
		"none":      {kit.Fault{Match: func(r *http.Request) bool { return r.URL.Path == "/other" }}, 200, "a whole answer", false, 1},
		"skipped":   {kit.Fault{Skip: 1, Status: 500}, 200, "a whole answer", false, 1},
		"status":    {kit.Fault{Status: 429, RetryAfter: 3 * time.Second, Body: "slow down"}, 429, "slow down", false, 0},
		"dropped":   {kit.Fault{Drop: true}, 0, "", true, 0},
		"lost":      {kit.Fault{Lose: true}, 0, "", true, 1},
		"truncated": {kit.Fault{Truncate: 7}, 200, "a whole", true, 1},
		"hooked":    {kit.Fault{Before: func(*http.Request) { effects.Add(10) }, After: func(*http.Request) { effects.Add(100) }}, 200, "a whole answer", false, 111},
	} {
		t.Run(name, func(t *testing.T) {
			effects.Store(0)
			f.Add(tc.fault)
			defer f.Clear()
			status, body, failed, h := post("/card")
			if status != tc.status || body != tc.body || failed != tc.failed || effects.Load() != tc.effects {
				t.Errorf("got %d %q failed=%v effects=%d", status, body, failed, effects.Load())
			}
			if tc.fault.RetryAfter > 0 && h.Get("Retry-After") != "3" {
				t.Errorf("Retry-After is %q", h.Get("Retry-After"))
			}
		})
	}
	f.ResetCounts()
	f.Add(kit.Fault{Times: 2, Status: 503})
	for _, want := range []int{503, 503, 200} {
		if got, _, _, _ := post("/x"); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	if got := f.Counts(); !maps.Equal(got, map[string]int{"POST x": 3}) {
		t.Errorf("counted %v", got)
	}
}

func TestThrottle(t *testing.T) {
	now := time.Unix(1000, 0)
	h := kit.Throttle(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), 2, 10*time.Second, func() time.Time { return now })
	for i, want := range []int{200, 200, 429, 200} {
		if i == 3 {
			now = now.Add(10 * time.Second)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != want {
			t.Errorf("request %d: got %d, want %d", i, w.Code, want)
		}
		if w.Code == 429 && w.Header().Get("Retry-After") != "10" {
			t.Errorf("Retry-After is %q", w.Header().Get("Retry-After"))
		}
	}
}
