package connect

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/store"
)

// Disconnect ends the user's Connection on a side: its secrets are erased at
// once, then the permission is withdrawn at the provider where that is
// possible. Both sides' contacts stay as they are, and the links for KeepLinks.
// It answers store.ErrNotFound where nothing is connected.
func (s *Service) Disconnect(ctx context.Context, userID string, side provider.Side) error {
	c, err := s.Current(ctx, userID, side)
	if err != nil {
		return err
	}
	if err := s.o.Store.Disconnect(ctx, userID, c.ID); err != nil {
		return err
	}
	s.forgetSpent(c.ID)
	s.revoke(ctx, c)
	return nil
}

// MarkReconnect notes that a Connection needs its person: "Reconnect needed",
// with the sentence of err.
func (s *Service) MarkReconnect(ctx context.Context, connectionID string, err error) error {
	return s.o.Store.NeedReconnect(ctx, connectionID, err.Error())
}

// revoke withdraws a permission (RFC 7009). It is best effort: whoever
// disconnects must not be held up by a provider that does not answer.
func (s *Service) revoke(ctx context.Context, c store.Connection) {
	p, ok := s.Provider(provider.Side(c.Side), c.Provider)
	if !ok || p.OAuth == nil || p.OAuth.RevokeURL == "" || c.Method != string(provider.OAuth) || c.Secret == nil {
		return
	}
	v, err := decode(c.Secret)
	if err != nil {
		s.o.Log.WarnContext(ctx, "revocation skipped", "provider", p.ID, "connection", c.ID, "error", err)
		return
	}
	config := at(p.OAuth, c.BaseURL)
	form := url.Values{"token": {v.Refresh.Reveal()}, "token_type_hint": {"refresh_token"}, "client_id": {config.ClientID}}
	if v.Refresh == "" {
		form.Set("token", v.Access.Reveal())
		form.Set("token_type_hint", "access_token")
	}
	if config.ClientSecret != "" {
		form.Set("client_secret", config.ClientSecret)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, config.RevokeURL, strings.NewReader(form.Encode()))
	if err != nil {
		s.o.Log.WarnContext(ctx, "revocation failed", "provider", p.ID, "connection", c.ID)
		return
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.out.Do(r)
	if err != nil {
		s.o.Log.WarnContext(ctx, "revocation failed", "provider", p.ID, "connection", c.ID, "kind", kind(err))
		return
	}
	answer.Body.Close()
	s.o.Log.InfoContext(ctx, "revoked", "provider", p.ID, "connection", c.ID, "status", answer.StatusCode)
}

// kind is the word of contact's vocabulary for an error, for the log.
func kind(err error) string {
	for _, k := range []error{contact.ErrUnreachable, contact.ErrCertificate, contact.ErrBlocked, contact.ErrProtocol, contact.ErrUnavailable, contact.ErrQuota} {
		if errors.Is(err, k) {
			return k.Error()
		}
	}
	return "failed"
}
