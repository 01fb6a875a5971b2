package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"tandem/store"
)

// Token is a bearer token for the sidebar, which keeps it in memory only.
type Token struct {
	Secret    string
	ExpiresAt time.Time
	User      store.User
}

// Exchange gives the sidebar a bearer token for a dialog's one-time code and
// the verifier of the challenge with which the dialog began. It answers
// ErrTicket.
func (s *Service) Exchange(ctx context.Context, code, verifier string) (Token, error) {
	t, err := s.useTicket(ctx, code, purposeDialog)
	if err != nil {
		return Token{}, err
	}
	if subtle.ConstantTimeCompare([]byte(oauth2.S256ChallengeFromVerifier(verifier)), []byte(t.Data)) != 1 {
		return Token{}, ErrTicket
	}
	user, err := s.holder(ctx, t)
	if err != nil {
		return Token{}, err
	}
	secret, err := s.open(ctx, user.ID, store.SidebarSession)
	return Token{Secret: secret, ExpiresAt: s.o.Now().Add(BearerLife), User: user}, err
}

// Bearer says who holds a bearer token: one of ours, or, where APIScope is set,
// an access token of Entra for our API (nested app authentication). It answers
// ErrSignedOut, or ErrIssuer where the issuer's keys cannot be had.
func (s *Service) Bearer(ctx context.Context, token string) (Current, error) {
	if strings.Count(token, ".") == 2 {
		return s.nested(ctx, token)
	}
	return s.current(ctx, token, store.SidebarSession)
}

// nested checks an access token for our own API: signature, audience, time,
// tenant, and the scope, which tokens of applications without a person lack.
func (s *Service) nested(ctx context.Context, raw string) (Current, error) {
	if s.o.APIScope == "" || !s.isEntra() {
		return Current{}, ErrSignedOut
	}
	found, err := s.discover(ctx)
	if err != nil {
		return Current{}, err
	}
	c, err := s.verify(ctx, found, raw)
	if err == nil && !slices.Contains(strings.Fields(c.Scope), s.o.APIScope) {
		err = errors.New("the scope is missing")
	}
	var id store.SignIn
	var admin bool
	if err == nil {
		id, admin, err = s.identity(c)
	}
	if err != nil {
		s.o.Log.Warn("sidebar: an access token was refused", "error", err)
		if errors.Is(err, ErrIssuer) {
			return Current{}, ErrIssuer
		}
		return Current{}, ErrSignedOut
	}
	user, err := s.person(ctx, id, admin)
	return Current{User: user, Demoted: user.Admin, Hash: Hash(raw), Kind: store.SidebarSession}, err
}
