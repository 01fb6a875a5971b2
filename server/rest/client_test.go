package rest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"tandem/server/contact"
)

func TestResolve(t *testing.T) {
	for _, tt := range []struct{ base, ref, want string }{
		{"https://h/crm", "api/v1/x", "https://h/crm/api/v1/x"},
		{"https://h/crm/", "api/v1/x", "https://h/crm/api/v1/x"},
		{"https://h/crm", "/api/v1/x?a=b", "https://h/api/v1/x?a=b"},
		{"https://h", "api", "https://h/api"},
		{"https://h/crm", "", "https://h/crm"},
		{"https://h/crm", "?x=1", "https://h/crm?x=1"},
		{"https://h/crm", "a:b", "https://h/crm/a:b"},
		{"https://h/crm", "a%2Fb@c.vcf", "https://h/crm/a%2Fb@c.vcf"},
		{"https://h/crm", "https://h:443/y", "https://h:443/y"},
		{"https://h/crm", "//other/z", "https://other/z"},
		{"https://h/crm", "/x#frag", "https://h/x"},
		{"https://h/crm", "HTTPS://h/x", "https://h/x"},
		{"https://h/crm", "x/../../../y", "https://h/y"},
		{"https://h/crm", "javascript:alert(1)", "https://h/crm/javascript:alert(1)"},
		{"https://h/crm", "https://u:p@h/x", ""},
		{"https://h/crm", "http://", ""},
		{"https://h/crm", "/a\x00b", ""},
		{"https://h/crm", "/%zz", ""},
	} {
		c, err := New(Options{}).Client(tt.base, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		u, err := c.Resolve(tt.ref)
		switch {
		case tt.want == "" && !errors.Is(err, contact.ErrProtocol):
			t.Errorf("%s + %q: %v %v", tt.base, tt.ref, u, err)
		case tt.want != "" && (err != nil || u.String() != tt.want):
			t.Errorf("%s + %q = %v, %v; want %s", tt.base, tt.ref, u, err, tt.want)
		}
	}
}

func TestClientBase(t *testing.T) {
	for _, base := range []string{"", "example.com", "ftp://h", "https://u:p@h", "https://", "mailto:a@b", "https://[::1", "https:///x"} {
		_, err := New(Options{}).Client(base, nil, nil)
		var e *contact.Error
		if !errors.As(err, &e) || e.Kind != contact.ErrBaseURL || e.Field != "url" {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// TestRedirects follows scripted redirects and notes what each server saw.
func TestRedirects(t *testing.T) {
	type hops map[string]string // URL -> "status location"
	for _, tt := range []struct {
		name, method string
		trust        string
		hops         hops
		want         []string
		kind         error
		bare         bool
	}{
		{name: "same origin keeps method and credentials", method: "PROPFIND",
			hops: hops{"https://h/": "301 /dav/"},
			want: []string{"PROPFIND https://h/ auth=true", "PROPFIND https://h/dav/ auth=true"}},
		{name: "post keeps its method on 302", method: "POST",
			hops: hops{"https://h/": "302 /x"},
			want: []string{"POST https://h/ auth=true", "POST https://h/x auth=true"}},
		{name: "303 becomes get", method: "POST",
			hops: hops{"https://h/": "303 /x"},
			want: []string{"POST https://h/ auth=true", "GET https://h/x auth=true"}},
		{name: "another host gets no credentials", method: "PROPFIND", bare: true,
			hops: hops{"https://h/": "307 https://evil/"},
			want: []string{"PROPFIND https://h/ auth=true", "PROPFIND https://evil/ auth=false"}},
		{name: "a subdomain is another origin", method: "GET", bare: true,
			hops: hops{"https://h/": "302 https://a.h/"},
			want: []string{"GET https://h/ auth=true", "GET https://a.h/ auth=false"}},
		{name: "another port is another origin", method: "GET", bare: true,
			hops: hops{"https://h/": "302 https://h:8443/"},
			want: []string{"GET https://h/ auth=true", "GET https://h:8443/ auth=false"}},
		{name: "plain http is another origin", method: "GET", bare: true,
			hops: hops{"https://h/": "302 http://h/"},
			want: []string{"GET https://h/ auth=true", "GET http://h/ auth=false"}},
		{name: "back again gets credentials again", method: "GET",
			hops: hops{"https://h/": "302 https://x/", "https://x/": "302 https://h/y"},
			want: []string{"GET https://h/ auth=true", "GET https://x/ auth=false", "GET https://h/y auth=true"}},
		{name: "a trusted origin gets credentials", method: "PROPFIND", trust: "https://p12.h/",
			hops: hops{"https://h/": "301 https://p12.h/card"},
			want: []string{"PROPFIND https://h/ auth=true", "PROPFIND https://p12.h/card auth=true"}},
		{name: "plain http is never trusted", method: "PROPFIND", trust: "http://h/", bare: true,
			hops: hops{"https://h/": "301 http://h/"},
			want: []string{"PROPFIND https://h/ auth=true", "PROPFIND http://h/ auth=false"}},
		{name: "a put does not leave", method: "PUT", kind: contact.ErrBaseURL,
			hops: hops{"https://h/": "307 https://h.evil/"},
			want: []string{"PUT https://h/ auth=true"}},
		{name: "a put does not leave by plain http", method: "PUT", kind: contact.ErrBaseURL,
			hops: hops{"https://h/": "307 http://h:8080/"},
			want: []string{"PUT https://h/ auth=true"}},
		{name: "credentials in the location", method: "GET", kind: contact.ErrProtocol,
			hops: hops{"https://h/": "302 https://u:p@h/"},
			want: []string{"GET https://h/ auth=true"}},
		{name: "another scheme", method: "GET", kind: contact.ErrProtocol,
			hops: hops{"https://h/": "302 file:///etc/passwd"},
			want: []string{"GET https://h/ auth=true"}},
		{name: "no location is an answer", method: "GET",
			hops: hops{"https://h/": "302 "}, want: []string{"GET https://h/ auth=true"}},
		{name: "a circle ends", method: "GET", kind: contact.ErrProtocol,
			hops: hops{"https://h/": "302 /"},
			want: []string{"GET https://h/ auth=true", "GET https://h/ auth=true", "GET https://h/ auth=true",
				"GET https://h/ auth=true", "GET https://h/ auth=true", "GET https://h/ auth=true"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var seen []string
			c := client(t, "https://h/", func(r *http.Request) (*http.Response, error) {
				seen = append(seen, describe(r))
				if r.Header.Get("X-Api-Key") != "" && !strings.Contains(describe(r), "auth=true") {
					t.Error("an API key left with", r.URL)
				}
				hop, ok := tt.hops[r.URL.String()]
				if !ok {
					return answer(200), nil
				}
				status, location, _ := strings.Cut(hop, " ")
				return answer(map[string]int{"301": 301, "302": 302, "303": 303, "307": 307}[status], "Location", location), nil
			})
			if tt.trust != "" {
				c.Trust(tt.trust)
			}
			res, err := c.Do(t.Context(), Request{Method: tt.method, URL: "/", Body: []byte("b"), Header: http.Header{"X-Api-Key": {"k"}}})
			if got := strings.Join(seen, "\n"); got != strings.Join(tt.want, "\n") {
				t.Errorf("seen:\n%s", got)
			}
			if tt.kind == nil && err != nil || tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("error %v", err)
			}
			if err == nil && res.Bare != tt.bare {
				t.Errorf("Bare = %v", res.Bare)
			}
		})
	}
}

func TestForeignURLs(t *testing.T) {
	var seen []string
	c := client(t, "https://h/", func(r *http.Request) (*http.Response, error) {
		seen = append(seen, describe(r))
		return answer(200), nil
	})
	for _, u := range []string{"https://h:443/a", "https://H/a", "https://other/a", "https://h@other/a", "https://h.other/a", "//other/a"} {
		_, _ = c.Do(t.Context(), Request{Method: "GET", URL: u})
	}
	_, err := c.Do(t.Context(), Request{Method: "POST", URL: "https://other/a"})
	if !errors.Is(err, contact.ErrBaseURL) || Sent(err) {
		t.Errorf("a write to another origin: %v", err)
	}
	want := "GET https://h:443/a auth=true GET https://h/a auth=true GET https://other/a auth=false GET https://h.other/a auth=false GET https://other/a auth=false"
	if got := strings.Join(seen, " "); !strings.EqualFold(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
