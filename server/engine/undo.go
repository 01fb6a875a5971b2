package engine

import (
	"context"
	"maps"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// The reasons of an undo.
const (
	reasonUndo    plan.Reason = "taken back"
	reasonRestore plan.Reason = "restored"
)

// undo takes back what earlier lines say was done, or lets one side's value of
// a conflict or difference stand. It is a run like any other: planned before
// anything is written, shown for a Yes, with before-images of its own. What a
// person edited since stays as they left it. Cursors and listings are not moved.
func (r *run) undo(ctx context.Context) error {
	for s := range r.lists {
		r.lists[s] = &listing{records: map[contact.ID]contact.Record{}, fate: map[contact.ID]plan.Fate{}, into: map[contact.ID]contact.ID{}}
	}
	links, err := r.linksOf(ctx)
	if err != nil {
		return err
	}
	var p plan.Plan
	for _, item := range r.req.Undo.Items {
		link, linked := links[item.LinkID]
		var op plan.Op
		var ok bool
		switch {
		case r.req.Undo.Task.Take != "":
			ops, err := r.restoreOps(item, link, linked)
			if err != nil {
				return err
			}
			p.Ops = append(p.Ops, ops...)
			continue
		case item.Kind == "updated" && linked:
			op, ok, err = r.undoUpdate(item, link)
		case item.Kind == "created" && linked:
			op, ok, err = r.undoCreate(item, link)
		case item.Kind == "deleted":
			op, ok, err = r.undoDelete(item)
		}
		if err != nil {
			return err
		}
		if ok {
			p.Ops = append(p.Ops, op)
		}
	}
	for _, op := range p.Ops {
		switch op.Kind {
		case plan.Create:
			p.Count[op.Side].Created++
		case plan.Update:
			p.Count[op.Side].Updated++
		case plan.Delete:
			p.Count[op.Side].Deleted++
		}
	}
	if !r.row.Confirmed && r.req.Undo.Task.Take == "" {
		p.Halt, p.Detail = HaltUndo, undoSentence(p)
		r.count(p)
		r.report.State, r.report.Reason = store.RunHalted, p.Detail
		return r.show(ctx, p)
	}
	r.phase(ctx, "writing", len(p.Ops))
	groups := r.groups(p.Ops, links)
	for _, g := range groups {
		if g.ops[0].Kind == plan.Create {
			// The other half is gone: it is remembered, not created again.
			g.link.State = g.ops[0].State
		}
	}
	redo, err := r.round(ctx, groups)
	if err != nil {
		return err
	}
	return r.giveUp(ctx, redo)
}

// linksOf reads the links of the lines, and both records as they are now.
func (r *run) linksOf(ctx context.Context) (map[string]plan.Link, error) {
	links := map[string]plan.Link{}
	for s := range r.book {
		var ids []string
		for _, item := range r.req.Undo.Items {
			if id := [2]string{item.LeftID, item.RightID}[s]; id != "" {
				ids = append(ids, id)
			}
		}
		rows, err := r.Ledger.LinksBy(ctx, r.pair.ID, uint8(s), ids)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if links[row.ID], err = toPlan(row); err != nil {
				return nil, err
			}
		}
	}
	for s := range r.book {
		var ids []contact.ID
		for _, l := range links {
			if l.Side[s].ID != "" {
				ids = append(ids, l.Side[s].ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		found, _, err := r.book[s].Get(ctx, ids)
		if err != nil {
			return nil, sideError(plan.Side(s), "read what is to be taken back", err)
		}
		for _, rec := range found {
			r.lists[s].records[rec.ID] = rec
		}
	}
	return links, nil
}

func itemSide(item store.Item) plan.Side {
	if item.Side == plan.Right.String() {
		return plan.Right
	}
	return plan.Left
}

// undoUpdate writes the values from before, field by field: a field that was
// edited since stays.
func (r *run) undoUpdate(item store.Item, link plan.Link) (plan.Op, bool, error) {
	s := itemSide(item)
	d, err := DecodeDetail(item.Detail)
	if err != nil {
		return plan.Op{}, false, err
	}
	rec, ok := r.lists[s].records[link.Side[s].ID]
	if !ok {
		return plan.Op{}, false, nil
	}
	now := rec.Contact
	var mask contact.Fields
	for _, c := range d.Changes {
		f, known := contact.ParseField(c.Field)
		if known && r.desc[s].Writable.Has(f) && r.settings.Norm.Equal(f, now.Value(f), c.After) {
			now, mask = now.Set(f, c.Before), mask.With(f)
		}
	}
	if mask == 0 {
		return plan.Op{}, false, nil
	}
	return r.rewrite(s, link, rec, now, mask, d.Name, reasonUndo), true, nil
}

// rewrite is the Op that writes some fields of a record. The written side's
// base follows; the other side's stays, so that only the next edit travels.
func (r *run) rewrite(s plan.Side, link plan.Link, rec contact.Record, now contact.Contact, mask contact.Fields, name string, why plan.Reason) plan.Op {
	op := plan.Op{
		Kind: plan.Update, Side: s, Link: link.ID, Half: link.Side, CreatedSide: link.CreatedSide, Edited: link.Edited, State: link.State,
		Contact: now, Mask: mask, Before: rec.Contact, Reason: why, Name: name,
	}
	stored := r.book[s].Project(now)
	base := maps.Clone(link.Side[s].Base)
	for f := range base {
		whole := f == contact.FullName && mask&contact.NameParts != 0
		if mask.Has(f) || whole {
			base[f] = stored.Value(f)
		}
	}
	op.Half[s] = plan.Half{ID: rec.ID, Version: rec.Version, Base: base}
	return op
}

// undoCreate deletes a record that a run created, unless it was edited since.
// Its source is remembered as removed there, so that it is not created again.
func (r *run) undoCreate(item store.Item, link plan.Link) (plan.Op, bool, error) {
	s := itemSide(item)
	d, err := DecodeDetail(item.Detail)
	if err != nil {
		return plan.Op{}, false, err
	}
	rec, ok := r.lists[s].records[link.Side[s].ID]
	if !ok || link.Edited || r.apart(link.Side[s].Base, rec) {
		return plan.Op{}, false, nil
	}
	op := plan.Op{Kind: plan.Delete, Side: s, Link: link.ID, Half: link.Side, CreatedSide: link.CreatedSide,
		State: plan.RemovedLeft, Before: rec.Contact, Reason: reasonUndo, Name: d.Name}
	if s == plan.Right {
		op.State = plan.RemovedRight
	}
	op.Half[s].Version = rec.Version
	return op, true, nil
}

// undoDelete creates a deleted record anew from its before-image. What it was
// linked with is gone; the link says so, and nothing is created there again.
func (r *run) undoDelete(item store.Item) (plan.Op, bool, error) {
	s := itemSide(item)
	o := s.Other()
	d, err := DecodeDetail(item.Detail)
	if err != nil || len(d.Before) == 0 {
		return plan.Op{}, false, err
	}
	var c contact.Contact
	for name, v := range d.Before {
		if f, ok := contact.ParseField(name); ok {
			c = c.Set(f, v)
		}
	}
	mask := c.Filled() & r.desc[s].Writable
	op := plan.Op{Kind: plan.Create, Side: s, CreatedSide: int8(s), State: plan.RemovedLeft, Contact: c, Mask: mask, Before: c, Reason: reasonUndo, Name: d.Name}
	if o == plan.Right {
		op.State = plan.RemovedRight
	}
	op.Half[o].ID = contact.ID([2]string{item.LeftID, item.RightID}[o])
	op.Half[s].Base, op.Half[o].Base = plan.Base{}, plan.Base{}
	return op, true, nil
}
