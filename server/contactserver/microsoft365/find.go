package microsoft365

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tandem/server/contact"
)

// Find implements contact.Book. By marker and by e-mail the service searches;
// it has no way to search by name and phone alone, so that the folder is read.
func (b *book) Find(ctx context.Context, q contact.Query) ([]contact.Record, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = 20
	}
	var filters []string
	switch {
	case q.Marker != "":
		filters = []string{markerFilter(q.Marker)}
	case len(q.Emails) > 0:
		for _, e := range q.Emails {
			if e = strings.TrimSpace(e); e != "" {
				filters = append(filters, "emailAddresses/any(a:a/address eq "+quote(e)+")")
			}
		}
	case q.Name != "" || q.Phone != "":
		return b.scan(ctx, q, limit)
	}
	items, err := b.search(ctx, filters)
	if err != nil {
		return nil, err
	}
	var found []contact.Record
	for _, some := range items {
		for n := range some {
			r := b.record(&some[n])
			known := slices.ContainsFunc(found, func(f contact.Record) bool { return f.ID == r.ID })
			if !known && meets(r, q) && len(found) < limit {
				found = append(found, r)
			}
		}
	}
	return found, nil
}

func markerFilter(marker string) string {
	return "singleValueExtendedProperties/Any(ep: ep/id eq " + quote(markerID) + " and ep/value eq " + quote(marker) + ")"
}

// search lists what meets each filter, up to fifty, in the Book's folder.
func (b *book) search(ctx context.Context, filters []string) ([][]item, error) {
	parts := make([]part, len(filters))
	for i, f := range filters {
		parts[i] = read(query(b.place(), "$filter", f, "$top", "50", "$select", properties, "$expand", withMarker))
	}
	answers, err := b.batch(ctx, parts)
	if err != nil {
		return nil, err
	}
	out := make([][]item, len(filters))
	for i, a := range answers {
		if !a.ok() {
			return nil, faultOf(max(a.Status, 1), a.Body)
		}
		var page list[item]
		if err := json.Unmarshal(a.Body, &page); err != nil {
			return nil, unreadable(err)
		}
		out[i] = slices.DeleteFunc(page.Value, func(one item) bool { return !b.here(&one) })
	}
	return out, nil
}

// scan reads the whole folder.
func (b *book) scan(ctx context.Context, q contact.Query, limit int) ([]contact.Record, error) {
	var found []contact.Record
	ref := query(b.place(), "$top", "200", "$select", properties, "$expand", withMarker)
	for ref != "" && len(found) < limit {
		var page list[item]
		if err := b.get(ctx, ref, &page); err != nil {
			return nil, err
		}
		for n := range page.Value {
			if r := b.record(&page.Value[n]); meets(r, q) && len(found) < limit {
				found = append(found, r)
			}
		}
		var err error
		if ref, err = b.follow(page.NextLink, ref); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// meets compares a record with a query, as the query's documentation says.
func meets(r contact.Record, q contact.Query) bool {
	email := func(have string) bool {
		return slices.ContainsFunc(q.Emails, func(e string) bool { return contact.Fold(e) == contact.Fold(have) })
	}
	phone := func(p contact.Phone) bool { return digits(p.Number) == digits(q.Phone) }
	return (q.Marker == "" || r.Marker == q.Marker) &&
		(len(q.Emails) == 0 || slices.ContainsFunc(r.Contact.Emails, email)) &&
		(q.Phone == "" || slices.ContainsFunc(r.Contact.Phones, phone)) &&
		(q.Name == "" || contact.Fold(r.Contact.Name.Text()) == contact.Fold(q.Name))
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
