package booktest

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tandem/server/contact"
)

// testProject: Project is pure, idempotent, and holds nothing that the
// Description does not name.
func testProject(t *testing.T, s *suite) {
	rapid.Check(t, func(t *rapid.T) {
		c := Contacts().Draw(t, "contact")
		before := fmt.Sprintf("%#v", c)
		once := s.book.Project(c)
		if after := fmt.Sprintf("%#v", c); after != before {
			t.Fatalf("Project altered its argument from %s to %s", before, after)
		}
		twice := s.book.Project(once)
		for f := range contact.AllFields.All() {
			v := once.Value(f)
			if !equal(v, twice.Value(f)) {
				t.Fatalf("Project is not idempotent: %v is %q, then %q", f, v, twice.Value(f))
			}
			if f != contact.FullName && !s.d.Fields.Has(f) && !v.IsEmpty() {
				t.Fatalf("Project keeps %v %q, which the Book does not hold", f, v)
			}
			if most, ok := s.d.Capacity[f]; ok && len(v) > most {
				t.Fatalf("Project keeps %d of %v; there is room for %d", len(v), f, most)
			}
		}
		if s.d.Fields&contact.NameParts == 0 && once.Name.Text() != "" && once.Name.Full == "" {
			t.Fatal("a Book with a single text for the name must fill Name.Full")
		}
	})
}

// testCapacity: a set that is larger than its room is cut as Project says, and
// one that fits is kept whole.
func testCapacity(t *testing.T, s *suite) {
	key := s.key()
	c := s.sample(key, 0)
	for f := range s.writable.All() {
		if f.Shape() != contact.Set || s.Value != nil && s.Value(f, 0) != nil {
			continue
		}
		n := 3
		if most, ok := s.d.Capacity[f]; ok {
			n = most + 1
		}
		var v contact.Value
		for i := range min(n, 5) {
			v = append(v, s.own(f, key, i).First())
		}
		c = c.Set(f, v)
	}
	r := s.create(t, c)
	s.same(t, "PutGet of many", s.compared(), s.book.Project(c), r.Contact)
	for _, f := range []contact.Field{contact.Emails} {
		if s.writable.Has(f) && r.Contact.Value(f).First() == "" {
			t.Errorf("no %v is left", f)
		}
	}
}

// testTooLong: a text longer than MaxLen is refused, never cut in silence, and
// refusing it stops no other write.
func testTooLong(t *testing.T, s *suite) {
	field, most := contact.Field(0), 0
	for f := range s.writable.All() {
		if n := s.d.MaxLen[f]; n > 0 && n < 5000 && f.Shape() == contact.Scalar && f != contact.Birth && (most == 0 || f == contact.JobTitle) {
			field, most = f, n
		}
	}
	s.needs(t, most > 0, "limited text")
	key := s.key()
	c := s.sample(key, 0)
	long := strings.Repeat("x", most+1)
	if field == contact.Website {
		long = "https://example.com/" + long
	}
	c = c.Set(field, contact.Value{long})
	r := s.try(t, s.book, contact.Mutation{Op: contact.Create, Contact: c, Mask: s.mask(c)})[0]
	switch {
	case r.Outcome == contact.Invalid:
		if !strings.HasSuffix(r.Message, ".") {
			t.Errorf("the message %q is no sentence", r.Message)
		}
	case r.Outcome == contact.OK && s.get(t, r.ID).Contact.Value(field).First() == long:
		t.Errorf("%v takes more than the %d characters that Describe promises", field, most)
	default:
		t.Errorf("%v with %d characters answers %v, want invalid", field, most+1, r.Outcome)
	}
}

// Contacts generates contacts of every kind, for properties.
func Contacts() *rapid.Generator[contact.Contact] {
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"", "", "Anna", "Müller", "van  der Berg", " x ", "Jose\u0301", "a;b,c", "\"q\" & <t>", "line\nline", "\r\n", "שלום", "👩‍👧"}),
		rapid.StringN(0, 12, -1),
	)
	email := rapid.SampledFrom([]string{"a@example.com", "B@Example.com", "b@example.com", "info@example.com", "x.y+z@sub.example.org"})
	number := rapid.SampledFrom([]string{"+49 171 1234567", "0171/1234567", "+1 (212) 555-0100 ext. 7", "110", "1-800-FLOWERS"})
	return rapid.Custom(func(t *rapid.T) contact.Contact {
		var c contact.Contact
		for f := range contact.AllFields.All() {
			switch f.Shape() {
			case contact.Set:
				element := number
				if f == contact.Emails {
					element = email
				} else if f == contact.Categories {
					element = rapid.SampledFrom([]string{"CRM Contacts", "Friends"})
				}
				c = c.Set(f, rapid.SliceOfNDistinct(element, 0, 4, rapid.ID).Draw(t, f.String()))
			case contact.Compound:
				if rapid.Bool().Draw(t, "has "+f.String()) {
					c = c.Set(f, contact.Value{text.Draw(t, "street"), "Berlin", "", "10115", rapid.SampledFrom([]string{"Germany", "DE", "", "Deutschland"}).Draw(t, "country")})
				}
			case contact.Scalar:
				if f == contact.Birth {
					c = c.Set(f, contact.Value{rapid.SampledFrom([]string{"", "1985-03-04", "--02-29", "2000-02-29"}).Draw(t, "birth")})
					continue
				}
				c = c.Set(f, contact.Value{text.Draw(t, f.String())})
			}
		}
		return c
	})
}
