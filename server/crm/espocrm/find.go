package espocrm

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tandem/server/contact"
)

// cond is one condition of a list's whereGroup.
type cond struct {
	kind, attribute string
	value           any // a text, []string or []cond
}

// put writes the condition as EspoCRM reads it: nested names in brackets.
func (c cond) put(q url.Values, prefix string) {
	q.Set(prefix+"[type]", c.kind)
	if c.attribute != "" {
		q.Set(prefix+"[attribute]", c.attribute)
	}
	switch v := c.value.(type) {
	case string:
		q.Set(prefix+"[value]", v)
	case []string:
		for i, s := range v {
			q.Set(fmt.Sprintf("%s[value][%d]", prefix, i), s)
		}
	case []cond:
		for i, inner := range v {
			inner.put(q, fmt.Sprintf("%s[value][%d]", prefix, i))
		}
	}
}

// find lists the rows that meet all conditions, oldest first.
func (b *book) find(ctx context.Context, entity string, mine bool, attributes []string, most int, conds []cond) ([]row, error) {
	q := selection(attributes)
	q.Set("orderBy", "createdAt")
	q.Set("order", "asc")
	if mine {
		q.Set("boolFilterList[]", "onlyMy")
	}
	for i, c := range conds {
		c.put(q, fmt.Sprintf("whereGroup[%d]", i))
	}
	for {
		q.Set("maxSize", strconv.Itoa(min(most, b.size())))
		rows, err := b.list(ctx, entity, q)
		if err == nil || !b.shrink(err) {
			return rows, err
		}
	}
}

// Find implements contact.Book. The server narrows the search down; what it
// found is read and compared again here.
func (b *book) Find(ctx context.Context, q contact.Query) ([]contact.Record, error) {
	who, err := b.identity(ctx)
	if err != nil || q.Marker != "" {
		return nil, err
	}
	var conds []cond
	if len(q.Emails) > 0 {
		emails := make([]string, len(q.Emails))
		for i, e := range q.Emails {
			emails[i] = strings.ToLower(strings.TrimSpace(e))
		}
		conds = append(conds, cond{"in", "emailAddress", emails})
	}
	if q.Phone != "" {
		conds = append(conds, cond{"equals", "phoneNumberNumeric", digits(q.Phone)})
	}
	if words := strings.Fields(q.Name); len(words) > 0 {
		conds = append(conds, named(words))
	}
	if len(conds) == 0 {
		return nil, nil
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 20
	}
	rows, err := b.find(ctx, b.shape.entity, b.mine && !q.Anyone, []string{"modifiedAt"}, max(50, limit), conds)
	if err != nil {
		return nil, err
	}
	var found []contact.Record
	for some := range slices.Chunk(rows, inFlight) {
		ids := make([]contact.ID, len(some))
		for i, r := range some {
			ids[i] = contact.ID(r.ID)
		}
		full, _, err := b.fetch(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, r := range full {
			if r != nil && b.meets(r, q) && len(found) < limit {
				found = append(found, b.record(who, r))
			}
		}
		if len(found) == limit {
			break
		}
	}
	return found, nil
}

// named matches every way in which the words may be spread over first, middle
// and last name.
func named(words []string) cond {
	words = words[:min(len(words), 10)]
	whole := strings.Join(words, " ")
	ways := []cond{{"equals", "lastName", whole}, {"equals", "firstName", whole}}
	var first, last []string
	for i := 1; i < len(words); i++ {
		first = append(first, strings.Join(words[:i], " "))
		last = append(last, strings.Join(words[i:], " "))
	}
	if len(first) > 0 {
		ways = append(ways, cond{"and", "", []cond{{"in", "firstName", first}, {"in", "lastName", last}}})
	}
	return cond{"or", "", ways}
}

// meets compares a row with a query, as the query's documentation says.
func (b *book) meets(r *row, q contact.Query) bool {
	email := func(have emailRow) bool {
		return slices.ContainsFunc(q.Emails, func(e string) bool { return contact.Fold(e) == contact.Fold(have.EmailAddress) })
	}
	phone := func(have phoneRow) bool { return digits(have.PhoneNumber) == digits(q.Phone) }
	return (len(q.Emails) == 0 || slices.ContainsFunc(r.EmailAddressData, email)) &&
		(q.Phone == "" || slices.ContainsFunc(r.PhoneNumberData, phone)) &&
		(q.Name == "" || contact.Fold(b.contact(r).Name.Text()) == contact.Fold(q.Name))
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// account finds the one account with exactly this name, "" where there is none
// or more than one. The answer is remembered as long as the Book lives.
func (b *book) account(ctx context.Context, name string) (string, error) {
	b.mu.Lock()
	id, known := b.accounts[name]
	b.mu.Unlock()
	if known {
		return id, nil
	}
	rows, err := b.find(ctx, entityAccount, false, []string{"name"}, 20, []cond{{"equals", "name", name}})
	if err != nil && !errors.Is(err, contact.ErrForbidden) { // who sees no accounts has none
		return "", err
	}
	same := slices.DeleteFunc(rows, func(r row) bool { return contact.Space(r.Name) != contact.Space(name) })
	if len(same) == 1 {
		id = same[0].ID
	}
	b.mu.Lock()
	b.accounts[name] = id
	b.mu.Unlock()
	return id, nil
}
