package google

import (
	"slices"
	"strings"

	"tandem/server/contact"
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

func (p *person) writeAddress(f contact.Field, v contact.Value) {
	kind := addressKindOf[f]
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

func (p *person) writePhones(f contact.Field, want []string) {
	kind := phoneKindOf[f]
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

func textOf[T any](list []T, i int, meant func(*T) (string, bool)) string {
	text, _ := meant(&list[i])
	return text
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
		case left >= 0 && left < len(list) && text == textOf(list, left, meant):
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
