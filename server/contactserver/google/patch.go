package google

import (
	"reflect"
	"slices"
	"strings"

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
			same := slices.Equal(now.Value(f), c.Value(f)) || now.Value(f).IsEmpty() && c.Value(f).IsEmpty()
			return mask.Has(f) && (!same || !read.Has(f))
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
	for f, kind := range addressFields {
		if differs(f) {
			p.writeAddress(kind, c.Value(f))
		}
	}
	if differs(contact.Emails) {
		p.writeEmails(now.Emails, c.Emails)
	}
	for f, kind := range phoneFields {
		if differs(f) {
			p.writePhones(kind, c.Value(f))
		}
	}
	if differs(contact.Categories) {
		p.Memberships = g.memberships(p.Memberships, c.Categories)
	}
}

var (
	addressFields = map[contact.Field]contact.AddressKind{
		contact.WorkAddress: contact.AddressWork, contact.HomeAddress: contact.AddressHome, contact.OtherAddress: contact.AddressOther,
	}
	phoneFields = map[contact.Field]contact.PhoneKind{
		contact.WorkPhones: contact.PhoneWork, contact.MobilePhones: contact.PhoneMobile, contact.HomePhones: contact.PhoneHome,
		contact.OtherPhones: contact.PhoneOther, contact.Faxes: contact.PhoneFax,
	}
)

// edit changes the i-th entry of a copy of list, a new one where i is negative,
// and drops it where change says that nothing is left. Where another entry
// would then stand for the list (chosen says no), the changed one is made
// primary.
func edit[T any](list []T, i int, change func(*T) bool, chosen func([]T, int) bool, meta ...func(*T) **mark) []T {
	out := slices.Clone(list)
	if i < 0 {
		var fresh T
		i, out = len(out), append(out, fresh)
	}
	if !change(&out[i]) {
		return slices.Delete(out, i, i+1)
	}
	if chosen != nil && !chosen(out, i) {
		for j := range out {
			*meta[0](&out[j]) = nil
		}
		*meta[0](&out[i]) = &mark{SourcePrimary: true}
	}
	return out
}

func (p *person) writeAddress(kind contact.AddressKind, v contact.Value) {
	p.Addresses = edit(p.Addresses, p.address(kind), func(e *address) bool {
		if v.IsEmpty() {
			return false
		}
		if *e == (address{}) {
			e.Type = string(kind)
		}
		if country := v[4]; country != e.parts().Country {
			e.Country, e.CountryCode = country, ""
		}
		e.StreetAddress, e.City, e.Region, e.PostalCode = v[0], v[1], v[2], v[3]
		e.FormattedValue = "" // Google's own making, of the parts before
		return true
	}, func(list []address, i int) bool { return (&person{Addresses: list}).address(kind) == i },
		func(e *address) **mark { return &e.Metadata })
}

func (p *person) writeEmails(was, want []string) {
	p.EmailAddresses = relist(p.EmailAddresses, want, func(e *email) (string, bool) { return e.Value, true },
		func(e *email, v string) {
			if !strings.EqualFold(e.Value, v) {
				e.DisplayName = ""
			}
			e.Value = v
		})
	if len(want) == 0 || len(was) > 0 && was[0] == want[0] {
		return
	}
	marked := false
	for i := range p.EmailAddresses {
		e := &p.EmailAddresses[i]
		if e.Metadata = nil; !marked && e.Value == want[0] {
			marked, e.Metadata = true, &mark{SourcePrimary: true}
		}
	}
}

func (p *person) writePhones(kind contact.PhoneKind, want []string) {
	p.PhoneNumbers = relist(p.PhoneNumbers, want, func(e *phone) (string, bool) {
		k, ok := e.kind()
		return e.Value, ok && k == kind
	}, func(e *phone, v string) {
		if *e == (phone{}) {
			e.Type = phoneTypes[kind]
		}
		e.Value = v
	})
}

// relist makes those entries of a list that are meant read as want, in that
// order, in the place of the first of them. An entry whose text is still wanted
// stays as it is, one that is spelled anew keeps the rest of what it has, and so
// does the only one that is replaced by the only new text. All other entries
// stay where they are.
func relist[T any](list []T, want []string, meant func(*T) (string, bool), set func(*T, string)) []T {
	used, found := make([]bool, len(list)), make([]int, len(want))
	match := func(same func(have, want string) bool) (open []int) {
		for w := range want {
			for i := 0; found[w] == 0 && i < len(list); i++ {
				if have, ok := meant(&list[i]); ok && !used[i] && same(have, want[w]) {
					used[i], found[w] = true, i+1
				}
			}
			if found[w] == 0 {
				open = append(open, w)
			}
		}
		return open
	}
	match(func(have, want string) bool { return have == want })
	open := match(func(have, want string) bool { return contact.Fold(have) == contact.Fold(want) })
	left := -1
	for i := range list {
		text, ok := meant(&list[i])
		switch {
		case !ok || used[i] || slices.Contains(want, text): // the same text once more stays
		case left >= 0:
			left = len(list)
		default:
			left = i
		}
	}
	if len(open) == 1 && left >= 0 && left < len(list) {
		found[open[0]] = left + 1
	}
	fresh := make([]T, len(want))
	for w, i := range found {
		if i > 0 {
			fresh[w] = list[i-1]
		}
		if have, _ := meant(&fresh[w]); have != want[w] || i == 0 {
			set(&fresh[w], want[w])
		}
	}
	var out []T
	placed := false
	for i := range list {
		text, ok := meant(&list[i])
		if ok && !placed {
			out, placed = append(out, fresh...), true
		}
		if !ok || !used[i] && slices.Contains(want, text) {
			out = append(out, list[i])
		}
	}
	if !placed {
		out = append(out, fresh...)
	}
	return out
}
