package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine"
	"tandem/store"
	"tandem/store/storetest"
)

var errCrash = errors.New("crash")

// crasher counts I/O points and crashes at one of them: from then on nothing
// reaches a Book or the store, as after the end of a process.
type crasher struct {
	at, n int
	kind  string // "before" or "after" the effect
	dead  bool
}

// point is passed before and after every I/O.
func (c *crasher) do(effect func() error) error {
	if c.dead {
		return errCrash
	}
	c.n++
	if c.n == c.at && c.kind == "before" {
		c.dead = true
		return errCrash
	}
	err := effect()
	if c.n == c.at {
		c.dead = true
		return errCrash
	}
	return err
}

// crashingBook passes every write through the crasher.
type crashingBook struct {
	*memory.Book
	c *crasher
}

func (b crashingBook) Write(ctx context.Context, m []contact.Mutation) (res []contact.Result, err error) {
	err = b.c.do(func() (err error) { res, err = b.Book.Write(ctx, m); return err })
	if err != nil {
		return nil, err
	}
	return res, nil
}

// crashingLedger passes every commit through the crasher.
type crashingLedger struct {
	*store.Store
	c *crasher
}

func (l crashingLedger) Reserve(ctx context.Context, pair string, fence int64, i []store.Intent, cl []store.Claim) (taken []store.Claim, err error) {
	err = l.c.do(func() (err error) { taken, err = l.Store.Reserve(ctx, pair, fence, i, cl); return err })
	return taken, err
}

func (l crashingLedger) Commit(ctx context.Context, pair string, fence int64, b store.Batch) error {
	return l.c.do(func() error { return l.Store.Commit(ctx, pair, fence, b) })
}

func (l crashingLedger) EndRun(ctx context.Context, fence int64, p *store.Pair, r *store.Run, now time.Time) (dirty bool, err error) {
	err = l.c.do(func() (err error) { dirty, err = l.Store.EndRun(ctx, fence, p, r, now); return err })
	return dirty, err
}

// TestCrashEverywhere crashes a run at each of its writes and commits, before
// and after the effect, and lets clean runs follow: each person is there once on
// each side, nothing is lost, and then nothing more is written.
func TestCrashEverywhere(t *testing.T) {
	for name, left := range profiles() {
		for _, kind := range []string{"before", "after"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				for at := 1; ; at++ {
					if !crashAt(t, left, at, kind) {
						t.Logf("%d points survived", at-1)
						return
					}
				}
			})
		}
	}
}

// crashAt crashes at one point. It reports false where the run has fewer points.
func crashAt(t *testing.T, left memory.Options, at int, kind string) bool {
	t.Helper()
	s := storetest.Open(t, storetest.SQLite(t))
	h := build(t, s, left, memory.Options{Description: memory.Everything()})
	var ids []contact.ID
	for n := range 3 {
		ids = append(ids, h.book[0].Put(person(n)))
	}
	h.book[1].Put(person(3))
	h.sync() // four people are linked
	for n := 4; n < 6; n++ {
		h.book[0].Put(person(n))
		h.book[1].Put(person(n + 10))
	}
	h.book[0].Edit(ids[0], func(c *contact.Contact) { c.JobTitle = "Director" })
	for _, r := range h.book[1].All() {
		if r.Contact.Name.Given == "Ann1" {
			h.book[1].Edit(r.ID, func(c *contact.Contact) { c.Unit = "Sales" })
		}
	}
	c := &crasher{at: at, kind: kind}
	clock := time.Now()
	whole := h.engine
	h.engine = engine.New(engine.Options{Ledger: crashingLedger{s, c}, Now: func() time.Time { return clock }, Open: func(_ context.Context, conn store.Connection, _ engine.Settings) (contact.Book, error) {
		if conn.ID == h.pair.LeftID {
			return crashingBook{h.book[0], c}, nil
		}
		return crashingBook{h.book[1], c}, nil
	}})
	run := store.Run{PairID: h.pair.ID, Kind: store.RunSync, Confirmed: true}
	if err := s.CreateRun(t.Context(), &run); err != nil {
		t.Fatal(err)
	}
	_, err := h.engine.Run(t.Context(), engine.Request{Run: run, Settings: h.settings})
	if !c.dead {
		if err != nil {
			t.Fatal(err)
		}
		return false
	}
	whole.Now = func() time.Time { return clock.Add(time.Hour) } // the dead run is stale
	h.engine = whole
	for range 3 {
		h.sync()
	}
	h.quiet()
	for side, b := range h.book {
		seen := map[string]int{}
		for _, r := range b.All() {
			seen[r.Contact.Emails[0]]++
			if r.Contact.Emails[0] == "ann0@example.com" && r.Contact.JobTitle != "Director" || r.Contact.Emails[0] == "ann1@example.com" && r.Contact.Unit != "Sales" {
				t.Fatalf("point %d %s: an edit is lost on side %d: %+v", at, kind, side, r.Contact)
			}
		}
		if len(seen) != 8 || fmt.Sprint(len(b.All())) != "8" {
			t.Fatalf("point %d %s: side %d holds %v", at, kind, side, seen)
		}
	}
	left2, err := s.Intents(t.Context(), h.pair.ID)
	if err != nil || len(left2) != 0 {
		t.Fatalf("point %d %s: %d intents are left, %v", at, kind, len(left2), err)
	}
	return true
}
