package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/store"
	"tandem/store/storetest"
)

func TestTicketWorksOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		now := timed(s)
		ticket := store.Ticket{Hash: "h", UserID: p.ada.ID, Purpose: "page", Data: "/sync", ExpiresAt: now.t.Add(time.Minute)}
		must(t, s.CreateTicket(bg, ticket))
		is(t, s.CreateTicket(bg, ticket), store.ErrExists)
		for _, wrong := range [][2]string{{"page", "other"}, {"dialog", "h"}} {
			_, err := s.RedeemTicket(bg, wrong[0], wrong[1])
			is(t, err, store.ErrNotFound)
		}
		var winners atomic.Int32
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				got, err := s.RedeemTicket(bg, "page", "h")
				switch err {
				case nil:
					winners.Add(1)
					if got.UserID != p.ada.ID || got.Data != "/sync" || got.UsedAt == nil {
						t.Errorf("%+v", got)
					}
				case store.ErrNotFound:
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if winners.Load() != 1 {
			t.Errorf("%d of 100 redeemed one ticket", winners.Load())
		}
		ticket.Hash = "late"
		must(t, s.CreateTicket(bg, ticket))
		now.forward(time.Minute)
		_, err := s.RedeemTicket(bg, "page", "late")
		is(t, err, store.ErrNotFound)
	})
}

func TestAttemptIsTakenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		now := timed(s)
		for _, a := range []store.Attempt{
			{StateHash: "connect", Purpose: "connect", OrganizationID: p.organization, UserID: p.ada.ID, SessionHash: "s",
				Side: store.SideCRM, Provider: "espocrm", ReturnTo: "/x", Secret: []byte("verifier")},
			{StateHash: "sign-in", Purpose: "sign-in", SessionHash: "s", Secret: []byte("nonce")},
			{StateHash: "late", Purpose: "sign-in"},
		} {
			a.ExpiresAt = now.t.Add(10 * time.Minute)
			must(t, s.CreateAttempt(bg, a))
		}
		_, err := s.TakeAttempt(bg, "sign-in", "connect")
		is(t, err, store.ErrNotFound)
		a, err := s.TakeAttempt(bg, "connect", "connect")
		if err != nil || string(a.Secret) != "verifier" || a.Provider != "espocrm" || a.SessionHash != "s" || a.UserID != p.ada.ID {
			t.Errorf("%+v, %v", a, err)
		}
		if a, err = s.TakeAttempt(bg, "sign-in", "sign-in"); err != nil || string(a.Secret) != "nonce" {
			t.Errorf("%+v, %v", a, err)
		}
		for _, state := range []string{"connect", "sign-in", "none"} {
			for _, purpose := range []string{"connect", "sign-in"} {
				_, err = s.TakeAttempt(bg, purpose, state)
				is(t, err, store.ErrNotFound)
			}
		}
		var kept int64
		must(t, s.DB().Model(&store.Attempt{}).Where("state_hash <> 'late' AND secret IS NOT NULL").Count(&kept).Error)
		if kept != 0 {
			t.Errorf("%d used attempts keep their secret", kept)
		}
		now.forward(10 * time.Minute)
		_, err = s.TakeAttempt(bg, "sign-in", "late")
		is(t, err, store.ErrNotFound)
	})
}

func TestSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		now := timed(s)
		for hash, u := range map[string]store.User{"a1": p.ada, "a2": p.ada, "b": p.bob} {
			must(t, s.CreateSession(bg, store.Session{Hash: hash, Kind: store.SidebarSession, UserID: u.ID, ExpiresAt: now.t.Add(time.Hour)}))
		}
		session, u, err := s.Session(bg, store.SidebarSession, "a1")
		if err != nil || u != p.ada || session.CreatedAt != now.t {
			t.Errorf("%+v, %+v, %v", session, u, err)
		}
		_, _, err = s.Session(bg, store.PageSession, "a1")
		is(t, err, store.ErrNotFound)
		must(t, s.DeleteSession(bg, "a1"))
		must(t, s.DeleteSession(bg, "a1"))
		_, _, err = s.Session(bg, store.SidebarSession, "a1")
		is(t, err, store.ErrNotFound)
		must(t, s.DeleteSessions(bg, p.ada.ID))
		_, _, err = s.Session(bg, store.SidebarSession, "a2")
		is(t, err, store.ErrNotFound)
		if _, u, err = s.Session(bg, store.SidebarSession, "b"); err != nil || u.ID != p.bob.ID {
			t.Error(u, err)
		}
		if s.CreateSession(bg, store.Session{Hash: "x", UserID: "nobody"}) == nil {
			t.Error("a session of nobody")
		}
	})
}
