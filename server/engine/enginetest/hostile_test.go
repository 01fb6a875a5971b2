package enginetest_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/engine/enginetest"
	"tandem/server/engine/plan"
)

// hostile is a way in which a listing lies, breaks or confuses. It is given the
// true pages and answers those that are sent, and the error at their end.
type hostile struct {
	name  string
	twist func(pages []contact.Page) ([]contact.Page, error)
	// get, where set, answers the direct reads of that run.
	get func(found []contact.Record, missing []contact.ID) ([]contact.Record, []contact.ID, error)
}

// fails is an error of the connection.
func fails(kind error) error { return &contact.Error{Kind: kind} }

// hostiles are the kinds of hostile listings.
func hostiles() []hostile {
	last := func(ps []contact.Page) *contact.Page { return &ps[len(ps)-1] }
	each := func(do func(*contact.Change)) func([]contact.Page) ([]contact.Page, error) {
		return func(ps []contact.Page) ([]contact.Page, error) {
			for i := range ps {
				for k := range ps[i].Changes {
					do(&ps[i].Changes[k])
				}
			}
			return ps, nil
		}
	}
	cut := func(keep func(i, of int) bool) func([]contact.Page) ([]contact.Page, error) {
		return func(ps []contact.Page) ([]contact.Page, error) {
			for i := range ps {
				k, of := -1, len(ps[i].Changes)
				ps[i].Changes = slices.DeleteFunc(ps[i].Changes, func(contact.Change) bool { k++; return !keep(k, of) })
			}
			return ps, nil
		}
	}
	broken := func(pages int, kind error) func([]contact.Page) ([]contact.Page, error) {
		return func(ps []contact.Page) ([]contact.Page, error) {
			ps = ps[:min(pages, len(ps))]
			for i := range ps {
				ps[i].Next = nil
			}
			return ps, fails(kind)
		}
	}
	turn := func(kind contact.ChangeKind) func(*contact.Change) {
		return func(c *contact.Change) { *c = contact.Change{Kind: kind, ID: c.ID} }
	}
	blind := func([]contact.Record, []contact.ID) ([]contact.Record, []contact.ID, error) { return nil, nil, nil }
	return []hostile{
		{name: "offline", twist: broken(0, contact.ErrUnreachable)},
		{name: "offline after the first page", twist: broken(1, contact.ErrUnreachable)},
		{name: "500 on the last page", twist: broken(1000, contact.ErrUnavailable)},
		{name: "401 after the first page", twist: broken(1, contact.ErrReconnect)},
		{name: "a login page as the answer", twist: broken(0, contact.ErrProtocol)},
		{name: "429 after the first page", twist: broken(1, contact.ErrQuota)},
		{name: "the cursor expires on the way", twist: broken(1, contact.ErrCursorExpired)},
		{name: "nothing, and complete", twist: cut(func(int, int) bool { return false })},
		{name: "nothing, and complete, and reads see nothing", twist: cut(func(int, int) bool { return false }), get: blind},
		{name: "nothing, without an end", twist: func(ps []contact.Page) ([]contact.Page, error) { return []contact.Page{{Full: true}}, nil }},
		{name: "no page at all", twist: func([]contact.Page) ([]contact.Page, error) { return nil, nil }},
		{name: "an empty multistatus with 207", twist: func(ps []contact.Page) ([]contact.Page, error) {
			return []contact.Page{{Full: true, Next: last(ps).Next}}, nil
		}},
		{name: "half of each page, and complete", twist: cut(func(i, of int) bool { return i < of/2 })},
		{name: "one missing, and complete", twist: cut(func(i, _ int) bool { return i > 0 })},
		{name: "half of each page, and reads see nothing", twist: cut(func(i, of int) bool { return i < of/2 }), get: blind},
		{name: "the last page is missing", twist: func(ps []contact.Page) ([]contact.Page, error) { return ps[:len(ps)-1], nil }},
		{name: "the token is ahead of its page", twist: func(ps []contact.Page) ([]contact.Page, error) {
			return []contact.Page{{Changes: ps[0].Changes[:len(ps[0].Changes)/2], Full: ps[0].Full, Next: last(ps).Next}}, nil
		}},
		{name: "a page twice", twist: func(ps []contact.Page) ([]contact.Page, error) {
			return append([]contact.Page{{Changes: ps[0].Changes, Full: ps[0].Full}}, ps...), nil
		}},
		{name: "a page a hundred times", twist: func(ps []contact.Page) ([]contact.Page, error) {
			return append(slices.Repeat([]contact.Page{{Changes: ps[0].Changes, Full: ps[0].Full}}, 100), ps...), nil
		}},
		{name: "everything in reverse", twist: func(ps []contact.Page) ([]contact.Page, error) {
			next := last(ps).Next
			last(ps).Next = nil
			slices.Reverse(ps)
			for i := range ps {
				slices.Reverse(ps[i].Changes)
			}
			last(ps).Next = next
			return ps, nil
		}},
		{name: "every entry twice", twist: func(ps []contact.Page) ([]contact.Page, error) {
			for i := range ps {
				ps[i].Changes = append(ps[i].Changes, slices.Clone(ps[i].Changes)...)
			}
			return ps, nil
		}},
		{name: "tombstones for the living", twist: each(turn(contact.Deleted))},
		{name: "one tombstone for the living", twist: func(ps []contact.Page) ([]contact.Page, error) {
			if len(ps[0].Changes) > 0 {
				turn(contact.Deleted)(&ps[0].Changes[0])
			}
			return ps, nil
		}},
		{name: "all have left the scope", twist: each(turn(contact.LeftScope))},
		{name: "all are merged into nobody", twist: each(func(c *contact.Change) {
			*c = contact.Change{Kind: contact.Merged, ID: c.ID, Into: "nobody"}
		})},
		{name: "all are converted", twist: each(turn(contact.Converted))},
		{name: "no versions", twist: each(func(c *contact.Change) { c.Record.Version = "" })},
		{name: "nothing was read of them", twist: each(func(c *contact.Change) { c.Record.Read, c.Record.Contact = 0, contact.Contact{} })},
		{name: "old versions", twist: each(func(c *contact.Change) { c.Record.Version = "v0" })},
		{name: "a delta that says it is everything", twist: func(ps []contact.Page) ([]contact.Page, error) {
			for i := range ps {
				ps[i].Full = true
			}
			return ps, nil
		}},
		{name: "everything that says it is a delta", twist: func(ps []contact.Page) ([]contact.Page, error) {
			for i := range ps {
				ps[i].Full = false
			}
			return ps, nil
		}},
		{name: "new IDs for all", twist: each(func(c *contact.Change) { c.ID = "moved-" + c.ID }),
			get: func(found []contact.Record, missing []contact.ID) ([]contact.Record, []contact.ID, error) {
				for _, r := range found {
					missing = append(missing, r.ID)
				}
				return nil, missing, nil
			}},
		{name: "direct reads fail", twist: cut(func(i, _ int) bool { return i > 0 }),
			get: func([]contact.Record, []contact.ID) ([]contact.Record, []contact.ID, error) {
				return nil, nil, fails(contact.ErrUnavailable)
			}},
	}
}

// hostileBook twists the listings of its Book.
type hostileBook struct {
	contact.Book
	h hostile
}

func (b hostileBook) Changes(ctx context.Context, cursor contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		var pages []contact.Page
		for page, err := range b.Book.Changes(ctx, cursor) {
			if err != nil {
				yield(contact.Page{}, err)
				return
			}
			page.Changes = slices.Clone(page.Changes)
			pages = append(pages, page)
		}
		pages, err := b.h.twist(pages)
		for _, page := range pages {
			if !yield(page, nil) {
				return
			}
		}
		if err != nil {
			yield(contact.Page{}, err)
		}
	}
}

func (b hostileBook) Get(ctx context.Context, ids []contact.ID) ([]contact.Record, []contact.ID, error) {
	found, missing, err := b.Book.Get(ctx, ids)
	if err != nil || b.h.get == nil {
		return found, missing, err
	}
	return b.h.get(found, missing)
}

// TestHostileListings lets each side answer one run with each kind of hostile
// listing, as a delta and as a full listing, at three sizes: nothing is deleted,
// and once the server is well again everybody is there once.
func TestHostileListings(t *testing.T) {
	sizes := []int{3, 30, 150}
	if nightly {
		sizes[2] = 1000
	}
	if raceEnabled {
		sizes = sizes[:2]
	}
	type listing struct {
		h    hostile
		side plan.Side
		full bool
		size int
	}
	var all []listing
	for _, h := range hostiles() {
		for _, side := range []plan.Side{plan.Left, plan.Right} {
			for _, full := range []bool{false, true} {
				for _, size := range sizes {
					all = append(all, listing{h, side, full, size})
				}
			}
		}
	}
	var survived atomic.Int64
	each(len(all), func(i int) {
		l := all[i]
		name := fmt.Sprintf("%s/%s/full=%v/%d", l.h.name, l.side, l.full, l.size)
		faults, err := l.h.play(l.side, l.full, l.size)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if len(faults) > 0 {
			t.Errorf("%s: %d promises broken, for example %s", name, len(faults), faults[0])
			return
		}
		survived.Add(1)
	})
	t.Logf("hostile listings: %d kinds, %d of %d survived, 0 wrong deletes in them", len(hostiles()), survived.Load(), len(all))
}

// play lets size people be in sync, a hostile run and two clean ones follow.
func (h hostile) play(side plan.Side, full bool, size int) ([]string, error) {
	p := enginetest.Profiles()[0]
	for s := range p.Side {
		p.Side[s].PageSize = max(2, size/3)
	}
	w := enginetest.NewMemoryWorld(p, plan.TwoWay)
	u := w.Users[0]
	// Whoever deletes, deletes: nothing but the guards is in the way.
	u.Settings.OnDelete = [2]plan.DeletionRule{plan.DeleteRule, plan.DeleteRule}
	for i := range size {
		tag := fmt.Sprintf("P%d", i)
		w.Put(0, plan.Left, tag, w.Person(tag))
	}
	if err := w.Round(time.Minute); err != nil {
		return nil, err
	}
	for i := range max(1, size/5) {
		tag := fmt.Sprintf("P%d", i)
		w.Edit(0, side, tag, func(c *contact.Contact) { c.JobTitle = "Head of " + tag })
	}
	if full {
		u.Book[side].Expire()
	}
	w.Wrap = func(s plan.Side, b contact.Book) contact.Book {
		if s != side {
			return b
		}
		return hostileBook{b, h}
	}
	w.Wait(time.Minute)
	// How a run against such a server ends is nobody's promise; it must not delete.
	_, _ = w.Run(0, enginetest.NewWire())
	w.Wrap = nil
	// What a server hides behind a new token nobody can know before everything
	// is listed again.
	u.Book[side].Expire()
	for range 3 {
		if err := w.Round(17 * time.Minute); err != nil {
			w.Unguarded = true // it waits for a person, who has a look and says Yes
		}
	}
	return w.Faults(), nil
}
