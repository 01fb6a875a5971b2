package store_test

import (
	"sync"
	"testing"

	"tandem/store"
	"tandem/store/storetest"
)

func signIn(subject, email string, verified bool) store.SignIn {
	return store.SignIn{Issuer: "https://idp.example.org", Subject: subject, Email: email, EmailVerified: verified, Name: subject}
}

func TestEnsureUser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, err := s.EnsureUser(bg, signIn("1", " Ada@Example.org ", true))
		must(t, err)
		if ada.Email != "ada@example.org" || ada.Name != "1" || ada.Admin || ada.ID == "" {
			t.Errorf("%+v", ada)
		}
		in := signIn("1", "ada@new.example.org", true)
		in.Name = "Ada L."
		again, err := s.EnsureUser(bg, in)
		must(t, err)
		stored, err := s.User(bg, ada.ID)
		must(t, err)
		if again.ID != ada.ID || again != stored || stored.Name != "Ada L." || stored.Email != "ada@new.example.org" {
			t.Errorf("%+v, stored %+v", again, stored)
		}
		// The same e-mail with another subject is another user: the first one
		// has an identity of its own.
		other, err := s.EnsureUser(bg, signIn("2", "ada@new.example.org", true))
		must(t, err)
		if other.ID == ada.ID || other.OrganizationID != ada.OrganizationID {
			t.Errorf("%+v", other)
		}
		// The tenant tells organizations apart, the e-mail's domain does not.
		in = signIn("1", "x@example.org", true)
		in.Issuer, in.Tenant = "https://login.example.com", "t1"
		one, err := s.EnsureUser(bg, in)
		must(t, err)
		in.Subject, in.Tenant = "9", "t2"
		two, err := s.EnsureUser(bg, in)
		must(t, err)
		if one.OrganizationID == two.OrganizationID || one.OrganizationID == ada.OrganizationID {
			t.Error("organizations are mixed up")
		}

		var wg sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			wg.Go(func() {
				u, err := s.EnsureUser(bg, signIn("at once", "at@once.example.org", true))
				if err != nil {
					t.Error(err)
				}
				ids[i] = u.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("one identity, several users: %v", ids)
			}
		}
		if all, err := s.UsersByEmail(bg, "AT@once.example.org"); err != nil || len(all) != 1 {
			t.Error(all, err)
		}
	})
}

func TestCreatedUserIsAdopted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		made, created, err := s.CreateUser(bg, "Ada@example.org", "Ada")
		must(t, err)
		again, createdAgain, err := s.CreateUser(bg, "ada@example.org", "")
		must(t, err)
		if !created || createdAgain || again.ID != made.ID {
			t.Errorf("%+v, %+v", made, again)
		}
		// What a command connected and synchronised comes along.
		crm := store.Connection{UserID: made.ID, Side: store.SideCRM, Provider: "espocrm", AccountID: "a", Secret: []byte("crm secret")}
		book := store.Connection{UserID: made.ID, Side: store.SideContacts, Provider: "carddav", AccountID: "a", Secret: []byte("book secret")}
		must(t, s.SaveConnection(bg, &crm))
		must(t, s.SaveConnection(bg, &book))
		pair, err := s.EnsurePair(bg, made.ID, crm.ID, book.ID, "contacts")
		must(t, err)
		fence, err := s.BeginRun(bg, pair.ID, &store.Run{ID: "run"}, s.Now(), 0)
		must(t, err)
		must(t, s.Commit(bg, pair.ID, fence, store.Batch{
			Links: []store.Link{{ID: s.NewID(), LeftID: "l", RightID: "r", LeftBase: []byte("left"), RightBase: []byte("right")}},
			Items: []store.Item{{RunID: "run", Kind: "linked", Detail: []byte("detail")}},
		}))

		unverified, err := s.EnsureUser(bg, signIn("mallory", "ada@example.org", false))
		must(t, err)
		if unverified.ID == made.ID {
			t.Fatal("an unverified e-mail took the user over")
		}
		ada, err := s.EnsureUser(bg, signIn("ada", "ada@example.org", true))
		must(t, err)
		if ada.ID != made.ID || ada.OrganizationID != unverified.OrganizationID || ada.OrganizationID == made.OrganizationID {
			t.Fatalf("%+v was not taken over: %+v", made, ada)
		}
		for id, want := range map[string]string{crm.ID: "crm secret", book.ID: "book secret"} {
			if c, err := s.ConnectionOf(bg, ada.ID, id); err != nil || string(c.Secret) != want || c.OrganizationID != ada.OrganizationID {
				t.Errorf("%+v, %v", c, err)
			}
		}
		links, err := s.LinksBy(bg, pair.ID, 0, []string{"l"})
		if err != nil || len(links) != 1 || string(links[0].LeftBase)+string(links[0].RightBase) != "leftright" {
			t.Error(links, err)
		}
		items, err := s.Items(bg, ada.ID, store.ItemQuery{})
		if err != nil || len(items) != 1 || string(items[0].Detail) != "detail" {
			t.Error(items, err)
		}
		is(t, s.Commit(bg, pair.ID, fence, store.Batch{}), store.ErrFenced)
		third, err := s.EnsureUser(bg, signIn("another", "ada@example.org", true))
		must(t, err)
		if third.ID == made.ID {
			t.Error("a user that signs in already was taken over")
		}
	})
}

func TestRoles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		is(t, s.SetAdmin(bg, p.organization, p.eve.ID, true), store.ErrNotFound)
		must(t, s.SetAdmin(bg, p.organization, p.bob.ID, true))
		for organization, want := range map[string]int{p.organization: 1, p.strangerOrganization: 0} {
			if n, err := s.Admins(bg, organization); err != nil || n != want {
				t.Errorf("%d administrators, want %d, %v", n, want, err)
			}
		}
		users, err := s.Users(bg, p.organization)
		must(t, err)
		if len(users) != 2 || users[0].ID != p.ada.ID || !users[1].Admin {
			t.Errorf("%+v", users)
		}
		if all, err := s.Organizations(bg); err != nil || len(all) != 2 {
			t.Error(all, err)
		}
		if o, err := s.Organization(bg, p.organization); err != nil || o.Issuer != "https://idp.example.org" {
			t.Error(o, err)
		}
	})
}
