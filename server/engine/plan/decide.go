package plan

import (
	"slices"
	"time"

	"tandem/server/contact"
)

// decision is what becomes of one field of a pair.
type decision struct {
	// put is written to a side where set.
	put [2]contact.Value
	set [2]bool
	// hold: the side's base stays what it is, so that the difference is seen
	// again. mark: its base becomes base, whatever the side holds.
	hold, mark [2]bool
	base       [2]contact.Value
	filled     bool
}

// merge decides about one pair, field by field.
type merge struct {
	p      *planner
	link   Link
	side   [2]*side
	first  bool
	locked [2]bool            // the record may not be changed: wanted, but not written
	after  [2]contact.Contact // what each side reads once it is written
}

// can reports whether f may be written to side t of this pair.
func (m *merge) can(f contact.Field, t Side) bool {
	if !m.p.travels(f, t) {
		return false
	}
	if rec := m.side[t].rec; rec != nil && rec.ReadOnly {
		m.locked[t] = true
		return false
	}
	return true
}

func (m *merge) equal(f contact.Field, a, b contact.Value) bool {
	return m.p.set.Norm.Equal(f, a, b)
}

// changed reports whether side s holds something else than was agreed on.
func (m *merge) changed(f contact.Field, s Side) bool {
	return !m.equal(f, m.side[s].value(f), m.side[s].half.Base[f])
}

// decide is what becomes of f.
func (m *merge) decide(f contact.Field) decision {
	l, r := m.side[Left], m.side[Right]
	switch {
	case !l.known.Has(f) || !r.known.Has(f):
		return decision{hold: [2]bool{true, true}}
	case m.first || !l.agreed(f) || !r.agreed(f):
		return m.meet(f)
	case f.Shape() == contact.Set && !(l.room(f) == 1 && r.room(f) == 1):
		return m.set(f)
	}
	// A set with room for one on both sides is a text like any other: what
	// replaces its element on both sides is a conflict.
	return m.scalar(f)
}

// scalar merges a text, or an address as one unit.
func (m *merge) scalar(f contact.Field) decision {
	left, right := m.changed(f, Left), m.changed(f, Right)
	switch {
	case left && right:
		if m.same(f) {
			return decision{}
		}
		return m.conflict(f)
	case left:
		return m.carry(f, Left)
	case right:
		return m.carry(f, Right)
	}
	return decision{}
}

// same reports whether the two sides mean the same, as far as each can hold
// what the other has.
func (m *merge) same(f contact.Field) bool {
	l, r := m.side[Left], m.side[Right]
	a, b := l.value(f), r.value(f)
	return m.equal(f, a, b) || m.equal(f, r.want(f, a), b) || m.equal(f, l.want(f, b), a) ||
		f.Shape() == contact.Set && (m.full(f, l, r) || m.full(f, r, l))
}

// full reports whether side small has no more room for f and holds nothing
// that side large does not.
func (m *merge) full(f contact.Field, small, large *side) bool {
	have := m.p.set.Norm.Keys(f, small.value(f))
	return small.room(f) > 0 && len(have) >= small.room(f) && subset(have, m.p.set.Norm.Keys(f, large.value(f)))
}

// carry brings the edit of side s to the other side. Where it may not travel,
// its base does not move: it stays until that field changes at the source.
func (m *merge) carry(f contact.Field, s Side) decision {
	if m.can(f, s.Other()) {
		return m.offer(f, s)
	}
	var d decision
	d.hold[s] = true
	if m.side[s].rec != nil && !m.p.travels(f, s.Other()) && m.p.travels(f, s) {
		m.note(Note{Kind: Difference, Field: f, Winner: s, Reason: ReasonOneWay})
	}
	return d
}

// offer writes side s's value to the other side, unless there is nothing to
// write: the other side could not hold it, holds it already, or must not lose
// what it has.
func (m *merge) offer(f contact.Field, s Side) decision {
	var d decision
	t := m.side[s.Other()]
	v := m.side[s].value(f)
	want := t.want(f, v)
	switch {
	case m.equal(f, want, t.value(f)):
	case v.IsEmpty() && (f == contact.Organization || t.needsName(f)):
		// The company, and a name that must be there, are never blanked.
	case !v.IsEmpty() && want.IsEmpty():
		// A birthday without a year, where only whole dates are kept.
	case !m.p.fits(f, t.which, v):
		d.hold[s] = true
		m.overflow(f, s, v, ReasonTooLong)
	default:
		d.set[t.which], d.put[t.which] = true, v
	}
	return d
}

// conflict decides between two edits of one field. An edit beats a clear;
// otherwise one way the source stands, two way the rule. The other value is
// kept in a Note, from which it can be restored.
func (m *merge) conflict(f contact.Field) decision {
	l, r := m.side[Left].value(f), m.side[Right].value(f)
	toLeft, toRight := m.can(f, Left), m.can(f, Right)
	winner, reason := Left, ReasonBoth
	switch {
	case !toLeft && !toRight:
		return decision{hold: [2]bool{true, true}}
	case r.IsEmpty():
	case l.IsEmpty():
		winner = Right
	case !toLeft:
	case !toRight:
		winner = Right
	case m.p.set.Conflict == AskMe:
		m.note(Note{Kind: Conflict, Field: f, Reason: ReasonAsk})
		return decision{hold: [2]bool{true, true}}
	default:
		winner = m.rule()
	}
	m.note(Note{Kind: Conflict, Field: f, Winner: winner, Reason: reason})
	if m.can(f, winner.Other()) {
		return m.offer(f, winner)
	}
	// One way, cleared at the source and edited at the target: the edit stays
	// where it is, and the clearing has had its say.
	var d decision
	d.hold[winner] = true
	return d
}

// tolerance is how far apart two providers' clocks may be before one of two
// edits counts as the newer one.
const tolerance = 2 * time.Second

// rule is whose edit stands where both sides may be written.
func (m *merge) rule() Side {
	switch m.p.set.Conflict {
	case ContactsWins:
		return Right
	case NewestWins:
		l, r := m.side[Left].rec, m.side[Right].rec
		if l != nil && r != nil && !l.Modified.IsZero() && !r.Modified.IsZero() && r.Modified.Sub(l.Modified) > tolerance {
			return Right
		}
	}
	return Left
}

// meet decides about a field on which the two sides never agreed: blanks are
// filled, values that differ stay as they are.
func (m *merge) meet(f contact.Field) decision {
	l, r := m.side[Left].value(f), m.side[Right].value(f)
	switch {
	case m.same(f):
		m.crowded(f)
		return decision{}
	case r.IsEmpty():
		return m.fill(f, Left)
	case l.IsEmpty():
		return m.fill(f, Right)
	}
	m.note(Note{Kind: Difference, Field: f, Reason: ReasonFirstRun})
	return decision{}
}

// crowded tells of what a side that means the same as the other one, as far as
// it has room, has no room for.
func (m *merge) crowded(f contact.Field) {
	if f.Shape() != contact.Set {
		return
	}
	for _, t := range []Side{Left, Right} {
		small, large := m.side[t], m.side[t.Other()]
		if m.can(f, t) && m.full(f, small, large) {
			m.surplus(f, t, slices.Concat(small.value(f), large.value(f)))
		}
	}
}

// fill brings side s's value to the other side, which has none.
func (m *merge) fill(f contact.Field, s Side) decision {
	if !m.can(f, s.Other()) || m.side[s].filler(m.p.set.Norm, f) || trio.Has(f) && m.namesDiffer() {
		return decision{}
	}
	var d decision
	if t := s.Other(); f.Shape() == contact.Set {
		v := m.surplus(f, t, m.elements(f, t, m.side[s].value(f)))
		if !m.side[t].want(f, v).IsEmpty() {
			d.set[t], d.put[t] = true, v
		}
	} else {
		d = m.offer(f, s)
	}
	d.filled = d.set[s.Other()]
	return d
}

// namesDiffer reports whether some part of the name differs already: then a
// blank part is no gap to be filled ("Anna Miller" may stand in one part).
func (m *merge) namesDiffer() bool {
	for f := range trio.All() {
		l, r := m.side[Left].value(f), m.side[Right].value(f)
		if !l.IsEmpty() && !r.IsEmpty() && !m.equal(f, l, r) {
			return true
		}
	}
	return false
}

// note adds what the pair and the field say of themselves.
func (m *merge) note(n Note) {
	n.Link = m.link.ID
	for s := range m.side {
		n.ID[s] = m.side[s].half.ID
		if n.Kind == Conflict || n.Kind == Difference {
			n.Value[s] = m.side[s].value(n.Field)
		}
	}
	n.Name = m.name()
	m.p.plan.Notes = append(m.p.plan.Notes, n)
}

func (m *merge) name() string {
	if n := call(m.side[Left].now); n != "" {
		return n
	}
	return call(m.side[Right].now)
}
