package google

import (
	"slices"
	"strings"
	"unicode"

	"tandem/server/contact"
)

// project is c as Google keeps it and gives it back: texts without control
// characters and outer space, one line where a line is meant, e-mails and
// numbers once each, one address of a kind, dates of the calendar (the year may
// lack), and no groups that have a system group's name.
func project(c contact.Contact) contact.Contact {
	out := contact.Contact{
		Name: contact.Name{Title: line(c.Name.Title), Given: line(c.Name.Given), Given2: line(c.Name.Given2),
			Surname: line(c.Name.Surname), Generation: line(c.Name.Generation)},
		Nickname: line(c.Nickname), Organization: line(c.Organization), Unit: line(c.Unit), JobTitle: line(c.JobTitle),
		Emails: lines(c.Emails), Website: line(c.Website), Notes: text(c.Notes), Categories: slices.DeleteFunc(lines(c.Categories), reserved),
		Birth: contact.ParseDate(c.Birth.String()),
	}
	for _, p := range c.Phones {
		n := contact.Phone{Kind: p.Kind, Number: line(p.Number)}
		if n.Number != "" && phoneTypes[n.Kind] != "" && !slices.Contains(out.Phones, n) {
			out.Phones = append(out.Phones, n)
		}
	}
	for _, kind := range addressKinds {
		for _, a := range c.Addresses {
			a.Street, a.Locality, a.Region, a.Postcode, a.Country = text(a.Street), line(a.Locality), line(a.Region), line(a.Postcode), line(a.Country)
			if a.Kind == kind && a != (contact.Address{Kind: kind}) {
				out.Addresses = append(out.Addresses, a)
				break
			}
		}
	}
	return out
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// text is s without control characters and outer space, lines ended by "\n".
func text(s string) string {
	s = strings.ToValidUTF8(newlines.Replace(s), "\uFFFD")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s))
}

// line is text on one line.
func line(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(text(s)))
}

// lines are the distinct texts of a set.
func lines(in []string) []string {
	var out []string
	for _, s := range in {
		if s = line(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
