package engine_test

import (
	"context"
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine"
	"tandem/store"
	"tandem/store/storetest"
)

// TestOneCRMOfMany lets three people, each with an address book of their own,
// type the same new person into a CRM that they share: it is created once, and
// everybody is linked with it.
func TestOneCRMOfMany(t *testing.T) {
	for name, options := range profiles() {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				options.Description.Account.ID, options.Mine = "ann", false
				crm := memory.New(options)
				var houses []*house
				for _, who := range []string{"ann", "bob", "eve"} {
					h := &house{t: t, store: s}
					h.user, h.pair = storetest.Seed(t, s, "https://issuer.example", who)
					right := memory.Options{Description: memory.Everything()}
					right.Description.Account.ID = who
					own := crm.As(contact.Account{ID: who})
					h.book = [2]*memory.Book{own, memory.New(right)}
					h.settings = engine.FromValues(map[string]string{"direction": "two-way", "mine": "all", "scope": "all"})
					h.engine = engine.New(engine.Options{Ledger: s, Open: func(_ context.Context, c store.Connection, _ engine.Settings) (contact.Book, error) {
						if c.ID == h.pair.LeftID {
							return h.book[0], nil
						}
						return h.book[1], nil
					}})
					h.sync() // nobody knows anybody
					h.book[1].Put(person(1))
					houses = append(houses, h)
				}
				for range 2 {
					for _, h := range houses {
						h.sync()
					}
				}
				if n := len(crm.All()); n != 1 {
					t.Fatalf("%d records in the CRM", n)
				}
				for _, h := range houses {
					if n, err := s.CountLinks(t.Context(), h.pair.ID, 0); err != nil || n != 1 {
						t.Fatalf("%s has %d links, %v", h.user.Email, n, err)
					}
					h.quiet()
				}
				// An edit of one reaches the others, and never comes back as theirs.
				houses[0].book[1].Edit(houses[0].book[1].All()[0].ID, func(c *contact.Contact) { c.JobTitle = "Director" })
				for range 2 {
					for _, h := range houses {
						h.sync()
					}
				}
				for _, h := range houses {
					if got := h.book[1].All()[0].Contact.JobTitle; got != "Director" {
						t.Fatalf("%s has %q", h.user.Email, got)
					}
					h.quiet()
				}
			})
		})
	}
}
