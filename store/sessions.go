package store

import "context"

// CreateSession stores a session. The caller sets all fields but CreatedAt.
func (s *Store) CreateSession(ctx context.Context, session Session) error {
	session.CreatedAt = s.now()
	return found(s.db(ctx).Create(&session).Error)
}

// Session reads a session that has not ended, and its user. Another kind's
// secret is ErrNotFound: the sidebar's token opens no page.
func (s *Store) Session(ctx context.Context, kind SessionKind, hash string) (Session, User, error) {
	var session Session
	err := s.db(ctx).Take(&session, "hash = ? AND kind = ? AND expires_at > ?", hash, kind, s.now()).Error
	if err != nil {
		return Session{}, User{}, found(err)
	}
	u, err := s.User(ctx, session.UserID)
	return session, u, err
}

// DeleteSession ends a session; one that is not there has ended already.
func (s *Store) DeleteSession(ctx context.Context, hash string) error {
	return s.db(ctx).Where("hash = ?", hash).Delete(&Session{}).Error
}

// DeleteSessions ends all sessions of a user.
func (s *Store) DeleteSessions(ctx context.Context, userID string) error {
	return s.db(ctx).Where("user_id = ?", userID).Delete(&Session{}).Error
}
