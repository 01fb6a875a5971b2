package people

import (
	"slices"
	"strings"

	"tandem/server/contact"
)

// toContact reads what the field map knows of a contact. It is what the people
// page shows, and shares nothing with the adapter that it helps to test.
func (u *user) toContact(f fields) contact.Contact {
	var c contact.Contact
	first := func(field, member string) string {
		if len(f[field]) == 0 {
			return ""
		}
		return str(f[field][0], member)
	}
	c.Name = contact.Name{Title: first("names", "honorificPrefix"), Given: first("names", "givenName"), Given2: first("names", "middleName"),
		Surname: first("names", "familyName"), Generation: first("names", "honorificSuffix")}
	c.Nickname = first("nicknames", "value")
	c.Organization, c.Unit, c.JobTitle = first("organizations", "name"), first("organizations", "department"), first("organizations", "title")
	c.Website, c.Notes = first("urls", "value"), first("biographies", "value")
	if len(f["birthdays"]) > 0 {
		if d, ok := f["birthdays"][0]["date"].(map[string]any); ok {
			c.Birth = contact.Date{Year: num(d, "year"), Month: num(d, "month"), Day: num(d, "day")}
		}
	}
	for _, e := range f["emailAddresses"] {
		if e["sourcePrimary"] == true {
			c.Emails = slices.Insert(c.Emails, 0, str(e, "value"))
		} else {
			c.Emails = append(c.Emails, str(e, "value"))
		}
	}
	for _, e := range f["phoneNumbers"] {
		c.Phones = append(c.Phones, contact.Phone{Kind: phoneKind(str(e, "type")), Number: str(e, "value")})
	}
	for _, e := range f["addresses"] {
		c.Addresses = append(c.Addresses, addressOf(e))
	}
	for _, e := range f["memberships"] {
		m, _ := e["contactGroupMembership"].(map[string]any)
		if g := u.group(str(m, "contactGroupResourceName")); g != nil {
			c.Categories = append(c.Categories, g.Name)
		}
	}
	return c
}

func addressOf(e entry) contact.Address {
	a := contact.Address{Kind: contact.AddressOther, Street: str(e, "streetAddress"), Locality: str(e, "city"),
		Region: str(e, "region"), Postcode: str(e, "postalCode"), Country: str(e, "country")}
	switch str(e, "type") {
	case "work":
		a.Kind = contact.AddressWork
	case "home":
		a.Kind = contact.AddressHome
	}
	return a
}

func phoneKind(kind string) contact.PhoneKind {
	switch {
	case strings.HasSuffix(kind, "Fax"):
		return contact.PhoneFax
	case kind == "work":
		return contact.PhoneWork
	case kind == "home":
		return contact.PhoneHome
	case kind == "mobile" || kind == "workMobile":
		return contact.PhoneMobile
	}
	return contact.PhoneOther
}

var phoneTypes = map[contact.PhoneKind]string{
	contact.PhoneWork: "work", contact.PhoneMobile: "mobile", contact.PhoneHome: "home", contact.PhoneFax: "workFax", contact.PhoneOther: "other",
}

// patch writes what differs between the contact that f holds and now into a
// copy of f; all else stays as it is. The caller holds the lock.
func (s *Server) patch(u *user, f fields, now contact.Contact) fields {
	was, out := u.toContact(f), copied(f)
	one := func(field string, differs bool, set func(entry)) {
		if !differs {
			return
		}
		list := out[field]
		if len(list) == 0 {
			list = []entry{{}}
		}
		set(list[0])
		if list[0], _ = tidy(field, list[0]); !held(field, list[0]) {
			list = list[1:]
		}
		if out[field] = list; len(list) == 0 {
			delete(out, field)
		}
	}
	was.Name.Full, now.Name.Full = "", ""
	one("names", was.Name != now.Name, func(e entry) {
		e["honorificPrefix"], e["givenName"], e["middleName"] = now.Name.Title, now.Name.Given, now.Name.Given2
		e["familyName"], e["honorificSuffix"] = now.Name.Surname, now.Name.Generation
	})
	one("nicknames", was.Nickname != now.Nickname, func(e entry) { e["value"] = now.Nickname })
	one("organizations", was.Organization != now.Organization || was.Unit != now.Unit || was.JobTitle != now.JobTitle, func(e entry) {
		e["name"], e["department"], e["title"] = now.Organization, now.Unit, now.JobTitle
	})
	one("urls", was.Website != now.Website, func(e entry) { e["value"] = now.Website })
	one("biographies", was.Notes != now.Notes, func(e entry) { e["value"], e["contentType"] = now.Notes, "TEXT_PLAIN" })
	one("birthdays", was.Birth != now.Birth, func(e entry) {
		delete(e, "date")
		delete(e, "text")
		if !now.Birth.IsZero() {
			e["date"] = date(now.Birth)
		}
	})
	replace(out, "emailAddresses", was.Emails, now.Emails,
		func(e entry) string { return str(e, "value") }, func(v string) entry { return entry{"value": v} })
	replace(out, "phoneNumbers", was.Phones, now.Phones,
		func(e entry) contact.Phone {
			return contact.Phone{Kind: phoneKind(str(e, "type")), Number: str(e, "value")}
		},
		func(p contact.Phone) entry { return entry{"value": p.Number, "type": phoneTypes[p.Kind]} })
	replace(out, "addresses", was.Addresses, now.Addresses, addressOf, newAddress)
	if !slices.Equal(was.Categories, now.Categories) {
		list := []entry{member(myContacts)}
		for _, name := range now.Categories {
			list = append(list, member("contactGroups/"+s.named(u, name).ID))
		}
		out["memberships"] = list
	}
	return out
}

// held says whether an entry still has content.
func held(field string, e entry) bool {
	for member := range e {
		if writable[field][member] {
			return true
		}
	}
	return false
}

// replace makes a list read as now, with the entries of what was there before.
func replace[T comparable](f fields, field string, was, now []T, read func(entry) T, fresh func(T) entry) {
	if slices.Equal(was, now) {
		return
	}
	var out []entry
	for _, v := range now {
		if i := slices.IndexFunc(f[field], func(e entry) bool { return read(e) == v }); i >= 0 {
			out = append(out, f[field][i])
		} else {
			out = append(out, fresh(v))
		}
	}
	if f[field] = out; len(out) == 0 {
		delete(f, field)
	}
}

func newAddress(a contact.Address) entry {
	e, _ := tidy("addresses", entry{"type": string(a.Kind), "streetAddress": a.Street, "city": a.Locality, "region": a.Region, "postalCode": a.Postcode, "country": a.Country})
	return e
}

func date(d contact.Date) map[string]any {
	out := map[string]any{"month": d.Month, "day": d.Day}
	if d.Year != 0 {
		out["year"] = d.Year
	}
	return out
}

// copied is f with lists and entries of its own.
func copied(f fields) fields {
	out := fields{}
	for name, list := range f {
		for _, e := range list {
			one := entry{}
			for k, v := range e {
				one[k] = v
			}
			out[name] = append(out[name], one)
		}
	}
	return out
}
