package google

import (
	"cmp"
	"slices"
	"strings"

	"tandem/server/contact"
)

// mapped are the fields that a person has a place for. The whole name as one
// text is left out: Google makes it of the parts.
const mapped = contact.AllFields &^ (1 << contact.FullName)

// tidy drops what is not the contact's own.
func (p *person) tidy() {
	p.Names = own(p.Names, func(e *name) *mark { return e.Metadata })
	p.Nicknames = own(p.Nicknames, func(e *nickname) *mark { return e.Metadata })
	p.Organizations = own(p.Organizations, func(e *organization) *mark { return e.Metadata })
	p.EmailAddresses = own(p.EmailAddresses, func(e *email) *mark { return e.Metadata })
	p.PhoneNumbers = own(p.PhoneNumbers, func(e *phone) *mark { return e.Metadata })
	p.Addresses = own(p.Addresses, func(e *address) *mark { return e.Metadata })
	p.Urls = own(p.Urls, func(e *link) *mark { return e.Metadata })
	p.Birthdays = own(p.Birthdays, func(e *birthday) *mark { return e.Metadata })
	p.Biographies = own(p.Biographies, func(e *biography) *mark { return e.Metadata })
}

func own[T any](list []T, meta func(*T) *mark) []T {
	return slices.DeleteFunc(list, func(e T) bool { return meta(&e).foreign() })
}

// best is the index of the entry that stands for a list of which a Contact has
// one: the primary one, then by rank, then by text. The order of entries means
// nothing, since Google does not promise it. A negative rank is no candidate.
func best[T any](list []T, meta func(*T) *mark, rank func(*T) (int, string)) int {
	found, least, text := -1, 0, ""
	for i := range list {
		r, t := rank(&list[i])
		if r < 0 {
			continue
		}
		if r++; meta(&list[i]).first() {
			r = 0
		}
		if found < 0 || cmp.Or(cmp.Compare(r, least), cmp.Compare(t, text)) < 0 {
			found, least, text = i, r, t
		}
	}
	return found
}

func (p *person) name() int {
	return best(p.Names, func(e *name) *mark { return e.Metadata }, func(e *name) (int, string) { return 0, e.DisplayName })
}

func (p *person) nickname() int {
	return best(p.Nicknames, func(e *nickname) *mark { return e.Metadata }, func(e *nickname) (int, string) {
		if e.Type != "" && e.Type != "DEFAULT" {
			return -1, ""
		}
		return 0, e.Value
	})
}

func (p *person) organization() int {
	return best(p.Organizations, func(e *organization) *mark { return e.Metadata }, func(e *organization) (int, string) {
		rank := 0
		if !e.Current {
			rank++
		}
		if e.Name == "" {
			rank += 2
		}
		return rank, e.Name + "\n" + e.Title
	})
}

// linkRanks are the types of web addresses that can stand for the website; a
// type that a person made up ranks last.
var linkRanks = map[string]int{
	"homePage": 0, "work": 1, "": 2, "other": 3, "home": 4,
	"blog": -1, "profile": -1, "ftp": -1, "reservations": -1, "appInstallPage": -1,
}

func (p *person) website() int {
	return best(p.Urls, func(e *link) *mark { return e.Metadata }, func(e *link) (int, string) {
		rank, known := linkRanks[e.Type]
		if !known {
			rank = 5
		}
		return rank, e.Value
	})
}

func (p *person) address(kind contact.AddressKind) int {
	return best(p.Addresses, func(e *address) *mark { return e.Metadata }, func(e *address) (int, string) {
		if e.kind() != kind {
			return -1, ""
		}
		return 0, strings.Join([]string{e.FormattedValue, e.StreetAddress, e.PostalCode, e.City}, "\n")
	})
}

func (p *person) birthday() int {
	return best(p.Birthdays, func(e *birthday) *mark { return e.Metadata }, func(e *birthday) (int, string) { return 0, e.Text })
}

func (p *person) biography() int {
	return best(p.Biographies, func(e *biography) *mark { return e.Metadata }, func(e *biography) (int, string) { return 0, e.Value })
}

func (e *address) kind() contact.AddressKind {
	switch e.Type {
	case "work":
		return contact.AddressWork
	case "home":
		return contact.AddressHome
	}
	return contact.AddressOther
}

// parts reads an address. One that was only ever typed as a whole has its text
// as street.
func (e *address) parts() contact.Address {
	a := contact.Address{Kind: e.kind(), Street: e.StreetAddress, Locality: e.City, Region: e.Region, Postcode: e.PostalCode,
		Country: cmp.Or(e.Country, e.CountryCode)}
	if a == (contact.Address{Kind: a.Kind}) {
		a.Street = e.FormattedValue
	}
	return a
}

// kind is what a number is for; ok is false for pagers, which stay unread.
func (e *phone) kind() (k contact.PhoneKind, ok bool) {
	switch e.Type {
	case "work":
		return contact.PhoneWork, true
	case "mobile", "workMobile":
		return contact.PhoneMobile, true
	case "home":
		return contact.PhoneHome, true
	case "homeFax", "workFax", "otherFax":
		return contact.PhoneFax, true
	case "pager", "workPager":
		return "", false
	}
	return contact.PhoneOther, true
}

// phoneTypes are how a kind is written where the entry is new.
var phoneTypes = map[contact.PhoneKind]string{
	contact.PhoneWork: "work", contact.PhoneMobile: "mobile", contact.PhoneHome: "home",
	contact.PhoneFax: "workFax", contact.PhoneOther: "other",
}

// contact reads a person. What is there in a form that a Contact cannot hold,
// such as a birthday in words, is not read.
func (p *person) contact(g *groupSet) (c contact.Contact, read contact.Fields) {
	read = mapped
	if i := p.name(); i >= 0 {
		n := p.Names[i]
		c.Name = contact.Name{Title: n.HonorificPrefix, Given: n.GivenName, Given2: n.MiddleName, Surname: n.FamilyName, Generation: n.HonorificSuffix}
		if c.Name == (contact.Name{}) {
			c.Name.Full = cmp.Or(n.UnstructuredName, n.DisplayName)
		}
	}
	if i := p.nickname(); i >= 0 {
		c.Nickname = p.Nicknames[i].Value
	}
	if i := p.organization(); i >= 0 {
		o := p.Organizations[i]
		c.Organization, c.Unit, c.JobTitle = o.Name, o.Department, o.Title
	}
	for _, preferred := range []bool{true, false} {
		for _, e := range p.EmailAddresses {
			if e.Metadata.first() == preferred && e.Value != "" && !slices.Contains(c.Emails, e.Value) {
				c.Emails = append(c.Emails, e.Value)
			}
		}
	}
	for _, e := range p.PhoneNumbers {
		kind, ok := e.kind()
		n := contact.Phone{Kind: kind, Number: e.Value}
		if ok && e.Value != "" && !slices.Contains(c.Phones, n) {
			c.Phones = append(c.Phones, n)
		}
	}
	for _, kind := range addressKinds {
		if i := p.address(kind); i >= 0 {
			c.Addresses = append(c.Addresses, p.Addresses[i].parts())
		}
	}
	if i := p.website(); i >= 0 {
		c.Website = p.Urls[i].Value
	}
	if i := p.birthday(); i >= 0 {
		if c.Birth = p.Birthdays[i].day(); c.Birth.IsZero() {
			read = read.Without(contact.Birth)
		}
	}
	if i := p.biography(); i >= 0 {
		c.Notes = p.Biographies[i].Value
	}
	c.Categories = g.categories(p.Memberships)
	return c, read
}

// day reads a birthday; the zero Date where it is no single day.
func (e *birthday) day() contact.Date {
	if e.Date == nil {
		return contact.ParseDate(strings.TrimSpace(e.Text))
	}
	return contact.ParseDate(contact.Date{Year: e.Date.Year, Month: e.Date.Month, Day: e.Date.Day}.String())
}

var addressKinds = []contact.AddressKind{contact.AddressWork, contact.AddressHome, contact.AddressOther}

// markerKey names our entry in clientData.
const markerKey = "tandem"

// marker is our own key, where the person bears one; two people that were
// merged bear both of theirs, and the same one is told each time.
func (p *person) marker() string {
	var all []string
	for _, d := range p.ClientData {
		if d.Key == markerKey && d.Value != "" {
			all = append(all, d.Value)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return slices.Min(all)
}

// record makes a Record of a person; ok is false where it is no contact.
func (p *person) record(wanted contact.ID, g *groupSet) (r contact.Record, ok bool) {
	s := p.contactSource(string(wanted))
	if s == nil {
		return r, false
	}
	r = contact.Record{ID: contact.ID(s.ID), Version: contact.Version(s.Etag), Marker: p.marker()}
	r.Contact, r.Read = p.contact(g)
	if s.UpdateTime != nil {
		r.Modified = *s.UpdateTime
	}
	if id := strings.TrimPrefix(p.ResourceName, "people/"); id != "" {
		r.URL = "https://contacts.google.com/person/" + id
	}
	return r, true
}
