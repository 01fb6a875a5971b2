package views_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tandem/views"
)

// What would break the strict Content-Security-Policy, or slip past escaping.
var (
	inTemplates = map[string]*regexp.Regexp{
		"templ.Raw":                   regexp.MustCompile(`templ\.Raw|templ\.UnsafeSafe|templ\.JSFuncCall|templ\.JSUnsafe`),
		"a templ script or css block": regexp.MustCompile(`(?m)^(script|css) \w+\(`),
	}
	inPages = map[string]*regexp.Regexp{
		"an inline style":             regexp.MustCompile(`<style|\sstyle="`),
		"an inline handler":           regexp.MustCompile(`\son[a-z]+="|\shx-on[:"]`),
		"an inline script":            regexp.MustCompile(`<script(?:\s+(?:defer|async|type="module"))*>`),
		"javascript in an attribute":  regexp.MustCompile(`="\s*(?:js:|javascript:)|hx-vals|hx-confirm|hx-trigger="[^"]*\[`),
		"a blank target without care": regexp.MustCompile(`target="_blank"(?:[^r>]|r[^e>])*>`),
		"a value in a password field": regexp.MustCompile(`type="password"[^>]*\svalue=|\svalue="[^"]*"[^>]*type="password"`),
	}
)

func TestTemplatesKeepTheRules(t *testing.T) {
	files, err := filepath.Glob("*.templ")
	if err != nil || len(files) == 0 {
		t.Fatal("no templates found", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for what, re := range inTemplates {
			if m := re.Find(b); m != nil {
				t.Errorf("%s holds %s: %s", f, what, m)
			}
		}
	}
}

func TestPagesKeepTheRules(t *testing.T) {
	id := regexp.MustCompile(`\sid="([^"]+)"`)
	asset := regexp.MustCompile(regexp.QuoteMeta(views.Asset("")) + `[^"]+`)
	for name, c := range states {
		html := render(t, c)
		for what, re := range inPages {
			if m := re.FindString(html); m != "" {
				t.Errorf("%s holds %s: %s", name, what, m)
			}
		}
		seen := map[string]bool{}
		for _, m := range id.FindAllStringSubmatch(html, -1) {
			if seen[m[1]] {
				t.Errorf("%s has two elements with the id %s", name, m[1])
			}
			seen[m[1]] = true
		}
		for _, a := range asset.FindAllString(html, -1) {
			if w := get(a); w.Code != http.StatusOK {
				t.Errorf("%s asks for %s: %d", name, a, w.Code)
			}
		}
		if strings.Contains(html, "<html") && strings.Count(html, "<h1") != 1 {
			t.Errorf("%s has %d main headings", name, strings.Count(html, "<h1"))
		}
	}
}

func get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	views.Static().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestStatic(t *testing.T) {
	for _, x := range []struct {
		path, cache string
		status      int
	}{
		{views.Asset("css/base.css"), "public, max-age=31536000, immutable", 200},
		{views.StaticPrefix + "older/css/base.css", "no-cache", 200},
		{views.Asset("css/none.css"), "", 404},
		{views.Asset("css/"), "", 404},
		{views.StaticPrefix, "", 404},
		{views.Asset("../golden_test.go"), "", 404},
	} {
		w := get(x.path)
		if w.Code != x.status {
			t.Errorf("%s: %d, want %d", x.path, w.Code, x.status)
		}
		if x.status == 200 && w.Header().Get("Cache-Control") != x.cache {
			t.Errorf("%s: %q", x.path, w.Header().Get("Cache-Control"))
		}
	}
}

// The vendored files are those that the list beside them names.
func TestVendored(t *testing.T) {
	list, err := os.ReadFile("static/vendor/VERSIONS")
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(os.DirFS("static/vendor"), "*.js")
	if err != nil || len(files) == 0 {
		t.Fatal("no vendored files", err)
	}
	for _, f := range files {
		if sum := sha(t, "static/vendor/"+f); !strings.Contains(string(list), sum+"  "+f) {
			t.Errorf("%s has the checksum %s, which VERSIONS does not list", f, sum)
		}
	}
}

func TestAt(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		d    time.Duration
		want string
	}{
		{0, "just now"}, {-10 * time.Second, "just now"}, {10 * time.Second, "in a moment"},
		{-time.Minute, "1 minute ago"}, {7 * time.Minute, "in 7 minutes"}, {-59*time.Minute - 40*time.Second, "1 hour ago"},
		{-3 * time.Hour, "3 hours ago"}, {-48 * time.Hour, "20 November, 10:00"}, {-400 * 24 * time.Hour, "18 October 2025"},
	} {
		if got := views.At(now.Add(x.d), now).Text; got != x.want {
			t.Errorf("%v: %q, want %q", x.d, got, x.want)
		}
	}
	if views.At(time.Time{}, now) != (views.Moment{}) {
		t.Error("the zero time should give the zero Moment")
	}
}
