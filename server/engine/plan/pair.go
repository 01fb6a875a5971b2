package plan

import "tandem/server/contact"

// pair decides about one Link by its state and by what became of its records.
func (p *planner) pair(pair Pair) {
	link := pair.Link
	switch link.State {
	case Never:
		p.left(pair, ReasonNever)
		return
	case Parked:
		// A Parked pair is left alone until somebody sets it Active.
		p.left(pair, ReasonParked)
		return
	case RemovedLeft, RemovedRight, OutOfScope, OutOfScopeRight:
		if !p.returns(pair) {
			p.remembered(pair)
			return
		}
	}
	if p.passed(pair) || p.removed(pair) || p.outOfSight(pair) {
		return
	}
	p.mergePair(pair)
}

// mergePair merges the two records of a Link that goes on.
func (p *planner) mergePair(pair Pair) {
	link := pair.Link
	m := &merge{p: p, link: link, first: p.in.First}
	for s := range m.side {
		m.side[s] = p.side(Side(s), link.Side[s], pair.Record[s])
	}
	reason := ReasonEdited
	if link.State != Active {
		reason = ReasonReturned
		p.back++
	}
	p.op(m.run(reason)...)
}

// awaited is the side whose record a Link in this state waits for.
func awaited(state LinkState) Side {
	if state == RemovedRight || state == OutOfScopeRight {
		return Right
	}
	return Left
}

// returns reports whether the record that a Link waits for has come back:
// restored, or in the scope again, and not private.
func (p *planner) returns(pair Pair) bool {
	s := awaited(pair.Link.State)
	rec := pair.Record[s]
	return pair.Fate[s] == Touched && rec != nil && !rec.Private && pair.Fate[s.Other()] != Deleted
}

// remembered keeps a Link that waits, and drops it once nothing is left of it.
func (p *planner) remembered(pair Pair) {
	link := pair.Link
	s := awaited(link.State)
	outOfScope := link.State == OutOfScope || link.State == OutOfScopeRight
	switch {
	case pair.Fate[s.Other()] == Deleted && (!outOfScope || pair.Fate[s] == Deleted):
		p.unlink(pair, Active, ReasonDeleted)
	case outOfScope && pair.Fate[s.Other()] == Deleted:
		p.unlink(pair, removedState(s.Other()), ReasonDeleted)
	case outOfScope && pair.Fate[s] == Deleted:
		p.unlink(pair, removedState(s), ReasonDeleted)
	case outOfScope:
		p.left(pair, ReasonLeftScope)
	default:
		p.left(pair, ReasonRemoved)
	}
}

// left tells of a record that was listed and is left alone.
func (p *planner) left(pair Pair, why Reason) {
	for s := range pair.Record {
		if rec := pair.Record[s]; rec != nil && pair.Fate[s] == Touched {
			p.note(Note{Kind: Excluded, Link: pair.Link.ID, ID: pair.ids(), Reason: why, Name: call(rec.Contact)})
			return
		}
	}
}

func (pair Pair) ids() [2]contact.ID {
	return [2]contact.ID{pair.Link.Side[Left].ID, pair.Link.Side[Right].ID}
}

// unlink ends a Link, or keeps it in a state that remembers why.
func (p *planner) unlink(pair Pair, state LinkState, why Reason) {
	if state == pair.Link.State && state != Active {
		return
	}
	p.op(Op{
		Kind: Unlink, Link: pair.Link.ID, Half: pair.Link.Side, CreatedSide: pair.Link.CreatedSide,
		Edited: pair.Link.Edited, State: state, Reason: why, Name: p.pairName(pair),
	})
	if pair.Link.State == Active {
		p.gone++
	}
}

// outOfSight suspends a Link whose record left the scope or became private.
// That is no deletion: both records stay as they are.
func (p *planner) outOfSight(pair Pair) bool {
	for _, s := range []Side{Left, Right} {
		state := OutOfScope
		if s == Right {
			state = OutOfScopeRight
		}
		switch rec := pair.Record[s]; {
		case pair.Fate[s] == LeftScope:
			p.unlink(pair, state, ReasonLeftScope)
			return true
		case rec != nil && rec.Private:
			p.unlink(pair, state, ReasonPrivate)
			p.note(Note{Kind: Excluded, Link: pair.Link.ID, ID: pair.ids(), Reason: ReasonPrivate, Name: p.pairName(pair)})
			return true
		}
	}
	return false
}

// pairName is the person's name, from whatever is known of the pair.
func (p *planner) pairName(pair Pair) string {
	for s, half := range pair.Link.Side {
		if n := call(p.side(Side(s), half, pair.Record[s]).now); n != "" {
			return n
		}
	}
	return ""
}
