package plan

import (
	"cmp"
	"slices"

	"tandem/server/contact"
)

// fresh pairs the records that have no Link, and creates, excludes or hands to
// a person those that find no partner.
//
// Every record may be linked, in the category or not: a contact that the CRM
// knows already must not be copied into the address book a second time. The
// category decides only about who is created in the CRM.
func (p *planner) fresh() {
	var x index
	open := p.gather(&x)
	for _, step := range []struct {
		keys   keysOf
		reason func(a, b *entry) Reason
	}{
		{byMarker, func(_, _ *entry) Reason { return ReasonMarker }},
		{byEmail, func(_, _ *entry) Reason { return ReasonEmail }},
		{byIdentity, identityReason},
	} {
		// First all are looked at, then those that matched are taken out: what
		// a record is linked with does not depend on its place in the listing.
		found := make([]match, len(open))
		for i, e := range open {
			found[i] = x.match(e, step.keys)
		}
		var rest []*entry
		for i, e := range open {
			switch m := found[i]; {
			case m.partner != nil:
				if e.side == Left || !m.partner.fresh {
					p.linkUp(e, m.partner, step.reason(e, m.partner))
				}
				e.linked, m.partner.linked = true, true
			case m.involved():
				p.review(e, m)
			default:
				rest = append(rest, e)
			}
		}
		open = rest
	}
	for _, e := range open {
		others := slices.DeleteFunc(x.find(e.side.Other(), e, e.roles), func(o *entry) bool { return o.linked })
		if len(others) > 0 {
			p.review(e, match{candidates: others})
			continue
		}
		p.create(e)
	}
}

// gather files everybody who counts in pairing, and gives those who ask for a
// partner, in an order that does not depend on the listing's.
func (p *planner) gather(x *index) []*entry {
	var all, open []*entry
	seen := [2]map[contact.ID]bool{{}, {}}
	add := func(e *entry) {
		if !seen[e.side][e.rec.ID] {
			seen[e.side][e.rec.ID] = true
			all = append(all, e)
		}
	}
	for _, pair := range p.in.Pairs {
		p.gatherPair(pair, true, add)
	}
	for s := range p.in.Fresh {
		for _, rec := range p.listed[s] {
			e := p.entry(Side(s), rec)
			e.linked = len(p.owners[s][rec.ID]) > 0
			e.fresh = !e.linked
			e.barred = p.bars(Side(s), rec)
			add(e)
		}
		for i := range p.in.Known[s] {
			k := &p.in.Known[s][i]
			e := p.entry(Side(s), &k.Record)
			e.linked, e.barred = k.Linked, p.bars(Side(s), &k.Record)
			add(e)
		}
	}
	for _, pair := range p.in.Pairs {
		p.gatherPair(pair, false, add)
	}
	slices.SortFunc(all, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.side, b.side), cmp.Compare(a.rec.ID, b.rec.ID))
	})
	for _, e := range all {
		x.add(e)
		switch {
		case e.fresh && e.barred != "":
			p.exclude(e, e.barred)
		case e.fresh:
			open = append(open, e)
		}
	}
	return open
}

// gatherPair files the records of a Link: proof that they have somebody. Those
// that were read come first; a base is only the second best witness.
func (p *planner) gatherPair(pair Pair, read bool, add func(*entry)) {
	for s, half := range pair.Link.Side {
		if (pair.Record[s] != nil) != read || half.ID == "" || pair.Fate[s] == Deleted || pair.Fate[s] == Merged || pair.Fate[s] == Converted {
			continue
		}
		rec := pair.Record[s]
		if rec == nil {
			rec = &contact.Record{ID: half.ID, Contact: p.side(Side(s), half, nil).now}
		}
		e := p.entry(Side(s), rec)
		e.linked = true
		switch pair.Link.State {
		case RemovedLeft, RemovedRight:
			e.barred = ReasonRemoved
		case Never:
			e.barred = ReasonNever
		}
		add(e)
	}
}

// bars is why a record is excluded from linking and creating, or "".
func (p *planner) bars(s Side, rec *contact.Record) Reason {
	if rec.Private {
		return ReasonPrivate
	}
	return p.in.Refused[s][rec.ID]
}

// linkUp links two records that both exist, fills blanks and lists differences.
func (p *planner) linkUp(a, b *entry, why Reason) {
	m := &merge{p: p, link: Link{CreatedSide: -1}, first: true}
	for _, e := range []*entry{a, b} {
		m.side[e.side] = p.side(e.side, Half{ID: e.rec.ID, Version: e.rec.Version}, e.rec)
	}
	p.op(m.run(why)...)
}

// identityReason tells which identity two entries share.
func identityReason(a, b *entry) Reason {
	for _, phone := range a.phones {
		if slices.Contains(b.phones, phone) {
			return ReasonNamePhone
		}
	}
	return ReasonNameCompany
}

// review hands a record to a person: several possible partners, or the same
// person more than once. Nothing is created for it.
func (p *planner) review(e *entry, m match) {
	why := ReasonAmbiguous
	var ids []contact.ID
	for _, c := range m.candidates {
		ids = append(ids, c.rec.ID)
	}
	switch {
	case len(m.twins) > 0:
		if _, refusal := p.draft(e); len(ids) == 0 && refusal != "" {
			// Nothing would be created anyway: say that instead.
			p.exclude(e, refusal)
			return
		}
		why = ReasonDuplicate
	case slices.ContainsFunc(m.candidates, func(c *entry) bool { return !shareMail(e, c) && len(e.roles) > 0 && len(c.roles) > 0 && e.who != c.who }):
		why = ReasonRole
	case len(m.candidates) == 1 && m.candidates[0].barred != "":
		p.exclude(e, m.candidates[0].barred)
		return
	case len(m.candidates) == 1 && m.candidates[0].linked:
		why = ReasonTaken
	}
	n := Note{Kind: Review, Reason: why, Candidates: ids, Name: call(e.rec.Contact)}
	n.ID[e.side] = e.rec.ID
	p.note(n)
}

func shareMail(a, b *entry) bool {
	return slices.ContainsFunc(a.emails, func(k string) bool { return slices.Contains(b.emails, k) })
}

func (p *planner) exclude(e *entry, why Reason) {
	n := Note{Kind: Excluded, Reason: why, Name: call(e.rec.Contact)}
	n.ID[e.side] = e.rec.ID
	p.note(n)
}
