package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"tandem/server/contact"
	"tandem/server/engine/plan"
)

// listing is what one side said.
type listing struct {
	records map[contact.ID]contact.Record // the last word on each
	fate    map[contact.ID]plan.Fate      // gone, out of scope, converted, merged
	into    map[contact.ID]contact.ID
	full    bool // everything there is was listed, completely
	swept   bool // everything's IDs are known
	next    contact.Cursor
	// stamps are the IDs and versions of a sweep.
	stamps map[contact.ID]contact.Version
}

// detect lists both sides at the same time, then looks for deletions where
// they have to be found by absence.
func (r *run) detect(ctx context.Context) error {
	group, listCtx := errgroup.WithContext(ctx)
	for s := range r.book {
		group.Go(func() (err error) {
			r.lists[s], err = r.list(listCtx, plan.Side(s))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for s := range r.book {
		if err := r.absent(ctx, plan.Side(s)); err != nil {
			return err
		}
	}
	return nil
}

// list reads one side's changes, and everything where its cursor has expired.
func (r *run) list(ctx context.Context, s plan.Side) (*listing, error) {
	l, err := r.changes(ctx, s, r.cursor(s))
	if errors.Is(err, contact.ErrCursorExpired) && r.cursor(s) != nil {
		l, err = r.changes(ctx, s, nil)
	}
	if err != nil {
		return nil, sideError(s, "list", err)
	}
	if !l.full && !r.desc[s].Tombstones && r.sweepDue() {
		if err := r.sweep(ctx, s, l); err != nil {
			return nil, sideError(s, "sweep", err)
		}
	}
	return l, nil
}

// changes takes in a stream of changes. A stream that ends without a cursor
// did not complete, and nothing may be concluded from it.
func (r *run) changes(ctx context.Context, s plan.Side, from contact.Cursor) (*listing, error) {
	l := &listing{records: map[contact.ID]contact.Record{}, fate: map[contact.ID]plan.Fate{}, into: map[contact.ID]contact.ID{}, full: from == nil}
	for page, err := range r.book[s].Changes(ctx, from) {
		if err != nil {
			return nil, err
		}
		l.full = l.full || page.Full
		for _, c := range page.Changes {
			l.take(c)
		}
		if page.Next != nil {
			l.next = page.Next
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, errors.Join(errStopped, err)
	}
	if l.next == nil {
		return nil, &contact.Error{Kind: contact.ErrProtocol,
			Message: "The list of contacts ended too early, so nothing was concluded from it. The next run tries again.",
			Cause:   fmt.Errorf("engine: %s: a listing ended without a cursor", s)}
	}
	return l, nil
}

// take takes in one change; the last word on a record counts.
func (l *listing) take(c contact.Change) {
	delete(l.records, c.ID)
	delete(l.fate, c.ID)
	switch c.Kind {
	case contact.Changed:
		c.Record.ID = c.ID
		l.records[c.ID] = c.Record
	case contact.Deleted:
		l.fate[c.ID] = plan.Deleted
	case contact.LeftScope:
		l.fate[c.ID] = plan.LeftScope
	case contact.Merged:
		l.fate[c.ID], l.into[c.ID] = plan.Merged, c.Into
	case contact.Converted:
		l.fate[c.ID], l.into[c.ID] = plan.Converted, c.Into
	}
}

// sweepDue says whether it is time to look for deletions by absence.
func (r *run) sweepDue() bool {
	return r.req.Sweep || r.row.Sweep || r.pair.SweptAt == nil || r.Now().Sub(*r.pair.SweptAt) >= r.SweepEvery
}

// sweep lists the IDs of everything; records whose version is not the known
// one are read, so that a sweep also finds what the changes missed.
func (r *run) sweep(ctx context.Context, s plan.Side, l *listing) error {
	sweeper, ok := r.book[s].(contact.Sweeper)
	if !ok {
		all, err := r.changes(ctx, s, nil)
		if err != nil {
			return err
		}
		// What the changes told stands: a listing that leaves it out is older, or
		// incomplete.
		for id, rec := range l.records {
			if _, listed := all.records[id]; !listed {
				all.records[id] = rec
			}
		}
		for id := range l.fate {
			if _, listed := all.records[id]; listed {
				delete(l.fate, id)
			}
		}
		l.records, l.full = all.records, true
		return nil
	}
	l.stamps = map[contact.ID]contact.Version{}
	for stamps, err := range sweeper.Sweep(ctx) {
		if err != nil {
			return err
		}
		for _, st := range stamps {
			l.stamps[st.ID] = st.Version
		}
	}
	if err := ctx.Err(); err != nil {
		return errors.Join(errStopped, err)
	}
	l.swept = true
	return r.missed(ctx, s, l)
}

// missed reads the swept records whose version differs from the one last seen.
func (r *run) missed(ctx context.Context, s plan.Side, l *listing) error {
	var ids []string
	for id := range l.stamps {
		if _, listed := l.records[id]; !listed {
			ids = append(ids, string(id))
		}
	}
	seen, err := r.Ledger.Seen(ctx, r.conn[s].ID, r.settings.Entity, ids)
	if err != nil {
		return err
	}
	var read []contact.ID
	for _, id := range ids {
		v := l.stamps[contact.ID(id)]
		if known, ok := seen[id]; !ok || v != "" && known != string(v) {
			read = append(read, contact.ID(id))
		}
	}
	found, _, err := r.book[s].Get(ctx, read)
	if err != nil {
		return err
	}
	for _, rec := range found {
		l.records[rec.ID] = rec
	}
	return nil
}

// complete says whether absence from the listing means anything.
func (l *listing) complete() bool { return l.full || l.swept }

// size is the number of records there are, -1 where only changes were listed.
func (l *listing) size() int {
	switch {
	case l.full:
		return len(l.records)
	case l.swept:
		return len(l.stamps)
	}
	return -1
}

func (l *listing) has(id contact.ID) bool {
	_, listed := l.records[id]
	_, swept := l.stamps[id]
	return listed || swept
}

// swept notes that deletions were looked for.
func (r *run) noteSweep(now time.Time) {
	if r.lists[plan.Left].complete() && r.lists[plan.Right].complete() ||
		r.lists[plan.Left].complete() && r.desc[plan.Right].Tombstones ||
		r.lists[plan.Right].complete() && r.desc[plan.Left].Tombstones {
		r.pair.SweptAt = &now
	}
}
