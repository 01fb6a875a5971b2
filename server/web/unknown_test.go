package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// An unknown address gives a page that says so, whoever asks, and with its
// styles: not the answer of some group of routes.
func TestUnknownAddress(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/nowhere", "/sidebar/nowhere", "/settings/nowhere/else"} {
		rec := httptest.NewRecorder()
		r.web.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "http://tandem.example"+path, nil))
		policy := rec.Header().Get("Content-Security-Policy")
		if rec.Code != http.StatusNotFound || !strings.Contains(rec.Body.String(), "There is no such page") || !strings.Contains(policy, "style-src 'self'") {
			t.Errorf("GET %s: %d, policy %q\n%.200s", path, rec.Code, policy, rec.Body)
		}
	}
}
