package people

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// getOne is people.get.
func (c *call) getOne(name string) (any, *fault) {
	wanted, wrong := mask(c.URL.Query().Get("personFields"), false)
	switch {
	case wrong != nil:
		return nil, wrong
	case len(wanted) == 0:
		return nil, invalid("personFields mask is required. Please specify one or more valid paths.")
	case name == "people/me":
		return c.me(wanted), nil
	}
	p := c.u.find(name)
	if p == nil {
		return nil, notFound()
	}
	return c.render(p, p.latest(), wanted, false), nil
}

// me is the account's own profile, as far as the token's scopes allow.
func (c *call) me(wanted []string) map[string]any {
	u := c.u.User
	source := map[string]any{"type": "PROFILE", "id": u.Subject}
	meta := map[string]any{"primary": true, "source": source}
	out := map[string]any{"resourceName": "people/" + u.Subject, "etag": "%me"}
	if slices.Contains(wanted, "metadata") {
		out["metadata"] = map[string]any{"objectType": "PERSON", "sources": []any{source}}
	}
	if slices.Contains(wanted, "emailAddresses") && slices.Contains(c.scopes, "email") && u.Email != "" {
		out["emailAddresses"] = []any{map[string]any{"value": u.Email, "metadata": meta}}
	}
	if slices.Contains(wanted, "names") && slices.Contains(c.scopes, "profile") && u.Name != "" {
		out["names"] = []any{map[string]any{"displayName": u.Name, "metadata": meta}}
	}
	return out
}

// batchGet is people.getBatchGet.
func (c *call) batchGet(string) (any, *fault) {
	q := c.URL.Query()
	wanted, wrong := mask(q.Get("personFields"), false)
	names := q["resourceNames"]
	switch {
	case wrong != nil:
		return nil, wrong
	case len(wanted) == 0 || len(names) == 0:
		return nil, invalid("personFields and resourceNames are required.")
	case len(names) > 200:
		return nil, invalid("At most 200 resource names are allowed.")
	}
	responses := []any{}
	for _, name := range names {
		if !strings.HasPrefix(name, "people/") {
			return nil, invalid("Resource name \"" + name + "\" is invalid.")
		}
		one := map[string]any{"requestedResourceName": name}
		if p := c.u.find(name); p != nil {
			one["person"], one["httpStatusCode"] = c.render(p, p.latest(), wanted, false), 200
		} else {
			one["status"], one["httpStatusCode"] = notFound().part(), 404
		}
		responses = append(responses, one)
	}
	return map[string]any{"responses": responses}, nil
}

// fresh checks a contact that is to be made.
func (c *call) fresh(sent map[string]any) (fields, *fault) {
	f, wrong := c.accept(sent, nil)
	if wrong == nil && len(f["memberships"]) == 0 {
		f["memberships"] = []entry{member(myContacts)}
	}
	return f, wrong
}

// createOne is people.createContact.
func (c *call) createOne(string) (any, *fault) {
	wanted, wrong := mask(c.URL.Query().Get("personFields"), false)
	if wrong != nil {
		return nil, wrong
	}
	var sent map[string]any
	if wrong := c.read(&sent); wrong != nil {
		return nil, wrong
	}
	f, wrong := c.fresh(sent)
	if wrong != nil {
		return nil, wrong
	}
	p := c.s.add(c.u, f)
	return c.render(p, p.latest(), orAll(wanted), false), nil
}

func orAll(wanted []string) []string {
	if len(wanted) > 0 {
		return wanted
	}
	return append(slices.Collect(maps.Keys(writable)), "metadata")
}

// merged checks an update and gives the contact's fields as they will be.
func (c *call) merged(p *person, sent map[string]any, masked []string) (fields, *fault) {
	meta, _ := sent["metadata"].(map[string]any)
	sources, _ := meta["sources"].([]any)
	etag, there := "", false
	for _, one := range sources {
		if src, _ := one.(map[string]any); str(src, "type") == "CONTACT" {
			etag, there = str(src, "etag"), true
		}
	}
	switch {
	case !there:
		return nil, invalid("person.metadata.sources must be set with the source of the contact.")
	case p == nil:
		return nil, notFound()
	case etag != p.etag(p.latest()):
		return nil, changed()
	case c.s.quirks.Spurious > 0:
		c.s.quirks.Spurious--
		return nil, changed()
	}
	f, wrong := c.accept(sent, masked)
	switch {
	case wrong != nil:
		return nil, wrong
	case slices.Contains(masked, "memberships") && len(f["memberships"]) == 0:
		return nil, invalid("At least one contact group membership is required.")
	}
	out := maps.Clone(p.latest().Fields)
	for _, name := range masked {
		delete(out, name)
		if list := f[name]; len(list) > 0 {
			out[name] = list
		}
	}
	return out, nil
}

// updateOne is people.updateContact.
func (c *call) updateOne(name string) (any, *fault) {
	q := c.URL.Query()
	masked, wrong := mask(q.Get("updatePersonFields"), true)
	if wrong == nil && len(masked) == 0 {
		wrong = invalid("updatePersonFields mask is required.")
	}
	if wrong != nil {
		return nil, wrong
	}
	wanted, wrong := mask(q.Get("personFields"), false)
	if wrong != nil {
		return nil, wrong
	}
	var sent map[string]any
	if wrong := c.read(&sent); wrong != nil {
		return nil, wrong
	}
	p := c.u.find(name)
	f, wrong := c.merged(p, sent, masked)
	if wrong != nil {
		return nil, wrong
	}
	c.s.put(c.u, p, f, false)
	return c.render(p, p.latest(), orAll(wanted), false), nil
}

// deleteOne is people.deleteContact.
func (c *call) deleteOne(name string) (any, *fault) {
	p := c.u.find(name)
	if p == nil {
		return nil, notFound()
	}
	c.s.put(c.u, p, nil, true)
	return map[string]any{}, nil
}

// conflict is the answer to a name that is taken.
func conflict() *fault {
	return refuse(http.StatusConflict, "ALREADY_EXISTS", "", "Contact group name already exists.")
}
