package plan

import (
	"slices"

	"tandem/server/contact"
)

// create makes the record's counterpart on the other side, or says why not.
func (p *planner) create(e *entry) {
	op, refusal := p.draft(e)
	if refusal != "" {
		p.exclude(e, refusal)
		return
	}
	m := &merge{p: p}
	m.side[e.side] = p.side(e.side, Half{ID: e.rec.ID}, e.rec)
	m.side[op.Side] = p.side(op.Side, Half{}, nil)
	for f := range p.fields.All() {
		if f.Shape() == contact.Set && p.travels(f, op.Side) {
			m.surplus(f, op.Side, m.elements(f, op.Side, e.rec.Contact.Value(f)))
		} else if v := m.side[e.side].value(f); p.travels(f, op.Side) && !p.fits(f, op.Side, v) {
			m.overflow(f, e.side, v, ReasonTooLong)
		}
	}
	p.op(op)
}

// draft is the Create for e, or the reason why there is none.
func (p *planner) draft(e *entry) (Op, Reason) {
	t := e.side.Other()
	d := p.in.Book[t].Description
	switch {
	case !p.set.Direction.Writes(t) || d.ReadOnly:
		return Op{}, ReasonDirection
	case t == Left && !p.set.AllMine && !p.inCategory(e.rec.Contact):
		return Op{}, ReasonNotInCategory
	}
	m := &merge{p: p}
	m.side[e.side], m.side[t] = p.side(e.side, Half{}, e.rec), p.side(t, Half{}, nil)
	source, target := m.side[e.side], m.side[t]
	c := contact.Contact{}
	for f := range p.fields.All() {
		v := source.value(f)
		if f.Shape() == contact.Set {
			v = target.cut(f, m.elements(f, t, v))
		}
		if v.IsEmpty() || !p.travels(f, t) || !p.fits(f, t, v) || target.want(f, v).IsEmpty() {
			continue
		}
		c = target.with(c, f, v)
		target.now = c // a job title may need the company before it
	}
	if !hasIdentity(c) {
		return Op{}, ReasonTooLittle
	}
	if d.NameFallback && needsFallback(c, d.Fields) {
		if hasParts(d.Fields) {
			c.Name.Surname = fallback(c)
		} else {
			c.Name.Full = fallback(c)
		}
	}
	if d.Writable.Has(contact.FullName) && c.Name.Full == "" {
		c.Name.Full = c.Name.Text()
	}
	if t == Right && p.set.Category != "" && d.Writable.Has(contact.Categories) {
		c.Categories = []string{p.set.Category}
	}
	op := Op{
		Kind: Create, Side: t, CreatedSide: int8(t), Contact: c, Mask: c.Filled() & d.Writable,
		Before: e.rec.Contact, Reason: ReasonNew, Name: call(e.rec.Contact),
	}
	if c.Name.Full == "" {
		op.Mask &^= wholeName
	}
	op.Half[e.side] = Half{ID: e.rec.ID, Version: e.rec.Version, Base: p.newBase(source, source.now)}
	after := target.book.Project(c)
	target.known = p.fields | contact.NameParts&d.Fields
	op.Half[t] = Half{Base: p.newBase(target, after)}
	return op, ""
}

// newBase is what a side holds in the compared fields, blanks included.
func (p *planner) newBase(s *side, c contact.Contact) Base {
	base := Base{}
	fs := p.fields
	if fs.Has(contact.FullName) {
		fs |= contact.NameParts & s.book.Description.Fields
	}
	for f := range (fs & s.known).All() {
		base[f] = c.Value(f)
	}
	return base
}

// inCategory reports whether the contact is in our category.
func (p *planner) inCategory(c contact.Contact) bool {
	return slices.ContainsFunc(c.Categories, func(s string) bool { return contact.Fold(s) == contact.Fold(p.set.Category) })
}

// hasIdentity reports whether there is enough to find a person by: a name or
// company, and an e-mail or a phone.
func hasIdentity(c contact.Contact) bool {
	reachable := slices.ContainsFunc(c.Phones, func(p contact.Phone) bool { return p.Kind != contact.PhoneFax })
	return (c.Name.Text() != "" || c.Organization != "") && (len(c.Emails) > 0 || reachable)
}

func needsFallback(c contact.Contact, fields contact.Fields) bool {
	if hasParts(fields) {
		return c.Name.Surname == ""
	}
	return c.Name.Text() == ""
}
