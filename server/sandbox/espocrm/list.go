package espocrm

import (
	"cmp"
	"fmt"
	"net/http"
	neturl "net/url"
	"slices"
	"strconv"
	"strings"
)

// list is GET {entity}.
func (s *Server) list(entity string) handler {
	return func(r *http.Request, u *User) (any, *refusal) {
		level := u.levels(entity).Read
		if level == "" || level == "no" {
			return nil, forbidden("No read access.")
		}
		q := r.URL.Query()
		size, no := s.size(q.Get("maxSize"))
		if no != nil {
			return nil, no
		}
		offset, _ := strconv.Atoi(q.Get("offset"))
		tree := brackets(q)
		where := tree["whereGroup"]
		if where == nil {
			where = tree["where"]
		}
		mine := slices.Contains(leaves(tree["boolFilterList"]), "onlyMy")
		var found []*Record
		for _, rec := range s.state.Records[entity] {
			if rec.Deleted || !u.may(level, rec) || mine && rec.AssignedUserID != u.ID {
				continue
			}
			ok, no := s.meets(entity, rec, where, true)
			if no != nil {
				return nil, no
			}
			if ok {
				found = append(found, rec)
			}
		}
		by := cmp.Or(q.Get("orderBy"), "createdAt")
		desc := strings.EqualFold(q.Get("order"), "desc") || q.Get("order") == "" && q.Get("orderBy") == ""
		if _, known := s.values(entity, &Record{}, by); !known {
			return nil, badRequest("Order by non-existing field '" + by + "'.")
		}
		slices.SortFunc(found, func(a, b *Record) int {
			x, _ := s.values(entity, a, by)
			y, _ := s.values(entity, b, by)
			c := cmp.Or(slices.Compare(x, y), strings.Compare(a.ID, b.ID))
			if desc {
				return -c
			}
			return c
		})
		total := len(found)
		from := min(max(offset, 0), len(found))
		found = found[from:min(from+size, len(found))]
		if strings.EqualFold(r.Header.Get("X-No-Total"), "true") {
			if total = -2; from+size < len(found) {
				total = -1
			}
		}
		selected := q.Get("attributeSelect")
		if selected == "" {
			selected = q.Get("select")
		}
		rows := []map[string]any{}
		for _, rec := range found {
			rows = append(rows, u.shown(entity, chosen(entity, s.view(entity, rec, false), selected)))
		}
		return map[string]any{"total": total, "list": rows}, nil
	}
}

func (s *Server) size(text string) (int, *refusal) {
	size, err := strconv.Atoi(text)
	if text == "" || err != nil {
		return s.o.MaxPage, nil
	}
	if size > s.o.MaxPage {
		return 0, forbidden(fmt.Sprintf("Max size should not exceed %d. Use offset and limit.", s.o.MaxPage))
	}
	return size, nil
}

// chosen reduces a view to the attributes asked for, and those always there.
func chosen(entity string, view map[string]any, selected string) map[string]any {
	if selected == "" {
		return view
	}
	names := append(strings.Split(selected, ","), "id")
	if entity == Contact {
		names = append(names, "accountId", "accountName")
	}
	out := map[string]any{}
	for _, name := range names {
		if v, ok := view[name]; ok {
			out[name] = v
		}
	}
	return out
}

// brackets reads PHP's nested names: a[0][b]=x is {"a": {"0": {"b": "x"}}}.
func brackets(q neturl.Values) map[string]any {
	root := map[string]any{}
	for name, values := range q {
		for i, v := range values {
			parts := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
			at := root
			for j, part := range parts {
				if part == "" {
					part = strconv.Itoa(i)
				}
				if j == len(parts)-1 {
					at[part] = v
					break
				}
				next, ok := at[part].(map[string]any)
				if !ok {
					next = map[string]any{}
					at[part] = next
				}
				at = next
			}
		}
	}
	return root
}

// items are the elements of a list in brackets, in order.
func items(v any) []any {
	m, _ := v.(map[string]any)
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	var out []any
	for _, k := range keys {
		out = append(out, m[k])
	}
	return out
}

func leaves(v any) []string {
	var out []string
	for _, x := range items(v) {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// meets evaluates where items: all of them must hold, or any.
func (s *Server) meets(entity string, r *Record, where any, all bool) (bool, *refusal) {
	conds := items(where)
	for _, c := range conds {
		m, _ := c.(map[string]any)
		ok, no := s.holds(entity, r, m)
		if no != nil {
			return false, no
		}
		if ok != all {
			return ok, nil
		}
	}
	return all, nil
}

func (s *Server) holds(entity string, r *Record, c map[string]any) (bool, *refusal) {
	kind, _ := c["type"].(string)
	attribute, _ := c["attribute"].(string)
	switch kind {
	case "":
		return false, badRequest("Bad where item. No 'type'.")
	case "and":
		return s.meets(entity, r, c["value"], true)
	case "or":
		return s.meets(entity, r, c["value"], false)
	}
	have, known := s.values(entity, r, attribute)
	if !known {
		return false, badRequest("Bad where item. No attribute '" + attribute + "'.")
	}
	one, _ := c["value"].(string)
	some := func(is func(string) bool) (bool, *refusal) { return slices.ContainsFunc(have, is), nil }
	same := func(x string) bool { return strings.EqualFold(x, one) }
	switch kind {
	case "equals":
		return some(same)
	case "notEquals":
		return !slices.ContainsFunc(have, same), nil
	case "in", "notIn":
		list := leaves(c["value"])
		in := slices.ContainsFunc(have, func(x string) bool {
			return slices.ContainsFunc(list, func(y string) bool { return strings.EqualFold(x, y) })
		})
		return in == (kind == "in"), nil
	case "contains":
		return some(func(x string) bool { return strings.Contains(strings.ToLower(x), strings.ToLower(one)) })
	case "startsWith":
		return some(func(x string) bool { return strings.HasPrefix(strings.ToLower(x), strings.ToLower(one)) })
	case "after", "greaterThan":
		return some(func(x string) bool { return x > one })
	case "before", "lessThan":
		return some(func(x string) bool { return x < one })
	case "greaterThanOrEquals":
		return some(func(x string) bool { return x >= one })
	case "lessThanOrEquals":
		return some(func(x string) bool { return x <= one })
	case "isNull":
		return len(have) == 0, nil
	case "isNotNull":
		return len(have) > 0, nil
	}
	return false, badRequest("Unknown where item type '" + kind + "'.")
}

// values are what an attribute holds for a search: several for the sets.
func (s *Server) values(entity string, r *Record, attribute string) (have []string, known bool) {
	switch attribute {
	case "emailAddress":
		for _, e := range r.Emails {
			have = append(have, e.EmailAddress)
		}
		return have, true
	case "phoneNumber", "phoneNumberNumeric":
		for _, p := range r.Phones {
			n := p.PhoneNumber
			if attribute == "phoneNumberNumeric" {
				n = digits(n)
			}
			have = append(have, n)
		}
		return have, true
	case "emailAddressData", "phoneNumberData":
		return nil, false
	case "id", "createdAt", "modifiedAt", "assignedUserId", "firstName", "lastName":
		// What every search and order asks for, without building a view.
		if v := cmp.Or(map[string]string{"id": r.ID, "createdAt": r.CreatedAt, "modifiedAt": r.ModifiedAt, "assignedUserId": r.AssignedUserID}[attribute], r.text(attribute)); v != "" {
			have = []string{v}
		}
		return have, true
	}
	v, known := s.view(entity, r, false)[attribute]
	if v == nil {
		return nil, known
	}
	return []string{fmt.Sprint(v)}, known
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
