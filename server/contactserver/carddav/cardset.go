package carddav

import (
	"slices"
	"strings"

	"tandem/server/contact"
)

// set is a set of lines of one name and kind, each holding one text.
type set struct {
	name  string
	lines []int
	text  func(*line) string
	types string // of a new line
}

// setElements makes the lines of s read as want, in that order. A text that
// stays keeps its line; a text that changes keeps the line's parameters, group
// and place; only what is new gets a line of its own.
func (c *card) setElements(s set, want []string) {
	now := c.elements(s.lines, s.text)
	if equalTexts(now, want) {
		return
	}
	at := c.matchLines(now, want)
	for k, e := range now {
		kept := slices.Index(at, e.line)
		if kept >= 0 && want[kept] == e.text {
			continue
		}
		for _, i := range s.lines { // the same text once more
			if i != e.line && c.lines[i].raw != "" && s.text(&c.lines[i]) == e.text {
				c.remove(i)
			}
		}
		if kept < 0 {
			c.remove(now[k].line)
		}
	}
	for k, text := range want {
		if at[k] < 0 {
			at[k] = c.insert(s.name, s.types, escape(text, c.version))
			continue
		}
		if l := &c.lines[at[k]]; s.text(l) != text {
			c.dropParams(l, "VALUE")
			c.compose(l, escape(text, c.version))
		}
	}
	c.order(s, at, want)
}

func equalTexts(now []element, want []string) bool {
	return slices.EqualFunc(now, want, func(e element, s string) bool { return e.text == s })
}

// matchLines gives each wanted text a line: the one that holds it, else one
// that differs in case or punctuation only, else one whose text goes, else -1.
func (c *card) matchLines(now []element, want []string) []int {
	at := make([]int, len(want))
	for k := range at {
		at[k] = -1
	}
	same := []func(a, b string) bool{
		func(a, b string) bool { return a == b },
		func(a, b string) bool { return bare(a) == bare(b) },
		func(string, string) bool { return true },
	}
	for _, equal := range same {
		for k, text := range want {
			for _, e := range now {
				if at[k] < 0 && !slices.Contains(at, e.line) && equal(e.text, text) {
					at[k] = e.line
				}
			}
		}
	}
	return at
}

// bare is a text without case, space and punctuation.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -()./\t", r) {
			return -1
		}
		return r
	}, contact.Fold(s))
}

// order makes the lines at those positions read in the order of want: first by
// their place, then, where preferences contradict, by preferring the first.
func (c *card) order(s set, at []int, want []string) {
	reads := func() bool { return equalTexts(c.elements(at, s.text), want) }
	inOrder := slices.Clone(at)
	slices.Sort(inOrder)
	if equalTexts(c.elements(inOrder, s.text), want) {
		return
	}
	moved := make([]line, len(at))
	for k, i := range at {
		moved[k] = c.lines[i]
	}
	for k, i := range inOrder {
		c.lines[i] = moved[k]
	}
	copy(at, inOrder)
	if reads() {
		return
	}
	for k, i := range at {
		l := &c.lines[i]
		value := l.decoded()
		c.unprefer(l)
		if k == 0 {
			l.params = append(l.params, parseParam(c.preferred()))
		}
		c.compose(l, value)
	}
}

// preferred spells the mark of a preferred line.
func (c *card) preferred() string {
	switch c.version {
	case "2.1":
		return "PREF"
	case "4.0":
		return "PREF=1"
	}
	return "TYPE=pref"
}

// unprefer takes PREF=1, TYPE=pref and the bare PREF away.
func (c *card) unprefer(l *line) {
	var params []param
	for _, p := range l.params {
		isPref := func(v string) bool { return strings.EqualFold(strings.TrimSpace(v), "pref") }
		switch {
		case p.name == "PREF", p.name == "" && slices.ContainsFunc(p.values, isPref):
		case p.name == "TYPE" && slices.ContainsFunc(p.values, isPref):
			if rest := slices.DeleteFunc(slices.Clone(p.values), isPref); len(rest) > 0 {
				params = append(params, parseParam("TYPE="+strings.Join(rest, ",")))
			}
		default:
			params = append(params, p)
		}
	}
	l.params = params
}

// setCategories makes the CATEGORIES lines read as want. What stays keeps its
// place and spelling.
func (c *card) setCategories(want []string) {
	now := c.categories()
	if equalTexts(now, want) {
		return
	}
	lines := c.all("CATEGORIES")
	if len(lines) == 0 {
		if len(want) > 0 {
			c.insert("CATEGORIES", "", c.joinList(want))
		}
		return
	}
	for _, i := range lines[1:] {
		c.remove(i)
	}
	if len(want) == 0 {
		c.remove(lines[0])
		return
	}
	c.compose(&c.lines[lines[0]], c.joinList(want))
}

func (c *card) joinList(texts []string) string {
	var b strings.Builder
	for i, s := range texts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strings.ReplaceAll(escape(s, "3.0"), "\n", " "))
	}
	return b.String()
}
