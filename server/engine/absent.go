package engine

import (
	"context"
	"slices"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// absent finds what a complete listing no longer holds. Absence alone never
// means deletion: each linked record that is missing is read directly, and only
// an answer that it is gone makes it deleted. One that still exists has left
// the scope; one that may not be seen has, too.
func (r *run) absent(ctx context.Context, s plan.Side) error {
	l := r.lists[s]
	if err := r.heirs(ctx, s); err != nil {
		return err
	}
	if err := r.tombstones(ctx, s); err != nil || !l.complete() {
		return err
	}
	var missing []contact.ID
	err := r.Ledger.Links(ctx, r.pair.ID, func(links []store.Link) error {
		for _, link := range links {
			id := contact.ID(link.LeftID)
			if s == plan.Right {
				id = contact.ID(link.RightID)
			}
			if _, told := l.fate[id]; id != "" && !told && !l.has(id) && active(link) && !r.young(s, link) {
				missing = append(missing, id)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(missing) == 0 || r.suspicious(s, len(missing)) {
		// A listing that is empty or far too short proves nothing: the guard
		// halts the run, and the server is not asked a thousand times.
		for _, id := range missing {
			l.fate[id] = plan.Deleted
		}
		return nil
	}
	return r.confirm(ctx, s, missing)
}

// tombstones reads each linked record that the server calls deleted: servers
// have been seen to bury the living, and a delete cannot be taken back
// everywhere.
func (r *run) tombstones(ctx context.Context, s plan.Side) error {
	var told []string
	for id, fate := range r.lists[s].fate {
		if fate == plan.Deleted {
			told = append(told, string(id))
		}
	}
	if len(told) == 0 {
		return nil
	}
	slices.Sort(told)
	links, err := r.Ledger.LinksBy(ctx, r.pair.ID, uint8(s), told)
	if err != nil {
		return err
	}
	var doubted []contact.ID
	for _, link := range links {
		if active(link) {
			doubted = append(doubted, contact.ID([2]string{link.LeftID, link.RightID}[s]))
		}
	}
	if len(doubted) == 0 {
		return nil
	}
	return r.confirm(ctx, s, doubted)
}

// heirs reads the records as which others live on. One that this Book does not
// show is no partner: a lead's contact is in another list, a merged record's may
// be out of sight, and a Link that led there would find it missing.
func (r *run) heirs(ctx context.Context, s plan.Side) error {
	l := r.lists[s]
	var ask []contact.ID
	for _, into := range l.into {
		if _, listed := l.records[into]; into != "" && !listed {
			ask = append(ask, into)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	slices.Sort(ask)
	found, _, err := r.book[s].Get(ctx, slices.Compact(ask))
	if err != nil {
		return sideError(s, "read what records were merged into", err)
	}
	for _, rec := range found {
		if r.inScope(s, rec) {
			l.records[rec.ID] = rec
		}
	}
	for id, into := range l.into {
		if _, there := l.records[into]; into == "" || there {
			continue
		}
		l.into[id] = ""
		if l.fate[id] == plan.Merged {
			l.fate[id] = plan.LeftScope
		}
	}
	return nil
}

// suspicious says whether so much is missing that the guard will halt the run
// whatever the direct reads would say. A confirmed run reads each one.
func (r *run) suspicious(s plan.Side, missing int) bool {
	return !r.row.Confirmed && r.lists[s].size() == 0 && missing > 0
}

// confirm asks the provider about each missing record.
func (r *run) confirm(ctx context.Context, s plan.Side, ids []contact.ID) error {
	l := r.lists[s]
	found, gone, err := r.book[s].Get(ctx, ids)
	if err != nil {
		return sideError(s, "read what a listing left out", err)
	}
	for _, id := range ids {
		l.fate[id] = plan.LeftScope
	}
	for _, id := range gone {
		l.fate[id] = plan.Deleted
	}
	for _, rec := range found {
		if r.inScope(s, rec) {
			// It is there and in the scope: the listing was wrong, not the person.
			delete(l.fate, rec.ID)
			l.records[rec.ID] = rec
		}
	}
	return nil
}

// young says whether we created the link's record so lately that its provider
// may not show it yet: neither a listing nor a direct read proves anything.
func (r *run) young(s plan.Side, l store.Link) bool {
	return l.CreatedSide == int8(s) && r.Now().Sub(l.UpdatedAt) < r.desc[s].Grace
}

// inScope says whether a record that was read directly would be listed.
func (r *run) inScope(s plan.Side, rec contact.Record) bool {
	return !r.desc[s].Owner || rec.Mine || r.settings.Scope == "all"
}

func active(l store.Link) bool { return plan.LinkState(l.State) == plan.Active }
