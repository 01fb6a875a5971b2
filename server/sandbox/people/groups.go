package people

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// myContacts is the group without which a contact is not shown.
const myContacts = "contactGroups/myContacts"

// system are the groups that everybody has. Contacts can be put into the first
// two only.
var system = []string{"myContacts", "starred", "friends", "family", "coworkers", "blocked", "all", "chatBuddies"}

func member(group string) entry {
	return entry{"contactGroupMembership": map[string]any{"contactGroupResourceName": group}}
}

// hasGroup says whether contacts can be put into a group.
func (u *user) hasGroup(name string) bool {
	return name == myContacts || name == "contactGroups/starred" || u.group(name) != nil
}

func (u *user) group(name string) *group {
	i := slices.IndexFunc(u.Groups, func(g *group) bool { return "contactGroups/"+g.ID == name })
	if i < 0 {
		return nil
	}
	return u.Groups[i]
}

// groupBody is a group as the API gives it; id is that of a system group where
// g is nil.
func groupBody(g *group, id string) map[string]any {
	if g == nil {
		return map[string]any{"resourceName": "contactGroups/" + id, "groupType": "SYSTEM_CONTACT_GROUP", "name": id, "formattedName": id}
	}
	return map[string]any{
		"resourceName": "contactGroups/" + g.ID, "etag": "g" + g.ID, "groupType": "USER_CONTACT_GROUP", "name": g.Name, "formattedName": g.Name,
		"metadata": map[string]any{"updateTime": g.At.UTC().Format(time.RFC3339Nano)},
	}
}

// listGroups is contactGroups.list, the groups of one's own last.
func (c *call) listGroups(string) (any, *fault) {
	q := c.URL.Query()
	size, wrong := pageSize(q, 30, 1000)
	if wrong != nil {
		return nil, wrong
	}
	var all []any
	for _, id := range system {
		all = append(all, groupBody(nil, id))
	}
	for _, g := range c.u.Groups {
		all = append(all, groupBody(g, ""))
	}
	from := 0
	if text := q.Get("pageToken"); text != "" {
		if _, err := fmt.Sscanf(text, "groups-%d", &from); err != nil || from < 0 || from > len(all) {
			return nil, invalid("Invalid page token.")
		}
	}
	end := min(from+size, len(all))
	out := map[string]any{"contactGroups": all[from:end], "totalItems": len(all)}
	if end < len(all) {
		out["nextPageToken"] = fmt.Sprintf("groups-%d", end)
	}
	return out, nil
}

// createGroup is contactGroups.create.
func (c *call) createGroup(string) (any, *fault) {
	var in struct {
		ContactGroup struct {
			Name       string `json:"name"`
			ClientData []any  `json:"clientData"`
		} `json:"contactGroup"`
		ReadGroupFields string `json:"readGroupFields"`
	}
	if wrong := c.read(&in); wrong != nil {
		return nil, wrong
	}
	name := strings.TrimSpace(in.ContactGroup.Name)
	if name == "" {
		return nil, invalid("Contact group name is required.")
	}
	same := func(other string) bool { return strings.EqualFold(other, name) }
	if slices.ContainsFunc(c.u.Groups, func(g *group) bool { return same(g.Name) }) || slices.ContainsFunc(system, same) {
		return nil, conflict()
	}
	c.s.changes++
	g := &group{ID: hex(c.u.number()), Name: name, At: c.s.now()}
	c.u.Groups = append(c.u.Groups, g)
	return groupBody(g, ""), nil
}

// getGroup is contactGroups.get.
func (c *call) getGroup(name string) (any, *fault) {
	id := strings.TrimPrefix(name, "contactGroups/")
	if g := c.u.group(name); g != nil {
		return groupBody(g, ""), nil
	}
	if slices.Contains(system, id) {
		return groupBody(nil, id), nil
	}
	return nil, notFound()
}

// deleteGroup is contactGroups.delete: the contacts stay, without the group.
func (c *call) deleteGroup(name string) (any, *fault) {
	if c.u.group(name) == nil {
		return nil, notFound()
	}
	c.s.dropGroup(c.u, name)
	return map[string]any{}, nil
}

func (s *Server) dropGroup(u *user, name string) {
	s.changes++
	u.Groups = slices.DeleteFunc(u.Groups, func(g *group) bool { return "contactGroups/"+g.ID == name })
	for _, p := range u.People {
		v := p.latest()
		in := func(e entry) bool {
			m, _ := e["contactGroupMembership"].(map[string]any)
			return str(m, "contactGroupResourceName") == name
		}
		if !v.Gone && slices.ContainsFunc(v.Fields["memberships"], in) {
			f := copied(v.Fields)
			f["memberships"] = slices.DeleteFunc(f["memberships"], in)
			s.put(u, p, f, false)
		}
	}
}

// named gives the group of the user's own with a name, made where it lacks.
func (s *Server) named(u *user, name string) *group {
	for _, g := range u.Groups {
		if strings.EqualFold(g.Name, name) {
			return g
		}
	}
	s.changes++
	g := &group{ID: hex(u.number()), Name: name, At: s.now()}
	u.Groups = append(u.Groups, g)
	return g
}
