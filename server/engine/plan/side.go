package plan

import (
	"maps"
	"slices"

	"tandem/server/contact"
)

// side is one record of a pair, as the merge sees it.
type side struct {
	which Side
	book  *Book
	half  Half
	rec   *contact.Record
	// now is what the record holds: what was read, else what its base says.
	// known are the fields of which that is so.
	now   contact.Contact
	known contact.Fields
}

func (p *planner) side(which Side, half Half, rec *contact.Record) *side {
	s := &side{which: which, book: &p.in.Book[which], half: half, rec: rec}
	for f := range contact.AllFields.All() { // in order: the plan must not depend on a map's
		if v, ok := half.Base[f]; ok {
			s.now = assign(s.now, f, v)
			s.known = s.known.With(f)
		}
	}
	if rec != nil {
		if rec.Read&trio != 0 {
			s.now.Name.Full = ""
		}
		for f := range rec.Read.All() {
			if f == contact.FullName {
				s.now.Name.Full = rec.Contact.Name.Full
				continue
			}
			s.now = s.now.Set(f, rec.Contact.Value(f))
		}
		s.known |= rec.Read
	}
	if s.known&contact.FieldsOf(contact.Given, contact.Surname) != 0 {
		s.known = s.known.With(contact.FullName)
	}
	return s
}

// assign is Set, with FullName meaning the single text alone.
func assign(c contact.Contact, f contact.Field, v contact.Value) contact.Contact {
	if f == contact.FullName {
		c.Name.Full = v.First()
		return c
	}
	return c.Set(f, v)
}

// value is what f holds now.
func (s *side) value(f contact.Field) contact.Value { return s.now.Value(f) }

// agreed reports whether f has ever been agreed on with this side.
func (s *side) agreed(f contact.Field) bool {
	_, ok := s.half.Base[f]
	return ok
}

// with is what is sent to this side so that f becomes v.
func (s *side) with(c contact.Contact, f contact.Field, v contact.Value) contact.Contact {
	if f == contact.FullName {
		return s.rename(c, v.First())
	}
	return c.Set(f, v)
}

// want is what f would read if v were written to this side.
func (s *side) want(f contact.Field, v contact.Value) contact.Value {
	return s.book.Project(s.with(s.now, f, v)).Value(f)
}

// room is the capacity of a set; 0 means any number.
func (s *side) room(f contact.Field) int {
	if f.Shape() != contact.Set {
		return 0
	}
	return s.book.Description.Capacity[f]
}

// cut is v as far as this side has room.
func (s *side) cut(f contact.Field, v contact.Value) contact.Value {
	if n := s.room(f); n > 0 && len(v) > n {
		return v[:n]
	}
	return v
}

// equalBase reports whether two bases hold the very same texts.
func equalBase(a, b Base) bool {
	return maps.EqualFunc(a, b, func(x, y contact.Value) bool {
		return x.IsEmpty() && y.IsEmpty() || slices.Equal(x, y)
	})
}

// Back is the written side's base once the record was read back after the
// write: what was written reads as the record has it (the provider may have
// altered it), everything else stays as the Op says. For a Create everything
// that was read counts.
func (o Op) Back(r contact.Record) Base {
	base := maps.Clone(o.Half[o.Side].Base)
	// A name that is compared as one text is read back as a whole.
	_, whole := base[contact.FullName]
	named := whole && o.Mask&(contact.NameParts|contact.FieldsOf(contact.FullName)) != 0
	for f := range base {
		isName := f == contact.FullName || contact.NameParts.Has(f)
		if o.Pending.Has(f) || isName && whole && o.Pending.Has(contact.FullName) {
			continue
		}
		read := r.Read.Has(f) || f == contact.FullName && r.Read&contact.FieldsOf(contact.Given, contact.Surname) != 0
		if read && (o.Kind == Create || o.Mask.Has(f) || isName && named) {
			base[f] = r.Contact.Value(f)
		}
	}
	return base
}
