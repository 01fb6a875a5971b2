package people

import (
	"maps"
	"slices"
)

// Batches hold at most this many contacts.
const (
	batchMost  = 200
	deleteMost = 500
)

// part is one contact of a batch: it is checked, and then kept.
type part struct {
	name  string
	check func() (fields, *fault)
	keep  func(fields) *person
}

// run carries out the parts of a batch: each on its own, or, with the quirks,
// all or nothing, or all up to the first that is wrong.
func (c *call) run(parts []part, wanted []string) ([]map[string]any, *fault) {
	whole, partial := c.s.quirks.WholeBatch, c.s.quirks.Partial
	checked := make([]fields, len(parts))
	wrongs := make([]*fault, len(parts))
	for i, one := range parts {
		if checked[i], wrongs[i] = one.check(); wrongs[i] == nil {
			continue
		}
		if whole && partial {
			for j := range i {
				parts[j].keep(checked[j])
			}
		}
		if whole {
			return nil, wrongs[i]
		}
	}
	out := make([]map[string]any, len(parts))
	for i, one := range parts {
		out[i] = map[string]any{}
		if one.name != "" {
			out[i]["requestedResourceName"] = one.name
		}
		if wrongs[i] != nil {
			out[i]["status"], out[i]["httpStatusCode"] = wrongs[i].part(), wrongs[i].code
			continue
		}
		p := one.keep(checked[i])
		out[i]["httpStatusCode"] = 200
		if len(wanted) > 0 {
			out[i]["person"] = c.render(p, p.latest(), wanted, false)
		}
	}
	return out, nil
}

// batchCreate is people.batchCreateContacts.
func (c *call) batchCreate(string) (any, *fault) {
	var in struct {
		Contacts []struct {
			ContactPerson map[string]any `json:"contactPerson"`
		} `json:"contacts"`
		ReadMask string   `json:"readMask"`
		Sources  []string `json:"sources"`
	}
	if wrong := c.read(&in); wrong != nil {
		return nil, wrong
	}
	wanted, wrong := mask(in.ReadMask, false)
	switch {
	case wrong != nil:
		return nil, wrong
	case len(in.Contacts) == 0 || len(in.Contacts) > batchMost:
		return nil, invalid("Between 1 and 200 contacts are allowed.")
	}
	var parts []part
	for _, one := range in.Contacts {
		parts = append(parts, part{
			check: func() (fields, *fault) { return c.fresh(one.ContactPerson) },
			keep:  func(f fields) *person { return c.s.add(c.u, f) },
		})
	}
	out, wrong := c.run(parts, wanted)
	if wrong != nil {
		return nil, wrong
	}
	if len(wanted) == 0 {
		return map[string]any{}, nil
	}
	return map[string]any{"createdPeople": out}, nil
}

// batchUpdate is people.batchUpdateContacts: one mask for all.
func (c *call) batchUpdate(string) (any, *fault) {
	var in struct {
		Contacts   map[string]map[string]any `json:"contacts"`
		UpdateMask string                    `json:"updateMask"`
		ReadMask   string                    `json:"readMask"`
		Sources    []string                  `json:"sources"`
	}
	if wrong := c.read(&in); wrong != nil {
		return nil, wrong
	}
	wanted, wrong := mask(in.ReadMask, false)
	if wrong != nil {
		return nil, wrong
	}
	masked, wrong := mask(in.UpdateMask, true)
	switch {
	case wrong != nil:
		return nil, wrong
	case len(masked) == 0:
		return nil, invalid("updateMask is required.")
	case len(in.Contacts) == 0 || len(in.Contacts) > batchMost:
		return nil, invalid("Between 1 and 200 contacts are allowed.")
	}
	var parts []part
	for _, name := range slices.Sorted(maps.Keys(in.Contacts)) {
		p := c.u.find(name)
		parts = append(parts, part{
			name:  name,
			check: func() (fields, *fault) { return c.merged(p, in.Contacts[name], masked) },
			keep:  func(f fields) *person { c.s.put(c.u, p, f, false); return p },
		})
	}
	out, wrong := c.run(parts, wanted)
	if wrong != nil {
		return nil, wrong
	}
	result := map[string]any{}
	for i, one := range parts {
		result[one.name] = out[i]
	}
	return map[string]any{"updateResult": result}, nil
}

// batchDelete is people.batchDeleteContacts. Its answer has no parts: one name
// that leads nowhere fails it.
func (c *call) batchDelete(string) (any, *fault) {
	var in struct {
		ResourceNames []string `json:"resourceNames"`
	}
	if wrong := c.read(&in); wrong != nil {
		return nil, wrong
	}
	if n := len(in.ResourceNames); n == 0 || n > deleteMost {
		return nil, invalid("Between 1 and 500 resource names are allowed.")
	}
	var found []*person
	for _, name := range in.ResourceNames {
		p := c.u.find(name)
		if p == nil && !c.s.quirks.Partial {
			return nil, notFound()
		}
		found = append(found, p)
	}
	for _, p := range found {
		if p == nil {
			return nil, notFound()
		}
		if !p.latest().Gone {
			c.s.put(c.u, p, nil, true)
		}
	}
	return map[string]any{}, nil
}
