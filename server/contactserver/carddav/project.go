package carddav

import (
	"slices"

	"tandem/server/contact"
)

// project is c as a card holds it and gives it back: texts without control
// characters and outer space, one line where a line is meant, e-mails and
// numbers once each, one address of a kind, dates that are in the calendar,
// and a formatted name (FN) that never lacks.
func project(c contact.Contact) contact.Contact {
	out := contact.Contact{
		Nickname: single(c.Nickname), Organization: single(c.Organization), Unit: single(c.Unit),
		JobTitle: single(c.JobTitle), Website: single(c.Website), Notes: clean(c.Notes),
		Emails: texts(c.Emails), Categories: texts(c.Categories),
	}
	for _, kind := range phoneKinds {
		var numbers []string
		for _, p := range c.Phones {
			if p.Kind == kind {
				numbers = append(numbers, p.Number)
			}
		}
		for _, n := range texts(numbers) {
			out.Phones = append(out.Phones, contact.Phone{Kind: kind, Number: n})
		}
	}
	for _, kind := range addressKinds {
		for _, a := range c.Addresses {
			a.Street, a.Locality, a.Region = clean(a.Street), single(a.Locality), single(a.Region)
			a.Postcode, a.Country = single(a.Postcode), single(a.Country)
			if a.Kind == kind && a != (contact.Address{Kind: kind}) {
				out.Addresses = append(out.Addresses, a)
				break
			}
		}
	}
	if out.Birth = contact.ParseDate(c.Birth.String()); out.Birth.Year == 1604 {
		out.Birth.Year = 0 // the year that stands for none
	}
	n := c.Name
	out.Name = contact.Name{Title: single(n.Title), Given: single(n.Given), Given2: single(n.Given2),
		Surname: single(n.Surname), Generation: single(n.Generation), Full: single(n.Full)}
	out.Name = complete(out.Name, out)
	return out
}

// texts are the distinct texts of a set, each on one line.
func texts(in []string) []string {
	var out []string
	for _, s := range in {
		if s = single(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
