package contact

import (
	"iter"
	"math/bits"
	"strings"
)

// Field names one part of a Contact that is compared, merged and written on
// its own. The order is the order in which people are shown the field map.
type Field uint8

// The fields of the default field map. FullName stands in for the name
// components where one of the two sides keeps a single text for the name.
const (
	Title Field = iota
	Given
	Given2
	Surname
	Generation
	FullName
	Nickname
	Organization
	Unit
	JobTitle
	Emails
	WorkPhones
	MobilePhones
	HomePhones
	OtherPhones
	Faxes
	WorkAddress
	HomeAddress
	OtherAddress
	Website
	Birth
	Notes
	Categories
	fieldCount
)

// Shape says how the values of a field are compared and merged.
type Shape uint8

// The shapes of values.
const (
	Scalar   Shape = iota // one text
	Set                   // several texts; order matters only for which comes first
	Compound              // several texts that move together (an address)
)

var fieldInfo = [fieldCount]struct {
	name, label string
	shape       Shape
}{
	Title:        {"title", "Prefix", Scalar},
	Given:        {"given", "First name", Scalar},
	Given2:       {"given2", "Middle name", Scalar},
	Surname:      {"surname", "Last name", Scalar},
	Generation:   {"generation", "Suffix", Scalar},
	FullName:     {"fullName", "Name", Scalar},
	Nickname:     {"nickname", "Nickname", Scalar},
	Organization: {"organization", "Company", Scalar},
	Unit:         {"unit", "Department", Scalar},
	JobTitle:     {"jobTitle", "Job title", Scalar},
	Emails:       {"emails", "E-mail", Set},
	WorkPhones:   {"workPhones", "Business phone", Set},
	MobilePhones: {"mobilePhones", "Mobile", Set},
	HomePhones:   {"homePhones", "Home phone", Set},
	OtherPhones:  {"otherPhones", "Other phone", Set},
	Faxes:        {"faxes", "Fax", Set},
	WorkAddress:  {"workAddress", "Business address", Compound},
	HomeAddress:  {"homeAddress", "Home address", Compound},
	OtherAddress: {"otherAddress", "Other address", Compound},
	Website:      {"website", "Website", Scalar},
	Birth:        {"birth", "Birthday", Scalar},
	Notes:        {"notes", "Notes", Scalar},
	Categories:   {"categories", "Categories", Set},
}

// String is the field's stable name in stored bases and JSON.
func (f Field) String() string { return fieldInfo[f].name }

// Label is what people read.
func (f Field) Label() string { return fieldInfo[f].label }

// Shape says how values of f are compared and merged.
func (f Field) Shape() Shape { return fieldInfo[f].shape }

// ParseField finds a Field by its stable name.
func ParseField(name string) (Field, bool) {
	for f := range fieldCount {
		if fieldInfo[f].name == name {
			return f, true
		}
	}
	return 0, false
}

// Fields is a set of Field. The zero value is the empty set.
type Fields uint32

// AllFields is the set of every field.
const AllFields Fields = 1<<fieldCount - 1

// NameParts is the set of the name's components.
const NameParts = Fields(1<<Title | 1<<Given | 1<<Given2 | 1<<Surname | 1<<Generation)

// FieldsOf makes a set.
func FieldsOf(fs ...Field) Fields {
	var s Fields
	for _, f := range fs {
		s |= 1 << f
	}
	return s
}

// Has reports whether f is in the set.
func (s Fields) Has(f Field) bool { return s&(1<<f) != 0 }

// With returns the set with the given fields added.
func (s Fields) With(fs ...Field) Fields { return s | FieldsOf(fs...) }

// Without returns the set with the given fields taken out.
func (s Fields) Without(fs ...Field) Fields { return s &^ FieldsOf(fs...) }

// Len counts the fields.
func (s Fields) Len() int { return bits.OnesCount32(uint32(s)) }

// All yields the fields in the order of the field map.
func (s Fields) All() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for f := range fieldCount {
			if s.Has(f) && !yield(f) {
				return
			}
		}
	}
}

// String lists the stable names, separated by commas.
func (s Fields) String() string {
	var names []string
	for f := range s.All() {
		names = append(names, f.String())
	}
	return strings.Join(names, ",")
}
