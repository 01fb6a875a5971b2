package connect_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/sandbox/kit"
	"tandem/store"
	"tandem/store/storetest"
)

const session = "hash-of-the-session"

// begin starts a redirect and goes through the provider's pages.
func (w *world) begin(t *testing.T, user store.User, id, person string, allow bool) url.Values {
	t.Helper()
	to, err := w.BeginOAuth(t.Context(), user, session, provider.Contacts, id, map[string]string{"url": w.url})
	if err != nil {
		t.Fatal(err)
	}
	back, err := kit.Walk(t.Context(), to, person, allow)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.Scheme + "://" + back.Host + back.Path; got != w.RedirectURL(id) {
		t.Fatalf("sent back to %s", got)
	}
	return back.Query()
}

// connect connects Cloud as a person.
func (w *world) connect(t *testing.T, person string) store.Connection {
	t.Helper()
	got, err := w.FinishOAuth(t.Context(), w.user, session, "cloud", w.begin(t, w.user, "cloud", person, true))
	if err != nil || got.Connection == nil {
		t.Fatalf("connect: %+v, %v", got, err)
	}
	return *got.Connection
}

// open opens the user's Book of a side as it is stored now.
func (w *world) open(t *testing.T, side provider.Side) (contact.Book, error) {
	t.Helper()
	c, err := w.Current(t.Context(), w.user.ID, side)
	if err != nil {
		t.Fatal(err)
	}
	return w.Open(t.Context(), c, connect.Open{})
}

func TestOAuth(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		for _, id := range []string{"cloud", "plain"} {
			got, err := w.FinishOAuth(t.Context(), w.user, session, id, w.begin(t, w.user, id, "ada@example.test", true))
			if err != nil || got.Connection == nil || !got.New {
				t.Fatalf("%s: %+v, %v", id, got, err)
			}
			c, err := w.Current(t.Context(), w.user.ID, provider.Contacts)
			if err != nil || c.ID != got.Connection.ID || c.Provider != id || c.Method != "oauth" || c.BaseURL != w.url || c.AccountID != "sub-ada" ||
				c.AccountName != "Ada" || c.State != store.StateConnected || c.Expires.Before(w.clock()) || c.OrganizationID != w.user.OrganizationID {
				t.Errorf("%s: %+v, %v", id, c, err)
			}
			book, err := w.open(t, provider.Contacts)
			if err != nil {
				t.Fatal(err)
			}
			d, err := book.Describe(t.Context())
			if err != nil || d.Account.ID != "sub-ada" {
				t.Errorf("%s: %+v, %v", id, d, err)
			}
			if n := book.(interface{ Requests() int64 }).Requests(); n != 1 {
				t.Errorf("%s: %d requests", id, n)
			}
			if _, ok := book.(contact.Sweeper); !ok {
				t.Errorf("%s: the Book is no Sweeper any more", id)
			}
		}
	})
}

func TestOAuthDenied(t *testing.T) {
	w := start(t, storetest.New(t), nil)
	if _, err := w.FinishOAuth(t.Context(), w.user, session, "cloud", w.begin(t, w.user, "cloud", "ada@example.test", false)); !errors.Is(err, connect.ErrDenied) {
		t.Errorf("denied: %v", err)
	}
	if all, err := w.store.Connections(t.Context(), w.user.ID); err != nil || len(all) != 0 {
		t.Errorf("stored: %v, %v", all, err)
	}
	if w.tokens.Load() != 0 {
		t.Error("the token endpoint was called")
	}
}

// TestTampering sends answers back that are not the ones that belong there: none
// makes a Connection.
func TestTampering(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		other := newUser(t, s, "bob")
		type answer struct {
			user              store.User
			session, provider string
			q                 url.Values
		}
		set := func(k string, v ...string) func(*testing.T, *answer) {
			return func(_ *testing.T, a *answer) { a.q[k] = v }
		}
		twice := func(k string) func(*testing.T, *answer) {
			return func(_ *testing.T, a *answer) { a.q.Add(k, a.q.Get(k)) }
		}
		for _, c := range []struct {
			name   string
			tamper func(*testing.T, *answer)
			want   error
		}{
			{"state missing", set("state"), connect.ErrAttempt},
			{"state empty", set("state", ""), connect.ErrAttempt},
			{"state wrong", set("state", strings.Repeat("A", 43)), connect.ErrAttempt},
			{"state twice", twice("state"), connect.ErrAttempt},
			{"state expired", func(*testing.T, *answer) { w.pass(connect.AttemptLife + time.Second) }, connect.ErrAttempt},
			{"state used", func(t *testing.T, a *answer) {
				if _, err := w.FinishOAuth(t.Context(), a.user, a.session, a.provider, url.Values{"state": a.q["state"], "error": {"access_denied"}}); !errors.Is(err, connect.ErrDenied) {
					t.Error(err)
				}
			}, connect.ErrAttempt},
			{"another session", func(_ *testing.T, a *answer) { a.session = "other" }, connect.ErrAttempt},
			{"no session", func(_ *testing.T, a *answer) { a.session = "" }, connect.ErrAttempt},
			{"another user", func(_ *testing.T, a *answer) { a.user = other }, connect.ErrAttempt},
			{"another provider", func(_ *testing.T, a *answer) { a.provider = "plain" }, connect.ErrAttempt},
			{"unknown provider", func(_ *testing.T, a *answer) { a.provider = "nobody" }, connect.ErrAttempt},
			{"another attempt's state", func(t *testing.T, a *answer) {
				a.q["state"] = w.begin(t, other, "cloud", "ben@example.test", true)["state"]
			}, connect.ErrAttempt},
			{"whole answer of another user", func(t *testing.T, a *answer) { a.q = w.begin(t, other, "cloud", "ben@example.test", true) }, connect.ErrAttempt},
			{"code of another user", func(t *testing.T, a *answer) {
				a.q["code"] = w.begin(t, other, "cloud", "ben@example.test", true)["code"]
			}, contact.ErrReconnect},
			{"code missing", set("code"), connect.ErrAttempt},
			{"code wrong", set("code", "guess"), contact.ErrReconnect},
			{"code twice", twice("code"), connect.ErrAttempt},
			{"iss of another", set("iss", "https://evil.example"), connect.ErrAttempt},
			{"iss twice", twice("iss"), connect.ErrAttempt},
			{"error and code", set("error", "access_denied"), connect.ErrDenied},
			{"error twice", func(_ *testing.T, a *answer) { a.q["error"] = []string{"", "access_denied"} }, connect.ErrAttempt},
			{"error unknown", set("error", "<b>call 0800</b>"), contact.ErrProtocol},
			{"administrator", set("error", "admin_policy_enforced"), contact.ErrAdminNeeded},
			{"administrator, Entra", func(_ *testing.T, a *answer) {
				a.q["error"], a.q["error_description"] = []string{"access_denied"}, []string{"AADSTS90094: admin consent"}
			}, contact.ErrAdminNeeded},
			{"provider fails", set("error", "server_error"), contact.ErrUnavailable},
			{"nonce of another attempt", func(*testing.T, *answer) { w.provider.FailNext(kit.FailNonce) }, contact.ErrProtocol},
			{"signature broken", func(*testing.T, *answer) { w.provider.FailNext(kit.FailSignature) }, contact.ErrProtocol},
			{"token endpoint down", func(*testing.T, *answer) { w.provider.FailNext(kit.FailToken) }, contact.ErrUnavailable},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := answer{w.user, session, "cloud", w.begin(t, w.user, "cloud", "ada@example.test", true)}
				c.tamper(t, &a)
				got, err := w.FinishOAuth(t.Context(), a.user, a.session, a.provider, a.q)
				if !errors.Is(err, c.want) || got.Connection != nil {
					t.Errorf("got %v (%+v), want %v", err, got, c.want)
				}
				if err != nil && strings.Contains(err.Error(), "0800") {
					t.Error("the answer's text is shown")
				}
				for _, u := range []store.User{w.user, other} {
					if all, err := s.Connections(t.Context(), u.ID); err != nil || len(all) != 0 {
						t.Errorf("stored: %v, %v", all, err)
					}
				}
			})
		}
	})
}

func TestDisconnect(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		for _, revoked := range []bool{true, false} {
			c := w.connect(t, "ada@example.test")
			book, err := w.open(t, provider.Contacts)
			if err != nil {
				t.Fatal(err)
			}
			if !revoked {
				w.provider.FailNext(kit.FailRevoke)
			}
			if err := w.Disconnect(t.Context(), w.user.ID, provider.Contacts); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Current(t.Context(), w.user.ID, provider.Contacts); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("after disconnecting: %v", err)
			}
			after, err := s.Connection(t.Context(), c.ID)
			if err != nil || after.State != store.StateDisconnected || after.Secret != nil {
				t.Errorf("the secrets: %+v, %v", after.State, err)
			}
			if _, err := w.Open(t.Context(), after, connect.Open{}); !errors.Is(err, contact.ErrReconnect) {
				t.Errorf("open: %v", err)
			}
			if _, err := book.Describe(t.Context()); errors.Is(err, contact.ErrReconnect) != revoked {
				t.Errorf("revoked %v: %v", revoked, err)
			}
			if err := w.Disconnect(t.Context(), w.user.ID, provider.Contacts); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("disconnecting twice: %v", err)
			}
		}
	})
}
