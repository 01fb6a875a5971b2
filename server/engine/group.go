package engine

import (
	"maps"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// group is all the Ops of one pair, and its Link as far as it has got. Each Op
// presumes the ones before it: where one is not carried out, the rest waits.
type group struct {
	ops  []plan.Op
	link plan.Link
	// marker is what a created record carries: the Link's ID.
	marker string
	failed bool
	drop   bool    // the Link is to go
	wrote  [2]bool // sides written in this round
}

// groups sorts the Ops of a Plan by pair, in the Plan's order.
func (r *run) groups(ops []plan.Op, links map[string]plan.Link) []*group {
	type key struct {
		link        string
		left, right contact.ID
	}
	byKey := map[key]*group{}
	var all []*group
	for _, op := range ops {
		k := key{link: op.Link}
		if op.Link == "" {
			k.left, k.right = op.Half[0].ID, op.Half[1].ID
		}
		g, ok := byKey[k]
		if !ok {
			g = &group{}
			if l, known := links[op.Link]; known {
				g.link = l
			} else {
				g.link = plan.Link{ID: r.newLinkID(op), CreatedSide: -1, Side: op.Half}
			}
			g.marker = g.link.ID
			byKey[k] = g
			all = append(all, g)
		}
		g.ops = append(g.ops, op)
	}
	return all
}

// newLinkID is a new identifier, or that of the intent whose create was looked
// for in vain: the same marker is used again.
func (r *run) newLinkID(op plan.Op) string {
	if op.Kind == plan.Create {
		o := op.Side.Other()
		if old, ok := r.again[o][op.Half[o].ID]; ok && old.LinkID != "" {
			return old.LinkID
		}
	}
	return r.Ledger.NewID()
}

// sends says whether an Op is a write to a provider.
func sends(op plan.Op) bool {
	return op.Kind == plan.Create || op.Kind == plan.Update || op.Kind == plan.Delete
}

// waves puts the writes of all groups in order: the first write of each group,
// then the second. Within a wave the contacts server comes first.
func waves(groups []*group) [][]step {
	var all [][]step
	for n := 0; ; n++ {
		var wave [2][]step
		for _, g := range groups {
			i := 0
			for _, op := range g.ops {
				if !sends(op) {
					continue
				}
				if i == n {
					wave[op.Side] = append(wave[op.Side], step{g, op})
				}
				i++
			}
		}
		if len(wave[0])+len(wave[1]) == 0 {
			return all
		}
		for _, s := range []plan.Side{plan.Right, plan.Left} {
			if len(wave[s]) > 0 {
				all = append(all, wave[s])
			}
		}
	}
}

// done moves the Link to where it is once an Op has been carried out. back is
// the written record where it was read back, nil where the provider's strong
// version says that it stored what was sent.
func (g *group) done(op plan.Op, back *contact.Record) {
	for s := range op.Half {
		side := plan.Side(s)
		h := &g.link.Side[s]
		written := sends(op) && op.Side == side
		if written && back != nil {
			h.Base = op.Back(*back)
		} else {
			h.Base = maps.Clone(op.Half[s].Base)
		}
		if op.Half[s].ID != "" {
			h.ID = op.Half[s].ID
		}
		if !written && !g.wrote[s] {
			h.Version = op.Half[s].Version
		}
		g.wrote[s] = g.wrote[s] || written
	}
	g.link.Edited = g.link.Edited || op.Edited
	if op.Kind == plan.LinkUp {
		g.link.CreatedSide = op.CreatedSide
	}
	if op.Kind != plan.Create && op.Kind != plan.Update {
		g.link.State = op.State
	}
}

// apart says whether a record holds another value than its base in a field
// that was agreed on, or was not read: an edit that stays on its side, or one
// that a person made meanwhile. Its Link then keeps no version, which makes the next run that looks
// at the pair read the record instead of believing its base.
func (r *run) apart(base plan.Base, rec contact.Record) bool {
	for f, v := range base {
		if !rec.Read.Has(f) && f != contact.FullName && !contact.NameParts.Has(f) {
			return true // nobody has seen what it holds
		}
		if rec.Read.Has(f) && !r.settings.Norm.Equal(f, v, rec.Contact.Value(f)) {
			return true
		}
	}
	return false
}

// kept is the group's Link as it is stored.
func (r *run) kept(g *group) store.Link {
	l := g.link
	for s := range l.Side {
		rec, ok := r.lists[s].records[l.Side[s].ID]
		if ok && !g.wrote[s] && r.apart(l.Side[s].Base, rec) {
			l.Side[s].Version = ""
		}
	}
	return r.fromPlan(l, g.marker, 0)
}
