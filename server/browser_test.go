package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// patience is how long a person would wait for something to appear.
const patience = 30 * time.Second

// browser is one Chromium, driven as a person would: by the words on the screen.
type browser struct {
	t              *testing.T
	ctx            context.Context
	clicks, fields int
	shots          int
	folder         string // where screenshots go
	axe            string
}

// openBrowser starts Chromium with an empty profile.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed: run task setup")
		}
		t.Skip("chromium is not installed: run task setup")
	}
	axe, err := os.ReadFile("sandbox/testdata/npm/node_modules/axe-core/axe.min.js")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("axe-core is not installed: run task setup")
		}
		t.Skip("axe-core is not installed: run task setup")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("site-per-process", true),
		chromedp.WindowSize(1280, 900))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join("..", "artifacts", t.Name())
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, ctx: ctx, folder: folder, axe: string(axe)}
}

// tab is one tab, or a frame in one.
type tab struct {
	*browser
	ctx  context.Context
	name string
	// outer is the tab that a frame is in, frame the frame's place there.
	outer *tab
	frame string
}

// tab opens a new tab.
func (b *browser) tab(address string) *tab {
	b.t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx)
	b.t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(address)); err != nil {
		b.t.Fatal(err)
	}
	return &tab{browser: b, ctx: ctx, name: "tab"}
}

// find waits for a target of the browser (a tab that was opened, a frame).
func (b *browser) find(kind, part string) *tab {
	b.t.Helper()
	var found *target.Info
	b.until(fmt.Sprintf("a %s at %s", kind, part), func() bool {
		all, err := chromedp.Targets(b.ctx)
		if err != nil {
			return false
		}
		for _, i := range all {
			if i.Type == kind && strings.Contains(i.URL, part) {
				found = i
				return true
			}
		}
		return false
	})
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithTargetID(found.TargetID))
	b.t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatal(err)
	}
	return &tab{browser: b, ctx: ctx, name: part}
}

// until waits for a condition.
func (b *browser) until(what string, ok func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			b.t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func eval[T any](b *tab, script string) (T, error) {
	return chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
}

// search finds what a person would find by its words: the smallest visible
// element among those that can be used.
const search = `(words => {
  const usable = [...document.querySelectorAll("a,button,summary,label,option,input[type=submit],[role=button]")];
  const name = e => (e.getAttribute("aria-label") || e.innerText || e.value || "").replace(/\s+/g, " ").trim();
  const seen = e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0 && getComputedStyle(e).visibility !== "hidden"; };
  const hits = usable.filter(e => seen(e) && !e.disabled);
  return hits.find(e => name(e) === words) || hits.find(e => name(e).startsWith(words));
})`

// click clicks what bears these words, with a real mouse.
func (b *tab) click(words string) {
	b.t.Helper()
	var at []float64
	script := fmt.Sprintf(`(() => { const e = %s(%s); if (!e) return []; e.scrollIntoView({block: "center", behavior: "instant"});
	  const r = e.getBoundingClientRect(); return [r.x + Math.min(r.width / 2, 60), r.y + r.height / 2]; })()`, search, quote(words))
	b.waitFor(fmt.Sprintf("%q to click on %s", words, b.name), func() bool {
		var err error
		at, err = eval[[]float64](b, script)
		return err == nil && len(at) == 2
	})
	b.clicks++
	in := b
	if b.outer != nil {
		place, err := eval[[]float64](b.outer, fmt.Sprintf(`(() => { const r = document.querySelector(%s).getBoundingClientRect(); return [r.x, r.y]; })()`, quote(b.frame)))
		if err != nil || len(place) != 2 {
			b.t.Fatalf("the frame is gone: %v", err)
		}
		at[0], at[1], in = at[0]+place[0], at[1]+place[1], b.outer
	}
	if err := chromedp.Do(in.ctx, chromedp.MouseClickXY(at[0], at[1])); err != nil {
		b.t.Fatalf("click %q: %v", words, err)
	}
}

// waitFor waits, and keeps a picture where it was in vain.
func (b *tab) waitFor(what string, ok func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			text, _ := eval[string](b, "location.href + '\\n' + document.body.innerText")
			b.picture("failed")
			b.t.Fatalf("waited in vain for %s; the page says:\n%s", what, text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// sees waits until the words are on the screen.
func (b *tab) sees(words string) {
	b.t.Helper()
	b.waitFor(fmt.Sprintf("the words %q", words), func() bool {
		ok, err := eval[bool](b, fmt.Sprintf(`document.body.innerText.replace(/\s+/g, " ").includes(%s)`, quote(words)))
		return err == nil && ok
	})
}

// fill types into the field with this label.
func (b *tab) fill(label, text string) {
	b.t.Helper()
	b.waitFor(fmt.Sprintf("the field %q", label), func() bool {
		ok, err := eval[bool](b, fmt.Sprintf(`(() => { const l = [...document.querySelectorAll("label")].find(l => l.innerText.trim().startsWith(%s) && l.getBoundingClientRect().width > 0);
		  if (!l) return false; const f = l.control || l.querySelector("input,select,textarea"); if (!f) return false;
		  f.scrollIntoView({block: "center"}); f.focus(); if (f.select) f.select(); return document.activeElement === f; })()`, quote(label)))
		return err == nil && ok
	})
	b.fields++
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(text)); err != nil {
		b.t.Fatal(err)
	}
}

// choose takes an option of the dropdown with this label.
func (b *tab) choose(label, option string) {
	b.t.Helper()
	b.waitFor(fmt.Sprintf("the choice %q of %q", option, label), func() bool {
		ok, err := eval[bool](b, fmt.Sprintf(`(() => { const l = [...document.querySelectorAll("label")].find(l => l.innerText.trim().startsWith(%s));
		  const f = l && (l.control || l.querySelector("select")); if (!f || !f.options) return false;
		  const o = [...f.options].find(o => o.text.trim() === %s); if (!o) return false;
		  f.value = o.value; f.dispatchEvent(new Event("input", {bubbles: true})); f.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`, quote(label), quote(option)))
		return err == nil && ok
	})
	b.clicks++
}

// look checks the page with axe and keeps pictures: light and dark, on a phone's
// width and on a wide screen.
func (b *tab) look(name string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{320, 1280} {
			b.emulate(scheme, width)
			if _, err := eval[bool](b, b.axe+";true"); err != nil {
				b.t.Fatalf("axe: %v", err)
			}
			found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`(async () => {
			  const r = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]});
			  return r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ")).slice(0, 5).join(", "));
			})()`, chromedp.EvalAwaitPromise))
			if err != nil {
				b.t.Fatalf("axe: %v", err)
			}
			for _, v := range found {
				b.t.Errorf("%s (%s, %d px): axe: %s", name, scheme, width, v)
			}
			if wide, err := eval[bool](b, "document.documentElement.scrollWidth > innerWidth"); err == nil && wide {
				b.t.Errorf("%s (%s, %d px): scrolls sideways", name, scheme, width)
			}
			b.picture(fmt.Sprintf("%s-%s-%d", name, scheme, width))
		}
	}
	b.emulate("light", 1280)
}

func (b *tab) emulate(scheme string, width int64) {
	b.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900)); err != nil {
		b.t.Fatal(err)
	}
}

// picture keeps a picture of the whole page.
func (b *tab) picture(name string) {
	in := b
	if b.outer != nil {
		in = b.outer
	}
	img, err := chromedp.Run(in.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Logf("no picture of %s: %v", name, err)
		return
	}
	b.shots++
	if err := os.WriteFile(filepath.Join(b.folder, fmt.Sprintf("%02d-%s.png", b.shots, name)), img, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func quote(s string) string {
	q, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(q)
}
