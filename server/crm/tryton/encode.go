package tryton

import (
	"slices"

	"tandem/server/contact"
)

// encode gives the values that bring a party to c in the masked fields, empty
// where nothing has to change: values that differ in format alone are left as
// colleagues typed them. A row of which only the value changes stays the same
// row, with its comment and its name. The zero row makes a new party.
func (b *Book) encode(k *knowledge, r row, c contact.Contact, mask contact.Fields) object {
	want := b.project(c, k)
	values := object{}
	if name := want.Name.Full; mask.Has(contact.FullName) && contact.Space(name) != contact.Space(r.Name) {
		values["name"] = text(name)
	}
	var commands list
	for _, t := range types {
		if mask.Has(t.field) {
			commands = append(commands, b.mechanismCommands(r, t.field, t.name, want.Value(t.field))...)
		}
	}
	if len(commands) > 0 {
		values["contact_mechanisms"] = commands
	}
	if mask.Has(contact.WorkAddress) {
		if commands := k.addressCommands(workAddress(r), c.Value(contact.WorkAddress), want.Value(contact.WorkAddress)); commands != nil {
			values["addresses"] = commands
		}
	}
	return values
}

// text is s, or null where it is empty.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// entry is a mechanism on its way to its new state.
type entry struct {
	held
	values object // what is written to it, everything where it is new
	remove bool
}

func (b *Book) mechanismCommands(r row, f contact.Field, name string, want contact.Value) list {
	have := b.mechanisms(r, f, name)
	if f.Shape() == contact.Scalar && len(have) > 1 {
		have = have[:1] // the others are not ours
	}
	var entries []*entry
	for _, h := range have {
		entries = append(entries, &entry{held: h, values: object{}})
	}
	var missing, keys []string
	for _, v := range want {
		key := b.norm.Key(f, v)
		keys = append(keys, key)
		if !slices.ContainsFunc(have, func(h held) bool { return h.key == key }) {
			missing = append(missing, v)
		}
	}
	for _, e := range entries {
		switch {
		case slices.Contains(keys, e.key):
		case len(missing) > 0:
			e.values["value"], e.key = missing[0], b.norm.Key(f, missing[0])
			missing = missing[1:]
		default:
			e.remove = true
		}
	}
	for _, v := range missing {
		e := &entry{held: held{key: b.norm.Key(f, v)}, values: object{"type": name, "value": v}}
		e.ID = 1 << 62 // Tryton gives it an id greater than all others
		entries = append(entries, e)
	}
	prefer(entries, keys)

	var write, create, remove list
	for _, e := range entries {
		switch {
		case e.remove:
			remove = append(remove, e.ID)
		case e.ID == 1<<62:
			create = append(create, e.values)
		case len(e.values) > 0:
			write = append(write, []int64{e.ID}, e.values)
		}
	}
	var commands list
	if remove != nil {
		commands = append(commands, list{"delete", remove})
	}
	if write != nil {
		commands = append(commands, append(list{"write"}, write...))
	}
	if create != nil {
		commands = append(commands, list{"create", create})
	}
	return commands
}

// prefer numbers the entries in the order of keys where otherwise another one
// than the first of keys would come first.
func prefer(entries []*entry, keys []string) {
	var left []*entry
	for _, e := range entries {
		if !e.remove {
			left = append(left, e)
		}
	}
	slices.SortStableFunc(left, func(x, y *entry) int { return order(x.Sequence, y.Sequence, x.ID, y.ID) })
	if len(left) == 0 || len(keys) == 0 || left[0].key == keys[0] {
		return
	}
	slices.SortStableFunc(left, func(x, y *entry) int { return slices.Index(keys, x.key) - slices.Index(keys, y.key) })
	for i, e := range left {
		e.values["sequence"] = i + 1
	}
}

// addressCommands write the business address into a, or into a new row: given
// as it was asked for, and as Tryton keeps it. A cleared address keeps its row:
// orders and invoices refer to it.
func (k *knowledge) addressCommands(a *address, asked, want contact.Value) list {
	var now contact.Value
	if a != nil {
		now = a.value()
	}
	var norm contact.Norm
	if norm.Equal(contact.WorkAddress, want, now) || norm.Equal(contact.WorkAddress, asked, now) {
		return nil
	}
	if want == nil {
		want = make(contact.Value, 5)
	}
	postal := "postal_code"
	if k.addressHas["zip"] {
		postal = "zip"
	}
	values := object{"street": text(want[0]), "city": text(want[1]), postal: text(want[3]), "country": nil}
	land := k.places.country(want[4])
	if land != nil {
		values["country"] = land.ID
	}
	if k.addressHas["subdivision"] {
		values["subdivision"] = nil
		if part := k.places.part(land, want[2]); part != nil {
			values["subdivision"] = part.ID
		}
	}
	if a == nil {
		return list{list{"create", list{values}}}
	}
	return list{list{"write", []int64{a.ID}, values}}
}
