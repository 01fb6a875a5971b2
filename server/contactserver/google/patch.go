package google

import (
	"reflect"
	"slices"

	"tandem/server/contact"
)

// parts are the person's fields that can be written, each with how to take it
// from one person to another in the form in which it is sent.
var parts = []struct {
	name string
	send func(from, to *person)
}{
	{"names", func(from, to *person) {
		to.Names = sent(from.Names, func(e *name) **mark {
			if e.DisplayName = ""; e.GivenName+e.MiddleName+e.FamilyName != "" {
				e.UnstructuredName = "" // Google's own making, of the parts before
			}
			return &e.Metadata
		})
	}},
	{"nicknames", func(from, to *person) {
		to.Nicknames = sent(from.Nicknames, func(e *nickname) **mark { return &e.Metadata })
	}},
	{"organizations", func(from, to *person) {
		to.Organizations = sent(from.Organizations, func(e *organization) **mark { return &e.Metadata })
	}},
	{"emailAddresses", func(from, to *person) {
		to.EmailAddresses = sent(from.EmailAddresses, func(e *email) **mark { return &e.Metadata })
	}},
	{"phoneNumbers", func(from, to *person) {
		to.PhoneNumbers = sent(from.PhoneNumbers, func(e *phone) **mark { return &e.Metadata })
	}},
	{"addresses", func(from, to *person) {
		to.Addresses = sent(from.Addresses, func(e *address) **mark { return &e.Metadata })
	}},
	{"urls", func(from, to *person) {
		to.Urls = sent(from.Urls, func(e *link) **mark { return &e.Metadata })
	}},
	{"birthdays", func(from, to *person) {
		to.Birthdays = sent(from.Birthdays, func(e *birthday) **mark { return &e.Metadata })
	}},
	{"biographies", func(from, to *person) {
		to.Biographies = sent(from.Biographies, func(e *biography) **mark { return &e.Metadata })
	}},
	{"memberships", func(from, to *person) {
		to.Memberships = sent(from.Memberships, func(e *membership) **mark { return &e.Metadata })
	}},
}

// sent is a copy of a list without what may not be written.
func sent[T any](list []T, meta func(*T) **mark) []T {
	out := slices.Clone(list)
	for i := range out {
		m := meta(&out[i])
		if *m != nil && (*m).SourcePrimary {
			*m = &mark{SourcePrimary: true}
		} else {
			*m = nil
		}
	}
	return out
}

// patched writes mask of c into p, and gives what is to be sent: the names of
// the fields that change, and a person that holds these alone, whole. Entries
// that a Contact does not know stay. Nothing changes where c says what p says.
func (p *person) patched(c contact.Contact, mask contact.Fields, g *groupSet) (out person, changed []string) {
	next := *p
	next.write(project(c), mask, g)
	for _, one := range parts {
		var was, is person
		one.send(p, &was)
		one.send(&next, &is)
		if !reflect.DeepEqual(was, is) {
			one.send(&next, &out)
			changed = append(changed, one.name)
		}
	}
	return out, changed
}

// write puts the fields of mask into p. Lists are replaced, never altered.
func (p *person) write(c contact.Contact, mask contact.Fields, g *groupSet) {
	now, read := p.contact(g)
	differs := func(fs ...contact.Field) bool {
		return slices.ContainsFunc(fs, func(f contact.Field) bool {
			return mask.Has(f) && (!read.Has(f) || !same(f, now.Value(f), c.Value(f)))
		})
	}
	pick := func(f contact.Field, was string) string {
		if mask.Has(f) {
			return c.Value(f).First()
		}
		return was
	}
	if differs(contact.Title, contact.Given, contact.Given2, contact.Surname, contact.Generation) {
		p.Names = edit(p.Names, p.name(), func(e *name) bool {
			e.HonorificPrefix, e.GivenName = pick(contact.Title, e.HonorificPrefix), pick(contact.Given, e.GivenName)
			e.MiddleName, e.FamilyName = pick(contact.Given2, e.MiddleName), pick(contact.Surname, e.FamilyName)
			e.HonorificSuffix = pick(contact.Generation, e.HonorificSuffix)
			e.DisplayName, e.UnstructuredName = "", ""
			rest := *e
			rest.Metadata = nil
			return rest != name{}
		}, nil)
	}
	if differs(contact.Nickname) {
		p.Nicknames = edit(p.Nicknames, p.nickname(), func(e *nickname) bool { e.Value = c.Nickname; return c.Nickname != "" },
			func(list []nickname, i int) bool { return (&person{Nicknames: list}).nickname() == i },
			func(e *nickname) **mark { return &e.Metadata })
	}
	if differs(contact.Organization, contact.Unit, contact.JobTitle) {
		p.Organizations = edit(p.Organizations, p.organization(), func(e *organization) bool {
			e.Name, e.Department, e.Title = pick(contact.Organization, e.Name), pick(contact.Unit, e.Department), pick(contact.JobTitle, e.Title)
			rest := *e
			rest.Metadata, rest.Type, rest.Current = nil, "", false
			return rest != organization{}
		}, func(list []organization, i int) bool { return (&person{Organizations: list}).organization() == i },
			func(e *organization) **mark { return &e.Metadata })
	}
	if differs(contact.Website) {
		p.Urls = edit(p.Urls, p.website(), func(e *link) bool {
			if e.Value == "" {
				e.Type = "homePage"
			}
			e.Value = c.Website
			return c.Website != ""
		}, func(list []link, i int) bool { return (&person{Urls: list}).website() == i },
			func(e *link) **mark { return &e.Metadata })
	}
	if differs(contact.Birth) {
		p.Birthdays = nil
		if d := c.Birth; !d.IsZero() {
			p.Birthdays = []birthday{{Date: &day{d.Year, d.Month, d.Day}}}
		}
	}
	if differs(contact.Notes) {
		p.Biographies = nil
		if c.Notes != "" {
			p.Biographies = []biography{{Value: c.Notes, ContentType: "TEXT_PLAIN"}}
		}
	}
	for f := range (mask & addressFields).All() {
		if differs(f) {
			p.writeAddress(f, c.Value(f))
		}
	}
	if differs(contact.Emails) {
		p.writeEmails(now.Emails, c.Emails)
	}
	for f := range (mask & phoneFields).All() {
		if differs(f) {
			p.writePhones(f, c.Value(f))
		}
	}
	if differs(contact.Categories) {
		p.Memberships = g.memberships(p.Memberships, c.Categories)
	}
}

const (
	addressFields = contact.Fields(1<<contact.WorkAddress | 1<<contact.HomeAddress | 1<<contact.OtherAddress)
	phoneFields   = contact.Fields(1<<contact.WorkPhones | 1<<contact.MobilePhones | 1<<contact.HomePhones | 1<<contact.OtherPhones | 1<<contact.Faxes)
)

var (
	addressKindOf = map[contact.Field]contact.AddressKind{
		contact.WorkAddress: contact.AddressWork, contact.HomeAddress: contact.AddressHome, contact.OtherAddress: contact.AddressOther,
	}
	phoneKindOf = map[contact.Field]contact.PhoneKind{
		contact.WorkPhones: contact.PhoneWork, contact.MobilePhones: contact.PhoneMobile, contact.HomePhones: contact.PhoneHome,
		contact.OtherPhones: contact.PhoneOther, contact.Faxes: contact.PhoneFax,
	}
)

// same says whether a field reads as wanted, to the letter. Of a set's order,
// which Google does not keep, only the preferred e-mail means something.
func same(f contact.Field, now, want contact.Value) bool {
	if now.IsEmpty() || want.IsEmpty() {
		return now.IsEmpty() && want.IsEmpty()
	}
	if f.Shape() != contact.Set {
		return slices.Equal(now, want)
	}
	return slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(want))) && (f != contact.Emails || now[0] == want[0])
}
