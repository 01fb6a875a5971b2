package carddav

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/server/sandbox/kit"
)

type user struct {
	User
	books map[string]*book
}

// book is an address book. Every change gets the next number of Seq; a sync
// token is the number of the last change that it covers.
type book struct {
	Book
	// Epoch is in every token: those of another book or life are refused.
	Epoch string
	Seq   int
	// Oldest is the least number that a token may still have.
	Oldest int
	Cards  map[string]*card
	// Gone holds when the cards that are no more went.
	Gone map[string]int
}

type card struct {
	Data     string
	UID      string // of Data, so that looking for one is quick
	Seq      int
	Modified time.Time
}

func newUser(u User) *user {
	n := &user{User: u, books: map[string]*book{}}
	for _, b := range u.Books {
		n.books[b.Slug] = newBook(b)
	}
	n.Books = nil
	return n
}

func newBook(b Book) *book {
	if len(b.Versions) == 0 {
		b.Versions = []string{"3.0", "4.0"}
	}
	return &book{Book: b, Epoch: strings.ToLower(rand.Text()[:12]), Cards: map[string]*card{}, Gone: map[string]int{}}
}

// etag is the strong entity tag of a card, without quotes: same tag, same bytes.
func (c *card) etag() string {
	sum := sha256.Sum256([]byte(c.Data))
	return hex.EncodeToString(sum[:10])
}

// cards are those of b, with what Quirks.Groups adds.
func (s *Server) cards(b *book) map[string]*card {
	if !s.quirks.Groups {
		return b.Cards
	}
	all := maps.Clone(b.Cards)
	all[groupName] = &card{Data: groupCard}
	return all
}

// store keeps a card. The caller holds the lock.
func (s *Server) store(b *book, name, data string) *card {
	s.changes++
	b.Seq++
	c := &card{Data: data, UID: parseCard(data).first("UID"), Seq: b.Seq, Modified: s.now().UTC().Truncate(time.Second)}
	b.Cards[name] = c
	delete(b.Gone, name)
	return c
}

// drop removes a card and leaves a tombstone. The caller holds the lock.
func (s *Server) drop(b *book, name string) {
	s.changes++
	b.Seq++
	delete(b.Cards, name)
	b.Gone[name] = b.Seq
}

// token is the sync token that covers changes up to seq.
func (b *book) token(seq int) string { return fmt.Sprintf("urn:sandbox:sync:%s:%d", b.Epoch, seq) }

// since reads a token. It is unknown if it is not one of this book's.
func (b *book) since(token string) (seq int, ok bool) {
	text, ok := strings.CutPrefix(token, "urn:sandbox:sync:"+b.Epoch+":")
	if !ok {
		return 0, false
	}
	seq, err := strconv.Atoi(text)
	return seq, err == nil && seq >= b.Oldest && seq <= b.Seq
}

// uidOwner is the name of the card with this UID, or "".
func (b *book) uidOwner(uid string) string {
	for name, c := range b.Cards {
		if c.UID == uid {
			return name
		}
	}
	return ""
}

// names are the names of cards, sorted.
func names(cards map[string]*card) []string { return slices.Sorted(maps.Keys(cards)) }

// saved is what Save writes.
type saved struct {
	Users map[string]map[string]*book // by user and slug
}

// Changes counts the changes of what Save keeps.
func (s *Server) Changes() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// Save writes all address books to a file. Users and passwords stay with the options.
func (s *Server) Save(file string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := saved{Users: map[string]map[string]*book{}}
	for name, u := range s.users {
		out.Users[name] = u.books
	}
	return kit.SaveJSON(file, out)
}

// Load reads what Save wrote and says whether there was a file. Books of users
// that the options do not name are left out; books that the file does not have
// stay as they are.
func (s *Server) Load(file string) (found bool, err error) {
	var in saved
	if found, err = kit.LoadJSON(file, &in); err != nil || !found {
		return found, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, books := range in.Users {
		if u := s.users[name]; u != nil {
			maps.Copy(u.books, books)
		}
	}
	s.changes++
	return true, nil
}
