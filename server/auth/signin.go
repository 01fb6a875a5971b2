package auth

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"tandem/store"
)

// The purposes of attempts and tickets.
const (
	purposeSignIn = "sign-in"
	purposeDialog = "dialog"
	purposeSetup  = "set-up"
	// AutoSync is the purpose of a ticket that opens Automatic sync in a tab.
	AutoSync = "auto-sync"
)

// Begin is how a sign-in begins.
type Begin struct {
	// ReturnTo is the path to which the sign-in leads back.
	ReturnTo string
	// Hint is the e-mail address that the issuer may offer.
	Hint string
	// Challenge is set where Outlook's dialog signs in for the sidebar: the S256
	// challenge (RFC 7636) of a verifier that only the pane knows. The redirect
	// then comes back to AddinURL, so that the dialog ends where its parent may
	// hear it, and the one-time code serves nobody but the pane.
	Challenge string
	// Attempt is the browser's present value of AttemptCookie, "" for none: with
	// it two tabs can sign in at the same time.
	Attempt string
}

// Begun is a sign-in under way.
type Begun struct {
	// URL is where the browser goes.
	URL string
	// Attempt is the value of AttemptCookie, which binds the answer to this
	// browser; the cookie lives AttemptLife.
	Attempt string
}

// Result is a sign-in that succeeded.
type Result struct {
	User store.User
	// Session is the new value of SessionCookie; for a dialog it is empty.
	Session string
	// ReturnTo is a path of our own.
	ReturnTo string
	// Code is what a dialog gives to its parent: it works once and for
	// TicketLife, see Exchange.
	Code string
}

// secrets are what only the server may know of an attempt.
type secrets struct{ Verifier, Nonce, Challenge string }

// Begin starts a sign-in.
func (s *Service) Begin(ctx context.Context, b Begin) (Begun, error) {
	if b.Challenge != "" && len(b.Challenge) != secretLength {
		return Begun{}, ErrAttempt
	}
	found, err := s.discover(ctx)
	if err != nil {
		return Begun{}, err
	}
	state, browser := NewSecret(), b.Attempt
	if len(browser) != secretLength {
		browser = NewSecret()
	}
	hidden := secrets{Verifier: oauth2.GenerateVerifier(), Nonce: NewSecret(), Challenge: b.Challenge}
	sealed, err := json.Marshal(hidden)
	if err != nil {
		return Begun{}, err
	}
	attempt := store.Attempt{
		StateHash: Hash(state), Purpose: purposeSignIn, SessionHash: Hash(browser),
		ReturnTo: s.ReturnTo(b.ReturnTo), Secret: sealed, ExpiresAt: s.o.Now().Add(AttemptLife),
	}
	if b.Challenge != "" {
		attempt.Purpose = purposeDialog
	}
	if err := s.o.Store.CreateAttempt(ctx, attempt); err != nil {
		return Begun{}, err
	}
	params := []oauth2.AuthCodeOption{oidc.Nonce(hidden.Nonce), oauth2.S256ChallengeOption(hidden.Verifier)}
	if b.Hint != "" {
		params = append(params, oauth2.SetAuthURLParam("login_hint", b.Hint))
	}
	return Begun{URL: s.oauth(found, attempt.Purpose).AuthCodeURL(state, params...), Attempt: browser}, nil
}

// Finish ends a sign-in, the page's or the dialog's, with the query of the
// issuer's answer and the value of AttemptCookie. Whatever comes back, the
// attempt is used up. The caller signs an older session out and sets the new
// one; AttemptCookie is left to expire.
func (s *Service) Finish(ctx context.Context, q url.Values, browser string) (Result, error) {
	for _, once := range []string{"state", "code", "error", "iss"} {
		if len(q[once]) > 1 {
			return Result{}, ErrAttempt
		}
	}
	if q.Get("state") == "" || browser == "" {
		return Result{}, ErrAttempt
	}
	state := Hash(q.Get("state"))
	attempt, err := s.o.Store.TakeAttempt(ctx, purposeSignIn, state)
	if errors.Is(err, store.ErrNotFound) {
		attempt, err = s.o.Store.TakeAttempt(ctx, purposeDialog, state)
	}
	if errors.Is(err, store.ErrNotFound) {
		return Result{}, ErrAttempt
	} else if err != nil {
		return Result{}, err
	}
	if subtle.ConstantTimeCompare([]byte(attempt.SessionHash), []byte(Hash(browser))) != 1 {
		return Result{}, ErrAttempt
	}
	found, err := s.discover(ctx)
	if err != nil {
		return Result{}, err
	}
	if !s.rightIssuer(found, q) {
		return Result{}, ErrRefused
	}
	if code := q.Get("error"); code != "" {
		return Result{}, s.refusal(code)
	}
	c, challenge, err := s.redeem(ctx, found, attempt, q.Get("code"))
	if err != nil {
		return Result{}, err
	}
	id, admin, err := s.identity(c)
	if errors.Is(err, ErrRefused) {
		s.o.Log.Warn("sign-in: the ID token was refused", "error", err)
		err = ErrRefused
	}
	if err != nil {
		return Result{}, err
	}
	user, err := s.person(ctx, id, admin)
	if err != nil {
		return Result{}, err
	}
	out := Result{User: user, ReturnTo: s.ReturnTo(attempt.ReturnTo)}
	if attempt.Purpose == purposeDialog {
		out.Code, err = s.ticket(ctx, user.ID, purposeDialog, challenge)
	} else {
		out.Session, err = s.open(ctx, user.ID, store.PageSession)
	}
	return out, err
}

// redeem exchanges the code for an ID token and gives its claims.
func (s *Service) redeem(ctx context.Context, found *issuer, attempt store.Attempt, code string) (c claims, challenge string, err error) {
	var hidden secrets
	if err := json.Unmarshal(attempt.Secret, &hidden); err != nil || code == "" {
		return c, "", ErrAttempt
	}
	ctx = oidc.ClientContext(ctx, s.o.HTTP)
	token, err := s.oauth(found, attempt.Purpose).Exchange(ctx, code, oauth2.VerifierOption(hidden.Verifier))
	if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) {
		s.o.Log.Warn("sign-in: the code was refused", "status", refused.Response.StatusCode, "code", refused.ErrorCode)
		return c, "", ErrRefused
	} else if err != nil {
		s.o.Log.Error("sign-in: the token endpoint failed", "error", err)
		return c, "", ErrIssuer
	}
	raw, _ := token.Extra("id_token").(string)
	c, err = s.verify(ctx, found, raw)
	if err == nil && subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(hidden.Nonce)) != 1 {
		err = errors.New("nonce differs")
	}
	if err != nil {
		s.o.Log.Warn("sign-in: the ID token was refused", "error", err)
		if errors.Is(err, ErrIssuer) {
			return c, "", ErrIssuer
		}
		return c, "", ErrRefused
	}
	if c.Email == "" && found.UserInfoEndpoint() != "" && !s.isEntra() {
		s.userInfo(ctx, found, token, &c)
	}
	return c, hidden.Challenge, nil
}

func (s *Service) verify(ctx context.Context, found *issuer, raw string) (c claims, err error) {
	token, err := s.verifier(found).Verify(ctx, raw)
	if err != nil && strings.Contains(err.Error(), "fetching keys") { // go-oidc has no type for it
		return c, fmt.Errorf("%w (%w)", ErrIssuer, err)
	} else if err != nil {
		return c, err
	}
	return c, token.Claims(&c)
}

// userInfo adds name and e-mail from the issuer's UserInfo, for issuers that
// keep them out of the ID token. Its subject must be the token's (OpenID
// Connect Core 5.3.2). Without it the sign-in succeeds all the same.
func (s *Service) userInfo(ctx context.Context, found *issuer, token *oauth2.Token, c *claims) {
	info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != c.Subject {
		s.o.Log.Warn("sign-in: UserInfo was not usable", "error", err)
		return
	}
	var more claims
	if info.Claims(&more) == nil {
		c.Email, c.Verified = more.Email, more.Verified
		if c.Name == "" {
			c.Name = more.Name
		}
	}
}

// refusal is the sentence for an error that the issuer answered (RFC 6749
// section 4.1.2.1, OpenID Connect Core 3.1.2.6). The issuer's own text is not
// shown: anybody can make a link with any text.
func (s *Service) refusal(code string) error {
	switch code {
	case "access_denied":
		return ErrDenied
	case "consent_required", "unauthorized_client":
		return ErrConsent
	case "temporarily_unavailable", "server_error":
		return ErrIssuer
	}
	return ErrRefused
}

func (s *Service) oauth(found *issuer, purpose string) *oauth2.Config {
	page, dialog := s.RedirectURLs()
	c := &oauth2.Config{
		ClientID: s.o.ClientID, ClientSecret: s.o.ClientSecret, Endpoint: found.Endpoint(),
		RedirectURL: page, Scopes: []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail},
	}
	c.Endpoint.AuthStyle = found.style
	if purpose == purposeDialog {
		c.RedirectURL = dialog
	}
	return c
}
