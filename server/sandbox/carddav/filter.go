package carddav

import (
	"slices"
	"strings"

	"tandem/server/contact"
)

// filter is RFC 6352 section 10.5, without param-filter: a server may say that
// it does not support one.
type filter struct {
	any   bool
	props []propFilter
}

type propFilter struct {
	name    string
	absent  bool
	any     bool
	matches []textMatch
}

type textMatch struct {
	text, kind string
	negate     bool
	exact      bool // case counts
}

func parseFilter(n *node) (f filter, ok bool) {
	if n == nil {
		return f, false
	}
	f.any = n.attr("test") != "allof"
	for _, p := range n.Nodes {
		if p.XMLName != cdav("prop-filter") || p.attr("name") == "" {
			return f, false
		}
		pf := propFilter{name: strings.ToUpper(p.attr("name")), any: p.attr("test") != "allof"}
		for _, m := range p.Nodes {
			switch m.XMLName {
			case cdav("is-not-defined"):
				pf.absent = true
			case cdav("text-match"):
				tm := textMatch{text: m.text(), kind: m.attr("match-type"), negate: m.attr("negate-condition") == "yes", exact: m.attr("collation") == "i;octet"}
				if !slices.Contains([]string{"", "equals", "contains", "starts-with", "ends-with"}, tm.kind) {
					return f, false
				}
				pf.matches = append(pf.matches, tm)
			default:
				return f, false
			}
		}
		f.props = append(f.props, pf)
	}
	return f, true
}

// matches: a filter without conditions matches every card.
func (f filter) matches(c cardLines) bool {
	return len(f.props) == 0 || some(f.any, f.props, func(p propFilter) bool { return p.holds(c) })
}

func (p propFilter) holds(c cardLines) bool {
	values := c.all(p.name)
	if p.absent {
		return len(values) == 0
	}
	if len(p.matches) == 0 {
		return len(values) > 0
	}
	return slices.ContainsFunc(values, func(v string) bool {
		return some(p.any, p.matches, func(m textMatch) bool { return m.holds(v) != m.negate })
	})
}

func (m textMatch) holds(v string) bool {
	want := m.text
	if !m.exact {
		v, want = contact.Fold(v), contact.Fold(want)
	}
	switch m.kind {
	case "equals":
		return v == want
	case "starts-with":
		return strings.HasPrefix(v, want)
	case "ends-with":
		return strings.HasSuffix(v, want)
	}
	return strings.Contains(v, want)
}

// some is "any of" or "all of".
func some[T any](any bool, list []T, holds func(T) bool) bool {
	for _, one := range list {
		if holds(one) == any {
			return any
		}
	}
	return !any
}
