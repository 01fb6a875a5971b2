package auth

import (
	"context"
	"errors"

	"tandem/store"
)

// HandoverSession is a page session that came from a ticket: it grants no
// administrator's rights.
const HandoverSession store.SessionKind = "handover"

// Session says who holds this value of SessionCookie. Using it keeps it alive
// for Idle, up to Absolute after its start. It answers ErrSignedOut.
func (s *Service) Session(ctx context.Context, cookie string) (Current, error) {
	return s.current(ctx, cookie, store.PageSession, HandoverSession)
}

// SignOut ends the session of a cookie or bearer token; unknown ones are
// ended already.
func (s *Service) SignOut(ctx context.Context, secret string) error {
	return s.o.Store.DeleteSession(ctx, Hash(secret))
}

// open makes a session and gives its secret.
func (s *Service) open(ctx context.Context, userID string, kind store.SessionKind) (string, error) {
	secret, life := NewSecret(), Idle
	if kind == store.SidebarSession {
		life = BearerLife
	}
	return secret, s.o.Store.CreateSession(ctx, store.Session{
		Hash: Hash(secret), Kind: kind, UserID: userID, ExpiresAt: s.o.Now().Add(life),
	})
}

// current is the session with this secret, if it is of one of the kinds.
func (s *Service) current(ctx context.Context, secret string, kinds ...store.SessionKind) (Current, error) {
	if len(secret) != secretLength {
		return Current{}, ErrSignedOut
	}
	for _, kind := range kinds {
		session, user, err := s.o.Store.Session(ctx, kind, Hash(secret))
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return Current{}, err
		}
		if kind != store.SidebarSession {
			if err := s.touch(ctx, &session); err != nil {
				return Current{}, err
			}
		}
		full := kind == store.PageSession
		return Current{
			User: user, Admin: user.Admin && full, Demoted: user.Admin && !full,
			Hash: session.Hash, Kind: kind, ExpiresAt: session.ExpiresAt,
		}, nil
	}
	return Current{}, ErrSignedOut
}

// touch prolongs a session, at most once in touchEvery, and never beyond
// Absolute.
func (s *Service) touch(ctx context.Context, session *store.Session) error {
	until := s.o.Now().UTC().Add(Idle)
	if end := session.CreatedAt.Add(Absolute); until.After(end) {
		until = end
	}
	if until.Sub(session.ExpiresAt) < touchEvery {
		return nil
	}
	session.ExpiresAt = until
	return s.o.Store.DB().WithContext(ctx).Model(&store.Session{}).
		Where("hash = ? AND expires_at < ?", session.Hash, until).Update("expires_at", until).Error
}
