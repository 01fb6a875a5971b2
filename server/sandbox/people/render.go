package people

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// listed is how many e-mails and numbers a list gives of one person.
const listed = 100

// render is a person as the API gives it.
func (c *call) render(p *person, v version, wanted []string, inList bool) map[string]any {
	out := map[string]any{"resourceName": p.Name, "etag": "%E" + p.etag(v)}
	if slices.Contains(wanted, "metadata") {
		out["metadata"] = map[string]any{"objectType": "PERSON", "sources": []any{c.source(p, v)}}
	}
	for name, list := range v.Fields {
		if !slices.Contains(wanted, name) {
			continue
		}
		if inList && (name == "emailAddresses" || name == "phoneNumbers") && len(list) > listed {
			list = list[:listed]
		}
		out[name] = c.entries(p, name, list)
	}
	return out
}

func (c *call) source(p *person, v version) map[string]any {
	return map[string]any{"type": "CONTACT", "id": p.ID, "etag": p.etag(v), "updateTime": v.At.UTC().Format(time.RFC3339Nano)}
}

// tombstone is a deleted person as a list with a token gives it.
func (c *call) tombstone(p *person, v version) map[string]any {
	return map[string]any{"resourceName": p.Name, "etag": "%E" + p.etag(v), "metadata": map[string]any{
		"objectType": "PERSON", "deleted": true, "sources": []any{map[string]any{"type": "CONTACT", "id": p.ID}},
	}}
}

// entries adds what is only given back.
func (c *call) entries(p *person, name string, list []entry) []any {
	primary := max(0, slices.IndexFunc(list, func(e entry) bool { return e["sourcePrimary"] == true }))
	out := make([]any, 0, len(list))
	for i, e := range list {
		one := maps.Clone(map[string]any(e))
		delete(one, "sourcePrimary")
		meta := map[string]any{"source": map[string]any{"type": "CONTACT", "id": p.ID}}
		if i == primary {
			meta["primary"], meta["sourcePrimary"] = true, true
		}
		one["metadata"] = meta
		if t := str(one, "type"); t != "" && name != "nicknames" {
			one["formattedType"] = strings.ToUpper(t[:1]) + t[1:]
		}
		switch name {
		case "names":
			display := joined(" ", str(one, "honorificPrefix"), str(one, "givenName"), str(one, "middleName"), str(one, "familyName"))
			if suffix := str(one, "honorificSuffix"); suffix != "" {
				display = joined(", ", display, suffix)
			}
			one["displayName"], one["unstructuredName"] = display, display
			one["displayNameLastFirst"] = joined(", ", str(one, "familyName"), joined(" ", str(one, "givenName"), str(one, "middleName")))
		case "phoneNumbers":
			if v := str(one, "value"); strings.HasPrefix(v, "+") {
				one["canonicalForm"] = "+" + digits(v)
			}
		case "addresses":
			if str(one, "formattedValue") == "" {
				one["formattedValue"] = joined("\n", str(one, "streetAddress"), joined(" ", str(one, "postalCode"), str(one, "city")), str(one, "region"), str(one, "country"))
			}
		case "memberships":
			m, _ := one["contactGroupMembership"].(map[string]any)
			g := str(m, "contactGroupResourceName")
			one["contactGroupMembership"] = map[string]any{"contactGroupResourceName": g, "contactGroupId": strings.TrimPrefix(g, "contactGroups/")}
		}
		out = append(out, one)
	}
	if c.s.quirks.Shuffle && len(out) > 1 {
		c.s.turn++
		turn := c.s.turn % len(out)
		out = slices.Concat(out[turn:], out[:turn])
	}
	return out
}

func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
