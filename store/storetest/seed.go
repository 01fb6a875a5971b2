package storetest

import (
	"context"
	"testing"

	"tandem/store"
)

// SeedSecret is the secret of the connections that Seed makes.
const SeedSecret = `{"password":"correct horse battery staple"}`

// Seed makes a user with both connections and a pair for contacts. Users of the
// same issuer share an organization.
func Seed(t testing.TB, s *store.Store, issuer, subject string) (store.User, store.Pair) {
	t.Helper()
	ctx := context.Background()
	u, err := s.EnsureUser(ctx, store.SignIn{Issuer: issuer, Subject: subject, Email: subject + "@example.org", EmailVerified: true, Name: subject})
	if err != nil {
		t.Fatal(err)
	}
	crm := store.Connection{UserID: u.ID, Side: store.SideCRM, Provider: "espocrm", Method: "form",
		BaseURL: "https://crm.example.org", AccountID: subject, AccountName: subject, Secret: []byte(SeedSecret)}
	book := store.Connection{UserID: u.ID, Side: store.SideContacts, Provider: "carddav", Method: "form",
		BaseURL: "https://dav.example.org", AccountID: subject, AccountName: subject, Secret: []byte(SeedSecret)}
	for _, c := range []*store.Connection{&crm, &book} {
		if err := s.SaveConnection(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.EnsurePair(ctx, u.ID, crm.ID, book.ID, "contacts")
	if err != nil {
		t.Fatal(err)
	}
	return u, p
}

// StoreUnderTest is a store as the suite wants it: among users and organizations
// of its own, so that one store serves many tests.
func StoreUnderTest(t testing.TB, s *store.Store) LedgerUnderTest {
	t.Helper()
	ours, theirs := "https://"+s.NewID()+".example.org", "https://"+s.NewID()+".example.com"
	_, pair := Seed(t, s, ours, "ada")
	_, colleague := Seed(t, s, ours, "bob")
	_, stranger := Seed(t, s, theirs, "eve")
	return LedgerUnderTest{Ledger: s, Pair: pair, Colleague: colleague, Stranger: stranger, Secret: SeedSecret}
}
