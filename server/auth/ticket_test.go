package auth_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/auth"
	"tandem/store"
	"tandem/store/storetest"
)

func TestTicket(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, func(o *auth.Options) { o.Admins = []string{"ada@example.test"} })
		ada := w.signIn(t, "ada@example.test").User
		make := func() string {
			secret, err := w.NewTicket(t.Context(), ada.ID, auth.AutoSync)
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
		secret := make()
		for range 3 { // looking does not use it up
			if u, err := w.PeekTicket(t.Context(), secret, auth.AutoSync); err != nil || u.ID != ada.ID {
				t.Fatalf("peek: %+v, %v", u, err)
			}
		}
		if _, err := w.PeekTicket(t.Context(), secret, "other"); !errors.Is(err, auth.ErrTicket) {
			t.Errorf("peek for another purpose: %v", err)
		}
		if _, _, err := w.RedeemTicket(t.Context(), secret, "other"); !errors.Is(err, auth.ErrTicket) {
			t.Errorf("redeem for another purpose: %v", err)
		}

		var won atomic.Int32
		var session atomic.Value
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				switch u, cookie, err := w.RedeemTicket(t.Context(), secret, auth.AutoSync); {
				case err == nil && u.ID == ada.ID:
					won.Add(1)
					session.Store(cookie)
				case !errors.Is(err, auth.ErrTicket):
					t.Errorf("redeem: %v", err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d of 100 won", won.Load())
		}
		if _, err := w.PeekTicket(t.Context(), secret, auth.AutoSync); !errors.Is(err, auth.ErrTicket) {
			t.Errorf("peek at a used one: %v", err)
		}
		c, err := w.Session(t.Context(), session.Load().(string))
		if err != nil || c.User.ID != ada.ID || c.Admin || !c.Demoted {
			t.Errorf("the session of a ticket: %+v, %v", c, err)
		}
		late := make()
		w.pass(auth.TicketLife)
		if _, err := w.PeekTicket(t.Context(), late, auth.AutoSync); !errors.Is(err, auth.ErrTicket) {
			t.Errorf("peek after a minute: %v", err)
		}
		if _, _, err := w.RedeemTicket(t.Context(), late, auth.AutoSync); !errors.Is(err, auth.ErrTicket) {
			t.Errorf("redeem after a minute: %v", err)
		}
		if _, err := w.Session(t.Context(), late); !errors.Is(err, auth.ErrSignedOut) {
			t.Errorf("a ticket serves as a cookie: %v", err)
		}
	})
}

func TestFirstAdministrator(t *testing.T) {
	admin := func(t *testing.T, w *world, email string) bool {
		t.Helper()
		c, err := w.Session(t.Context(), w.signIn(t, email).Session)
		if err != nil {
			t.Fatal(err)
		}
		return c.Admin
	}
	t.Run("ADMIN_EMAILS match a verified e-mail only", func(t *testing.T) {
		w := start(t, storetest.New(t), func(o *auth.Options) {
			o.Admins, o.Loopback = []string{"ada@example.test", "ben@example.test"}, true
		})
		if admin(t, w, "cleo@example.test") || admin(t, w, "ben@example.test") || !admin(t, w, "ada@example.test") {
			t.Error("the wrong people are administrators")
		}
		if code, err := w.SetupCode(t.Context()); code != "" || err != nil {
			t.Errorf("set-up code: %q, %v", code, err)
		}
	})
	t.Run("on loopback the first one", func(t *testing.T) {
		w := start(t, storetest.New(t), func(o *auth.Options) { o.Loopback = true })
		if !admin(t, w, "ben@example.test") || admin(t, w, "ada@example.test") || !admin(t, w, "ben@example.test") {
			t.Error("the wrong people are administrators")
		}
	})
	t.Run("else by the set-up code", func(t *testing.T) {
		w := start(t, storetest.New(t), nil)
		code, err := w.SetupCode(t.Context())
		if err != nil || len(code) < 26 {
			t.Fatalf("set-up code: %q, %v", code, err)
		}
		ben, ada := w.signIn(t, "ben@example.test").User, w.signIn(t, "ada@example.test").User
		if admin(t, w, "ben@example.test") {
			t.Error("the first one is an administrator")
		}
		for _, wrong := range []string{"", "guess", code[:len(code)-1]} {
			if err := w.ClaimSetup(t.Context(), ben, wrong); !errors.Is(err, auth.ErrSetup) {
				t.Errorf("code %q: %v", wrong, err)
			}
		}
		if err := w.ClaimSetup(t.Context(), ben, " "+code+" "); err != nil {
			t.Fatal(err)
		}
		if !admin(t, w, "ben@example.test") {
			t.Error("the code made no administrator")
		}
		if err := w.ClaimSetup(t.Context(), ada, code); !errors.Is(err, auth.ErrSetup) {
			t.Errorf("the code works twice: %v", err)
		}
		if code, err := w.SetupCode(t.Context()); code != "" || err != nil {
			t.Errorf("with an administrator: %q, %v", code, err)
		}
	})
	t.Run("the set-up code ends", func(t *testing.T) {
		w := start(t, storetest.New(t), nil)
		code, err := w.SetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ben := w.signIn(t, "ben@example.test").User
		w.pass(auth.SetupLife + time.Second)
		if err := w.ClaimSetup(t.Context(), ben, code); !errors.Is(err, auth.ErrSetup) {
			t.Errorf("after a day: %v", err)
		}
	})
}
