package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// rules are WCAG 2.0 to 2.2, levels A and AA, and axe's best practices.
const rules = `axe.run(document, {iframes: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
	.then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ") + " " + n.failureSummary).slice(0, 5).join("; ")))`

// still is true once nothing is being fetched. It ends whatever moves but what
// moves for ever: axe judges the colours that it meets.
const still = `document.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity).forEach(a => a.finish()), !document.querySelector(".htmx-request")`

// wide lists what scrolls sideways or is cut off at its right edge. What says
// so itself (an ellipsis, a region that the keyboard can scroll) may be wide.
const wide = `[...document.querySelectorAll("*")].filter(e => {
	const s = getComputedStyle(e);
	if (e !== document.documentElement && (s.overflowX === "visible" || s.textOverflow === "ellipsis" || e.tabIndex === 0)) return false;
	return e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1;
}).map(e => e.tagName + "." + e.className + " " + e.scrollWidth + " > " + e.clientWidth)`

// look holds a page against axe and keeps pictures of it: light and dark, on a
// narrow screen and on a wide one. FAST=1 leaves it out, for while a journey is
// being written.
func (b *tab) look(name string) {
	b.t.Helper()
	if os.Getenv("FAST") != "" {
		return
	}
	if _, err := eval[bool](b, "window.axe ? true : ("+b.axe+", true)"); err != nil {
		if _, err := eval[bool](b, b.axe+";true"); err != nil {
			b.t.Fatalf("axe: %v", err)
		}
	}
	top := b
	if b.outer != nil {
		top = b.outer
	}
	for _, width := range []int64{320, 1280} {
		for _, dark := range []bool{false, true} {
			scheme := top.emulate(dark, width)
			b.wait("the page to be at rest", still)
			found, err := eval[[]string](b, rules)
			if err != nil {
				b.t.Fatalf("axe: %v", err)
			}
			for _, v := range found {
				b.t.Errorf("%s (%s, %d px): axe: %s", name, scheme, width, v)
			}
			cut, err := eval[[]string](b, wide)
			if err != nil {
				b.t.Fatalf("width: %v", err)
			}
			for _, c := range cut {
				b.t.Errorf("%s (%s, %d px): too wide: %s", name, scheme, width, c)
			}
			b.picture(fmt.Sprintf("%s-%s-%d", name, scheme, width))
		}
	}
	top.emulate(false, 1280)
}

// emulate sets colour scheme and width. The demo's mailbox has a theme of its
// own, as Outlook has; its switch tells the sidebar.
func (b *tab) emulate(dark bool, width int64) (scheme string) {
	b.t.Helper()
	scheme = "light"
	if dark {
		scheme = "dark"
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
	b.do("resize", chromedp.EmulateViewport(width, 900))
	themed := fmt.Sprintf(`(() => { const box = document.querySelector(".theme input"); if (box && box.checked !== %v) box.click(); return true; })()`, dark)
	if _, err := eval[bool](b, themed); err != nil {
		b.t.Fatal(err)
	}
	b.wait("the page in its new size", fmt.Sprintf("new Promise(done => requestAnimationFrame(() => done(innerWidth === %d)))", width))
	return scheme
}

// picture keeps a picture of the whole page.
func (b *tab) picture(name string) {
	in := b
	if b.outer != nil {
		in = b.outer
	}
	ctx, stop := context.WithTimeout(in.ctx, patience)
	defer stop()
	img, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Logf("no picture of %s: %v", name, err)
		return
	}
	b.shots++
	if err := os.WriteFile(filepath.Join(b.folder, fmt.Sprintf("%03d-%s.png", b.shots, name)), img, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
