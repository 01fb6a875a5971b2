package connect

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/store"
)

const purposeConnect = "connect"

// errand is what only the server may know of a redirect under way.
type errand struct {
	Verifier, Nonce string
	BaseURL         string
	Values          map[string]string
}

// BeginOAuth starts a redirect: it gives the provider's address to which the
// browser goes. The attempt is bound to user, session and provider, works once
// and lives AttemptLife. The error is Faults where something typed is wrong.
func (s *Service) BeginOAuth(ctx context.Context, user store.User, sessionHash string, side provider.Side, providerID string, typed map[string]string) (string, error) {
	p, ok := s.Provider(side, providerID)
	if !ok || p.OAuth == nil || !slices.Contains(p.Methods, provider.OAuth) {
		return "", ErrNoSuch
	}
	base, err := s.baseURL(ctx, user, p, typed[URLField])
	if err != nil {
		return "", err
	}
	e := errand{Verifier: oauth2.GenerateVerifier(), Nonce: newState(), BaseURL: base, Values: map[string]string{}}
	for _, f := range p.Fields {
		if v := strings.TrimSpace(typed[f.Name]); v != "" && !f.Secret {
			e.Values[f.Name] = v
		}
	}
	sealed, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	state := newState()
	if err := s.o.Store.CreateAttempt(ctx, store.Attempt{
		StateHash: hash(state), Purpose: purposeConnect, OrganizationID: user.OrganizationID, UserID: user.ID,
		SessionHash: sessionHash, Side: string(side), Provider: p.ID, Secret: sealed, ExpiresAt: s.o.Now().Add(AttemptLife),
	}); err != nil {
		return "", err
	}
	config := at(p.OAuth, base)
	params := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(e.Verifier)}
	if config.Issuer != "" {
		params = append(params, oidc.Nonce(e.Nonce))
	}
	for k, v := range config.AuthParams {
		params = append(params, oauth2.SetAuthURLParam(k, v))
	}
	return s.client(p, config).AuthCodeURL(state, params...), nil
}

// FinishOAuth ends a redirect with the query that came back to the provider's
// RedirectURL. Whatever comes back, the attempt is used up. Faults of the
// account come with the Result; the error is ErrAttempt, ErrDenied or a
// *contact.Error for the redirect itself, else trouble of our own.
func (s *Service) FinishOAuth(ctx context.Context, user store.User, sessionHash, providerID string, q url.Values) (Result, error) {
	for _, once := range []string{"state", "code", "error", "iss"} {
		if len(q[once]) > 1 {
			return Result{}, ErrAttempt
		}
	}
	a, err := s.o.Store.TakeAttempt(ctx, purposeConnect, hash(q.Get("state")))
	if errors.Is(err, store.ErrNotFound) {
		return Result{}, ErrAttempt
	} else if err != nil {
		return Result{}, err
	}
	mine := a.UserID == user.ID && a.Provider == providerID &&
		sessionHash != "" && subtle.ConstantTimeCompare([]byte(a.SessionHash), []byte(sessionHash)) == 1
	p, ok := s.Provider(provider.Side(a.Side), a.Provider)
	var e errand
	if !mine || !ok || p.OAuth == nil || json.Unmarshal(a.Secret, &e) != nil {
		return Result{}, ErrAttempt
	}
	config := at(p.OAuth, e.BaseURL)
	if !rightIssuer(config, q.Get("iss")) {
		s.o.Log.WarnContext(ctx, "connect: the answer names another issuer", "provider", p.ID)
		return Result{}, ErrAttempt
	}
	if code := q.Get("error"); code != "" {
		s.o.Log.InfoContext(ctx, "connect: the provider refused", "provider", p.ID, "code", known(code))
		return Result{}, refusal(p, code, q.Get("error_description"))
	}
	if q.Get("code") == "" {
		return Result{}, ErrAttempt
	}
	d, err := s.exchange(ctx, p, config, e, q.Get("code"))
	if err != nil {
		return Result{}, err
	}
	result, err := s.establish(ctx, user, p, d, nil)
	if result.Connection == nil {
		result.Typed = map[string]string{URLField: e.BaseURL}
	}
	return result, err
}

// exchange trades the code for tokens and checks the ID token where there is one.
func (s *Service) exchange(ctx context.Context, p provider.Provider, config provider.OAuthConfig, e errand, code string) (draft, error) {
	ctx = oidc.ClientContext(ctx, s.out)
	token, err := s.client(p, config).Exchange(ctx, code, oauth2.VerifierOption(e.Verifier))
	if err != nil {
		return draft{}, s.tokenError(ctx, p, err)
	}
	d := draft{Method: provider.OAuth, BaseURL: e.BaseURL, Values: e.Values, Access: token.AccessToken, Refresh: token.RefreshToken}
	d.Life = time.Duration(token.ExpiresIn) * time.Second
	if d.Life > 0 {
		d.Expires = s.o.Now().Add(d.Life)
	}
	for _, k := range []string{"instance_url", "api_domain", "api_server"} {
		if v, _ := token.Extra(k).(string); v != "" {
			d.Values[k] = v
		}
	}
	if config.Issuer != "" {
		raw, _ := token.Extra("id_token").(string)
		if err := s.checkIDToken(ctx, config, raw, e.Nonce); err != nil {
			s.o.Log.WarnContext(ctx, "connect: the ID token was refused", "provider", p.ID, "error", err)
			return draft{}, &contact.Error{Kind: contact.ErrProtocol, Cause: err,
				Message: p.Name + " gave an answer that cannot be trusted. Click Connect again."}
		}
	}
	return d, nil
}

// client is what the oauth2 library needs. Client credentials go in the form:
// trying both ways, as the library does by itself, would spend a code or a
// rotated token on the first.
func (s *Service) client(p provider.Provider, c provider.OAuthConfig) *oauth2.Config {
	return &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURL: s.RedirectURL(p.ID), Scopes: c.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: c.AuthURL, TokenURL: c.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
	}
}

// at is a configuration for one base URL.
func at(c *provider.OAuthConfig, base string) provider.OAuthConfig {
	fill := func(s string) string { return strings.ReplaceAll(s, "{base}", base) }
	out := *c
	out.AuthURL, out.TokenURL, out.RevokeURL, out.Issuer = fill(c.AuthURL), fill(c.TokenURL), fill(c.RevokeURL), fill(c.Issuer)
	out.Scopes = slices.Clone(c.Scopes)
	for i := range out.Scopes {
		out.Scopes[i] = fill(out.Scopes[i])
	}
	out.AuthParams = make(map[string]string, len(c.AuthParams))
	for k, v := range c.AuthParams {
		out.AuthParams[k] = fill(v)
	}
	return out
}

// newState makes 256 random bits.
func newState() string {
	var b [32]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hash is what is stored of a state.
func hash(state string) string {
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:])
}
