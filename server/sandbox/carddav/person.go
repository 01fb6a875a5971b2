package carddav

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
)

// book finds an address book for the helpers below. A name that does not exist
// is a mistake in the test or in the demo, so it panics. The caller holds the lock.
func (s *Server) book(user, slug string) *book {
	if u := s.users[strings.ToLower(user)]; u != nil && u.books[slug] != nil {
		return u.books[slug]
	}
	panic(fmt.Sprintf("the sandbox has no address book %q of %q", slug, user))
}

// Put stores a card as it is, valid or not, as another program would.
func (s *Server) Put(user, book, name, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(s.book(user, book), name, data)
}

// Edit changes a card behind the client's back; false if there is none.
func (s *Server) Edit(user, book, name string, change func(card string) string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.book(user, book)
	c := b.Cards[name]
	if c != nil {
		s.store(b, name, change(c.Data))
	}
	return c != nil
}

// Remove deletes a card behind the client's back; false if there is none.
func (s *Server) Remove(user, book, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.book(user, book)
	if b.Cards[name] == nil {
		return false
	}
	s.drop(b, name)
	return true
}

// Cards are the cards of a book by name.
func (s *Server) Cards(user, book string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for name, c := range s.book(user, book).Cards {
		out[name] = c.Data
	}
	return out
}

// ExpireTokens makes every sync token given so far unknown.
func (s *Server) ExpireTokens(user, book string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.book(user, book)
	b.Seq++
	b.Oldest = b.Seq
	s.changes++
}

// Seed adds people to a book that has none. It does nothing otherwise, so that
// the demo may call it after Load.
func (s *Server) Seed(user, book string, people []contact.Contact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.book(user, book)
	if len(b.Cards) > 0 {
		return
	}
	for i, c := range people {
		// Named by place: a sandbox that is seeded again has the same cards.
		uid := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s/%s/%d", user, book, i)).String()
		s.store(b, uid+".vcf", newCard(uid, c))
	}
}

func newCard(uid string, c contact.Contact) string {
	blank := parseCard("BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Sandbox//Address book//EN\r\nUID:" + uid + "\r\nN:;;;;\r\nEND:VCARD\r\n")
	return patch(blank, contact.Contact{}, c).String()
}

// People is a book as the people page sees it. Ids are the names of the cards.
func (s *Server) People(user, book string) kit.Directory {
	return directory{s, user, book}
}

type directory struct {
	s          *Server
	user, slug string
}

// List gives everybody, in the order of the cards' names.
func (d directory) List(context.Context) ([]kit.Person, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	b, err := d.book()
	if err != nil {
		return nil, err
	}
	var out []kit.Person
	for _, name := range names(b.Cards) {
		out = append(out, kit.Person{ID: name, Contact: toContact(parseCard(b.Cards[name].Data))})
	}
	return out, nil
}

// Get gives one person.
func (d directory) Get(_ context.Context, id string) (contact.Contact, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	b, err := d.book()
	if err != nil {
		return contact.Contact{}, err
	}
	if b.Cards[id] == nil {
		return contact.Contact{}, kit.ErrNoPerson
	}
	return toContact(parseCard(b.Cards[id].Data)), nil
}

// Save writes one person, or adds one where id is "".
func (d directory) Save(_ context.Context, id string, c contact.Contact) error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	b, err := d.book()
	if err != nil {
		return err
	}
	if id == "" {
		uid := uuid.NewString()
		d.s.store(b, uid+".vcf", newCard(uid, c))
		return nil
	}
	old := b.Cards[id]
	if old == nil {
		return kit.ErrNoPerson
	}
	lines := parseCard(old.Data)
	if data := patch(lines, toContact(lines), c).String(); data != old.Data {
		d.s.store(b, id, data)
	}
	return nil
}

// Delete removes one person.
func (d directory) Delete(_ context.Context, id string) error {
	if !d.s.Remove(d.user, d.slug, id) {
		return kit.ErrNoPerson
	}
	return nil
}

// book may be gone: a client can delete an address book.
func (d directory) book() (*book, error) {
	if u := d.s.users[strings.ToLower(d.user)]; u != nil && u.books[d.slug] != nil {
		return u.books[d.slug], nil
	}
	return nil, fmt.Errorf("the address book %q was deleted", d.slug)
}
