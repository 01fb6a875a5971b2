package plan

import (
	"tandem/server/contact"
)

// run merges the pair and gives its Ops: for a pair without a Link a LinkUp, for
// one that is back a Rebase, then an Update of each side that gets something, or
// else a Rebase where a base, a version or the Link itself moved, or nothing.
func (m *merge) run(reason Reason) []Op {
	decided := map[contact.Field]decision{}
	for f := range m.p.fields.All() {
		decided[f] = m.decide(f)
	}
	for t := range m.locked {
		if m.locked[t] {
			m.note(Note{Kind: Excluded, Winner: Side(t), Reason: ReasonReadOnly})
		}
	}
	writes := [2]*Op{m.write(Left, decided), m.write(Right, decided)}
	edited := m.edited()
	var ops []Op
	emit := func(op Op, pending contact.Fields) {
		op.Link, op.CreatedSide, op.Edited, op.Name = m.link.ID, m.link.CreatedSide, edited, m.name()
		op.Half, op.Pending = m.halves(decided, pending), pending
		for s := range op.Half {
			if pending != 0 && (op.Kind != Update || op.Side != Side(s)) {
				// The old version, so that the record is seen again should the
				// run end between this Op and the next.
				op.Half[s].Version = m.link.Side[s].Version
			}
		}
		ops = append(ops, op)
	}
	pending := m.pending(decided, Left) | m.pending(decided, Right)
	switch {
	case m.link.ID == "":
		emit(Op{Kind: LinkUp, Reason: reason}, pending)
	case m.link.State != Active && pending != 0:
		emit(Op{Kind: Rebase, Reason: reason}, pending) // at work again first
	}
	for t, w := range writes {
		if w != nil {
			pending &^= m.pending(decided, Side(t))
			if t == int(Left) {
				pending |= m.pending(decided, Right)
			}
			emit(*w, pending)
		}
	}
	if len(ops) == 0 {
		emit(Op{Kind: Rebase, Reason: reason}, 0)
		if m.atRest(ops[0]) {
			return nil
		}
	}
	return ops
}

// write is the Update of side t, nil where there is nothing to write. It takes
// back, in decided, what turns out to change nothing.
func (m *merge) write(t Side, decided map[contact.Field]decision) *Op {
	side := m.side[t]
	c, fields := side.now, contact.Fields(0)
	for f := range m.p.fields.All() {
		if d := decided[f]; d.set[t] {
			c, fields = side.with(c, f, d.put[t]), fields.With(f)
		}
	}
	names := fields & (trio | wholeName)
	if names != 0 && c.Name.Text() == "" && side.now.Name.Text() != "" {
		// A person keeps the name when the last part of it is cleared.
		c.Name.Given, c.Name.Given2, c.Name.Surname, c.Name.Full = side.now.Name.Given, side.now.Name.Given2, side.now.Name.Surname, side.now.Name.Full
	}
	after := side.book.Project(c)
	m.after[t] = after
	op := Op{Kind: Update, Side: t, Before: side.now, Reason: ReasonEdited}
	filled := true
	for f := range fields.All() {
		d := decided[f]
		if m.equal(f, after.Value(f), side.value(f)) {
			d.set[t] = false
			decided[f] = d
			continue
		}
		filled = filled && d.filled
		if f == contact.FullName {
			op.Mask |= side.nameMask(side.now.Name, c.Name)
			continue
		}
		op.Mask = op.Mask.With(f)
	}
	if op.Mask == 0 {
		return nil
	}
	if filled {
		op.Reason = ReasonFilled
	}
	op.Contact = c.Only(op.Mask &^ (contact.NameParts | wholeName))
	if op.Mask&(contact.NameParts|wholeName) != 0 {
		op.Contact.Name = c.Name
	}
	return &op
}

// pending are the fields that are written to side t.
func (m *merge) pending(decided map[contact.Field]decision, t Side) contact.Fields {
	var fs contact.Fields
	for f, d := range decided {
		if d.set[t] {
			fs = fs.With(f)
		}
	}
	return fs
}

// halves are both sides' bases and versions once all but the pending fields
// are done. A pending field keeps its old bases: should the run end here, the
// edit is seen again.
func (m *merge) halves(decided map[contact.Field]decision, pending contact.Fields) [2]Half {
	var halves [2]Half
	for s, side := range m.side {
		base := Base{}
		for f := range m.tracked(Side(s)).All() {
			old, agreed := side.half.Base[f]
			d := decided[f]
			if m.auxiliary(f) {
				d = decided[contact.FullName]
				agreed = agreed && side.agreed(contact.FullName)
			}
			switch {
			case pending.Has(f) || m.auxiliary(f) && pending.Has(contact.FullName) || d.hold[s]:
				if agreed {
					base[f] = old
				}
			case d.mark[s]:
				base[f] = d.base[s]
			case d.set[s]:
				base[f] = m.after[s].Value(f)
			case side.known.Has(f):
				base[f] = side.value(f)
			}
		}
		halves[s] = Half{ID: side.half.ID, Version: side.half.Version, Base: base}
		if side.rec != nil {
			halves[s].Version = side.rec.Version
		}
	}
	return halves
}

// tracked are the fields of side s's base: those compared, and the parts of a
// name that is compared as one text, so that they can be kept when it changes.
func (m *merge) tracked(s Side) contact.Fields {
	fs := m.p.fields
	if fs.Has(contact.FullName) {
		fs |= contact.NameParts & m.side[s].book.Description.Fields
	}
	return fs
}

func (m *merge) auxiliary(f contact.Field) bool {
	return contact.NameParts.Has(f) && m.p.fields.Has(contact.FullName)
}

// edited reports whether a person has edited the record that we created: a
// field, or something that we do not map, which only its version shows.
func (m *merge) edited() bool {
	if m.link.CreatedSide < 0 || m.link.Edited {
		return m.link.Edited
	}
	s := Side(m.link.CreatedSide)
	side := m.side[s]
	if side.rec != nil && side.rec.Version != "" && side.half.Version != "" && side.rec.Version != side.half.Version {
		return true
	}
	for f := range m.p.fields.All() {
		if side.known.Has(f) && side.agreed(f) && m.changed(f, s) {
			return true
		}
	}
	return false
}

// atRest reports whether a Rebase would change nothing about the Link.
func (m *merge) atRest(op Op) bool {
	for s, half := range op.Half {
		old := m.link.Side[s]
		if half.ID != old.ID || half.Version != old.Version || !equalBase(half.Base, old.Base) {
			return false
		}
	}
	return op.Edited == m.link.Edited && m.link.State == Active
}
