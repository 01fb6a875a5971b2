package carddav

import (
	"errors"
	"strings"
)

// A card is a vCard as a list of content lines (RFC 6350 section 3.3, RFC 2425
// section 5.8, vCard 2.1 section 2.1). Lines that nobody changes are given back
// byte for byte, folds and line ends included, in their place.
type card struct {
	lines   []line
	version string // "2.1", "3.0" or "4.0"
	eol     string
	touched bool // a line was changed
}

// line is one content line, unfolded where it is one that we read.
type line struct {
	raw    string // as it stands in the card, with its line end
	name   string // upper case; "" for what is no content line of this card
	group  string // "item1", as spelled
	label  string // group and name as spelled
	params []param
	value  string // as escaped in the card
}

// param is one parameter of a line. The bare values of vCard 2.1 (TEL;CELL)
// have no name.
type param struct {
	raw    string // as spelled, without the semicolon
	name   string // upper case
	values []string
}

var (
	errNoCard   = errors.New("this is no vCard")
	errCutShort = errors.New("the vCard has no end")
)

// ours are the lines that are read. Everything else is carried along.
var ours = map[string]bool{
	"BEGIN": true, "END": true, "VERSION": true, "UID": true, "KIND": true, "CLASS": true,
	"X-ADDRESSBOOKSERVER-KIND": true, "N": true, "FN": true, "NICKNAME": true, "ORG": true, "TITLE": true,
	"EMAIL": true, "TEL": true, "ADR": true, "URL": true, "BDAY": true, "NOTE": true, "CATEGORIES": true,
}

// parseCard reads the first vCard in text. Whatever cannot be understood is
// kept as it is.
func parseCard(text string) (*card, error) {
	c := &card{version: "3.0", eol: "\r\n"}
	if i := strings.IndexByte(text, '\n'); i >= 0 && (i == 0 || text[i-1] != '\r') {
		c.eol = "\n"
	}
	// Version 2.1 folds differently, so it is looked for before the rest.
	old := strings.Contains(text, "\nVERSION:2.1")
	depth, done := 0, false
	for rest := text; rest != ""; {
		var l line
		l, rest = nextLine(rest, old)
		switch {
		case l.name == "BEGIN" && strings.EqualFold(strings.TrimSpace(l.value), "VCARD") && !done:
			depth++
		case l.name == "END" && strings.EqualFold(strings.TrimSpace(l.value), "VCARD") && depth > 0:
			if depth--; depth == 0 {
				done = true
				c.lines = append(c.lines, l)
				continue
			}
		case l.name == "VERSION" && depth == 1:
			c.version = strings.TrimSpace(l.value)
		}
		if depth != 1 || done {
			l.name = "" // outside the card, or of a card within (AGENT)
		}
		c.lines = append(c.lines, l)
	}
	switch {
	case !done && depth == 0:
		return nil, errNoCard
	case !done:
		return nil, errCutShort
	}
	return c, nil
}

// nextLine cuts one logical line off text.
func nextLine(text string, old bool) (line, string) {
	first := physical(text)
	raw := text[:first]
	name, group := peekName(raw)
	if name != "" && !ours[name] {
		// Not read: only its end is looked for. Its group matters.
		end := first
		if old && strings.Contains(strings.ToUpper(headOf(raw)), "QUOTED-PRINTABLE") {
			for softBreak(text[:end]) && end < len(text) {
				end += physical(text[end:])
			}
		}
		for end < len(text) && (text[end] == ' ' || text[end] == '\t') {
			end += physical(text[end:])
		}
		return line{raw: text[:end], name: name, group: group}, text[end:]
	}
	end := first
	content := trimEOL(raw)
	for strings.HasSuffix(content, "=") && end < len(text) && strings.Contains(strings.ToUpper(headOf(content)), "QUOTED-PRINTABLE") {
		next := physical(text[end:])
		content = content[:len(content)-1] + trimEOL(text[end:end+next])
		end += next
	}
	for end < len(text) && (text[end] == ' ' || text[end] == '\t') {
		next := physical(text[end:])
		more := trimEOL(text[end : end+next])
		if !old {
			more = more[1:]
		}
		content += more
		end += next
	}
	l := splitLine(content)
	l.raw = text[:end]
	return l, text[end:]
}

// physical is the length of text's first physical line with its end.
func physical(text string) int {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return i + 1
	}
	return len(text)
}

func trimEOL(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
}

func softBreak(s string) bool { return strings.HasSuffix(trimEOL(s), "=") }

func headOf(raw string) string {
	head, _, _ := strings.Cut(raw, ":")
	return head
}

// peekName reads group and name without unfolding; "" where that needs more.
func peekName(raw string) (name, group string) {
	i := strings.IndexAny(raw, ":;\r\n")
	if i <= 0 || raw[i] == '\r' || raw[i] == '\n' {
		return "", ""
	}
	group, name, ok := cutGroup(raw[:i])
	if !ok {
		return "", ""
	}
	return strings.ToUpper(name), group
}

func cutGroup(label string) (group, name string, ok bool) {
	name = label
	if i := strings.LastIndexByte(label, '.'); i >= 0 {
		group, name = label[:i], label[i+1:]
	}
	for i := range len(name) {
		if b := name[i]; b != '-' && b != '_' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			return "", "", false
		}
	}
	return group, name, name != ""
}

// splitLine takes an unfolded line apart.
func splitLine(content string) line {
	content = strings.TrimPrefix(content, "\ufeff")
	colon := outside(content, ':')
	if colon < 0 {
		colon = strings.IndexByte(content, ':') // a quote that never ends
	}
	if colon < 0 {
		return line{}
	}
	l := line{value: content[colon+1:]}
	head := content[:colon]
	semi := outside(head, ';')
	if semi < 0 {
		semi = len(head)
	}
	l.label = head[:semi]
	group, name, ok := cutGroup(strings.TrimSpace(l.label))
	if !ok {
		return line{}
	}
	l.group, l.name = group, strings.ToUpper(name)
	for rest := head[semi:]; rest != ""; {
		rest = rest[1:]
		end := outside(rest, ';')
		if end < 0 {
			end = len(rest)
		}
		l.params = append(l.params, parseParam(rest[:end]))
		rest = rest[end:]
	}
	return l
}

func parseParam(raw string) param {
	p := param{raw: raw}
	name, values, named := strings.Cut(raw, "=")
	if !named {
		name, values = "", raw
	}
	p.name = strings.ToUpper(strings.TrimSpace(name))
	for values != "" {
		end := outside(values, ',')
		if end < 0 {
			end = len(values)
		}
		v := strings.Trim(strings.TrimSpace(values[:end]), `"`)
		// TYPE="work,fax" is one quoted text in letter, two types in spirit.
		p.values = append(p.values, strings.Split(v, ",")...)
		if end == len(values) {
			break
		}
		values = values[end+1:]
	}
	return p
}

// outside finds b outside of double quotes; -1 where there is none.
func outside(s string, b byte) int {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == b && !quoted:
			return i
		}
	}
	return -1
}

// String is the card's text.
func (c *card) String() string {
	var b strings.Builder
	for _, l := range c.lines {
		b.WriteString(l.raw)
	}
	return b.String()
}

// all gives the positions of the lines with this name.
func (c *card) all(name string) []int {
	var at []int
	for i, l := range c.lines {
		if l.name == name {
			at = append(at, i)
		}
	}
	return at
}

// text is the text of the first line with this name that has one.
func (c *card) text(name string) string {
	if i := c.first(name); i >= 0 {
		return c.lines[i].text(c.version)
	}
	return ""
}

// first is the position of the first line of this name that holds something;
// a preferred one goes before others. -1 where there is none.
func (c *card) first(name string) int {
	best := -1
	for _, i := range c.all(name) {
		l := &c.lines[i]
		if strings.Trim(l.value, "; \t") == "" {
			continue
		}
		if best < 0 || l.rank() < c.lines[best].rank() {
			best = i
		}
	}
	return best
}

// uid is the card's UID without the decoration of version 4.0.
func (c *card) uid() string {
	uid := strings.TrimSpace(c.text("UID"))
	if len(uid) > 9 && strings.EqualFold(uid[:9], "urn:uuid:") {
		uid = uid[9:]
	}
	return uid
}

// group reports whether the card stands for a group of people, not for one.
func (c *card) isGroup() bool {
	return strings.EqualFold(c.text("KIND"), "group") || strings.EqualFold(c.text("X-ADDRESSBOOKSERVER-KIND"), "group")
}

// private reports whether the owner keeps the card to herself (CLASS, RFC 2426
// section 3.7.1).
func (c *card) private() bool {
	class := strings.ToUpper(strings.TrimSpace(c.text("CLASS")))
	return class == "PRIVATE" || class == "CONFIDENTIAL"
}
