package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// patience is how long a person would wait for something to appear.
const patience = 30 * time.Second

// browser is one Chromium, driven as a person would: by the words on the screen.
// It counts clicks and typed fields, keeps pictures, and fails the test for
// whatever a page puts into the console: exceptions, refused policies, files
// that are missing.
type browser struct {
	t              *testing.T
	ctx            context.Context
	clicks, fields int
	shots          int
	folder         string // where pictures go
	axe            string
	known          map[target.ID]bool // tabs and frames that have been met
	front          target.ID          // the tab in front

	mu     sync.Mutex
	faults []string
	awaits []string // parts of faults that the test provokes
}

// openBrowser starts Chromium with an empty profile.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	missing := func(what string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(what + " is not installed: run task setup")
		}
		t.Skip(what + " is not installed: run task setup")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		missing("chromium")
	}
	axe, err := os.ReadFile("sandbox/testdata/npm/node_modules/axe-core/axe.min.js")
	if err != nil {
		missing("axe-core")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("site-per-process", true),
		chromedp.Flag("test-third-party-cookie-phaseout", true), // the sidebar is framed by another site
		chromedp.WindowSize(1280, 900))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(stop)
	b := &browser{t: t, ctx: ctx, folder: filepath.Join("..", "artifacts", t.Name()), axe: string(axe), known: map[target.ID]bool{}}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(b.folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(b.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	b.until("the first tab", func() bool {
		for _, i := range b.targets() {
			b.known[i.TargetID] = true
		}
		return len(b.known) > 0
	})
	return b
}

// noFaults fails the test for what the pages put into the console.
func (b *browser) noFaults() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		b.t.Error("in the browser's console:", f)
	}
	b.faults = nil
}

// awaitFault names a fault that the test provokes: the browser notes every
// answer of 400 and above.
func (b *browser) awaitFault(parts ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.awaits = append(b.awaits, parts...)
}

// listen collects the faults of a tab.
func (b *tab) listen() {
	messages := chromedp.Console(b.ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type != chromedp.ConsoleError && m.Type != chromedp.ConsoleWarning && !m.IsException() && m.Source != "security" {
				continue
			}
			b.fault(m.String() + " " + m.URL)
		}
	}()
}

func (b *browser) fault(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, part := range b.awaits {
		if strings.Contains(text, part) {
			return
		}
	}
	b.faults = append(b.faults, text)
}

// tab is one tab, or a frame in one.
type tab struct {
	*browser
	ctx   context.Context
	close func()
	id    target.ID
	name  string
	// outer is the tab that a frame is in, frame the frame's place there.
	outer *tab
	frame string
}

// open opens a new tab.
func (b *browser) open(address string) *tab {
	b.t.Helper()
	id, err := chromedp.CallBrowser(b.ctx, target.CreateTarget, target.CreateTargetParams{URL: "about:blank"})
	if err != nil {
		b.t.Fatal(err)
	}
	n := b.attach(id.TargetID, address)
	n.visit(address)
	return n
}

// visit takes the tab to an address.
func (b *tab) visit(address string) {
	b.t.Helper()
	b.do("open "+address, chromedp.Navigate(address))
}

// meet waits for a tab or a frame that was opened by a click: one that has not
// been met yet and whose address has this part.
func (b *browser) meet(kind, part string) *tab {
	b.t.Helper()
	var id target.ID
	b.until(fmt.Sprintf("a new %s at %s", kind, part), func() bool {
		for _, i := range b.targets() {
			if i.Type == kind && !b.known[i.TargetID] && strings.Contains(i.URL, part) {
				id = i.TargetID
				return true
			}
		}
		return false
	})
	return b.attach(id, part)
}

func (b *browser) attach(id target.ID, name string) *tab {
	b.t.Helper()
	b.known[id] = true
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id))
	n := &tab{browser: b, ctx: ctx, close: sync.OnceFunc(stop), id: id, name: name}
	b.t.Cleanup(n.close)
	n.listen()
	b.front = "" // what has opened may have come to the front
	return n
}

func (b *browser) targets() []*target.Info {
	all, err := chromedp.Targets(b.ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// closed waits until the tab has closed itself.
func (b *tab) closed() {
	b.t.Helper()
	b.until(b.name+" to close", func() bool {
		for _, i := range b.targets() {
			if i.TargetID == b.id {
				return false
			}
		}
		return true
	})
}

// until waits for a condition.
func (b *browser) until(what string, ok func() bool) {
	b.t.Helper()
	if !poll(ok) {
		b.t.Fatalf("waited in vain for %s", what)
	}
}

// poll asks again and again, until it is so or patience has ended.
func poll(ok func() bool) bool {
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

func eval[T any](b *tab, script string) (T, error) {
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
}

// do does something with the tab, which comes to the front for it: a browser
// neither draws nor heeds the mouse in a tab behind another one.
func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	if b.front != b.id {
		if _, err := chromedp.Call(ctx, page.BringToFront, cdp.Empty{}); err != nil {
			b.t.Fatalf("%s: %v", what, err)
		}
		b.front = b.id
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// wait waits until a script answers true, and keeps a picture where it was in
// vain.
func (b *tab) wait(what, script string) {
	b.t.Helper()
	var last error
	ok := poll(func() bool {
		var yes bool
		yes, last = eval[bool](b, script)
		return last == nil && yes
	})
	if !ok {
		text, _ := eval[string](b, "location.href + '\\n' + document.body.innerText")
		b.picture("failed")
		b.mu.Lock()
		faults := b.faults
		b.mu.Unlock()
		b.t.Fatalf("waited in vain for %s (%v; console: %q); the page says:\n%s", what, last, faults, text)
	}
}

// tools are what the scripts below share. A thing's name is its label, or else
// the words on it.
const tools = `
const seen = e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0 && getComputedStyle(e).visibility !== "hidden"; };
const name = e => (e.getAttribute("aria-label") || e.innerText || e.value || "").replace(/\s+/g, " ").trim();
const modal = [...document.querySelectorAll("dialog[open]")].at(-1);
const all = q => [...(modal ?? document).querySelectorAll(q)].filter(seen);
const named = (list, words) => list.find(e => name(e) === words) ?? list.find(e => name(e).startsWith(words)) ?? list.find(e => name(e).includes(words));
const field = words => { const l = named(all("label"), words); return l?.control ?? all("input,select,textarea").find(e => e.getAttribute("aria-label") === words); };
`

func script(body string, words ...any) string {
	for i, w := range words {
		q, err := json.Marshal(w)
		if err != nil {
			panic(err)
		}
		words[i] = string(q)
	}
	return "(() => {" + tools + fmt.Sprintf(body, words...) + "})()"
}

// click clicks what bears these words, with a real mouse.
func (b *tab) click(words string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("%q to click on %s", words, b.name), script(`
		const e = named(all("a,button,summary,label,input[type=submit],li.run").filter(e => !e.disabled), %s);
		if (!e || document.readyState !== "complete") return false;
		e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.getBoundingClientRect();
		window.clickAt = [r.x + Math.min(r.width / 2, 60), r.y + r.height / 2];
		return true;`, words))
	at, err := eval[[]float64](b, "window.clickAt")
	if err != nil || len(at) != 2 {
		b.t.Fatalf("click %q: %v", words, err)
	}
	b.clicks++
	in := b
	if b.outer != nil {
		place, err := eval[[]float64](b.outer, script(`const r = document.querySelector(%s).getBoundingClientRect(); return [r.x, r.y];`, b.frame))
		if err != nil || len(place) != 2 {
			b.t.Fatalf("the frame is gone: %v", err)
		}
		at[0], at[1], in = at[0]+place[0], at[1]+place[1], b.outer
	}
	in.do(fmt.Sprintf("click %q", words), chromedp.MouseClickXY(at[0], at[1]))
}

// goOn clicks what leads to another page, or to this page anew, and waits for it.
func (b *tab) goOn(words string) {
	b.t.Helper()
	b.leaving(func() { b.click(words) })
}

// leaving does what leads to another page and waits until it is there.
func (b *tab) leaving(do func()) {
	b.t.Helper()
	if _, err := eval[bool](b, `document.querySelector("main").dataset.old = "yes", true`); err != nil {
		b.t.Fatal(err)
	}
	do()
	b.wait("the next page", `document.readyState === "complete" && !!document.querySelector("main:not([data-old])")`)
}

// sees waits until the words are on the screen.
func (b *tab) sees(words ...string) {
	b.t.Helper()
	for _, w := range words {
		b.wait(fmt.Sprintf("the words %q", w), script(`return document.body.innerText.replace(/\s+/g, " ").includes(%s)`, w))
	}
}

// lacks says that the words are not on the screen now.
func (b *tab) lacks(words string) {
	b.t.Helper()
	if found, err := eval[bool](b, script(`return document.body.innerText.replace(/\s+/g, " ").includes(%s)`, words)); err != nil || found {
		b.t.Errorf("%s says %q (%v)", b.name, words, err)
	}
}

// fill types into the field with this label, in place of what is there.
func (b *tab) fill(label, text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("the field %q", label), script(`
		const f = field(%s);
		if (!f || f.disabled) return false;
		f.scrollIntoView({block: "center", behavior: "instant"}); f.focus(); f.select();
		return document.activeElement === f;`, label))
	b.fields++
	b.do("type into "+label, chromedp.KeyEvent(text))
	if got := b.value(label); got != text {
		b.t.Fatalf("typed %q into %q, and it holds %q", text, label, got)
	}
}

// value is what the field with this label holds.
func (b *tab) value(label string) string {
	b.t.Helper()
	v, err := eval[string](b, script(`return field(%s)?.value ?? "(no such field)"`, label))
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// choose takes an option of the dropdown with this label: two clicks.
func (b *tab) choose(label, option string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("the choice %q of %q", option, label), script(`
		const f = field(%s), o = [...f?.options ?? []].find(o => o.text.trim() === %s && !o.disabled);
		if (!o || document.readyState !== "complete") return false;
		f.focus(); f.value = o.value;
		for (const kind of ["input", "change"]) f.dispatchEvent(new Event(kind, {bubbles: true}));
		return true;`, label, option))
	b.clicks += 2
}
