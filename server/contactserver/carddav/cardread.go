package carddav

import (
	"slices"
	"strconv"
	"strings"

	"tandem/server/contact"
)

// noName stands in FN where a card has nothing that could name the person.
const noName = "(no name)"

// contact reads what the card holds. A field that is there but cannot be
// understood is left out of read, so that nobody takes it for empty.
func (c *card) contact() (out contact.Contact, read contact.Fields) {
	read = contact.AllFields
	out.Nickname = single(c.list("NICKNAME"))
	if i := c.first("ORG"); i >= 0 {
		parts := c.lines[i].parts(c.version)
		out.Organization, out.Unit = single(parts[0]), single(at(parts, 1))
	}
	out.JobTitle = single(c.text("TITLE"))
	for _, e := range c.elements(c.emailLines(), c.emailText) {
		out.Emails = append(out.Emails, e.text)
	}
	for _, kind := range phoneKinds {
		for _, e := range c.elements(c.phoneLines(kind), c.phoneText) {
			out.Phones = append(out.Phones, contact.Phone{Kind: kind, Number: e.text})
		}
	}
	for _, kind := range addressKinds {
		if i := c.addressLine(kind); i >= 0 {
			out.Addresses = append(out.Addresses, c.address(i, kind))
		}
	}
	out.Website = single(c.text("URL"))
	if i := c.first("BDAY"); i >= 0 {
		var known bool
		if out.Birth, known = c.birth(&c.lines[i]); !known {
			read = read.Without(contact.Birth)
		}
	}
	out.Notes = c.text("NOTE")
	for _, e := range c.categories() {
		out.Categories = append(out.Categories, e.text)
	}
	out.Name = c.name(out)
	return out, read
}

func (c *card) list(name string) string {
	if i := c.first(name); i >= 0 {
		return listText(c.lines[i].decoded(), c.version)
	}
	return ""
}

func at(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return ""
}

// nameParts are the components of N.
func (c *card) nameParts() contact.Name {
	i := c.first("N")
	if i < 0 {
		return contact.Name{}
	}
	p := c.lines[i].parts(c.version)
	for k := range p {
		p[k] = single(p[k])
	}
	return contact.Name{Surname: p[0], Given: at(p, 1), Given2: at(p, 2), Title: at(p, 3), Generation: at(p, 4)}
}

// name reads N and FN. An FN that only repeats the company, an e-mail or a
// number of a card without a name stands in for the name that FN may not lack.
func (c *card) name(rest contact.Contact) contact.Name {
	n := c.nameParts()
	n.Full = single(c.text("FN"))
	return complete(n, rest)
}

// complete is a name as a card tells it: components without FN make one, and
// an FN without components, which version 4.0 allows, is divided into them.
func complete(n contact.Name, rest contact.Contact) contact.Name {
	switch {
	case full(n) != "" && n.Full == "":
		n.Full = full(n)
	case full(n) == "" && standIn(n.Full, rest):
		n.Full = ""
	case full(n) == "" && n.Full != "":
		text := n.Full
		n = contact.Split(text, contact.Name{})
		n.Full = text
	}
	return n
}

// full is the formatted name of components; "" where there is none.
func full(n contact.Name) string {
	return join(n.Title, n.Given, n.Given2, n.Surname, n.Generation)
}

func join(texts ...string) string {
	return strings.Join(strings.Fields(strings.Join(texts, " ")), " ")
}

// standIns are what FN holds for a card without a name.
func standIns(c contact.Contact) []string {
	out := []string{c.Organization}
	out = append(out, c.Emails...)
	for _, p := range c.Phones {
		out = append(out, p.Number)
	}
	return append(out, c.Nickname, noName)
}

func standIn(fn string, c contact.Contact) bool {
	for _, s := range standIns(c) {
		if s != "" && contact.Space(s) == contact.Space(fn) {
			return true
		}
	}
	return false
}

// element is one member of a set: its text and the line that it stands in.
type element struct {
	text string
	line int
}

// elements reads the texts of lines, preferred ones first, each text once.
func (c *card) elements(lines []int, text func(*line) string) []element {
	var out []element
	for _, i := range lines {
		s := text(&c.lines[i])
		if s == "" || slices.ContainsFunc(out, func(e element) bool { return e.text == s }) {
			continue
		}
		k := len(out)
		for k > 0 && c.lines[out[k-1].line].rank() > c.lines[i].rank() {
			k--
		}
		out = slices.Insert(out, k, element{s, i})
	}
	return out
}

func (c *card) emailText(l *line) string {
	s := single(unescape(l.decoded(), c.version))
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	return s
}

func (c *card) emailLines() []int {
	return slices.DeleteFunc(c.all("EMAIL"), func(i int) bool { return c.lines[i].has("x400", "tlx") })
}

var (
	phoneKinds   = []contact.PhoneKind{contact.PhoneWork, contact.PhoneMobile, contact.PhoneHome, contact.PhoneOther, contact.PhoneFax}
	addressKinds = []contact.AddressKind{contact.AddressWork, contact.AddressHome, contact.AddressOther}
)

// phoneKind sorts a TEL line by its types; "" for what nobody calls.
func phoneKind(l *line) contact.PhoneKind {
	switch {
	case l.has("fax", "workfax", "homefax", "otherfax"):
		return contact.PhoneFax
	case l.has("pager", "modem", "bbs", "textphone", "tlx"):
		return ""
	case l.has("cell", "mobile", "iphone", "pcs"):
		return contact.PhoneMobile
	case l.has("work", "main", "company"):
		return contact.PhoneWork
	case l.has("home"):
		return contact.PhoneHome
	}
	return contact.PhoneOther
}

// phoneText reads a number, also out of a tel: URI (RFC 3966).
func (c *card) phoneText(l *line) string {
	s := single(unescape(l.decoded(), c.version))
	if len(s) > 4 && strings.EqualFold(s[:4], "tel:") {
		number, rest, _ := strings.Cut(s[4:], ";")
		s = number
		for p := range strings.SplitSeq(rest, ";") {
			if k, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(k, "ext") && v != "" {
				s += " ext. " + v
			}
		}
	}
	return s
}

func (c *card) phoneLines(kind contact.PhoneKind) []int {
	return slices.DeleteFunc(c.all("TEL"), func(i int) bool { return phoneKind(&c.lines[i]) != kind })
}

func addressKind(l *line) contact.AddressKind {
	switch {
	case l.has("work"):
		return contact.AddressWork
	case l.has("home"):
		return contact.AddressHome
	}
	return contact.AddressOther
}

// addressLine is the first ADR line of a kind that holds something. Further
// ones of the same kind are carried along and never read.
func (c *card) addressLine(kind contact.AddressKind) int {
	for _, i := range c.all("ADR") {
		if addressKind(&c.lines[i]) == kind && strings.Trim(c.lines[i].value, "; \t") != "" {
			return i
		}
	}
	return -1
}

// address reads ADR: box and extension, which few programs show, are lines of
// the street here.
func (c *card) address(i int, kind contact.AddressKind) contact.Address {
	p := c.lines[i].parts(c.version)
	var street []string
	for k := range 3 {
		if s := at(p, k); s != "" {
			street = append(street, s)
		}
	}
	return contact.Address{Kind: kind, Street: strings.Join(street, "\n"),
		Locality: single(at(p, 3)), Region: single(at(p, 4)), Postcode: single(at(p, 5)), Country: single(at(p, 6))}
}

// birth reads a date in the forms of RFC 2426 section 3.1.5, RFC 6350 section
// 4.3.1 and Apple's: a time is cut off, the year 1604 stands for none.
func (c *card) birth(l *line) (d contact.Date, known bool) {
	s := strings.TrimSpace(unescape(l.decoded(), c.version))
	if i := strings.IndexAny(s, "T "); i > 0 {
		s = s[:i]
	}
	if rest, ok := strings.CutPrefix(s, "--"); ok {
		digits := strings.ReplaceAll(rest, "-", "")
		if len(digits) == 4 && isDigits(digits) {
			d = contact.ParseDate("--" + digits[:2] + "-" + digits[2:])
		}
		return d, !d.IsZero()
	}
	digits := strings.ReplaceAll(s, "-", "")
	if len(digits) != 8 || !isDigits(digits) {
		return d, false
	}
	year, monthDay := digits[:4], digits[4:6]+"-"+digits[6:]
	switch {
	case digits == "00010101": // "no date" in Microsoft's libraries
		return contact.Date{}, true
	case year == l.paramValue("X-APPLE-OMIT-YEAR"), year == "1604", year == "0000":
		d = contact.ParseDate("--" + monthDay)
	default:
		d = contact.ParseDate(year + "-" + monthDay)
	}
	return d, !d.IsZero()
}

func isDigits(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// categories reads all CATEGORIES lines.
func (c *card) categories() []element {
	var out []element
	for _, i := range c.all("CATEGORIES") {
		for _, item := range splitEscaped(c.lines[i].decoded(), ',') {
			s := single(unescape(item, c.version))
			if s != "" && !slices.ContainsFunc(out, func(e element) bool { return e.text == s }) {
				out = append(out, element{s, i})
			}
		}
	}
	return out
}
