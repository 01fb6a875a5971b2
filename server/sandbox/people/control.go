package people

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
)

// Seed adds people as somebody using Google Contacts would, and gives their ids.
func (s *Server) Seed(user string, people []contact.Contact) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[user]
	if u == nil {
		return nil
	}
	for _, c := range people {
		f := s.patch(u, fields{}, c)
		if len(f["memberships"]) == 0 {
			f["memberships"] = []entry{member(myContacts)}
		}
		ids = append(ids, s.add(u, f).ID)
	}
	return ids
}

// there gives a contact that exists. The caller holds the lock.
func (s *Server) there(user, id string) (*user, *person) {
	u := s.users[user]
	if u == nil || u.People[id] == nil || u.People[id].latest().Gone {
		return nil, nil
	}
	return u, u.People[id]
}

// Edit changes a contact as its owner would; false says that it does not exist.
func (s *Server) Edit(user, id string, change func(*contact.Contact)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, p := s.there(user, id)
	if p == nil {
		return false
	}
	c := u.toContact(p.latest().Fields)
	change(&c)
	s.put(u, p, s.patch(u, p.latest().Fields, c), false)
	return true
}

// Set replaces one field of a contact by entries in the API's own words.
func (s *Server) Set(user, id, field string, entries ...map[string]any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, p := s.there(user, id)
	if p == nil {
		return false
	}
	f := copied(p.latest().Fields)
	delete(f, field)
	for _, e := range entries {
		f[field] = append(f[field], entry(e))
	}
	s.put(u, p, f, false)
	return true
}

// Ungroup takes a contact out of every group: it becomes an "other contact".
func (s *Server) Ungroup(user, id string) bool { return s.Set(user, id, "memberships") }

// Remove deletes a contact.
func (s *Server) Remove(user, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, p := s.there(user, id)
	if p != nil {
		s.put(u, p, nil, true)
	}
	return p != nil
}

// RemoveGroup deletes a group by its name.
func (s *Server) RemoveGroup(user, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[user]
	if u == nil {
		return false
	}
	i := slices.IndexFunc(u.Groups, func(g *group) bool { return g.Name == name })
	if i >= 0 {
		s.dropGroup(u, "contactGroups/"+u.Groups[i].ID)
	}
	return i >= 0
}

// Groups are the names of the groups of the user's own.
func (s *Server) Groups(user string) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[user]; u != nil {
		for _, g := range u.Groups {
			names = append(names, g.Name)
		}
	}
	return names
}

// Rename gives a contact the resource name of a profile, as when a verified
// e-mail links the two. The former name leads on.
func (s *Server) Rename(user, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, p := s.there(user, id)
	if p == nil {
		return false
	}
	p.Previous = append(p.Previous, p.Name)
	p.Name = fmt.Sprintf("people/1%019d", u.number()%1e15)
	s.put(u, p, p.latest().Fields, false)
	return true
}

// Merge makes one contact of two, as "Merge & fix" does: from goes, into has
// the e-mails and numbers of both and says which name it has taken over.
func (s *Server) Merge(user, from, into string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, old := s.there(user, from)
	_, p := s.there(user, into)
	if old == nil || p == nil {
		return false
	}
	f := copied(p.latest().Fields)
	for _, field := range []string{"emailAddresses", "phoneNumbers", "clientData", "memberships"} {
		if more := copied(old.latest().Fields)[field]; len(more) > 0 {
			f[field] = append(f[field], more...)
		}
	}
	p.Previous = append(p.Previous, old.Name)
	s.put(u, old, nil, true)
	old.Forget = true
	s.put(u, p, f, false)
	return true
}

// ExpireTokens makes all tokens given so far invalid.
func (s *Server) ExpireTokens(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[user]; u != nil {
		u.Epoch = strings.ToLower(rand.Text()[:12])
		s.changes++
	}
}

// Raw is a contact as it is kept: its writable fields in the API's own words,
// nil where there is none.
func (s *Server) Raw(user, id string) map[string][]map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, p := s.there(user, id)
	if p == nil {
		return nil
	}
	out := map[string][]map[string]any{}
	for name, list := range copied(p.latest().Fields) {
		for _, e := range list {
			out[name] = append(out[name], e)
		}
	}
	return out
}

// IDs are those of all contacts, sorted.
func (s *Server) IDs(user string) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[user]; u != nil {
		for _, id := range slices.Sorted(maps.Keys(u.People)) {
			if !u.People[id].latest().Gone {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// ID is the number in a resource name like people/c123, in hex.
func ID(name string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(name, "people/c"), 10, 64)
	if err != nil {
		return ""
	}
	return hex(n)
}

// directory is one user's contacts as the people page sees them.
type directory struct {
	s    *Server
	user string
}

// People is the directory behind the page where a visitor sees and edits a
// user's contacts.
func (s *Server) People(user string) kit.Directory { return directory{s, user} }

func (d directory) List(context.Context) ([]kit.Person, error) {
	var out []kit.Person
	for _, id := range d.s.IDs(d.user) {
		if c, err := d.Get(context.Background(), id); err == nil {
			out = append(out, kit.Person{ID: id, Contact: c, Note: strings.Join(c.Categories, ", ")})
		}
	}
	return out, nil
}

func (d directory) Get(_ context.Context, id string) (contact.Contact, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	u, p := d.s.there(d.user, id)
	if p == nil {
		return contact.Contact{}, kit.ErrNoPerson
	}
	return u.toContact(p.latest().Fields), nil
}

func (d directory) Save(_ context.Context, id string, c contact.Contact) error {
	if id == "" {
		if len(d.s.Seed(d.user, []contact.Contact{c})) == 0 {
			return kit.ErrNoPerson
		}
		return nil
	}
	if !d.s.Edit(d.user, id, func(now *contact.Contact) { *now = c }) {
		return kit.ErrNoPerson
	}
	return nil
}

func (d directory) Delete(_ context.Context, id string) error {
	if !d.s.Remove(d.user, id) {
		return kit.ErrNoPerson
	}
	return nil
}

var (
	_ kit.Directory = directory{}
	_ kit.Keeper    = (*Server)(nil)
)
