package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ErrNotConnected: a side of the user's is not connected.
var ErrNotConnected = errors.New("store: both sides must be connected first")

// EnsurePair finds or makes the pair of the user's two connections for a CRM
// entity. Both must be the user's own and in use.
func (s *Store) EnsurePair(ctx context.Context, userID, leftID, rightID, entity string) (Pair, error) {
	var p Pair
	err := s.write(ctx, func(s *Store, tx *gorm.DB) error {
		var cs []Connection
		err := tx.Omit("secret").Where("user_id = ? AND state <> ?", userID, StateDisconnected).
			Where("(id = ? AND side = ?) OR (id = ? AND side = ?)", leftID, SideCRM, rightID, SideContacts).Find(&cs).Error
		if err != nil {
			return err
		}
		if len(cs) != 2 {
			return ErrNotConnected
		}
		p = Pair{
			ID: newID(), OrganizationID: cs[0].OrganizationID, UserID: userID, LeftID: leftID, RightID: rightID, Entity: entity,
			LeftSize: -1, RightSize: -1, CreatedAt: s.now(),
		}
		key := []clause.Column{{Name: "user_id"}, {Name: "left_id"}, {Name: "right_id"}, {Name: "entity"}}
		if err := tx.Clauses(clause.OnConflict{Columns: key, DoNothing: true}).Create(&p).Error; err != nil {
			return err
		}
		p = Pair{}
		return tx.Take(&p, "user_id = ? AND left_id = ? AND right_id = ? AND entity = ?", userID, leftID, rightID, entity).Error
	})
	return p, found(err)
}

// PairOf reads a pair of the user's.
func (s *Store) PairOf(ctx context.Context, userID, pairID string) (Pair, error) {
	var p Pair
	return p, found(s.db(ctx).Take(&p, "id = ? AND user_id = ?", pairID, userID).Error)
}

// Pairs lists the user's pairs, newest first, those of disconnected connections
// too.
func (s *Store) Pairs(ctx context.Context, userID string) ([]Pair, error) {
	var all []Pair
	return all, s.db(ctx).Where("user_id = ?", userID).Order("created_at DESC, id DESC").Find(&all).Error
}

// SetAuto turns automatic sync of a pair on, with the time of its next run, or
// off with nil.
func (s *Store) SetAuto(ctx context.Context, userID, pairID string, next *time.Time) error {
	return changed(s.db(ctx).Model(&Pair{}).Where("id = ? AND user_id = ?", pairID, userID).
		Updates(map[string]any{"auto": next != nil, "next_at": next}))
}

// MarkDirty remembers that the pair is to run once more: a click or a
// notification. The next BeginRun clears it.
func (s *Store) MarkDirty(ctx context.Context, pairID string) error {
	return changed(s.db(ctx).Model(&Pair{}).Where("id = ?", pairID).Update("dirty", true))
}

// DuePairs reads at most limit pairs that should run now: those marked dirty,
// then those whose automatic sync is due, longest waiting first. Both sides are
// connected, and no run showed a sign of life since alive.
func (s *Store) DuePairs(ctx context.Context, now, alive time.Time, limit int) ([]Pair, error) {
	idle := func() *gorm.DB {
		return s.db(ctx).Where("(beat > ?) IS NOT TRUE", alive).
			Where("NOT EXISTS (SELECT 1 FROM connections c WHERE c.id IN (pairs.left_id, pairs.right_id) AND c.state <> ?)", StateConnected).
			Limit(limit)
	}
	// Two queries, each with an index of its own.
	var dirty, due []Pair
	if err := idle().Where("dirty").Order("id").Find(&dirty).Error; err != nil {
		return nil, err
	}
	if err := idle().Where("auto AND NOT dirty AND next_at <= ?", now).Order("next_at, id").Find(&due).Error; err != nil {
		return nil, err
	}
	all := append(dirty, due...)
	return all[:min(limit, len(all))], nil
}

// StalePairs reads pairs whose run showed no sign of life since alive: the next
// run takes them up under a new fence.
func (s *Store) StalePairs(ctx context.Context, alive time.Time, limit int) ([]Pair, error) {
	var stale []Pair
	return stale, s.db(ctx).Where("beat <= ?", alive).Order("beat, id").Limit(limit).Find(&stale).Error
}

// Schedule sets the time of a pair's next automatic run. It reports false, and
// changes nothing, where p.NextAt is no longer what it was read as: another
// process was quicker, or automatic sync was turned off.
func (s *Store) Schedule(ctx context.Context, p Pair, next time.Time) (bool, error) {
	q := s.db(ctx).Model(&Pair{}).Where("id = ? AND auto", p.ID)
	if p.NextAt == nil {
		q = q.Where("next_at IS NULL")
	} else {
		q = q.Where("next_at = ?", *p.NextAt)
	}
	r := q.Update("next_at", next)
	return r.RowsAffected == 1, r.Error
}
