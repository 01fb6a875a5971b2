package engine

import (
	"context"

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
	if !l.complete() {
		return nil
	}
	var missing []contact.ID
	err := r.Ledger.Links(ctx, r.pair.ID, func(links []store.Link) error {
		for _, link := range links {
			id := contact.ID(link.LeftID)
			if s == plan.Right {
				id = contact.ID(link.RightID)
			}
			if _, told := l.fate[id]; id != "" && !told && !l.has(id) && active(link) {
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
		if !r.desc[s].Owner || rec.Mine || r.settings.Scope == "all" {
			// It is there and in the scope: the listing was wrong, not the person.
			delete(l.fate, rec.ID)
			l.records[rec.ID] = rec
		}
	}
	return nil
}

func active(l store.Link) bool { return plan.LinkState(l.State) == plan.Active }
