package plan

import (
	"strings"

	"tandem/server/contact"
)

// wholeName is how a name is compared where one side keeps a single text.
var wholeName = contact.FieldsOf(contact.FullName)

// trio are the parts that the single text is made of.
var trio = contact.FieldsOf(contact.Given, contact.Given2, contact.Surname)

func hasParts(fs contact.Fields) bool { return fs.Has(contact.Given) && fs.Has(contact.Surname) }

// rename gives c the whole name text in the way this side keeps names: as
// parts, as one text, or both.
func (s *side) rename(c contact.Contact, text string) contact.Contact {
	if !hasParts(s.book.Description.Fields) {
		c.Name = contact.Name{Full: text}
		return c
	}
	c.Name = contact.Split(text, c.Name)
	if s.book.Description.Fields.Has(contact.FullName) {
		c.Name.Full = text
	}
	return c
}

// nameMask are the fields to write so that old becomes the new name.
func (s *side) nameMask(old, name contact.Name) contact.Fields {
	writable := s.book.Description.Writable
	if !hasParts(s.book.Description.Fields) {
		return wholeName & writable
	}
	var mask contact.Fields
	a, b := contact.Contact{Name: old}, contact.Contact{Name: name}
	for f := range contact.NameParts.All() {
		if a.Value(f).First() != b.Value(f).First() {
			mask = mask.With(f)
		}
	}
	return (mask | wholeName) & writable
}

// fallback is the surname (or whole name) of a record that must have one and
// has none: the company, else the local part of an e-mail, else the rest of the
// name.
func fallback(c contact.Contact) string {
	if c.Organization != "" {
		return c.Organization
	}
	if len(c.Emails) > 0 {
		local, _, _ := strings.Cut(c.Emails[0], "@")
		return local
	}
	c.Name.Surname, c.Name.Full = "", ""
	return c.Name.Text()
}

// filler reports whether the side's f holds nothing but a fallback that was put
// there for want of a name. It never travels back.
func (s *side) filler(norm contact.Norm, f contact.Field) bool {
	if f != contact.Surname && f != contact.FullName || !s.book.Description.NameFallback {
		return false
	}
	text := fallback(s.now)
	return text != "" && norm.Equal(f, s.value(f), contact.Value{text})
}

// needsName reports whether f may not be cleared on this side.
func (s *side) needsName(f contact.Field) bool {
	return f == contact.FullName || f == contact.Surname && s.book.Description.NameFallback
}

// call is the name of a person for reports: the name, else the company, else
// an e-mail.
func call(c contact.Contact) string {
	if name := c.Name.Display(); name != "" {
		return name
	}
	if c.Organization != "" {
		return c.Organization
	}
	return contact.Value(c.Emails).First()
}
