package engine

import (
	"context"
	"slices"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// record stores what was listed and moves the cursors, last of all. Where
// something has to be tried again the cursors stay, so that it is listed again.
func (r *run) record(ctx context.Context) error {
	if r.transient {
		if err := r.recover(ctx); err != nil {
			return err
		}
	}
	for s := range r.lists {
		if err := r.remember(ctx, plan.Side(s)); err != nil {
			return err
		}
	}
	for s, l := range r.lists {
		if l.size() < 0 {
			continue
		}
		if plan.Side(s) == plan.Left {
			r.pair.LeftSize = l.size() + r.report.Left.Created - r.report.Left.Deleted
		} else {
			r.pair.RightSize = l.size() + r.report.Right.Created - r.report.Right.Deleted
		}
	}
	if r.transient {
		return nil
	}
	if err := r.forget(ctx); err != nil {
		return err
	}
	r.pair.LeftCursor, r.pair.RightCursor = r.lists[plan.Left].next, r.lists[plan.Right].next
	r.pair.FirstDone, r.pair.SettingsKey = true, r.settings.Key()
	r.noteSweep(r.Now())
	return nil
}

// seenBatch is how many records are remembered in one commit.
const seenBatch = 1000

// remember keeps ID, Version and blind keys of every record that was listed,
// linked or not, and forgets those that are gone. What this run wrote has been
// remembered with the write and is newer than the listing.
func (r *run) remember(ctx context.Context, s plan.Side) error {
	l := r.lists[s]
	var put []store.Seen
	var drop []string
	for id, rec := range l.records {
		if r.wrote[s][id] {
			continue
		}
		put = append(put, store.Seen{ConnectionID: r.conn[s].ID, Entity: r.settings.Entity,
			RecordID: string(id), Version: string(rec.Version)})
	}
	for id, fate := range l.fate {
		if fate != plan.LeftScope {
			drop = append(drop, string(id))
		}
	}
	if l.complete() {
		err := r.Ledger.AllSeen(ctx, r.conn[s].ID, r.settings.Entity, func(id, _ string) error {
			if cid := contact.ID(id); !l.has(cid) && !r.wrote[s][cid] && l.fate[cid] == plan.Unchanged {
				drop = append(drop, id)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	put, err := r.unknownOf(ctx, s, put)
	if err != nil {
		return err
	}
	slices.SortFunc(put, func(a, b store.Seen) int {
		if a.RecordID < b.RecordID {
			return -1
		}
		return 1
	})
	for len(put)+len(drop) > 0 {
		n, d := min(seenBatch, len(put)), min(seenBatch, len(drop))
		b := store.Batch{Seen: []store.SeenBatch{{ConnectionID: r.conn[s].ID, Entity: r.settings.Entity, Put: put[:n], Drop: drop[:d]}}}
		if err := r.Ledger.Commit(ctx, r.pair.ID, r.fence, b); err != nil {
			return err
		}
		put, drop = put[n:], drop[d:]
	}
	return nil
}

// unknownOf leaves out the records that are remembered with this very version:
// a listing of everything costs what changed, not what exists.
func (r *run) unknownOf(ctx context.Context, s plan.Side, put []store.Seen) ([]store.Seen, error) {
	var out []store.Seen
	for chunk := range slices.Chunk(put, seenBatch) {
		ids := make([]string, len(chunk))
		for i, p := range chunk {
			ids[i] = p.RecordID
		}
		seen, err := r.Ledger.Seen(ctx, r.conn[s].ID, r.settings.Entity, ids)
		if err != nil {
			return nil, err
		}
		for _, p := range chunk {
			if known, ok := seen[p.RecordID]; !ok || p.Version == "" || known != p.Version {
				p.Keys = r.keys(r.lists[s].records[contact.ID(p.RecordID)].Contact)
				out = append(out, p)
			}
		}
	}
	return out, nil
}
