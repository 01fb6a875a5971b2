package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
)

// The sides of a Connection.
const (
	SideCRM      = "crm"
	SideContacts = "contacts"
)

// SaveConnection stores a connection of its user as connected. One without an
// ID takes that of the user's earlier connection to the same account, so that
// its links live on, else a new one. A user has one connection per side: another
// one on that side is disconnected, its secrets erased.
func (s *Store) SaveConnection(ctx context.Context, c *Connection) error {
	return s.write(ctx, func(s *Store, tx *gorm.DB) error {
		// The user's row makes two connects at once wait for each other.
		var u User
		if err := tx.Clauses(forUpdate).Take(&u, "id = ?", c.UserID).Error; err != nil {
			return found(err)
		}
		if err := s.identify(tx, c); err != nil {
			return err
		}
		others := tx.Where("user_id = ? AND side = ? AND id <> ? AND state <> ?", u.ID, c.Side, c.ID, StateDisconnected)
		if err := s.erase(tx, others); err != nil {
			return err
		}
		c.OrganizationID, c.State, c.Reason, c.DisconnectedAt = u.OrganizationID, StateConnected, "", nil
		if c.ConnectedAt.IsZero() {
			c.ConnectedAt = s.now()
		}
		sealed, err := sealRows(s.keys, c.OrganizationID, []Connection{*c})
		if err != nil {
			return err
		}
		sealed[0].UpdatedAt = s.now()
		return put(tx, sealed)
	})
}

// identify gives a connection its ID and its time of creation.
func (s *Store) identify(tx *gorm.DB, c *Connection) error {
	var before []Connection
	q := tx.Where("user_id = ? AND side = ?", c.UserID, c.Side)
	switch {
	case c.ID != "":
		q = q.Where("id = ?", c.ID)
	case c.AccountID != "":
		q = q.Where("provider = ? AND base_url = ? AND account_id = ?", c.Provider, c.BaseURL, c.AccountID)
	default:
		q = q.Where("1 = 0")
	}
	if err := q.Order("connected_at DESC").Limit(1).Find(&before).Error; err != nil {
		return err
	}
	switch {
	case len(before) > 0:
		c.ID, c.CreatedAt = before[0].ID, before[0].CreatedAt
	case c.ID != "":
		return ErrNotFound // another user's, or none
	default:
		c.ID, c.CreatedAt = newID(), s.now()
	}
	return nil
}

// ConnectionOn reads the user's connection on a side, also one that needs to be
// reconnected; ErrNotFound where there is none.
func (s *Store) ConnectionOn(ctx context.Context, userID, side string) (Connection, error) {
	return s.connectionWhere(ctx, "user_id = ? AND side = ? AND state <> ?", userID, side, StateDisconnected)
}

// ConnectionOf reads a connection of the user's; ErrNotFound where it is not.
func (s *Store) ConnectionOf(ctx context.Context, userID, id string) (Connection, error) {
	return s.connectionWhere(ctx, "user_id = ? AND id = ?", userID, id)
}

func (s *Store) connectionWhere(ctx context.Context, where string, args ...any) (Connection, error) {
	var c Connection
	if err := s.db(ctx).Where(where, args...).Take(&c).Error; err != nil {
		return Connection{}, found(err)
	}
	return c, openRow(s.keys, c.OrganizationID, &c)
}

// Connections lists the user's connections, newest first, disconnected ones
// too. Their secrets are left out.
func (s *Store) Connections(ctx context.Context, userID string) ([]Connection, error) {
	var all []Connection
	return all, s.db(ctx).Omit("secret").Where("user_id = ?", userID).Order("connected_at DESC, id DESC").Find(&all).Error
}

// NeedReconnect notes that a connection's sign-in no longer works, with the
// sentence to show. A disconnected one stays so.
func (s *Store) NeedReconnect(ctx context.Context, id, reason string) error {
	return changed(s.db(ctx).Model(&Connection{}).Where("id = ? AND state <> ?", id, StateDisconnected).
		Updates(map[string]any{"state": StateReconnect, "reason": reason}))
}

// Disconnect erases a connection's secrets at once and ends a run under way;
// automatic sync rests until it is connected again. Links stay for 30 days: see EraseOld.
func (s *Store) Disconnect(ctx context.Context, userID, id string) error {
	return s.write(ctx, func(s *Store, tx *gorm.DB) error {
		if err := changed(tx.Model(&Connection{}).Where("user_id = ? AND id = ?", userID, id).Update("reason", "")); err != nil {
			return err
		}
		return s.erase(tx, tx.Where("user_id = ? AND id = ? AND state <> ?", userID, id, StateDisconnected))
	})
}

// erase disconnects the selected connections. A run under way on them is fenced
// out: nothing more is written with a sign-in that was taken back.
func (s *Store) erase(tx, selected *gorm.DB) error {
	var ids []string
	if err := selected.Model(&Connection{}).Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
		return err
	}
	err := tx.Model(&Connection{}).Where("id IN ?", ids).Updates(map[string]any{
		"state": StateDisconnected, "reason": "", "secret": nil, "expires": time.Time{},
		"disconnected_at": s.now(), "lease_owner": "", "lease_until": nil,
	}).Error
	if err != nil {
		return err
	}
	var held []Pair
	err = tx.Clauses(forUpdate).Where("(left_id IN ? OR right_id IN ?) AND run_id <> ''", ids, ids).Find(&held).Error
	if err != nil {
		return err
	}
	for _, p := range held {
		err := errors.Join(
			s.endHeld(tx, p, "The run ended because one side was disconnected. Nothing is lost."),
			tx.Model(&Pair{}).Where("id = ?", p.ID).Updates(map[string]any{"fence": p.Fence + 1, "run_id": "", "beat": nil}).Error)
		if err != nil {
			return err
		}
	}
	return nil
}
