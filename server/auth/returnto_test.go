package auth_test

import (
	"testing"

	"tandem/server/auth"
)

func TestReturnTo(t *testing.T) {
	s := auth.New(auth.Options{BaseURL: base, ReturnTo: []string{"/", "/auto-sync", "/settings/contacts", "/activity/*"}})
	for _, good := range []string{"/", "/auto-sync", "/settings/contacts", "/activity/018f-2b"} {
		if got := s.ReturnTo(good); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	for _, bad := range []string{
		"", "auto-sync", "//evil.example", "///evil.example", "////evil.example", "//evil.example/auto-sync",
		`/\evil.example`, `\\evil.example`, `\/evil.example`, `/\/evil.example`, "/\t/evil.example", "/\n/evil.example",
		"/\r\nLocation: https://evil.example", "\t//evil.example", " //evil.example", "/ /evil.example", "/%2f/evil.example",
		"/%5cevil.example", "/%09/evil.example", "/%0d%0aSet-Cookie:x=y", "https://evil.example", "HTTPS://evil.example",
		"https:evil.example", "https:/evil.example", "http://tandem.example.com@evil.example", "javascript:alert(1)",
		"JaVaScRiPt:alert(1)", "data:text/html,x", "/auto-sync@evil.example", "/auto-sync/../..//evil.example",
		"/activity/../../evil", "/activity//evil.example", "/activity/", "/activity/a/b", "/activity/..", "/activity/a?to=//evil",
		"/auto-sync?x=1", "/auto-sync#//evil.example", "/auto-sync/", "/sign-out", "/auto-sync;//evil", "/．／evil.example",
		"/\u2028evil", "/\x00", "/settings/contacts\x00.evil", "/SETTINGS/contacts",
	} {
		if got := s.ReturnTo(bad); got != "/" {
			t.Errorf("%q passed as %q", bad, got)
		}
	}
}
