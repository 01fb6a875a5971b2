package carddav

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tandem/server/contact"
)

// toContact reads what the field map knows of a card. It is what the people
// page shows, and shares nothing with the adapter that it helps to test.
func toContact(card cardLines) contact.Contact {
	var c contact.Contact
	var mails []line
	for _, l := range card {
		switch l.name {
		case "FN":
			c.Name.Full = cmp.Or(c.Name.Full, unescape(l.value))
		case "N":
			p := append(l.split(';'), "", "", "", "", "")
			c.Name.Surname, c.Name.Given, c.Name.Given2, c.Name.Title, c.Name.Generation = p[0], p[1], p[2], p[3], p[4]
		case "NICKNAME":
			c.Nickname = cmp.Or(c.Nickname, unescape(l.value))
		case "ORG":
			p := append(l.split(';'), "", "")
			c.Organization, c.Unit = p[0], p[1]
		case "TITLE":
			c.JobTitle = cmp.Or(c.JobTitle, unescape(l.value))
		case "EMAIL":
			mails = append(mails, l)
		case "TEL":
			if number := strings.TrimPrefix(unescape(l.value), "tel:"); number != "" {
				c.Phones = append(c.Phones, contact.Phone{Kind: phoneKind(&l), Number: number})
			}
		case "ADR":
			p := append(l.split(';'), "", "", "", "", "", "", "")
			a := contact.Address{Kind: addressKind(&l), Street: p[2], Locality: p[3], Region: p[4], Postcode: p[5], Country: p[6]}
			if !slices.ContainsFunc(c.Addresses, func(o contact.Address) bool { return o.Kind == a.Kind }) {
				c.Addresses = append(c.Addresses, a)
			}
		case "URL":
			c.Website = cmp.Or(c.Website, unescape(l.value))
		case "BDAY":
			c.Birth = birth(&l)
		case "NOTE":
			c.Notes = cmp.Or(c.Notes, unescape(l.value))
		case "CATEGORIES":
			c.Categories = append(c.Categories, l.split(',')...)
		}
	}
	slices.SortStableFunc(mails, func(x, y line) int { return rank(x) - rank(y) })
	for _, l := range mails {
		c.Emails = append(c.Emails, unescape(l.value))
	}
	if c.Name.Text() == c.Name.Full && c.Name.Given == "" && c.Name.Surname == "" && c.Name.Full != c.Organization {
		full := c.Name.Full
		c.Name = contact.Split(full, c.Name)
		c.Name.Full = full
	}
	return c
}

func rank(l line) int {
	if l.preferred() {
		return 0
	}
	return 1
}

func phoneKind(l *line) contact.PhoneKind {
	switch {
	case l.is("fax"):
		return contact.PhoneFax
	case l.is("cell"):
		return contact.PhoneMobile
	case l.is("work"):
		return contact.PhoneWork
	case l.is("home"):
		return contact.PhoneHome
	}
	return contact.PhoneOther
}

func addressKind(l *line) contact.AddressKind {
	switch {
	case l.is("work"):
		return contact.AddressWork
	case l.is("home"):
		return contact.AddressHome
	}
	return contact.AddressOther
}

// birth reads a date with and without dashes, year and time.
func birth(l *line) contact.Date {
	day, _, _ := strings.Cut(l.value, "T")
	if yearless, ok := strings.CutPrefix(day, "--"); ok {
		if len(yearless) == 4 {
			yearless = yearless[:2] + "-" + yearless[2:]
		}
		return contact.ParseDate("--" + yearless)
	}
	if len(day) == 8 {
		day = day[:4] + "-" + day[4:6] + "-" + day[6:]
	}
	d := contact.ParseDate(day)
	if omit := l.params["X-APPLE-OMIT-YEAR"]; len(omit) == 1 && omit[0] == fmt.Sprint(d.Year) {
		d.Year = 0
	}
	return d
}

// patch writes what differs between old and c into the card; every other line
// stays as it is.
func patch(card cardLines, old, c contact.Contact) cardLines {
	v4 := card.first("VERSION") == "4.0"
	text := func(name, was, is string) {
		if was != is {
			card = card.replace(name, texts(name, is))
		}
	}
	was, is := old.Name, c.Name
	was.Full, is.Full = "", ""
	if was != is {
		card = card.replace("N", []string{write("N", structured(is.Surname, is.Given, is.Given2, is.Title, is.Generation))})
	}
	text("FN", formatted(old), formatted(c))
	text("NICKNAME", old.Nickname, c.Nickname)
	if old.Organization != c.Organization || old.Unit != c.Unit {
		card = card.replace("ORG", orgLine(c))
	}
	text("TITLE", old.JobTitle, c.JobTitle)
	card = patchEach(card, "EMAIL", old.Emails, c.Emails,
		func(l *line) string { return unescape(l.value) },
		func(e string) string { return write("EMAIL;TYPE=INTERNET", escape.Replace(e)) })
	card = patchEach(card, "TEL", old.Phones, c.Phones,
		func(l *line) contact.Phone {
			return contact.Phone{Kind: phoneKind(l), Number: strings.TrimPrefix(unescape(l.value), "tel:")}
		},
		func(p contact.Phone) string { return write("TEL;TYPE="+telType[p.Kind], escape.Replace(p.Number)) })
	card = patchEach(card, "ADR", old.Addresses, c.Addresses,
		func(l *line) contact.Address {
			p := append(l.split(';'), "", "", "", "", "", "", "")
			return contact.Address{Kind: addressKind(l), Street: p[2], Locality: p[3], Region: p[4], Postcode: p[5], Country: p[6]}
		},
		func(a contact.Address) string {
			return write(adrHead[a.Kind], structured("", "", a.Street, a.Locality, a.Region, a.Postcode, a.Country))
		})
	text("URL", old.Website, c.Website)
	if old.Birth != c.Birth {
		card = card.replace("BDAY", birthLine(c.Birth, v4))
	}
	text("NOTE", old.Notes, c.Notes)
	if !slices.Equal(old.Categories, c.Categories) {
		var list []string
		for _, one := range c.Categories {
			list = append(list, escape.Replace(one))
		}
		var lines []string
		if len(list) > 0 {
			lines = []string{write("CATEGORIES", strings.Join(list, ","))}
		}
		card = card.replace("CATEGORIES", lines)
	}
	return card
}

var (
	telType = map[contact.PhoneKind]string{
		contact.PhoneWork: "WORK,VOICE", contact.PhoneMobile: "CELL,VOICE", contact.PhoneHome: "HOME,VOICE",
		contact.PhoneFax: "WORK,FAX", contact.PhoneOther: "VOICE",
	}
	adrHead = map[contact.AddressKind]string{
		contact.AddressWork: "ADR;TYPE=WORK", contact.AddressHome: "ADR;TYPE=HOME", contact.AddressOther: "ADR",
	}
)

// patchEach rewrites the properties of one name, using the lines of the values
// that were there before.
func patchEach[T comparable](card cardLines, name string, old, now []T, read func(*line) T, fresh func(T) string) cardLines {
	if slices.Equal(old, now) {
		return card
	}
	var lines []string
	for _, v := range now {
		i := slices.IndexFunc(card, func(l line) bool { return l.name == name && read(&l) == v })
		if i >= 0 {
			lines = append(lines, card[i].raw)
		} else {
			lines = append(lines, fresh(v))
		}
	}
	for _, l := range card { // what a Contact has no room for stays
		if l.name == name && !slices.Contains(old, read(&l)) {
			lines = append(lines, l.raw)
		}
	}
	return card.replace(name, lines)
}

func texts(name, text string) []string {
	if text == "" {
		return nil
	}
	return []string{write(name, escape.Replace(text))}
}

func structured(parts ...string) string {
	for i, p := range parts {
		parts[i] = escape.Replace(p)
	}
	return strings.Join(parts, ";")
}

func orgLine(c contact.Contact) []string {
	switch {
	case c.Organization == "" && c.Unit == "":
		return nil
	case c.Unit == "":
		return []string{write("ORG", structured(c.Organization))}
	}
	return []string{write("ORG", structured(c.Organization, c.Unit))}
}

func birthLine(d contact.Date, v4 bool) []string {
	switch {
	case d.IsZero():
		return nil
	case v4:
		year := "--"
		if d.Year != 0 {
			year = fmt.Sprintf("%04d", d.Year)
		}
		return []string{write("BDAY", fmt.Sprintf("%s%02d%02d", year, d.Month, d.Day))}
	case d.Year == 0:
		// 1604 is a leap year: 29 February is a day of it.
		return []string{write("BDAY;X-APPLE-OMIT-YEAR=1604", fmt.Sprintf("1604-%02d-%02d", d.Month, d.Day))}
	}
	return []string{write("BDAY", d.String())}
}

// formatted is FN: the name, or what stands in for one.
func formatted(c contact.Contact) string {
	return cmp.Or(c.Name.Display(), c.Organization, contact.Value(c.Emails).First())
}
