package booktest

import (
	"fmt"

	"tandem/server/contact"
)

// sample is a contact of this run with the n-th value in every writable field.
// key makes its name, e-mails and numbers unique.
func (s *suite) sample(key string, n int) contact.Contact {
	var c contact.Contact
	for f := range s.writable.Without(contact.FullName).All() {
		c = c.Set(f, s.value(f, key, n))
	}
	return s.named(c, key, n)
}

// named fills in the whole name: systems with a single text get nothing else.
func (s *suite) named(c contact.Contact, key string, n int) contact.Contact {
	if !s.writable.Has(contact.FullName) {
		return c
	}
	if c.Name.Full = c.Name.Text(); c.Name.Full == "" {
		c.Name.Full = s.value(contact.Given, key, n).First() + " " + s.value(contact.Surname, key, n).First()
	}
	return c
}

// value is the n-th sample of a field.
func (s *suite) value(f contact.Field, key string, n int) contact.Value {
	if s.Value != nil {
		if v := s.Value(f, n); v != nil {
			return v
		}
	}
	return s.own(f, key, n)
}

func (s *suite) own(f contact.Field, key string, n int) contact.Value {
	pick := func(texts ...string) contact.Value { return contact.Value{texts[n%len(texts)]} }
	number := func(kind int) contact.Value {
		return contact.Value{fmt.Sprintf("+49 30 9%d%02d%04d", kind, n, s.serial%10000)}
	}
	address := func(street, city string) contact.Value {
		return contact.Value{fmt.Sprintf("%s %d", street, n+1), city, "Berlin", fmt.Sprintf("1%04d", n), "Germany"}
	}
	switch f {
	case contact.Title:
		return pick("Dr.", "Ms.", "Mr.")
	case contact.Generation:
		return pick("Jr.", "Sr.", "III")
	case contact.Given:
		return pick("Anna", "Berta", "Clara", "Dora", "Emma", "Frieda")
	case contact.Given2:
		return pick("Maria", "Luise", "Sophie", "Jo", "Kim", "Ada")
	case contact.Surname:
		return contact.Value{pick("Albers", "Brandt", "Conrad", "Dietz", "Ebert", "Funk")[0] + "-" + s.run + key}
	case contact.Organization:
		if s.d.OrganizationExisting {
			return contact.Value{s.Organizations[n%2]}
		}
		return contact.Value{fmt.Sprintf("Company %d %s", n, s.run)}
	case contact.Emails:
		return contact.Value{fmt.Sprintf("%s.%s.%d@example.com", s.run, key, n)}
	case contact.WorkPhones:
		return number(1)
	case contact.MobilePhones:
		return number(2)
	case contact.HomePhones:
		return number(3)
	case contact.OtherPhones:
		return number(4)
	case contact.Faxes:
		return number(5)
	case contact.WorkAddress:
		return address("Hauptstraße", "Berlin")
	case contact.HomeAddress:
		return address("Gartenweg", "Potsdam")
	case contact.OtherAddress:
		return address("Seeufer", "Rostock")
	case contact.Website:
		return contact.Value{fmt.Sprintf("https://www.example.com/%s/%d", s.run, n)}
	case contact.Birth:
		return pick("1985-03-04", "1990-12-31", "2000-02-29")
	case contact.Notes:
		return contact.Value{fmt.Sprintf("Met at the fair %d.\nSecond line.", n)}
	case contact.Categories:
		return contact.Value{fmt.Sprintf("CRM Contacts %d", n)}
	}
	return contact.Value{fmt.Sprintf("%s %d", f.Label(), n)}
}

// key is a new short text that no other record of this run has.
func (s *suite) key() string {
	s.serial++
	return fmt.Sprintf("k%d", s.serial)
}
