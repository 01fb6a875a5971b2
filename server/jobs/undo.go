package jobs

import (
	"context"
	"errors"

	"tandem/server/engine"
	"tandem/store"
)

// undoPage is how many lines are read at once.
const undoPage = 1000

// undo reads the lines that an undo is about. They are the user's own: the
// store gives no others.
func (s *Service) undo(ctx context.Context, run store.Run) (engine.Undo, error) {
	task, err := engine.DecodeTask(run.Task)
	if err != nil {
		return engine.Undo{}, err
	}
	u := engine.Undo{Task: task}
	for _, id := range task.Items {
		item, err := s.Store.Item(ctx, run.UserID, id)
		if errors.Is(err, store.ErrNotFound) {
			continue // erased, or settled with its pair
		} else if err != nil {
			return u, err
		}
		if item.Resolved == nil { // settled meanwhile, in another tab
			u.Items = append(u.Items, item)
		}
	}
	for task.Run != "" {
		page, err := s.Store.Items(ctx, run.UserID, store.ItemQuery{
			RunID: task.Run, Kinds: []string{"created", "updated", "deleted"}, Offset: len(u.Items), Limit: undoPage,
		})
		if err != nil {
			return u, err
		}
		u.Items = append(u.Items, page...)
		if len(page) < undoPage {
			break
		}
	}
	return u, nil
}

// settled marks the conflicts and differences that a run has settled.
func (s *Service) settled(ctx context.Context, run store.Run, u engine.Undo) error {
	if u.Task.Take == "" {
		return nil
	}
	for _, item := range u.Items {
		if err := s.Store.ResolveItem(ctx, run.UserID, item.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
