package engine

import (
	"context"
	"slices"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// input puts together what the planner decides on: the pairs of which at least
// one side moved, the records without a link, and their possible partners.
func (r *run) input(ctx context.Context) (plan.Input, error) {
	in := plan.Input{
		Settings: r.settings.Settings, First: r.first, SettingsChanged: r.changed, Confirmed: r.row.Confirmed,
	}
	task, err := DecodeTask(r.row.Task)
	if err != nil {
		return in, err
	}
	in.Shown = task.Shown
	for s := range in.Book {
		before := r.pair.LeftSize
		if plan.Side(s) == plan.Right {
			before = r.pair.RightSize
		}
		in.Book[s] = plan.Book{Description: r.desc[s], Project: r.book[s].Project, Listed: r.lists[s].size(), Before: before}
	}
	if in.Links, err = r.Ledger.CountLinks(ctx, r.pair.ID, uint8(plan.Active)); err != nil {
		return in, err
	}
	links, err := r.touched(ctx)
	if err != nil {
		return in, err
	}
	linked := [2]map[contact.ID]bool{{}, {}}
	for _, row := range links {
		l, err := toPlan(row)
		if err != nil {
			return in, err
		}
		for s := range linked {
			linked[s][l.Side[s].ID] = true
		}
		if p, moved := r.pairOf(l); moved {
			in.Pairs = append(in.Pairs, p)
		}
	}
	for s := range in.Fresh {
		in.Fresh[s] = r.fresh(plan.Side(s), linked[s])
	}
	if err := r.partners(ctx, in.Pairs); err != nil {
		return in, err
	}
	return in, r.known(ctx, &in)
}

// partners reads the records that did not change but are not what their base
// says either: those whose Link keeps no version (an edit that stays on its
// side), and those whose partner has come back, which were not looked at while
// it was away.
func (r *run) partners(ctx context.Context, pairs []plan.Pair) error {
	for s := range r.book {
		at := map[contact.ID]int{}
		var ids []contact.ID
		for i, p := range pairs {
			h := p.Link.Side[s]
			if p.Record[s] == nil && p.Fate[s] == plan.Unchanged && h.ID != "" && (h.Version == "" || returns(p, plan.Side(s).Other())) {
				at[h.ID] = i
				ids = append(ids, h.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		found, gone, err := r.book[s].Get(ctx, ids)
		if err != nil {
			return sideError(plan.Side(s), "read the other half of a pair", err)
		}
		for _, id := range ids {
			pairs[at[id]].Fate[s] = plan.LeftScope
		}
		for _, id := range gone {
			pairs[at[id]].Fate[s] = plan.Deleted
		}
		for _, rec := range found {
			p := &pairs[at[rec.ID]]
			p.Record[s], p.Fate[s] = &rec, plan.Unchanged
			r.lists[s].records[rec.ID] = rec
		}
	}
	return nil
}

// returns says whether a Link waited for its record on side s and it is listed.
func returns(p plan.Pair, s plan.Side) bool {
	waits := p.Link.State == plan.RemovedLeft || p.Link.State == plan.OutOfScope
	if s == plan.Right {
		waits = p.Link.State == plan.RemovedRight || p.Link.State == plan.OutOfScopeRight
	}
	return waits && p.Fate[s] == plan.Touched
}

// touched reads the links of everything that was listed.
func (r *run) touched(ctx context.Context) ([]store.Link, error) {
	var all []store.Link
	if r.first || r.lists[0].full && r.lists[1].full {
		err := r.Ledger.Links(ctx, r.pair.ID, func(links []store.Link) error {
			all = append(all, links...)
			return nil
		})
		return all, err
	}
	have := map[string]bool{}
	for s, l := range r.lists {
		ids := make([]string, 0, len(l.records)+len(l.fate))
		for id := range l.records {
			ids = append(ids, string(id))
		}
		for id := range l.fate {
			ids = append(ids, string(id))
		}
		slices.Sort(ids)
		links, err := r.Ledger.LinksBy(ctx, r.pair.ID, uint8(s), ids)
		if err != nil {
			return nil, err
		}
		for _, link := range links {
			if !have[link.ID] {
				have[link.ID] = true
				all = append(all, link)
			}
		}
	}
	return all, nil
}

// pairOf is a link with both sides as they are now, and whether there is
// anything to look at. A record listed with the version that the link holds is
// the echo of our own write, or nothing at all.
func (r *run) pairOf(l plan.Link) (plan.Pair, bool) {
	p := plan.Pair{Link: l}
	moved := r.first
	for s, list := range r.lists {
		id := l.Side[s].ID
		if fate, ok := list.fate[id]; ok {
			p.Fate[s], p.Into[s] = fate, list.into[id]
			moved = true
			continue
		}
		rec, ok := list.records[id]
		if !ok {
			continue
		}
		p.Record[s] = &rec
		if rec.Version == "" || rec.Version != l.Side[s].Version || l.State == plan.OutOfScope || l.State == plan.OutOfScopeRight {
			p.Fate[s] = plan.Touched
			moved = true
		}
	}
	return p, moved
}

// fresh are the listed records without a link. Those that may be the result of
// a create whose answer was lost are held back until that is known.
func (r *run) fresh(s plan.Side, linked map[contact.ID]bool) []contact.Record {
	var out []contact.Record
	for id, rec := range r.lists[s].records {
		if _, held := r.held[s][id]; !linked[id] && !held {
			out = append(out, rec)
		}
	}
	slices.SortFunc(out, func(a, b contact.Record) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return out
}
