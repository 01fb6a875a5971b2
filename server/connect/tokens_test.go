package connect_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/sandbox/kit"
	"tandem/store"
	"tandem/store/storetest"
)

func TestRefreshAhead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		before := w.connect(t, "ada@example.test")
		w.tokens.Store(0)
		book, err := w.open(t, provider.Contacts)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(calls int32) {
			t.Helper()
			if _, err := book.Describe(t.Context()); err != nil {
				t.Error(err)
			}
			if n := w.tokens.Load(); n != calls {
				t.Errorf("%d token calls, want %d", n, calls)
			}
		}
		ask(0)
		w.pass(53 * time.Minute)
		ask(0)
		w.pass(2 * time.Minute) // five minutes before its end
		ask(1)
		ask(1)
		after, err := s.Connection(t.Context(), before.ID)
		if err != nil || string(after.Secret) == string(before.Secret) || !after.Expires.After(before.Expires) {
			t.Errorf("the new tokens are not stored: %v", err)
		}
		for range 3 { // the rotated token serves again and again
			w.pass(time.Hour)
			if _, err := book.Describe(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ask(4)
	})
}

// TestRefreshOnce lets two processes use one connection at the moment its token
// is due.
func TestRefreshOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		w.connect(t, "ada@example.test")
		w.tokens.Store(0)
		second := connect.New(w.options)
		c, err := w.Current(t.Context(), w.user.ID, provider.Contacts)
		if err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Hour)
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				from := w.Service
				if i%2 == 1 {
					from = second
				}
				book, err := from.Open(t.Context(), c, connect.Open{})
				if err == nil {
					_, err = book.Describe(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := w.tokens.Load(); n != 1 {
			t.Errorf("%d token calls", n)
		}
	})
}

func TestRefreshFails(t *testing.T) {
	due := 2 * time.Hour
	for _, c := range []struct {
		name    string
		options func(*kit.OIDCOptions)
		after   time.Duration
		fail    func(*world)
		want    error
		state   store.ConnectionState
		later   error // the next time
	}{
		{"permission withdrawn", nil, due, func(w *world) { w.provider.RevokeUser("sub-ada") },
			contact.ErrReconnect, store.StateReconnect, contact.ErrReconnect},
		{"endpoint down", nil, due, func(w *world) { w.provider.FailNext(kit.FailToken) },
			contact.ErrUnavailable, store.StateConnected, nil},
		{"endpoint down ahead of the end", nil, 56 * time.Minute, func(w *world) { w.provider.FailNext(kit.FailToken) },
			nil, store.StateConnected, nil},
		{"answer lost, old token kept", func(o *kit.OIDCOptions) { o.KeepRefresh = true }, due,
			func(w *world) { w.provider.FailNext(kit.FailTokenLost) }, nil, store.StateConnected, nil},
		{"answer lost, old token spent", nil, due, func(w *world) { w.provider.FailNext(kit.FailTokenLost) },
			contact.ErrReconnect, store.StateReconnect, contact.ErrReconnect},
		{"refused before its end", nil, 0, func(w *world) { w.provider.ExpireAccess() }, nil, store.StateConnected, nil},
		{"refused before its end, endpoint down", nil, 0, func(w *world) { w.provider.ExpireAccess(); w.provider.FailNext(kit.FailToken) },
			contact.ErrUnavailable, store.StateConnected, nil},
		{"withdrawn before its end", nil, 0, func(w *world) { w.provider.RevokeUser("sub-ada") },
			contact.ErrReconnect, store.StateReconnect, contact.ErrReconnect},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, use := range map[string]func(contact.Book) error{
				"describe": func(b contact.Book) error { _, err := b.Describe(t.Context()); return err },
				"get":      func(b contact.Book) error { _, _, err := b.Get(t.Context(), nil); return err },
				"find":     func(b contact.Book) error { _, err := b.Find(t.Context(), contact.Query{}); return err },
				"write": func(b contact.Book) error {
					_, err := b.Write(t.Context(), make([]contact.Mutation, 2))
					return err
				},
				"changes": func(b contact.Book) error {
					pages := 0
					for _, err := range b.Changes(t.Context(), nil) {
						if err != nil {
							return err
						}
						pages++
					}
					if pages != 2 {
						t.Errorf("%d pages", pages)
					}
					return nil
				},
				"sweep": func(b contact.Book) error {
					for _, err := range b.(contact.Sweeper).Sweep(t.Context()) {
						if err != nil {
							return err
						}
					}
					return nil
				},
			} {
				t.Run(name, func(t *testing.T) {
					w := start(t, storetest.New(t), c.options)
					w.connect(t, "ada@example.test")
					book, err := w.open(t, provider.Contacts)
					if err != nil {
						t.Fatal(err)
					}
					w.pass(c.after)
					c.fail(w)
					if err := use(book); !errors.Is(err, c.want) {
						t.Errorf("got %v, want %v", err, c.want)
					}
					now, err := w.Current(t.Context(), w.user.ID, provider.Contacts)
					if err != nil || now.State != c.state || (now.Reason != "") != (c.state == store.StateReconnect) {
						t.Errorf("state %s (%s), want %s: %v", now.State, now.Reason, c.state, err)
					}
					again, err := w.open(t, provider.Contacts)
					if err == nil {
						err = use(again)
					}
					if !errors.Is(err, c.later) {
						t.Errorf("the next time: %v, want %v", err, c.later)
					}
				})
			}
		})
	}
}

func TestReconnectKeepsLinks(t *testing.T) {
	w := start(t, storetest.New(t), nil)
	before := w.connect(t, "ada@example.test")
	w.provider.RevokeUser("sub-ada")
	book, err := w.open(t, provider.Contacts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.Describe(t.Context()); !errors.Is(err, contact.ErrReconnect) {
		t.Fatal(err)
	}
	after := w.connect(t, "ada@example.test")
	if after.ID != before.ID || after.State != store.StateConnected || after.Reason != "" {
		t.Errorf("connected anew: %+v", after)
	}
	// The old Book's late refusal says nothing about the new sign-in.
	if _, err := book.Describe(t.Context()); err != nil && !errors.Is(err, contact.ErrReconnect) {
		t.Error(err)
	}
	if now, err := w.Current(t.Context(), w.user.ID, provider.Contacts); err != nil || now.State != store.StateConnected {
		t.Errorf("state %s, %v", now.State, err)
	}
}
