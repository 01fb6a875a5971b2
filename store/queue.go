package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
)

// ErrBegun: the run is no longer waiting; it has begun, or ended without.
var ErrBegun = errors.New("store: the run is no longer waiting")

// QueueRun stores a run that waits for its turn, unless one of the same pair
// and kind waits already: then that one is answered, and fresh is false. A Yes
// (Confirmed) and a wish to look for deletions (Sweep) join the run that waits.
// A command's run is not joined: it is carried out by the command's own process.
// Nor is an undo.
func (s *Store) QueueRun(ctx context.Context, run Run) (queued Run, fresh bool, err error) {
	err = s.write(ctx, func(s *Store, tx *gorm.DB) error {
		// The pair's row is locked, so that two clicks at once see each other.
		if err := tx.Clauses(forUpdate).Take(&Pair{}, "id = ?", run.PairID).Error; err != nil {
			return found(err)
		}
		if run.Kind == RunUndo { // each is about something else
			queued, fresh = run, true
			queued.State = RunQueued
			return s.CreateRun(ctx, &queued)
		}
		err := waiting(tx).Where(`pair_id = ? AND kind = ? AND "trigger" <> 'command'`, run.PairID, run.Kind).
			Order("created_at, id").Take(&queued).Error
		switch {
		case errors.Is(err, gorm.ErrRecordNotFound):
			queued, fresh = run, true
			queued.State = RunQueued
			return s.CreateRun(ctx, &queued)
		case err != nil:
			return err
		}
		confirmed, sweep := queued.Confirmed || run.Confirmed, queued.Sweep || run.Sweep
		if confirmed == queued.Confirmed && sweep == queued.Sweep {
			return nil
		}
		queued.Confirmed, queued.Sweep = confirmed, sweep
		if run.Confirmed {
			queued.Task = run.Task // what was seen with the Yes
		}
		return tx.Model(&Run{}).Where("id = ?", queued.ID).
			Updates(map[string]any{"confirmed": confirmed, "sweep": sweep, "task": queued.Task}).Error
	})
	return queued, fresh, err
}

// WaitingRuns reads runs that wait since before, longest waiting first.
func (s *Store) WaitingRuns(ctx context.Context, before time.Time, limit int) ([]Run, error) {
	var all []Run
	return all, waiting(s.db(ctx)).Where("created_at <= ?", before).Order("created_at, id").Limit(limit).Find(&all).Error
}

// waiting selects runs that wait. The state is part of the text, because the
// index that holds only these is used for nothing else.
func waiting(tx *gorm.DB) *gorm.DB { return tx.Where("state = 'queued'") }

// join takes over what joined a stored run while it waited, now that its pair p
// is locked. A run that was not stored before it begins has nothing to take over.
func join(tx *gorm.DB, p Pair, run *Run) error {
	var stored []Run
	err := tx.Select("state", "confirmed", "sweep", "task").Where("id = ?", run.ID).Limit(1).Find(&stored).Error
	if err != nil || len(stored) == 0 {
		return err
	}
	leftBehind := stored[0].State == RunRunning && p.RunID == run.ID
	if stored[0].State != RunQueued && !leftBehind {
		return ErrBegun
	}
	if stored[0].Confirmed && !run.Confirmed {
		run.Task = stored[0].Task
	}
	run.Confirmed, run.Sweep = run.Confirmed || stored[0].Confirmed, run.Sweep || stored[0].Sweep
	return nil
}
