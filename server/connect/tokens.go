package connect

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/store"
)

const (
	ahead      = 5 * time.Minute  // how long before its end a token is renewed
	jitter     = time.Minute      // spreads many connections of one minute
	renewLimit = 90 * time.Second // waiting for others included
)

// source gives one open Book its access token.
type source struct {
	s  *Service
	p  provider.Provider
	id string

	mu     sync.Mutex
	access Secret
	renew  time.Time // zero: never ahead of an end that is not known
}

func (s *Service) source(p provider.Provider, c store.Connection, v vault) *source {
	src := &source{s: s, p: p, id: c.ID}
	src.keep(v, c.Expires)
	return src
}

func (t *source) keep(v vault, expires time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.access, t.renew = v.Access, renewal(v, expires)
}

// renewal is when a token is renewed: ahead of its end, but not in the first
// four fifths of a short life.
func renewal(v vault, expires time.Time) time.Time {
	if expires.IsZero() || v.Refresh == "" {
		return time.Time{}
	}
	early := ahead + rand.N(jitter)
	if v.Life > 0 && early > v.Life/5 {
		early = v.Life / 5
	}
	return expires.Add(-early)
}

// token is a fresh access token.
func (t *source) token(ctx context.Context) (string, error) {
	t.mu.Lock()
	access, due := t.access, t.access == "" || !t.renew.IsZero() && !t.s.o.Now().Before(t.renew)
	t.mu.Unlock()
	if !due {
		return access.Reveal(), nil
	}
	return t.fetch(ctx, "")
}

// refused renews a token that the provider refused before its end.
func (t *source) refused(ctx context.Context) error {
	t.mu.Lock()
	stale := t.access
	t.mu.Unlock()
	_, err := t.fetch(ctx, stale)
	return err
}

// renewed is what a refresh gives to all who waited for it.
type renewed struct {
	vault   vault
	expires time.Time
}

// fetch renews the token, once for all who ask at the same time. The first
// one's cancellation does not fail the others.
func (t *source) fetch(ctx context.Context, stale Secret) (string, error) {
	key := t.id
	if stale != "" {
		key += " refused"
	}
	result := t.s.refresh.DoChan(key, func() (any, error) {
		return t.s.renew(context.WithoutCancel(ctx), t.p, t.id, stale)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-result:
		if r.Err != nil {
			return "", r.Err
		}
		got := r.Val.(renewed)
		t.keep(got.vault, got.expires)
		return got.vault.Access.Reveal(), nil
	}
}

// renew refreshes the token under the connection's lease, which no other process
// holds, unless somebody else did so meanwhile. stale is an access token that
// the provider refused, "" for one that is only near its end. The new tokens are
// stored before anybody uses them: a rotated refresh token that is lost ends the
// connection.
func (s *Service) renew(ctx context.Context, p provider.Provider, id string, stale Secret) (renewed, error) {
	ctx, cancel := context.WithTimeout(ctx, renewLimit)
	defer cancel()
	var out renewed
	var refused error
	err := s.o.Store.RefreshConnection(ctx, id, func(c *store.Connection) error {
		v, err := decode(c.Secret)
		if err != nil {
			return err
		}
		if c.State == store.StateReconnect {
			return &contact.Error{Kind: contact.ErrReconnect, Message: c.Reason}
		}
		now, due := s.o.Now(), renewal(v, c.Expires)
		if v.Access != "" && v.Access != stale && (due.IsZero() || now.Before(due)) {
			out = renewed{v, c.Expires}
			return nil
		}
		next, err := s.call(ctx, p, *c, v)
		switch {
		case err == nil:
			out = next
			c.Expires = next.expires
			c.Secret, err = next.vault.encode()
			return err
		case errors.Is(err, contact.ErrReconnect):
			s.o.Log.WarnContext(ctx, "reconnect needed", "provider", p.ID, "connection", id)
			c.State, c.Reason, refused = store.StateReconnect, err.Error(), err
			return nil
		case v.Access != "" && v.Access != stale && now.Before(c.Expires.Add(-10*time.Second)):
			// It failed ahead of the end: the present token still serves.
			out = renewed{v, c.Expires}
			return nil
		}
		return err
	})
	var known *contact.Error
	switch {
	case err == nil:
		return out, refused
	case errors.Is(err, store.ErrNotFound):
		return renewed{}, &contact.Error{Kind: contact.ErrReconnect, Message: p.Name + " is not connected any more."}
	case errors.As(err, &known):
		return renewed{}, err
	}
	s.o.Log.ErrorContext(ctx, "a token could not be renewed", "provider", p.ID, "connection", id, "error", err)
	return renewed{}, &contact.Error{Kind: contact.ErrUnavailable, Cause: err,
		Message: "The sign-in at " + p.Name + " could not be renewed. Try again later."}
}

// call asks the token endpoint for new tokens (RFC 6749 section 6).
func (s *Service) call(ctx context.Context, p provider.Provider, c store.Connection, v vault) (renewed, error) {
	if v.Refresh == "" || p.OAuth == nil {
		return renewed{}, &contact.Error{Kind: contact.ErrReconnect, Message: "The permission at " + p.Name + " has ended. Connect again."}
	}
	config := s.client(p, at(p.OAuth, c.BaseURL))
	ctx = oidc.ClientContext(ctx, s.out)
	ask := func() (*oauth2.Token, error) {
		return config.TokenSource(ctx, &oauth2.Token{RefreshToken: v.Refresh.Reveal()}).Token()
	}
	token, err := ask()
	if err != nil && rest.Sent(err) {
		// The answer was lost, and the old token may be spent. Providers that
		// rotate accept it again for a moment, so ask once more, at once.
		token, err = ask()
	}
	if err != nil {
		return renewed{}, s.tokenError(ctx, p, err)
	}
	v.Access, v.Life = Secret(token.AccessToken), time.Duration(token.ExpiresIn)*time.Second
	if token.RefreshToken != "" {
		v.Refresh = Secret(token.RefreshToken)
	}
	var expires time.Time
	if v.Life > 0 {
		expires = s.o.Now().Add(v.Life)
	}
	return renewed{v, expires}, nil
}
