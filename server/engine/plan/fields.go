package plan

import (
	"unicode/utf8"

	"tandem/server/contact"
)

// sharedFields are the fields that are compared: those of the field map that
// both sides hold. Where a side keeps a single text for the name, the name is
// compared as FullName and its parts are left out; where both have parts, the
// text (vCard's FN) is left out, as it follows from them. Categories are never
// compared: only our own is written, and only on a create.
func sharedFields(in *Input) contact.Fields {
	l, r := in.Book[Left].Description.Fields, in.Book[Right].Description.Fields
	var mapped contact.Fields
	for f := range in.Settings.Map {
		mapped = mapped.With(f)
	}
	shared := (l & r & mapped).Without(contact.FullName, contact.Categories)
	if hasParts(l) && hasParts(r) {
		return shared
	}
	shared &^= contact.NameParts
	named := func(fs contact.Fields) bool { return hasParts(fs) || fs.Has(contact.FullName) }
	if named(l) && named(r) && mapped.Has(contact.FullName) {
		shared = shared.With(contact.FullName)
	}
	return shared
}

// travels reports whether the settings let f be written to side t.
func (p *planner) travels(f contact.Field, t Side) bool {
	d := p.in.Book[t].Description
	held := d.Writable.Has(f) || f == contact.FullName && hasParts(d.Writable)
	return p.set.Direction.Writes(t) && p.set.Map[f].Writes(t) && held && !d.ReadOnly
}

// fits reports whether v is within the greatest length of f on side t.
func (p *planner) fits(f contact.Field, t Side, v contact.Value) bool {
	most, limited := p.in.Book[t].Description.MaxLen[f]
	for _, text := range v {
		if limited && utf8.RuneCountInString(text) > most {
			return false
		}
	}
	return true
}
