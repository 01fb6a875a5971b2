package store

import (
	"context"

	"gorm.io/gorm"
)

// CreateTicket stores a ticket.
func (s *Store) CreateTicket(ctx context.Context, t Ticket) error {
	return found(s.db(ctx).Create(&t).Error)
}

// RedeemTicket uses a ticket up. Of any number of attempts at once one
// succeeds; a ticket that is unknown, used, expired or made for another purpose
// is ErrNotFound.
func (s *Store) RedeemTicket(ctx context.Context, purpose, hash string) (Ticket, error) {
	var t Ticket
	err := s.write(ctx, func(s *Store, tx *gorm.DB) error {
		err := changed(tx.Model(&Ticket{}).
			Where("hash = ? AND purpose = ? AND used_at IS NULL AND expires_at > ?", hash, purpose, s.now()).
			Update("used_at", s.now()))
		if err != nil {
			return err
		}
		return found(tx.Take(&t, "hash = ?", hash).Error)
	})
	return t, err
}

// CreateAttempt stores a redirect under way.
func (s *Store) CreateAttempt(ctx context.Context, a Attempt) error {
	sealed, err := sealRows(s.keys, a.OrganizationID, []Attempt{a})
	if err != nil {
		return err
	}
	return found(s.db(ctx).Create(&sealed[0]).Error)
}

// TakeAttempt uses a redirect's state up, whatever the caller then makes of it:
// who comes back, from which browser and provider is for the caller to compare.
// One that is unknown, used, expired or of another purpose is ErrNotFound. The
// stored secret is erased.
func (s *Store) TakeAttempt(ctx context.Context, purpose, stateHash string) (Attempt, error) {
	var a Attempt
	err := s.write(ctx, func(s *Store, tx *gorm.DB) error {
		err := changed(tx.Model(&Attempt{}).
			Where("state_hash = ? AND purpose = ? AND used_at IS NULL AND expires_at > ?", stateHash, purpose, s.now()).
			Update("used_at", s.now()))
		if err != nil {
			return err
		}
		if err := tx.Take(&a, "state_hash = ?", stateHash).Error; err != nil {
			return found(err)
		}
		if err := openRow(s.keys, a.OrganizationID, &a); err != nil {
			return err
		}
		return tx.Model(&Attempt{}).Where("state_hash = ?", stateHash).Update("secret", nil).Error
	})
	if err != nil {
		return Attempt{}, err
	}
	return a, nil
}
