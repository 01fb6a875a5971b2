package auth

import (
	"context"
	"errors"

	"tandem/store"
)

// NewTicket makes a secret by which a tab goes on as this user. It lives
// TicketLife, works once and only for its purpose.
func (s *Service) NewTicket(ctx context.Context, userID, purpose string) (string, error) {
	return s.ticket(ctx, userID, purpose, "")
}

// PeekTicket says for whom a ticket is, for the button "Continue as ...". It
// changes nothing, so neither a link scanner nor a prefetch uses the ticket up.
// It answers ErrTicket.
func (s *Service) PeekTicket(ctx context.Context, secret, purpose string) (store.User, error) {
	var found []store.Ticket
	err := s.o.Store.DB().WithContext(ctx).
		Where("hash = ? AND purpose = ? AND used_at IS NULL AND expires_at > ?", Hash(secret), purpose, s.o.Now().UTC()).
		Limit(1).Find(&found).Error
	if err != nil {
		return store.User{}, err
	}
	if len(found) == 0 {
		return store.User{}, ErrTicket
	}
	return s.holder(ctx, found[0])
}

// RedeemTicket uses a ticket and gives a new value of SessionCookie, without
// an administrator's rights. It answers ErrTicket.
func (s *Service) RedeemTicket(ctx context.Context, secret, purpose string) (store.User, string, error) {
	t, err := s.useTicket(ctx, secret, purpose)
	if err != nil {
		return store.User{}, "", err
	}
	user, err := s.holder(ctx, t)
	if err != nil {
		return store.User{}, "", err
	}
	session, err := s.open(ctx, user.ID, HandoverSession)
	return user, session, err
}

func (s *Service) ticket(ctx context.Context, userID, purpose, data string) (string, error) {
	secret := NewSecret()
	err := s.o.Store.CreateTicket(ctx, store.Ticket{
		Hash: Hash(secret), UserID: userID, Purpose: purpose, Data: data, ExpiresAt: s.o.Now().Add(TicketLife),
	})
	return secret, err
}

// useTicket uses a ticket up: of many at the same time, one wins.
func (s *Service) useTicket(ctx context.Context, secret, purpose string) (store.Ticket, error) {
	t, err := s.o.Store.RedeemTicket(ctx, purpose, Hash(secret))
	if errors.Is(err, store.ErrNotFound) {
		return t, ErrTicket
	}
	return t, err
}

func (s *Service) holder(ctx context.Context, t store.Ticket) (store.User, error) {
	user, err := s.o.Store.User(ctx, t.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return user, ErrTicket
	}
	return user, err
}
