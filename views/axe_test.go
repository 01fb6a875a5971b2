package views_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"tandem/views"
)

const axePath = "../server/sandbox/testdata/npm/node_modules/axe-core/axe.min.js"

// opened shows what a person has to open first. The menu of the split button
// stays shut: it would lie over the switch below it.
const opened = `for (const d of document.querySelectorAll("details:not(.split-more)")) d.open = true`

// rules are WCAG 2.0 to 2.2, levels A and AA, and axe's best practices.
const rules = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
	.then(r => r.violations.map(v => v.id + " " + v.nodes.map(n => n.target + ": " + n.failureSummary).join("; ")))`

// Every state of every page passes axe and needs no scrolling sideways, light
// and dark, narrow and wide; without CI=true only narrow light and wide dark.
// With ARTIFACTS set to a folder, a picture of each is kept there.
func TestAccessible(t *testing.T) {
	axe, err := os.ReadFile(axePath)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("axe-core is missing: run the task setup")
		}
		t.Skip("axe-core is missing: run the task setup")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, views.StaticPrefix) {
			views.Static().ServeHTTP(w, r)
		} else if c, ok := states[strings.TrimPrefix(r.URL.Path, "/")]; ok {
			show(w, r, 200, whole(t, r.URL.Path, c))
		} else {
			w.WriteHeader(http.StatusNoContent) // the stream and office.js, which play no part here
		}
	}))
	defer server.Close()
	ctx := browser(t)
	thorough := os.Getenv("CI") == "true" || os.Getenv("ARTIFACTS") != ""
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/"+name)); err != nil {
			t.Fatal(name, err)
		}
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](string(axe)+";true")); err != nil {
			t.Fatal(name, err)
		}
		for _, width := range []int64{320, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				if (width == 320) != (scheme == "light") && !thorough {
					continue
				}
				id := fmt.Sprintf("%s-%d-%s", name, width, scheme)
				for _, f := range inspect(t, ctx, id, width, scheme) {
					t.Errorf("%s: %s", id, f)
				}
			}
		}
	}
}

// inspect gives what is wrong with the page in one width and one colour scheme.
func inspect(t *testing.T, ctx context.Context, id string, width int64, scheme string) []string {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(id, err)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800)); err != nil {
		t.Fatal(id, err)
	}
	if dir := os.Getenv("ARTIFACTS"); dir != "" {
		picture(t, ctx, filepath.Join(dir, id+".png"))
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](opened+";"+rules, func(e *runtime.EvaluateParams) {
		yes := true
		e.AwaitPromise = &yes
	}))
	if err != nil {
		t.Fatal(id, err)
	}
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil {
		t.Fatal(id, err)
	}
	if wide {
		found = append(found, "scrolls sideways")
	}
	return found
}

// whole puts a fragment of the sidebar into its shell.
func whole(t *testing.T, path string, c templ.Component) templ.Component {
	fragment := render(t, c)
	if strings.Contains(fragment, "<html") {
		return c
	}
	place := `<p class="empty">One moment …</p>`
	if path == "/menu" {
		place = `<p class="menu-wait">One moment …</p>`
	}
	html := strings.Replace(render(t, states["sidebar"]), place, fragment, 1)
	return templ.Raw(strings.Replace(html, `id="menu" hidden`, `id="menu"`, 1))
}

func picture(t *testing.T, ctx context.Context, path string) {
	t.Helper()
	b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(path, b, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
