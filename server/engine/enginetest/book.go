package enginetest

import (
	"context"
	"iter"
	"strings"
	"sync"
	"time"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine/plan"
)

// server is one provider's server: its records, and which of them do not show
// yet. Users of a shared CRM share it.
type server struct {
	grace  time.Duration
	now    func() time.Time
	mu     sync.Mutex
	hidden map[contact.ID]time.Time // until when
}

// hide lets a created record show up only later.
func (s *server) hide(id contact.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden[id] = s.now().Add(s.grace / 2)
}

// shows reports whether a record is visible by now.
func (s *server) shows(id contact.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.hidden[id]
	return !ok || !s.now().Before(until)
}

// wiredBook is a Book behind a wire.
type wiredBook struct {
	*memory.Book
	s     *server
	w     *Wire
	side  plan.Side
	first bool // nobody knows what there should be: an empty listing cannot be told from the truth
	// deleted is told of each record that the engine deleted.
	deleted func(plan.Side, contact.Record)
}

// plainBook is a Book that cannot be swept.
type plainBook struct{ contact.Book }

func (b *wiredBook) place() Place { return Place(b.side) }

// do carries out a request that reads.
func (b *wiredBook) do(a Act, effect func() error) (Kind, error) {
	kind, err := b.w.pass(b.place(), a)
	if err != nil {
		return kind, err
	}
	if err := trouble(kind); err != nil {
		return kind, err
	}
	err = effect()
	switch kind {
	case CrashAfter:
		return kind, b.w.die()
	case LostReply:
		return kind, lost()
	}
	return kind, err
}

func (b *wiredBook) Describe(ctx context.Context) (d contact.Description, err error) {
	_, err = b.do(Describe, func() (err error) { d, err = b.Book.Describe(ctx); return err })
	return d, err
}

func (b *wiredBook) Get(ctx context.Context, ids []contact.ID) (found []contact.Record, missing []contact.ID, err error) {
	_, err = b.do(Get, func() (err error) { found, missing, err = b.get(ctx, ids); return err })
	if err != nil {
		return nil, nil, err
	}
	return found, missing, nil
}

// get is Get without what does not show yet.
func (b *wiredBook) get(ctx context.Context, ids []contact.ID) ([]contact.Record, []contact.ID, error) {
	all, missing, err := b.Book.Get(ctx, ids)
	var found []contact.Record
	for _, r := range all {
		if b.s.shows(r.ID) {
			found = append(found, r)
		} else {
			missing = append(missing, r.ID)
		}
	}
	return found, missing, err
}

func (b *wiredBook) Find(ctx context.Context, q contact.Query) (found []contact.Record, err error) {
	_, err = b.do(Find, func() error {
		all, err := b.Book.Find(ctx, q)
		for _, r := range all {
			if b.s.shows(r.ID) {
				found = append(found, r)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// owing parts a cursor into the server's own and the records that did not show
// when it was given.
func owing(c contact.Cursor) (contact.Cursor, []contact.ID) {
	if c == nil {
		return nil, nil
	}
	parts := strings.Split(string(c), "|")
	var owed []contact.ID
	for _, id := range parts[1:] {
		owed = append(owed, contact.ID(id))
	}
	return contact.Cursor(parts[0]), owed
}

func (b *wiredBook) Changes(ctx context.Context, cursor contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		own, waiting := owing(cursor)
		var owed, due []contact.ID
		for _, id := range waiting {
			if b.s.shows(id) {
				due = append(due, id)
			} else {
				owed = append(owed, id)
			}
		}
		next, stop := iter.Pull2(b.Book.Changes(ctx, own))
		defer stop()
		for first := true; ; first = false {
			var page contact.Page
			more := false
			kind, err := b.do(ListPage, func() (err error) {
				page, err, more = next()
				return err
			})
			if err != nil {
				yield(contact.Page{}, err)
				return
			}
			if !more {
				return
			}
			page.Changes = append([]contact.Change(nil), page.Changes...)
			if first && len(due) > 0 {
				records, _, err := b.Book.Get(ctx, due)
				if err != nil {
					yield(contact.Page{}, err)
					return
				}
				for _, r := range records {
					page.Changes = append(page.Changes, contact.Change{Kind: contact.Changed, ID: r.ID, Record: r})
				}
			}
			var shown []contact.Change
			for _, c := range page.Changes {
				if c.Kind == contact.Changed && !b.s.shows(c.ID) {
					owed = append(owed, c.ID)
					continue
				}
				shown = append(shown, c)
			}
			page.Changes = shown
			switch kind {
			case Truncated:
				page.Changes, page.Next = page.Changes[:len(page.Changes)/2], nil
				yield(page, nil)
				return
			case Empty:
				page.Changes = nil
				if cursor != nil || b.first {
					page.Next = nil
					yield(page, nil)
					return
				}
			}
			if page.Next != nil {
				for _, id := range owed {
					page.Next = append(append(page.Next[:len(page.Next):len(page.Next)], '|'), id...)
				}
			}
			if !yield(page, nil) || page.Next != nil {
				return
			}
		}
	}
}

func (b *wiredBook) Sweep(ctx context.Context) iter.Seq2[[]contact.Stamp, error] {
	return func(yield func([]contact.Stamp, error) bool) {
		next, stop := iter.Pull2(b.Book.Sweep(ctx))
		defer stop()
		for {
			var stamps []contact.Stamp
			more := false
			kind, err := b.do(SweepPage, func() (err error) { stamps, err, more = next(); return err })
			if err != nil {
				yield(nil, err)
				return
			}
			if !more {
				return
			}
			var shown []contact.Stamp
			for _, st := range stamps {
				if b.s.shows(st.ID) {
					shown = append(shown, st)
				}
			}
			if kind == Truncated {
				yield(shown[:len(shown)/2], nil)
				return // and says that this was all
			}
			if !yield(shown, nil) {
				return
			}
		}
	}
}

func (b *wiredBook) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	kind, err := b.w.pass(b.place(), Write)
	if err != nil {
		return nil, err
	}
	all := func(o contact.Outcome) []contact.Result {
		rs := make([]contact.Result, len(ms))
		for i := range rs {
			rs[i] = contact.Result{Outcome: o, ID: ms[i].ID}
		}
		return rs
	}
	switch kind {
	case Throttled:
		return all(contact.Retry), nil
	case Failing:
		return all(contact.Unknown), trouble(kind)
	case SignedOut:
		return all(contact.NotRun), trouble(kind)
	case Refused412:
		if ms[0].Op == contact.Create {
			return all(contact.Retry), nil
		}
		return all(contact.Conflict), nil
	}
	n := len(ms)
	if kind == Partial {
		n /= 2
	}
	results := all(contact.NotRun)
	doomed := map[contact.ID]contact.Record{}
	if n > 0 {
		if ms[0].Op == contact.Delete {
			for _, r := range b.All() {
				doomed[r.ID] = r
			}
		}
		done, err := b.Book.Write(ctx, ms[:n])
		if err != nil {
			return done, err
		}
		b.w.wrote(b.side, n)
		copy(results, done)
	}
	for i, r := range results[:n] {
		if r.Outcome != contact.OK {
			continue
		}
		if ms[i].Op == contact.Delete {
			b.deleted(b.side, doomed[ms[i].ID])
		}
		if (kind == Late || kind == LateLost) && ms[i].Op == contact.Create {
			b.s.hide(r.ID)
		}
	}
	switch kind {
	case CrashAfter:
		return nil, b.w.die()
	case LostReply, LateLost:
		return nil, lost()
	case FailedAfter:
		return all(contact.Unknown), &contact.Error{Kind: contact.ErrUnavailable}
	case Partial:
		return results, lost()
	}
	return results, nil
}
