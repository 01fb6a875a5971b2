package store

import (
	"context"

	"gorm.io/gorm"
)

// CreateRun stores a run of a pair that has not begun; the organization and the
// user are the pair's.
func (s *Store) CreateRun(ctx context.Context, run *Run) error {
	p, err := s.Pair(ctx, run.PairID)
	if err != nil {
		return err
	}
	if run.ID == "" {
		run.ID = newID()
	}
	if run.CreatedAt.IsZero() {
		run.CreatedAt = s.now()
	}
	if run.State == "" {
		run.State = RunQueued
	}
	run.OrganizationID, run.UserID = p.OrganizationID, p.UserID
	return found(s.db(ctx).Create(run).Error)
}

// CloseRun ends a run that never began, with the sentence why. One that began
// is ended by EndRun only: here it is ErrNotFound.
func (s *Store) CloseRun(ctx context.Context, id string, state RunState, reason string) error {
	return changed(s.db(ctx).Model(&Run{}).Where("id = ? AND state = ?", id, RunQueued).
		Updates(map[string]any{"state": state, "reason": reason, "finished_at": s.now()}))
}

// Run reads a run by an ID that did not come from a browser.
func (s *Store) Run(ctx context.Context, id string) (Run, error) {
	var r Run
	return r, found(s.db(ctx).Take(&r, "id = ?", id).Error)
}

// RunOf reads a run of the user's.
func (s *Store) RunOf(ctx context.Context, userID, id string) (Run, error) {
	var r Run
	return r, found(s.db(ctx).Take(&r, "id = ? AND user_id = ?", id, userID).Error)
}

// Runs lists the user's runs, newest first.
func (s *Store) Runs(ctx context.Context, userID string, offset, limit int) ([]Run, error) {
	var all []Run
	return all, newest(s.db(ctx)).Where("user_id = ?", userID).Offset(offset).Limit(limit).Find(&all).Error
}

// LatestRun reads the newest run of the user's pair, of the given kinds or of
// any.
func (s *Store) LatestRun(ctx context.Context, userID, pairID string, kinds ...RunKind) (Run, error) {
	var r Run
	q := newest(s.db(ctx)).Where("user_id = ? AND pair_id = ?", userID, pairID)
	if len(kinds) > 0 {
		q = q.Where("kind IN ?", kinds)
	}
	return r, found(q.Take(&r).Error)
}

func newest(tx *gorm.DB) *gorm.DB { return tx.Order("created_at DESC, id DESC") }
