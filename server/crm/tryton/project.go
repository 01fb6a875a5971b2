package tryton

import (
	"slices"
	"strings"

	"tandem/server/contact"
)

// types are the types of contact mechanisms that a Contact has room for.
// Mechanisms of other types are left alone.
var types = []struct {
	field contact.Field
	name  string
}{
	{contact.Emails, "email"},
	{contact.WorkPhones, "phone"},
	{contact.MobilePhones, "mobile"},
	{contact.Faxes, "fax"},
	{contact.Website, "website"},
}

// Project is c as Tryton keeps it. It needs the list of countries, which
// Describe reads; before, countries and regions are kept as they are.
func (b *Book) Project(c contact.Contact) contact.Contact {
	return b.project(c, b.known.Load())
}

func (b *Book) project(c contact.Contact, k *knowledge) contact.Contact {
	var out contact.Contact
	out.Name.Full = line(c.Name.Text())
	for _, t := range types {
		out = out.Set(t.field, b.values(t.field, c.Value(t.field)))
	}
	a := c.Value(contact.WorkAddress)
	if a.IsEmpty() || len(a) != 5 {
		return out
	}
	a = contact.Value{block(a[0]), line(a[1]), line(a[2]), line(a[3]), line(a[4])}
	if k != nil {
		a[2], a[4] = k.names(a[2], a[4])
	}
	return out.Set(contact.WorkAddress, a)
}

// names are a region and a country as Tryton spells them, "" where its lists
// lack them.
func (k *knowledge) names(region, in string) (string, string) {
	land := k.places.country(in)
	if land == nil {
		return "", ""
	}
	if part := k.places.part(land, region); part != nil && k.addressHas["subdivision"] {
		return part.Name, land.Name
	}
	return "", land.Name
}

// values are the elements of a field that Tryton keeps: without repetitions
// and without numbers that have no digit.
func (b *Book) values(f contact.Field, v contact.Value) contact.Value {
	var out contact.Value
	var seen []string
	for _, s := range v {
		s = line(s)
		if key := b.norm.Key(f, s); key != "" && !slices.Contains(seen, key) {
			seen, out = append(seen, key), append(out, s)
		}
	}
	if f.Shape() == contact.Scalar && len(out) > 1 {
		out = out[:1]
	}
	return out
}

// line is a text that fits into one line, as Tryton's short texts must.
func line(s string) string { return strings.Join(strings.Fields(plain(s)), " ") }

// block is a text of several lines.
func block(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(plain(s)))
}

// plain leaves out what PostgreSQL and JSON cannot hold.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// contact is the record as it is read. What Tryton keeps is given as it is;
// repetitions of a value and numbers without a digit are not ours.
func (b *Book) contact(r row) contact.Contact {
	var c contact.Contact
	c.Name.Full = r.Name
	for _, t := range types {
		var v contact.Value
		for _, m := range b.mechanisms(r, t.field, t.name) {
			if !m.repeated {
				v = append(v, m.Value)
			}
		}
		if t.field.Shape() == contact.Scalar && len(v) > 1 {
			v = v[:1]
		}
		c = c.Set(t.field, v)
	}
	if a := workAddress(r); a != nil {
		c = c.Set(contact.WorkAddress, a.value())
	}
	return c
}

// held is a mechanism that holds a value of ours.
type held struct {
	mechanism
	key      string
	repeated bool // an earlier one has the same value
}

// mechanisms are those of one type that hold a value, preferred ones first.
func (b *Book) mechanisms(r row, f contact.Field, name string) []held {
	var out []held
	for _, m := range r.Mechanisms {
		if m.Type == name && bool(m.Active) {
			if key := b.norm.Key(f, m.Value); key != "" {
				out = append(out, held{mechanism: m, key: key})
			}
		}
	}
	slices.SortStableFunc(out, func(x, y held) int { return order(x.Sequence, y.Sequence, x.ID, y.ID) })
	for i := range out {
		out[i].repeated = slices.ContainsFunc(out[:i], func(h held) bool { return h.key == out[i].key })
	}
	return out
}

// order is Tryton's own: rows without a sequence come first.
func order(a, b *int, idA, idB int64) int {
	switch {
	case a == nil && b != nil:
		return -1
	case a != nil && b == nil:
		return 1
	case a != nil && *a != *b:
		return *a - *b
	}
	return int(idA - idB)
}

// workAddress is the address that counts as the business address: the first one for
// invoices, else the first one, even where it is empty: it then takes what is
// written.
func workAddress(r row) *address {
	all := slices.DeleteFunc(slices.Clone(r.Addresses), func(a address) bool { return !bool(a.Active) })
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(x, y address) int {
		if x.Invoice != y.Invoice {
			if x.Invoice {
				return -1
			}
			return 1
		}
		return order(x.Sequence, y.Sequence, x.ID, y.ID)
	})
	return &all[0]
}

func (a *address) value() contact.Value {
	v := contact.Value{a.Street, a.City, "", a.PostalCode + a.Zip, ""}
	if a.Subdivision != nil {
		v[2] = a.Subdivision.Name
	}
	if a.Country != nil {
		v[4] = a.Country.Name
	}
	if v.IsEmpty() {
		return nil
	}
	return v
}
