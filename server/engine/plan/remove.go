package plan

import "tandem/server/contact"

// passed follows a record that was merged or converted. It reports whether the
// pair is dealt with.
func (p *planner) passed(pair Pair) bool {
	for _, s := range []Side{Left, Right} {
		fate, into := pair.Fate[s], pair.Into[s]
		if fate != Merged && fate != Converted || pair.Fate[s.Other()] == Deleted {
			continue
		}
		why := ReasonMerged
		if fate == Converted {
			why = ReasonConverted
		}
		switch {
		case into != "" && !p.linked(s, into, pair.Link.ID):
			p.relink(pair, s, into, why)
		case into != "":
			// Two Links would lead to one record: a person decides about the
			// one that has lost its own.
			p.unlink(pair, removedState(s), why)
			n := Note{Kind: Review, Link: pair.Link.ID, ID: pair.ids(), Reason: ReasonTaken, Candidates: []contact.ID{into}, Name: p.pairName(pair)}
			n.ID[s] = ""
			p.note(n)
		case fate == Converted:
			// Nobody knows which contact the lead has become; a new lead would
			// be wrong in any case.
			p.unlink(pair, removedState(s), why)
		default:
			p.unlink(pair, Active, why)
		}
		return true
	}
	return false
}

// linked reports whether another Link has the record id on side s.
func (p *planner) linked(s Side, id contact.ID, but string) bool {
	for _, link := range p.owners[s][id] {
		if link != but {
			return true
		}
	}
	return false
}

// relink gives side s of the Link a new record. What it holds was never agreed
// on: blanks are filled and differences stay, as on a first run. Where it was
// listed in this run that happens at once, else in the next one.
func (p *planner) relink(pair Pair, s Side, into contact.ID, why Reason) {
	link := pair.Link
	link.Side[s] = Half{ID: into}
	p.own(s, into, link.ID)
	p.op(Op{
		Kind: Relink, Side: s, Link: link.ID, Half: link.Side, CreatedSide: link.CreatedSide,
		Edited: link.Edited, Reason: why, Name: p.pairName(pair),
	})
	if r := p.listed[s][into]; r != nil {
		pair.Link, pair.Record[s], pair.Fate[s] = link, r, Touched
		if !p.outOfSight(pair) {
			p.mergePair(pair)
		}
	}
}

func removedState(s Side) LinkState {
	if s == Left {
		return RemovedLeft
	}
	return RemovedRight
}

// removed decides what a deletion on one side means for the other. It reports
// whether the pair is dealt with.
func (p *planner) removed(pair Pair) bool {
	left, right := pair.Fate[Left] == Deleted, pair.Fate[Right] == Deleted
	if left && right {
		p.unlink(pair, Active, ReasonDeleted)
		return true
	}
	if !left && !right {
		return false
	}
	s := Left
	if right {
		s = Right
	}
	why, ok := p.mayDelete(pair, s.Other())
	if !ok {
		p.unlink(pair, removedState(s), why)
		return true
	}
	half := pair.Link.Side
	t := p.side(s.Other(), half[s.Other()], pair.Record[s.Other()])
	if t.rec != nil {
		half[t.which].Version = t.rec.Version
	}
	p.gone++
	p.op(Op{
		Kind: Delete, Side: t.which, Link: pair.Link.ID, Half: half, CreatedSide: pair.Link.CreatedSide,
		Edited: pair.Link.Edited, Before: t.now, Reason: ReasonDeleted, Name: p.pairName(pair),
	})
	return true
}

// mayDelete reports whether the record on side t is deleted because its
// partner was; if not, the reason it is kept.
func (p *planner) mayDelete(pair Pair, t Side) (Reason, bool) {
	rule := p.set.OnDelete[t]
	if p.in.First || !p.set.Direction.Writes(t) || p.in.Book[t].Description.ReadOnly || rule != Trash && rule != DeleteRule {
		return ReasonDeleted, false
	}
	if pair.Fate[t] != Unchanged && pair.Fate[t] != Touched || pair.Link.State != Active {
		return ReasonKept, false // it left the scope: leave it alone
	}
	m := &merge{p: p, link: pair.Link}
	for s := range m.side {
		m.side[s] = p.side(Side(s), pair.Link.Side[s], pair.Record[s])
	}
	rec := pair.Record[t]
	if rec != nil && (rec.ReadOnly || rec.Private) {
		return ReasonKept, false
	}
	for f := range p.fields.All() {
		side := m.side[t]
		if side.known.Has(f) && (side.agreed(f) && m.changed(f, t) || !side.agreed(f) && !side.value(f).IsEmpty()) {
			return ReasonKept, false // an edit beats a delete, and so does what was never agreed on
		}
	}
	if rule == Trash && (pair.Link.CreatedSide != int8(t) || m.edited()) {
		return ReasonKept, false
	}
	return ReasonDeleted, true
}
