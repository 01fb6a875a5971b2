package engine

import (
	"context"
	"errors"
	"slices"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// rereads is how often a pair whose record changed under our hands is read,
// merged and tried again within one run.
const rereads = 3

// localBatch is how many pairs without a write are committed together.
const localBatch = 500

// carryOut carries out a Plan's Ops. Pairs that changed meanwhile are read and
// planned again, a bounded number of times; what still moves then waits for
// the next run.
func (r *run) carryOut(ctx context.Context, in plan.Input, ops []plan.Op) error {
	links := map[string]plan.Link{}
	for _, p := range in.Pairs {
		links[p.Link.ID] = p.Link
	}
	for attempt := 0; ; attempt++ {
		redo, err := r.round(ctx, r.groups(ops, links))
		if err != nil || len(redo) == 0 {
			return err
		}
		if attempt == rereads {
			r.transient = true
			return r.giveUp(ctx, redo)
		}
		if ops, links, err = r.replan(ctx, in, redo); err != nil {
			return err
		}
	}
}

// round carries out every group once. It answers those to be planned again.
func (r *run) round(ctx context.Context, groups []*group) ([]*group, error) {
	if err := r.local(ctx, groups); err != nil {
		return nil, err
	}
	var redo []*group
	for _, wave := range waves(groups) {
		again, err := r.wave(ctx, wave)
		redo = append(redo, again...)
		if err != nil {
			return nil, err
		}
	}
	return unique(redo), nil
}

// wave carries out writes to one side, batch by batch. What belongs to a group
// of which a write was not carried out is left out.
func (r *run) wave(ctx context.Context, steps []step) (redo []*group, err error) {
	steps = slices.DeleteFunc(slices.Clone(steps), func(st step) bool { return st.g.failed })
	for len(steps) > 0 {
		if ctx.Err() != nil {
			return nil, errors.Join(errStopped, ctx.Err())
		}
		s := steps[0].op.Side
		n := r.batch(s, steps)
		again, err := r.write(ctx, s, steps[:n])
		redo = append(redo, again...)
		if err != nil {
			return redo, err
		}
		r.progress(ctx, n)
		steps = steps[n:]
	}
	return redo, nil
}

// step is one write of a group.
type step struct {
	g  *group
	op plan.Op
}

// batch is how many of the next steps go into one Write: all of one kind, and
// only one create where the provider cannot hold a marker, so that a lost
// answer leaves a single question.
func (r *run) batch(s plan.Side, steps []step) int {
	most := max(1, r.desc[s].Batch)
	if steps[0].op.Kind == plan.Create && !r.desc[s].Marker {
		return 1
	}
	n := 1
	for n < len(steps) && n < most && steps[n].op.Kind == steps[0].op.Kind {
		n++
	}
	return n
}

// local commits what needs no write: new links, moved bases, dropped links.
// A group that also writes gets its link first, so that the writes have one.
func (r *run) local(ctx context.Context, groups []*group) error {
	var b store.Batch
	n := 0
	flush := func() error {
		if n == 0 {
			return nil
		}
		err := r.Ledger.Commit(ctx, r.pair.ID, r.fence, b)
		r.progress(ctx, n)
		b, n = store.Batch{}, 0
		return err
	}
	for _, g := range groups {
		if !r.applyLocal(g, &b) {
			continue
		}
		if n++; n == localBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// applyLocal puts a group's local Ops into b and says whether there were any.
func (r *run) applyLocal(g *group, b *store.Batch) bool {
	any := false
	for _, op := range g.ops {
		if sends(op) {
			break // what follows presumes it
		}
		any = true
		g.done(op, nil)
		switch op.Kind {
		case plan.LinkUp:
			r.report.Linked++
			b.Items = append(b.Items, r.item("linked", "", g.link, op, Detail{Name: op.Name}))
		case plan.Unlink:
			g.drop = op.State == plan.Active
			b.Items = append(b.Items, r.item("unlinked", "", g.link, op, Detail{Name: op.Name}))
		}
	}
	if !any {
		return false
	}
	if g.drop {
		b.DropLinks = append(b.DropLinks, g.link.ID)
	} else {
		b.Links = append(b.Links, r.kept(g))
	}
	return true
}

// replan reads both records of the groups anew and plans them again.
func (r *run) replan(ctx context.Context, in plan.Input, redo []*group) ([]plan.Op, map[string]plan.Link, error) {
	links := map[string]plan.Link{}
	var ids [2][]contact.ID
	for _, g := range redo {
		links[g.link.ID] = g.link
		for s := range ids {
			ids[s] = append(ids[s], g.link.Side[s].ID)
		}
	}
	var found [2]map[contact.ID]contact.Record
	var gone [2]map[contact.ID]bool
	for s := range ids {
		records, missing, err := r.book[s].Get(ctx, ids[s])
		if err != nil {
			return nil, nil, sideError(plan.Side(s), "read again", err)
		}
		found[s], gone[s] = map[contact.ID]contact.Record{}, map[contact.ID]bool{}
		for _, rec := range records {
			found[s][rec.ID], r.lists[s].records[rec.ID] = rec, rec
		}
		for _, id := range missing {
			gone[s][id] = true
		}
	}
	again := in
	again.Pairs, again.Confirmed = nil, true
	again.Fresh, again.Known = [2][]contact.Record{}, [2][]plan.Known{}
	for _, g := range redo {
		p := plan.Pair{Link: g.link}
		for s := range found {
			id := g.link.Side[s].ID
			if rec, ok := found[s][id]; ok {
				p.Record[s], p.Fate[s] = &rec, plan.Touched
			} else if gone[s][id] {
				p.Fate[s] = plan.Deleted
			} else {
				p.Fate[s] = plan.LeftScope
			}
		}
		again.Pairs = append(again.Pairs, p)
	}
	// What a person typed meanwhile may have lost against the other side: it is
	// listed like any conflict.
	p := plan.Make(again)
	return p.Ops, links, r.notes(ctx, p.Notes)
}

// giveUp reports the pairs that kept changing while they were written.
func (r *run) giveUp(ctx context.Context, groups []*group) error {
	var b store.Batch
	for _, g := range groups {
		r.report.Failed++
		op := g.ops[0]
		op.Reason = "it kept changing while it was written; the next run tries again"
		b.Items = append(b.Items, r.item("failed", op.Side.String(), g.link, op, Detail{Name: op.Name}))
	}
	return r.Ledger.Commit(ctx, r.pair.ID, r.fence, b)
}

func unique(groups []*group) []*group {
	seen := map[*group]bool{}
	var out []*group
	for _, g := range groups {
		if !seen[g] {
			seen[g] = true
			out = append(out, g)
		}
	}
	return out
}
