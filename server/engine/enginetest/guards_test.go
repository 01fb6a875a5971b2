package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/engine/enginetest"
	"tandem/server/engine/plan"
	"tandem/store"
)

// guard is one of the engine's precautions, and a world without it.
type guard struct {
	name string
	off  func(w *enginetest.World)
	// profile is where it matters, scenarios what it matters for; nil is all.
	profile   string
	scenarios []string
	kinds     []enginetest.Kind
}

// guards are switched off around the engine, not in it: what it notes, claims
// or depends on is taken away on its way to the ledger or the server.
func guards() []guard {
	return []guard{
		{"intent", func(w *enginetest.World) {
			w.WrapLedger = func(l engine.Ledger) engine.Ledger { return noIntents{l} }
		}, "markerless", []string{"create left", "create right"}, []enginetest.Kind{enginetest.LateLost}},
		{"marker", func(w *enginetest.World) {
			w.Wrap = func(_ plan.Side, b contact.Book) contact.Book { return noMarkers{b} }
		}, "rich", []string{"create left", "create right"}, []enginetest.Kind{enginetest.LostReply, enginetest.CrashAfter}},
		{"claim", func(w *enginetest.World) {
			w.WrapLedger = func(l engine.Ledger) engine.Ledger { return noClaims{l} }
		}, "shared", []string{"create right", "create three right"}, []enginetest.Kind{enginetest.Colleague}},
		{"grace", func(w *enginetest.World) {
			w.Wrap = func(_ plan.Side, b contact.Book) contact.Book { return noGrace{b} }
		}, "markerless", []string{"create left", "create right"}, []enginetest.Kind{enginetest.LateLost}},
		{"fence", func(w *enginetest.World) {
			w.WrapLedger = func(l engine.Ledger) engine.Ledger { return noFence{l} }
		}, "rich", []string{"create left", "create right"}, []enginetest.Kind{enginetest.Paused}},
		{"condition", func(w *enginetest.World) {
			w.Wrap = func(_ plan.Side, b contact.Book) contact.Book { return noCondition{b} }
		}, "rich", []string{"edit left", "edit right"}, []enginetest.Kind{enginetest.TypesSame, enginetest.TypesSameThere}},
		{"count guard", func(w *enginetest.World) {
			w.Unguarded = true
		}, "rich", []string{"cursors expired"}, []enginetest.Kind{enginetest.CrashBefore}},
		{"read-back base", func(w *enginetest.World) {
			mind := w.Wrap
			w.Wrap = func(s plan.Side, b contact.Book) contact.Book { return noReadBack{mind(s, b)} }
		}, "rewriting", []string{"create left", "edit left"}, []enginetest.Kind{enginetest.CrashBefore}},
	}
}

// world is where the guard is tried: for two of them on a server that no profile
// has, because nobody would be happy there.
func (g guard) world(p enginetest.Profile, d plan.Direction) *enginetest.World {
	w := enginetest.NewMemoryWorld(p, d)
	switch g.name {
	case "count guard":
		var lapsed bool
		w.Wrap = func(s plan.Side, b contact.Book) contact.Book {
			if s == plan.Right {
				return b
			}
			return &amnesiac{Book: b, lapsed: &lapsed}
		}
	case "read-back base":
		w.Wrap = func(_ plan.Side, b contact.Book) contact.Book { return ownMind{b} }
	}
	return w
}

// rewriting is an address book that alters what it is given in its own way.
func rewriting() enginetest.Profile {
	p := enginetest.Profiles()[2]
	p.Name = "rewriting"
	p.Side[1].Normalize = func(c contact.Contact) contact.Contact {
		c.JobTitle = strings.ToUpper(c.JobTitle)
		return c
	}
	return p
}

// profiles are all profiles and those that only a guard's test needs.
func profiles() []enginetest.Profile { return append(enginetest.Profiles(), rewriting()) }

// TestGuardsNecessary plays the cells in which each guard matters, with it and
// without it: with it all survive, without it at least one does not.
func TestGuardsNecessary(t *testing.T) {
	needed := 0
	for _, g := range guards() {
		t.Run(g.name, func(t *testing.T) {
			with, without := brokenCells(t, g, false), brokenCells(t, g, true)
			if len(with) > 0 {
				t.Errorf("with the guard: %s", with[0])
			}
			if len(without) == 0 {
				t.Errorf("nothing fails without the guard %q: it is not needed, or not tested", g.name)
			} else {
				needed++
				t.Logf("%d cells break without it, for example %s", len(without), without[0])
			}
		})
	}
	t.Logf("guards: %d of %d are necessary", needed, len(guards()))
}

// brokenCells are the cells of a guard that break, with their broken promises.
func brokenCells(t *testing.T, g guard, off bool) []string {
	t.Helper()
	var cells []enginetest.Cell
	for _, p := range profiles() {
		if p.Name != g.profile {
			continue
		}
		for _, d := range []plan.Direction{plan.CRMToContacts, plan.ContactsToCRM, plan.TwoWay} {
			for _, s := range enginetest.Scenarios() {
				if g.scenarios != nil && !slices.Contains(g.scenarios, s.Name) {
					continue
				}
				// The points are those of a run with all guards.
				all, err := (&enginetest.Stage{Scenario: s, Direction: d, Profile: p, Make: g.world}).Cells()
				if err != nil {
					t.Fatal(err)
				}
				stage := &enginetest.Stage{Scenario: s, Direction: d, Profile: p, Make: g.world, Prepared: func(w *enginetest.World) {
					if off {
						g.off(w)
					}
				}}
				for _, c := range all {
					if slices.Contains(g.kinds, c.Faults[0].Kind) {
						c.Stage = stage
						cells = append(cells, c)
					}
				}
			}
		}
	}
	broken := make([]string, len(cells))
	var n atomic.Int64
	each(len(cells), func(i int) {
		faults, err := cells[i].Promises()
		if err != nil {
			faults = []string{err.Error()}
		}
		if len(faults) > 0 {
			n.Add(1)
			broken[i] = fmt.Sprintf("%s: %s", cells[i], strings.Join(faults, "; "))
		}
	})
	t.Logf("%d of %d cells break", n.Load(), len(cells))
	return slices.DeleteFunc(broken, func(s string) bool { return s == "" })
}

// noIntents keeps no intents.
type noIntents struct{ engine.Ledger }

func (l noIntents) Reserve(ctx context.Context, pair string, fence int64, _ []store.Intent, c []store.Claim) ([]store.Claim, error) {
	return l.Ledger.Reserve(ctx, pair, fence, nil, c)
}

// noClaims keeps no claims.
type noClaims struct{ engine.Ledger }

func (l noClaims) Reserve(ctx context.Context, pair string, fence int64, i []store.Intent, _ []store.Claim) ([]store.Claim, error) {
	return l.Ledger.Reserve(ctx, pair, fence, i, nil)
}

// noFence lets every run commit.
type noFence struct{ engine.Ledger }

func (l noFence) now(ctx context.Context, pair string) int64 {
	p, err := l.Ledger.Pair(ctx, pair)
	if err != nil {
		return 0
	}
	return p.Fence
}

func (l noFence) Reserve(ctx context.Context, pair string, _ int64, i []store.Intent, c []store.Claim) ([]store.Claim, error) {
	return l.Ledger.Reserve(ctx, pair, l.now(ctx, pair), i, c)
}

func (l noFence) Commit(ctx context.Context, pair string, _ int64, b store.Batch) error {
	return l.Ledger.Commit(ctx, pair, l.now(ctx, pair), b)
}

func (l noFence) Beat(ctx context.Context, pair string, _ int64, run *store.Run, now time.Time) error {
	return l.Ledger.Beat(ctx, pair, l.now(ctx, pair), run, now)
}

func (l noFence) EndRun(ctx context.Context, _ int64, p *store.Pair, r *store.Run, now time.Time) (bool, error) {
	return l.Ledger.EndRun(ctx, l.now(ctx, p.ID), p, r, now)
}

// noMarkers is a server that forgets the markers which it promised to keep.
type noMarkers struct{ contact.Book }

func (b noMarkers) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	ms = slices.Clone(ms)
	for i := range ms {
		ms[i].Marker = ""
	}
	return b.Book.Write(ctx, ms)
}

// noGrace is a server that does not say how late its records may show up.
type noGrace struct{ contact.Book }

func (b noGrace) Describe(ctx context.Context) (contact.Description, error) {
	d, err := b.Book.Describe(ctx)
	d.Grace = 0
	return d, err
}

// noCondition writes whatever the record has become.
type noCondition struct{ contact.Book }

func (b noCondition) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	ms = slices.Clone(ms)
	for i := range ms {
		ms[i].Version = ""
	}
	return b.Book.Write(ctx, ms)
}

// ownMind is a server whose mind nobody knows beforehand.
type ownMind struct{ contact.Book }

func (b ownMind) Project(c contact.Contact) contact.Contact { return c }

// noReadBack claims that what was sent is what is stored.
type noReadBack struct{ contact.Book }

func (b noReadBack) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	results, err := b.Book.Write(ctx, ms)
	for i := range results {
		if results[i].Outcome == contact.OK {
			results[i].Version, results[i].Record = "sent", nil
		}
	}
	return results, err
}

// amnesiac is a server that, in the run in which its cursors are found expired,
// has lost its index: it lists nothing and knows nobody, although all records
// are there. Afterwards it is well again.
type amnesiac struct {
	contact.Book
	lapsed *bool
	now    bool
}

func (b *amnesiac) Changes(ctx context.Context, cursor contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		for page, err := range b.Book.Changes(ctx, cursor) {
			if errors.Is(err, contact.ErrCursorExpired) && !*b.lapsed {
				*b.lapsed, b.now = true, true
			}
			if b.now {
				page.Changes = nil
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

func (b *amnesiac) Get(ctx context.Context, ids []contact.ID) ([]contact.Record, []contact.ID, error) {
	if b.now {
		return nil, ids, nil
	}
	return b.Book.Get(ctx, ids)
}
