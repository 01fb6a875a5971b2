package store

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// QueueRun stores a run that waits for its turn, unless one of the same pair
// and kind waits already: then that one is answered, and fresh is false. A Yes
// (Confirmed) joins the run that waits.
func (s *Store) QueueRun(ctx context.Context, run Run) (queued Run, fresh bool, err error) {
	err = s.write(ctx, func(s *Store, tx *gorm.DB) error {
		// The pair's row is locked, so that two clicks at once see each other.
		if err := tx.Clauses(forUpdate).Take(&Pair{}, "id = ?", run.PairID).Error; err != nil {
			return found(err)
		}
		err := tx.Where("pair_id = ? AND kind = ? AND state = ?", run.PairID, run.Kind, RunQueued).
			Order("created_at").Take(&queued).Error
		switch {
		case errors.Is(err, gorm.ErrRecordNotFound):
			queued, fresh = run, true
			queued.State = RunQueued
			return s.CreateRun(ctx, &queued)
		case err != nil:
			return err
		case run.Confirmed && !queued.Confirmed:
			queued.Confirmed = true
			return tx.Model(&Run{}).Where("id = ?", queued.ID).Update("confirmed", true).Error
		}
		return nil
	})
	return queued, fresh, err
}
