package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/store"
	"tandem/store/storetest"
)

func TestConnections(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		first, err := s.ConnectionOn(bg, p.ada.ID, store.SideCRM)
		must(t, err)

		// Signed in again: the same account keeps its ID, and its pair.
		again := store.Connection{UserID: p.ada.ID, Side: store.SideCRM, Provider: "espocrm", BaseURL: "https://crm.example.org",
			AccountID: "ada", Secret: []byte("new"), Expires: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)}
		must(t, s.NeedReconnect(bg, first.ID, "The password was changed."))
		if c, err := s.ConnectionOn(bg, p.ada.ID, store.SideCRM); err != nil || c.State != store.StateReconnect || c.Reason == "" {
			t.Errorf("%+v, %v", c, err)
		}
		must(t, s.SaveConnection(bg, &again))
		c, err := s.ConnectionOn(bg, p.ada.ID, store.SideCRM)
		must(t, err)
		if c.ID != first.ID || string(c.Secret) != "new" || c.State != store.StateConnected || c.Reason != "" || c.CreatedAt != first.CreatedAt || c.Expires != again.Expires {
			t.Errorf("%+v", c)
		}

		// Another account on the same side takes its place.
		other := store.Connection{UserID: p.ada.ID, Side: store.SideCRM, Provider: "tryton", AccountID: "ada", Secret: []byte("other")}
		must(t, s.SaveConnection(bg, &other))
		old, err := s.ConnectionOf(bg, p.ada.ID, first.ID)
		must(t, err)
		if other.ID == first.ID || old.State != store.StateDisconnected || old.Secret != nil || old.DisconnectedAt == nil {
			t.Errorf("%+v", old)
		}
		_, err = s.EnsurePair(bg, p.ada.ID, first.ID, p.adaPair.RightID, "contacts")
		is(t, err, store.ErrNotConnected)

		// And back: links live on.
		must(t, s.SaveConnection(bg, &store.Connection{UserID: p.ada.ID, Side: store.SideCRM, Provider: "espocrm",
			BaseURL: "https://crm.example.org", AccountID: "ada", Secret: []byte("back")}))
		pair, err := s.EnsurePair(bg, p.ada.ID, first.ID, p.adaPair.RightID, "contacts")
		if err != nil || pair.ID != p.adaPair.ID {
			t.Error(pair, err)
		}
		all, err := s.Connections(bg, p.ada.ID)
		if err != nil || len(all) != 3 {
			t.Error(all, err)
		}
		for _, c := range all {
			if c.Secret != nil {
				t.Error("a list holds secrets")
			}
		}

		// Nobody else's.
		_, err = s.ConnectionOf(bg, p.bob.ID, first.ID)
		is(t, err, store.ErrNotFound)
		is(t, s.Disconnect(bg, p.bob.ID, first.ID), store.ErrNotFound)
		is(t, s.SaveConnection(bg, &store.Connection{ID: first.ID, UserID: p.bob.ID, Side: store.SideCRM}), store.ErrNotFound)
		_, err = s.EnsurePair(bg, p.bob.ID, first.ID, p.bobPair.RightID, "contacts")
		is(t, err, store.ErrNotConnected)
		_, err = s.EnsurePair(bg, p.ada.ID, p.adaPair.RightID, first.ID, "contacts") // sides mixed up
		is(t, err, store.ErrNotConnected)

		must(t, s.Disconnect(bg, p.ada.ID, first.ID))
		must(t, s.Disconnect(bg, p.ada.ID, first.ID))
		_, err = s.ConnectionOn(bg, p.ada.ID, store.SideCRM)
		is(t, err, store.ErrNotFound)
		is(t, s.NeedReconnect(bg, first.ID, "x"), store.ErrNotFound)
		var secrets int64
		must(t, s.DB().Model(&store.Connection{}).Where("state = ? AND secret IS NOT NULL", store.StateDisconnected).Count(&secrets).Error)
		if secrets != 0 {
			t.Error("a disconnected connection keeps its secret")
		}
	})
}

func TestRefreshOneAtATime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		id := p.adaPair.LeftID
		var inside, calls atomic.Int32
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				err := s.RefreshConnection(bg, id, func(c *store.Connection) error {
					if inside.Add(1) != 1 {
						t.Error("two refreshes at once")
					}
					defer inside.Add(-1)
					if string(c.Secret) == "rotated" {
						return nil // somebody else was quicker
					}
					calls.Add(1)
					c.Secret, c.Expires = []byte("rotated"), time.Now().Add(time.Hour)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if calls.Load() != 1 {
			t.Errorf("the token was rotated %d times", calls.Load())
		}
		if c, err := s.Connection(bg, id); err != nil || string(c.Secret) != "rotated" || c.Expires.IsZero() {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestRefresh(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		id := p.adaPair.LeftID
		// While the token endpoint takes its time, others write, in the same
		// row's table too, and another refresh waits until its time is up.
		must(t, s.RefreshConnection(bg, id, func(c *store.Connection) error {
			must(t, s.NeedReconnect(bg, p.adaPair.RightID, "x"))
			must(t, s.MarkDirty(bg, p.adaPair.ID))
			short, cancel := context.WithTimeout(bg, 60*time.Millisecond)
			defer cancel()
			is(t, s.RefreshConnection(short, id, func(*store.Connection) error { t.Error("two at once"); return nil }), context.DeadlineExceeded)
			return nil
		}))

		// An error stores nothing and lets go.
		stop := errors.New("no answer")
		is(t, s.RefreshConnection(bg, id, func(c *store.Connection) error { c.Secret = []byte("lost"); return stop }), stop)
		if c, err := s.Connection(bg, id); err != nil || string(c.Secret) != storetest.SeedSecret {
			t.Errorf("%s, %v", c.Secret, err)
		}

		// A rotated token is stored although whoever asked has gone.
		ctx, cancel := context.WithCancel(bg)
		must(t, s.RefreshConnection(ctx, id, func(c *store.Connection) error { c.Secret = []byte("kept"); cancel(); return nil }))
		if c, err := s.Connection(bg, id); err != nil || string(c.Secret) != "kept" {
			t.Errorf("%s, %v", c.Secret, err)
		}

		// A process that died holds the lease for a while only.
		now := timed(s)
		must(t, s.DB().Exec("UPDATE connections SET lease_owner = 'dead', lease_until = ? WHERE id = ?", now.t.Add(30*time.Second), id).Error)
		short, cancel := context.WithTimeout(bg, 60*time.Millisecond)
		defer cancel()
		is(t, s.RefreshConnection(short, id, func(*store.Connection) error { return nil }), context.DeadlineExceeded)
		now.forward(30 * time.Second)
		must(t, s.RefreshConnection(bg, id, func(c *store.Connection) error {
			c.State, c.Reason = store.StateReconnect, "Sign in again."
			return nil
		}))
		if c, err := s.Connection(bg, id); err != nil || c.State != store.StateReconnect {
			t.Errorf("%+v, %v", c, err)
		}

		// A disconnect during the refresh stands.
		is(t, s.RefreshConnection(bg, id, func(c *store.Connection) error {
			must(t, s.Disconnect(bg, p.ada.ID, id))
			c.Secret = []byte("risen")
			return nil
		}), store.ErrLeaseLost)
		if c, err := s.Connection(bg, id); err != nil || c.Secret != nil || c.State != store.StateDisconnected {
			t.Errorf("%+v, %v", c, err)
		}
		is(t, s.RefreshConnection(bg, id, func(*store.Connection) error { return nil }), store.ErrNotFound)
	})
}

// TestDisconnectEndsTheRun: what is under way writes nothing more, and the pair
// is free for the next connection to the same account.
func TestDisconnectEndsTheRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for name, end := range map[string]func(u store.User, p store.Pair) error{
			"disconnect": func(u store.User, p store.Pair) error { return s.Disconnect(bg, u.ID, p.RightID) },
			"another account": func(u store.User, _ store.Pair) error {
				return s.SaveConnection(bg, &store.Connection{UserID: u.ID, Side: store.SideCRM, Provider: "tryton", AccountID: "x", Secret: []byte("s")})
			},
		} {
			u, p := storetest.Seed(t, s, "https://idp.example.org", name)
			run := store.Run{PairID: p.ID, Kind: store.RunSync, Trigger: "manual"}
			must(t, s.CreateRun(bg, &run))
			fence, err := s.BeginRun(bg, p.ID, &run, time.Now(), time.Minute)
			must(t, err)
			must(t, end(u, p))
			if err := s.Commit(bg, p.ID, fence, store.Batch{Links: []store.Link{{ID: s.NewID()}}}); !errors.Is(err, store.ErrFenced) {
				t.Errorf("%s: the run writes on: %v", name, err)
			}
			ended, err := s.Run(bg, run.ID)
			must(t, err)
			p, err = s.Pair(bg, p.ID)
			must(t, err)
			if ended.State != store.RunFailed || ended.Reason == "" || ended.FinishedAt == nil || p.RunID != "" || p.Beat != nil {
				t.Errorf("%s: %+v, %+v", name, ended, p)
			}
		}
	})
}
