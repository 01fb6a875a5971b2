package tryton

import (
	"context"
	"slices"
	"strings"

	"tandem/server/contact"
)

// Find implements contact.Book. Records have no marker and no owner.
func (b *Book) Find(ctx context.Context, q contact.Query) ([]contact.Record, error) {
	var domain list
	if len(q.Emails) > 0 {
		any := list{"OR"}
		for _, e := range q.Emails {
			any = append(any, list{"value", "ilike", pattern(contact.Space(e))})
		}
		domain = append(domain, holds(list{list{"type", "=", "email"}, any}))
	}
	if q.Name != "" {
		domain = append(domain, list{"name", "ilike", pattern(contact.Space(q.Name))})
	}
	if q.Phone != "" {
		if digits(q.Phone) == "" {
			return nil, nil
		}
		domain = append(domain, holds(list{list{"type", "in", []string{"phone", "mobile", "fax"}}, list{"value", "ilike", digits(q.Phone)}}))
	}
	if len(domain) == 0 || q.Marker != "" {
		return nil, nil
	}
	k, err := b.learn(ctx)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 20
	}
	domain = append(b.inScope(), b.ofParty(domain)...)
	var found []contact.Record
	for last := int64(0); ; {
		rows, _, err := b.search(ctx, k, append(list{list{"id", ">", last}}, domain...), pageSize, true)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if rec := b.record(r); len(found) < limit && b.meets(rec.Contact, q) {
				found = append(found, rec)
			}
			last = r.id()
		}
		if len(rows) < pageSize || len(found) >= limit {
			return found, nil
		}
	}
}

// holds is the condition that a party has such a contact mechanism.
func holds(domain list) list { return list{"contact_mechanisms", "where", domain} }

// pattern matches s without regard to case, and a little more: SQLite knows
// the case of ASCII letters only, and spaces may be many.
func pattern(s string) string {
	var p strings.Builder
	for _, r := range s {
		switch {
		case r == ' ' || r > 127:
			p.WriteByte('%')
		case r == '\\':
			p.WriteByte('_')
		default:
			p.WriteRune(r) // % and _ match themselves, and more
		}
	}
	return p.String()
}

// digits matches numbers that end like s, however they are written.
func digits(s string) string {
	only := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if only == "" {
		return ""
	}
	return "%" + strings.Join(strings.Split(only[max(0, len(only)-7):], ""), "%") + "%"
}

// meets checks what the patterns of a search were too generous about.
func (b *Book) meets(c contact.Contact, q contact.Query) bool {
	if len(q.Emails) > 0 && !slices.ContainsFunc(c.Emails, func(e string) bool {
		return slices.ContainsFunc(q.Emails, func(w string) bool { return contact.Fold(e) == contact.Fold(w) })
	}) {
		return false
	}
	if q.Name != "" && contact.Fold(c.Name.Text()) != contact.Fold(q.Name) {
		return false
	}
	return q.Phone == "" || slices.ContainsFunc(c.Phones, func(p contact.Phone) bool {
		return b.norm.Phone(p.Number) == b.norm.Phone(q.Phone)
	})
}
