package carddav

import (
	"strings"

	"tandem/server/contact"
)

// patchName writes N component by component, and lets FN follow.
//
// FN (RFC 6350 section 6.2.1) may never be missing. It becomes explicit where
// that is given. Otherwise it follows the components as long as it was made of
// them, in the order in which it was made; an FN that its owner phrased
// differently is left alone. A card without a name is called by its company,
// else by an e-mail or a number.
func (c *card) patchName(old, want contact.Contact, explicit string, cleared bool) {
	n, now := want.Name, single(c.text("FN"))
	changed := !sameParts(old.Name, n)
	if changed {
		c.setParts(c.slot("N"), "N", map[int]string{0: n.Surname, 1: n.Given, 2: n.Given2, 3: n.Title, 4: n.Generation})
	}
	fn := now
	formatted := style(now, old.Name)
	switch {
	case now == "" && (explicit == "" || explicit == old.Name.Full):
		// Added at the end, if the card is written at all.
	case explicit != "":
		fn = explicit
	case full(n) == "" && (cleared || changed || standIn(now, old)):
		fn = callIt(want)
	case changed && full(old.Name) == "":
		fn = full(n)
	case changed && formatted != nil && full(n) != "":
		fn = formatted(n)
	}
	c.setText("FN", now, fn)
}

// sameParts compares the components of two names.
func sameParts(a, b contact.Name) bool {
	a.Full, b.Full = "", ""
	return a == b
}

// callIt is what FN holds where there is no name.
func callIt(c contact.Contact) string {
	for _, s := range standIns(c) {
		if s != "" {
			return s
		}
	}
	return noName
}

// styles are the ways in which programs make FN of N.
var styles = []func(contact.Name) string{
	full,
	contact.Name.Text,
	func(n contact.Name) string { return join(n.Given, n.Surname) },
	func(n contact.Name) string { return join(n.Title, n.Given, n.Surname) },
	func(n contact.Name) string { return join(n.Given, n.Given2, n.Surname, n.Generation) },
	func(n contact.Name) string { return join(n.Title, n.Given, n.Given2, n.Surname) },
	func(n contact.Name) string { return comma(n.Surname, join(n.Given, n.Given2)) },
	func(n contact.Name) string { return comma(n.Surname, n.Given) },
	func(n contact.Name) string { return join(n.Surname, n.Given, n.Given2) },
	func(n contact.Name) string { return join(n.Surname, n.Given) },
}

// style finds the way in which fn was made of n; nil where it was not.
func style(fn string, n contact.Name) func(contact.Name) string {
	n.Full = ""
	for _, s := range styles {
		if fn != "" && contact.Fold(s(n)) == contact.Fold(fn) {
			return func(n contact.Name) string { n.Full = ""; return s(n) }
		}
	}
	return nil
}

func comma(surname, given string) string {
	if surname == "" || given == "" {
		return join(surname, given)
	}
	return strings.Join([]string{surname, given}, ", ")
}
