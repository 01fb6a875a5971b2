package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// The methods in files named ledger_*.go are what the engine needs; their
// contract is engine.Ledger.

// interrupted is the reason of a run that stopped showing signs of life.
const interrupted = "The run was interrupted, for example by a restart. The next one goes on where it stopped."

// Pair reads a pair.
func (s *Store) Pair(ctx context.Context, pairID string) (Pair, error) {
	var p Pair
	err := s.db(ctx).Take(&p, "id = ?", pairID).Error
	return p, found(err)
}

// Connection reads a connection, its secret opened.
func (s *Store) Connection(ctx context.Context, id string) (Connection, error) {
	var c Connection
	if err := s.db(ctx).Take(&c, "id = ?", id).Error; err != nil {
		return Connection{}, found(err)
	}
	return c, openRow(s.keys, c.OrganizationID, &c)
}

// BeginRun takes the pair for run, or marks it dirty and answers ErrBusy. A run
// that was left behind by a crash is closed as failed. A stored run begins
// once, and again only where it was left behind itself; else it is ErrBegun.
func (s *Store) BeginRun(ctx context.Context, pairID string, run *Run, now time.Time, stale time.Duration) (fence int64, err error) {
	busy := false
	err = s.write(ctx, func(s *Store, tx *gorm.DB) error {
		var p Pair
		if err := tx.Clauses(forUpdate).Take(&p, "id = ?", pairID).Error; err != nil {
			return found(err)
		}
		if busy = p.Beat != nil && now.Sub(*p.Beat) < stale; busy {
			return tx.Model(&Pair{}).Where("id = ?", pairID).Update("dirty", true).Error
		}
		if err := join(tx, p, run); err != nil {
			return err
		}
		if p.RunID != "" && p.RunID != run.ID {
			err := tx.Model(&Run{}).Where("id = ? AND state = ?", p.RunID, RunRunning).
				Updates(map[string]any{"state": RunFailed, "reason": interrupted, "finished_at": now}).Error
			if err != nil {
				return err
			}
		}
		if run.ID == "" {
			run.ID = newID()
		}
		if run.CreatedAt.IsZero() {
			run.CreatedAt = now
		}
		run.OrganizationID, run.PairID, run.UserID = p.OrganizationID, p.ID, p.UserID
		run.State, run.StartedAt, run.FinishedAt = RunRunning, &now, nil
		fence = p.Fence + 1
		err := tx.Model(&Pair{}).Where("id = ?", pairID).
			Updates(map[string]any{"fence": fence, "dirty": false, "run_id": run.ID, "beat": now}).Error
		if err != nil {
			return err
		}
		return put(tx, []Run{*run})
	})
	if err == nil && busy {
		err = ErrBusy
	}
	if err != nil {
		return 0, err
	}
	return fence, nil
}

// Beat is the run's sign of life and its progress; a nil run leaves the stored
// progress as it is.
func (s *Store) Beat(ctx context.Context, pairID string, fence int64, run *Run, now time.Time) error {
	return s.write(ctx, func(_ *Store, tx *gorm.DB) error {
		if _, err := hold(tx, pairID, fence); err != nil {
			return err
		}
		err := tx.Model(&Pair{}).Where("id = ?", pairID).Update("beat", now).Error
		if err != nil || run == nil {
			return err
		}
		return tx.Model(&Run{}).Where("id = ? AND pair_id = ?", run.ID, pairID).
			Updates(map[string]any{"phase": run.Phase, "done": run.Done, "total": run.Total}).Error
	})
}

// EndRun stores the finished run and the pair's new state, and lets it go.
// Dirty stays set: the next BeginRun clears it.
func (s *Store) EndRun(ctx context.Context, fence int64, pair *Pair, run *Run, now time.Time) (dirty bool, err error) {
	err = s.write(ctx, func(_ *Store, tx *gorm.DB) error {
		p, err := hold(tx, pair.ID, fence)
		if err != nil {
			return err
		}
		dirty = p.Dirty
		err = tx.Model(&Pair{}).Where("id = ?", pair.ID).Updates(map[string]any{
			"left_cursor": pair.LeftCursor, "right_cursor": pair.RightCursor,
			"left_size": pair.LeftSize, "right_size": pair.RightSize,
			"first_done": pair.FirstDone, "settings_key": pair.SettingsKey, "swept_at": pair.SweptAt,
			"run_id": "", "beat": nil,
		}).Error
		if err != nil {
			return err
		}
		if run.FinishedAt == nil {
			run.FinishedAt = &now
		}
		run.OrganizationID, run.PairID, run.UserID = p.OrganizationID, p.ID, p.UserID
		return put(tx, []Run{*run})
	})
	if err != nil {
		return false, err
	}
	pair.RunID, pair.Beat, pair.Dirty = "", nil, dirty
	return dirty, nil
}

// hold checks the fence and keeps the pair from being taken until the
// transaction ends.
func hold(tx *gorm.DB, pairID string, fence int64) (Pair, error) {
	var p Pair
	err := tx.Clauses(forUpdate).Select("id", "organization_id", "user_id", "dirty").
		Take(&p, "id = ? AND fence = ?", pairID, fence).Error
	if found(err) == ErrNotFound {
		err = ErrFenced
	}
	return p, err
}

// organizationOf is the organization that a pair's rows are sealed for.
func (s *Store) organizationOf(ctx context.Context, pairID string) (string, error) {
	var p Pair
	err := s.db(ctx).Select("organization_id").Take(&p, "id = ?", pairID).Error
	return p.OrganizationID, found(err)
}
