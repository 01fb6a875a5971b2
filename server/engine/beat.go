package engine

import (
	"context"
	"errors"
	"time"

	"tandem/store"
)

// beat shows a sign of life until stop is called. It cancels the run with
// store.ErrFenced once another run has taken the pair.
func (r *run) beat(ctx context.Context, cancel context.CancelCauseFunc) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	row := r.row
	go func() {
		defer close(ended)
		tick := time.NewTicker(r.Stale / 6)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// A nil row leaves the stored progress as it is.
			if err := r.Ledger.Beat(ctx, row.PairID, r.fence, nil, r.Now()); errors.Is(err, store.ErrFenced) {
				cancel(store.ErrFenced)
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// phase tells what the run is doing now.
func (r *run) phase(ctx context.Context, word string, total int) {
	r.row.Phase, r.row.Done, r.row.Total = word, 0, total
	r.progress(ctx, 0)
}

// progress tells that n more steps are done. Progress that cannot be stored
// does not stop a run: what matters is checked at each commit.
func (r *run) progress(ctx context.Context, n int) {
	r.row.Done += n
	if err := r.Ledger.Beat(ctx, r.pair.ID, r.fence, &r.row, r.Now()); err != nil {
		r.Log.Debug("progress not stored", "run", r.row.ID, "error", err)
	}
	if r.req.Progress != nil {
		r.req.Progress(r.row)
	}
}
