package plan

import (
	"cmp"
	"slices"

	"tandem/server/contact"
)

// planner carries what one Make works on.
type planner struct {
	in     Input
	set    Settings
	fields contact.Fields // compared
	plan   Plan
	// gone and back count the Links that end, or come back, in this Plan.
	gone, back int
	// owners are the Links of each record, listed the fresh records.
	owners [2]map[contact.ID][]string
	listed [2]map[contact.ID]*contact.Record
	// byMail are the fresh records that may be heirs of deleted ones.
	byMail [2]map[string][]*entry
}

// Make decides what a run would do. It is a pure function: equal inputs, in
// whatever order their records come, give equal Plans. Where the Plan is halted
// it still holds every Op, to be shown.
func Make(in Input) Plan {
	if in.Settings.Map == nil {
		in.Settings.Map = DefaultMap(in.Settings.Lead)
	}
	p := &planner{in: in, set: in.Settings, fields: sharedFields(&in)}
	p.index()
	for _, pair := range p.moved(in.Pairs) {
		p.pair(pair)
	}
	p.fresh()
	slices.SortStableFunc(p.plan.Ops, func(a, b Op) int {
		return cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(a.Half[Left].ID, b.Half[Left].ID), cmp.Compare(a.Half[Right].ID, b.Half[Right].ID))
	})
	slices.SortStableFunc(p.plan.Notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(a.ID[Left], b.ID[Left]), cmp.Compare(a.ID[Right], b.ID[Right]),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Winner, b.Winner), cmp.Compare(a.Reason, b.Reason))
	})
	p.count()
	p.guard()
	return p.plan
}

// index prepares look-ups by record ID.
func (p *planner) index() {
	for s := range p.owners {
		p.owners[s], p.listed[s] = map[contact.ID][]string{}, map[contact.ID]*contact.Record{}
		for _, pair := range p.in.Pairs {
			p.own(Side(s), pair.Link.Side[s].ID, pair.Link.ID)
		}
		for _, k := range p.in.Known[s] {
			if k.Linked {
				p.own(Side(s), k.Record.ID, "")
			}
		}
		for i := range p.in.Fresh[s] {
			p.listed[s][p.in.Fresh[s][i].ID] = &p.in.Fresh[s][i]
		}
	}
}

// own notes that a record belongs to a Link; "" is one that is not at hand.
func (p *planner) own(s Side, id contact.ID, link string) {
	p.owners[s][id] = append(p.owners[s][id], link)
}

func (p *planner) op(ops ...Op) { p.plan.Ops = append(p.plan.Ops, ops...) }

func (p *planner) note(n Note) { p.plan.Notes = append(p.plan.Notes, n) }
