package engine

import (
	"maps"
	"slices"

	"tandem/server/contact"
	"tandem/server/engine/plan"
)

// group is all the Ops of one pair, and its Link as far as it has got.
type group struct {
	ops  []plan.Op
	link plan.Link
	// marker is what a created record carries: the Link's ID.
	marker string
	// writes counts the Ops that are still to be sent, failed those that were
	// not carried out.
	writes, failed int
	drop           bool // the Link is to go
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
				g.link = plan.Link{ID: r.newLinkID(op), CreatedSide: -1}
				g.link.Side = op.Half
				g.link.Side[0].Base, g.link.Side[1].Base = plan.Base{}, plan.Base{}
			}
			for s := range g.link.Side {
				g.link.Side[s].Base = maps.Clone(g.link.Side[s].Base)
			}
			g.marker = g.link.ID
			byKey[k] = g
			all = append(all, g)
		}
		g.ops = append(g.ops, op)
		if sends(op) {
			g.writes++
		}
	}
	return all
}

// newLinkID is a new identifier, or that of the intent whose create was looked
// for in vain: the same marker is used again.
func (r *run) newLinkID(op plan.Op) string {
	if op.Kind == plan.Create {
		if old, ok := r.again[op.Side.Other()][op.Half[op.Side.Other()].ID]; ok && old.LinkID != "" {
			return old.LinkID
		}
	}
	return r.Ledger.NewID()
}

// sends says whether an Op is a write to a provider.
func sends(op plan.Op) bool {
	return op.Kind == plan.Create || op.Kind == plan.Update || op.Kind == plan.Delete
}

// agree moves the bases of the fields that were written: on the written side
// to what it gave back, on the other one to what was copied.
func (g *group) agree(op plan.Op, back contact.Contact) {
	s, o := op.Side, op.Side.Other()
	for f := range g.written(op).All() {
		if _, ok := op.Half[s].Base[f]; ok {
			g.link.Side[s].Base[f] = slices.Clone(back.Value(f))
		}
		if v, ok := op.Half[o].Base[f]; ok {
			g.link.Side[o].Base[f] = v
		}
	}
}

// written are the fields whose base an Op moves: its mask, and the whole name
// where components of the name were written in its stead.
func (g *group) written(op plan.Op) contact.Fields {
	fs := op.Mask
	if fs&contact.NameParts != 0 {
		fs = fs.With(contact.FullName)
	}
	return fs
}

// settle takes over, once every Op of the pair has been carried out, what the
// Plan says about the fields that were not written.
func (g *group) settle() {
	if g.failed > 0 || g.writes > 0 {
		return
	}
	var written contact.Fields
	for _, op := range g.ops {
		if sends(op) {
			written |= g.written(op)
		}
	}
	for _, op := range g.ops {
		for s := range op.Half {
			for f, v := range op.Half[s].Base {
				if !written.Has(f) {
					g.link.Side[s].Base[f] = v
				}
			}
			if !sends(op) || plan.Side(s) != op.Side {
				g.version(plan.Side(s), op.Half[s])
			}
		}
		g.link.Edited = g.link.Edited || op.Edited
		if op.Kind != plan.Update && op.Kind != plan.Rebase && op.CreatedSide >= 0 {
			g.link.CreatedSide = op.CreatedSide
		}
	}
}

// version moves a side that was not written to the version that was read,
// unless a write of this run has moved it further.
func (g *group) version(s plan.Side, h plan.Half) {
	for _, op := range g.ops {
		if sends(op) && op.Side == s {
			return
		}
	}
	if h.ID != "" {
		g.link.Side[s].ID = h.ID
	}
	g.link.Side[s].Version = h.Version
}
