package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A refresh asks a stranger's server for tokens, which may take its time, and a
// token that was rotated works once. So the connection's row is held by a lease
// written into it rather than by a transaction: nobody else refreshes, while no
// other writer waits and no database connection is tied up. A process that dies
// loses its lease after leaseTime; one that lives renews it.
const (
	leaseTime  = 30 * time.Second
	leaseRenew = leaseTime / 3
	leasePoll  = 25 * time.Millisecond
	saveTime   = 15 * time.Second
)

// ErrLeaseLost: the connection was disconnected, or taken over after a long
// silence, while its tokens were refreshed. They were not stored.
var ErrLeaseLost = errors.New("store: the connection was changed by somebody else during the refresh")

// RefreshConnection holds the connection against other refreshes, in this
// process and in others, and calls refresh with its row as it is then: whoever
// waited finds the tokens renewed already and returns nil at once. What refresh
// changed of Secret, Expires, State, Reason, BaseURL and the account is stored
// when it returns nil, even where ctx has ended meanwhile; nothing is stored
// when it returns an error. A connection that is not there or disconnected is
// ErrNotFound.
func (s *Store) RefreshConnection(ctx context.Context, id string, refresh func(*Connection) error) error {
	if s.bound {
		return errors.New("store: a refresh within a transaction would hold it up")
	}
	owner := newID()
	if err := s.takeLease(ctx, id, owner); err != nil {
		return err
	}
	stop := s.renewLease(id, owner)
	c, err := s.Connection(ctx, id)
	if err == nil {
		err = refresh(&c)
	}
	stop()
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	changes := map[string]any{"lease_owner": "", "lease_until": nil}
	if err == nil {
		sealed, sealErr := sealRows(s.keys, c.OrganizationID, []Connection{c})
		if sealErr != nil {
			err = sealErr
		} else {
			changes["secret"], changes["expires"] = sealed[0].Secret, c.Expires
			changes["state"], changes["reason"] = c.State, c.Reason
			changes["base_url"], changes["account_id"] = c.BaseURL, c.AccountID
			changes["account_name"], changes["account_email"] = c.AccountName, c.AccountEmail
			changes["updated_at"] = s.now()
		}
	}
	r := s.db(save).Model(&Connection{}).Where("id = ? AND lease_owner = ?", id, owner).UpdateColumns(changes)
	if err == nil && r.Error != nil {
		err = fmt.Errorf("store: keep the new tokens: %w", r.Error)
	}
	if err == nil && r.RowsAffected == 0 {
		err = ErrLeaseLost
	}
	return err
}

// takeLease waits until the lease is owner's.
func (s *Store) takeLease(ctx context.Context, id, owner string) error {
	wait := time.NewTicker(leasePoll)
	defer wait.Stop()
	for {
		now := s.now()
		r := s.db(ctx).Model(&Connection{}).
			Where("id = ? AND state <> ? AND (lease_owner = '' OR lease_until <= ?)", id, StateDisconnected, now).
			UpdateColumns(map[string]any{"lease_owner": owner, "lease_until": now.Add(leaseTime)})
		if r.Error == nil && r.RowsAffected == 1 {
			return nil
		}
		var n int64
		err := r.Error
		if err == nil {
			err = s.db(ctx).Model(&Connection{}).Where("id = ? AND state <> ?", id, StateDisconnected).Count(&n).Error
		}
		switch {
		case ctx.Err() != nil: // SQLite would say "interrupted"
			return ctx.Err()
		case err != nil:
			return err
		case n == 0:
			return ErrNotFound
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wait.C:
		}
	}
}

// renewLease keeps the lease until stop is called.
func (s *Store) renewLease(id, owner string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(leaseRenew)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				// A failure shows when the tokens are saved.
				_ = s.db(ctx).Model(&Connection{}).Where("id = ? AND lease_owner = ?", id, owner).
					UpdateColumn("lease_until", s.now().Add(leaseTime)).Error
			}
		}
	}()
	return func() { cancel(); <-done }
}
