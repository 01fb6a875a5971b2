package graph

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
)

// mailbox finds one for the helpers below. A name that does not exist is a
// mistake in the test or in the demo, so it panics. The caller holds the lock.
func (s *Server) mailbox(user string) *mailbox {
	if m := s.mailboxes[user]; m != nil {
		return m
	}
	panic(fmt.Sprintf("the sandbox has no mailbox of %q", user))
}

// Put adds a person to the default folder and gives the immutable ID.
func (s *Server) Put(user string, c contact.Contact) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(s.mailbox(user), c).ID
}

func (s *Server) put(m *mailbox, c contact.Contact) *item {
	m.Serial++
	it := &item{ID: m.name("AAkA", m.Serial), Folder: m.Folders[0].ID, Created: s.o.Now().UTC()}
	s.fill(it, c)
	m.Items[it.ID] = it
	s.touch(m, it)
	return it
}

// Edit changes a person; false if there is none.
func (s *Server) Edit(user, id string, change func(contact.Contact) contact.Contact) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailbox(user)
	it := s.alive(m, id)
	if it != nil {
		s.fill(it, change(toContact(it)))
		s.touch(m, it)
	}
	return it != nil
}

// Set changes one property of Graph's, sent as a client would; nil clears it.
func (s *Server) Set(user, id, property string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailbox(user)
	it := s.alive(m, id)
	if it == nil {
		panic("the sandbox has no such contact")
	}
	sent := map[string]any{property: value, "displayName": it.Props["displayName"], "fileAs": it.Props["fileAs"]}
	sent[property] = value
	if no := s.apply(it, sent); no != nil {
		panic(fmt.Sprintf("the sandbox refuses %s: %v", property, no.body))
	}
	s.touch(m, it)
}

// Raw is a person's properties as Graph has them, without what changes with
// every write; nil if there is none.
func (s *Server) Raw(user, id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailbox(user)
	it := s.alive(m, id)
	if it == nil {
		return nil
	}
	out := m.render(it, true)
	for _, name := range []string{"@odata.etag", "changeKey", "lastModifiedDateTime"} {
		delete(out, name)
	}
	out["extended"] = maps.Clone(it.Ext)
	return out
}

// Remove deletes a person; false if there is none.
func (s *Server) Remove(user, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailbox(user)
	it := s.alive(m, id)
	if it != nil {
		s.remove(m, it)
	}
	return it != nil
}

// AddFolder makes a folder and gives its ID.
func (s *Server) AddFolder(user, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	return s.mailbox(user).folder(name).ID
}

// Folder is the ID of a folder by its name, "" where there is none.
func (s *Server) Folder(user, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.mailbox(user).Folders {
		if f.Name == name {
			return f.ID
		}
	}
	return ""
}

// DeleteFolder deletes a folder with what is in it.
func (s *Server) DeleteFolder(user, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailbox(user)
	for _, it := range m.in(id) {
		s.remove(m, it)
	}
	m.Folders = slices.DeleteFunc(m.Folders, func(f *folder) bool { return f.ID == id })
	s.changes++
}

// Move puts a person into another folder.
func (s *Server) Move(user, id, folder string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailbox(user)
	s.move(m, m.Items[id], folder)
}

// ExpireTokens makes every delta token given so far invalid.
func (s *Server) ExpireTokens(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailbox(user)
	m.Seq++
	m.Oldest = m.Seq
	s.changes++
}

// Seed adds people to a mailbox that has none. It does nothing otherwise, so
// that the demo may call it after Load.
func (s *Server) Seed(user string, people []contact.Contact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailbox(user)
	if len(m.Items) > 0 {
		return
	}
	for _, c := range people {
		s.put(m, c)
	}
}

// alive finds a person in any folder but the trash.
func (s *Server) alive(m *mailbox, id string) *item {
	if it := m.Items[id]; it != nil && it.Folder != m.Trash {
		return it
	}
	return nil
}

// Fields are the fields that a contact of Outlook's holds here.
func Fields() contact.Fields {
	return contact.AllFields.Without(contact.FullName, contact.OtherPhones, contact.Faxes)
}

// People is a user's default folder as the people page sees it. Ids are the
// immutable ones.
func (s *Server) People(user string) kit.Directory { return directory{s, user} }

type directory struct {
	s    *Server
	user string
}

// List gives everybody, the latest change last.
func (d directory) List(context.Context) ([]kit.Person, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	m := d.s.mailbox(d.user)
	var out []kit.Person
	for _, f := range m.Folders {
		for _, it := range m.in(f.ID) {
			one := kit.Person{ID: it.ID, Contact: toContact(it)}
			if f != m.Folders[0] {
				one.Note = f.Name
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// Get gives one person.
func (d directory) Get(_ context.Context, id string) (contact.Contact, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	it := d.s.alive(d.s.mailbox(d.user), id)
	if it == nil {
		return contact.Contact{}, kit.ErrNoPerson
	}
	return toContact(it), nil
}

// Save writes one person, or adds one where id is "".
func (d directory) Save(_ context.Context, id string, c contact.Contact) error {
	if c.Birth.Year == 0 && !c.Birth.IsZero() {
		return errors.New("Outlook keeps a birthday with its year only.")
	}
	if id == "" {
		d.s.Put(d.user, c)
		return nil
	}
	if !d.s.Edit(d.user, id, func(contact.Contact) contact.Contact { return c }) {
		return kit.ErrNoPerson
	}
	return nil
}

// Delete removes one person.
func (d directory) Delete(_ context.Context, id string) error {
	if !d.s.Remove(d.user, id) {
		return kit.ErrNoPerson
	}
	return nil
}
