package addin_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// pane drives a sidebar that is framed by a page of another site, in a process
// of its own as in a real browser.
type pane struct {
	t     *testing.T
	page  context.Context // the mailbox around it
	frame context.Context // the sidebar

	mu     sync.Mutex
	faults []string // what the browser complained about
}

// newPane waits for the frame at address and attaches to it.
func newPane(t *testing.T, page context.Context, address string) *pane {
	t.Helper()
	p := &pane{t: t, page: page}
	p.until("the frame", func() (bool, error) {
		targets, err := chromedp.Targets(page)
		for _, info := range targets {
			if info.Type == "iframe" && strings.HasPrefix(info.URL, address) {
				p.frame, _ = chromedp.NewContext(page, chromedp.WithTargetID(info.TargetID))
				return true, nil
			}
		}
		return false, err
	})
	messages := chromedp.Console(p.frame)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Source == "security" {
				p.mu.Lock()
				p.faults = append(p.faults, m.Text)
				p.mu.Unlock()
			}
		}
	}()
	return p
}

// until repeats f until it says yes.
func (p *pane) until(what string, f func() (bool, error)) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(15 * time.Second)
	for {
		ok, err := f()
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			p.t.Fatalf("the sidebar did not show %s (%v); faults: %v", what, err, p.complaints())
		}
	}
}

// wait until the expression holds in the sidebar.
func (p *pane) wait(what, expression string) {
	p.t.Helper()
	p.until(what, func() (bool, error) {
		return chromedp.Run(p.frame, chromedp.Evaluate[bool]("Boolean("+expression+")", asPerson))
	})
}

// asPerson lets a script's click open windows, as a person's would.
func asPerson(e *runtime.EvaluateParams) {
	yes := true
	e.UserGesture = &yes
}

func (p *pane) click(selector string) {
	p.t.Helper()
	p.wait(selector, fmt.Sprintf("(e => e && (e.click(), true))(document.querySelector(%q))", selector))
}

// selects another item in the mailbox.
func (p *pane) selects(item string) {
	p.t.Helper()
	if err := chromedp.Do(p.page, chromedp.Click(chromedp.CSS(fmt.Sprintf(`.entry[data-item=%q]`, item)))); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pane) complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}
