package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// The states of a Link that the store must know: plan.RemovedLeft,
// plan.RemovedRight and plan.Never.
const (
	linkRemovedLeft  = 1
	linkRemovedRight = 2
	linkNever        = 3
)

// reset is one Reset contacts sync, for as long as it may be undone.
type reset struct {
	ID          string `gorm:"primaryKey"`
	PairID      string
	FirstDone   bool
	SettingsKey string
	CreatedAt   time.Time
}

// linkColumns are the columns of links, in the order of their archive.
const linkColumns = "id, pair_id, left_id, right_id, left_version, right_version, left_base, right_base, " +
	"created_side, edited, state, marker, writes, updated_at"

// Reset forgets the links, cursors, known records and intents of the user's
// pair; a run under way is fenced out. keepRemoved keeps remembered deletions;
// "Never sync this person" is kept in any case. The old links stay for 30 days,
// for UndoReset.
func (s *Store) Reset(ctx context.Context, userID, pairID string, keepRemoved bool) error {
	return s.write(ctx, func(s *Store, tx *gorm.DB) error {
		p, err := s.interrupt(tx, userID, pairID)
		if err != nil {
			return err
		}
		r := reset{ID: newID(), PairID: p.ID, FirstDone: p.FirstDone, SettingsKey: p.SettingsKey, CreatedAt: s.now()}
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		err = tx.Exec("INSERT INTO archived_links (reset_id, "+linkColumns+") SELECT ?, "+linkColumns+" FROM links WHERE pair_id = ?", r.ID, p.ID).Error
		if err != nil {
			return err
		}
		kept := []int{linkNever}
		if keepRemoved {
			kept = append(kept, linkRemovedLeft, linkRemovedRight)
		}
		if err := tx.Where("pair_id = ? AND state NOT IN ?", p.ID, kept).Delete(&Link{}).Error; err != nil {
			return err
		}
		return s.forget(tx, p, false, "")
	})
}

// UndoReset brings the links of the pair's last reset back in place of those
// made since; ErrNotFound where there is none.
func (s *Store) UndoReset(ctx context.Context, userID, pairID string) error {
	return s.write(ctx, func(s *Store, tx *gorm.DB) error {
		p, err := s.interrupt(tx, userID, pairID)
		if err != nil {
			return err
		}
		var r reset
		if err := newest(tx).Take(&r, "pair_id = ?", p.ID).Error; err != nil {
			return found(err)
		}
		for _, step := range []*gorm.DB{
			tx.Where("pair_id = ?", p.ID).Delete(&Link{}),
			tx.Exec("INSERT INTO links ("+linkColumns+") SELECT "+linkColumns+" FROM archived_links WHERE reset_id = ?", r.ID),
			tx.Exec("DELETE FROM archived_links WHERE reset_id = ?", r.ID),
			tx.Delete(&r),
		} {
			if step.Error != nil {
				return step.Error
			}
		}
		return s.forget(tx, p, r.FirstDone, r.SettingsKey)
	})
}

// LastReset is the time of the reset that UndoReset would undo.
func (s *Store) LastReset(ctx context.Context, userID, pairID string) (time.Time, error) {
	var r reset
	err := s.db(ctx).Joins("JOIN pairs ON pairs.id = resets.pair_id").
		Where("pairs.user_id = ? AND pairs.id = ?", userID, pairID).
		Order("resets.created_at DESC, resets.id DESC").Take(&r).Error
	return r.CreatedAt, found(err)
}

// interrupt locks the user's pair and fences a run under way out.
func (s *Store) interrupt(tx *gorm.DB, userID, pairID string) (Pair, error) {
	var p Pair
	if err := tx.Clauses(forUpdate).Take(&p, "id = ? AND user_id = ?", pairID, userID).Error; err != nil {
		return p, found(err)
	}
	if p.RunID == "" {
		return p, nil
	}
	return p, s.endHeld(tx, p, "Reset contacts sync ended the run.")
}

// endHeld ends the run that holds a pair, which the caller then fences out.
func (s *Store) endHeld(tx *gorm.DB, p Pair, reason string) error {
	return tx.Model(&Run{}).Where("id = ? AND state = ?", p.RunID, RunRunning).
		Updates(map[string]any{"state": RunFailed, "reason": reason, "finished_at": s.now()}).Error
}

// forget clears what a pair knows beside its links, under a new fence.
func (s *Store) forget(tx *gorm.DB, p Pair, firstDone bool, settingsKey string) error {
	// Claims that name a record stay: they tell colleagues of it.
	err := tx.Exec(`DELETE FROM claims WHERE organization_id = ? AND record_id = ''
		AND intent_id IN (SELECT id FROM intents WHERE pair_id = ?)`, p.OrganizationID, p.ID).Error
	if err != nil {
		return err
	}
	if err := tx.Where("pair_id = ?", p.ID).Delete(&Intent{}).Error; err != nil {
		return err
	}
	for _, model := range []any{&seenRow{}, &blindKey{}} {
		err := tx.Where("connection_id IN ? AND entity = ?", []string{p.LeftID, p.RightID}, p.Entity).Delete(model).Error
		if err != nil {
			return err
		}
	}
	return tx.Model(&Pair{}).Where("id = ?", p.ID).Updates(map[string]any{
		"fence": p.Fence + 1, "run_id": "", "beat": nil, "dirty": false,
		"left_cursor": nil, "right_cursor": nil, "left_size": -1, "right_size": -1, "swept_at": nil,
		"first_done": firstDone, "settings_key": settingsKey,
	}).Error
}
