package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tandem/store"
	"tandem/store/storetest"
)

var bg = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// clock is a clock that tests move.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) forward(d time.Duration) { c.t = c.t.Add(d) }

// timed gives s a clock of its own.
func timed(s *store.Store) *clock {
	c := &clock{time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	s.Now = c.now
	return c
}

// three are ada and bob of one organization, and eve of another.
type three struct {
	ada, bob, eve                      store.User
	adaPair, bobPair, evePair          store.Pair
	organization, strangerOrganization string
}

func people(t *testing.T, s *store.Store) three {
	t.Helper()
	var p three
	p.ada, p.adaPair = storetest.Seed(t, s, "https://idp.example.org", "ada")
	p.bob, p.bobPair = storetest.Seed(t, s, "https://idp.example.org", "bob")
	p.eve, p.evePair = storetest.Seed(t, s, "https://idp.example.com", "eve")
	p.organization, p.strangerOrganization = p.ada.OrganizationID, p.eve.OrganizationID
	return p
}
