package jobs

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"tandem/store"
)

// tickQueue keeps the schedule apart from the runs, which may fill their queue.
const tickQueue = "schedule"

// TickArgs is the periodic job that starts what is due.
type TickArgs struct{}

// Kind implements river.JobArgs.
func (TickArgs) Kind() string { return "tick" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (TickArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: tickQueue, MaxAttempts: 1}
}

type tickWorker struct {
	river.WorkerDefaults[TickArgs]
	service *Service
}

// Work implements river.Worker.
func (w *tickWorker) Work(ctx context.Context, _ *river.Job[TickArgs]) error {
	return w.service.tick(ctx)
}

// dueBatch is how many pairs one tick starts at most; the rest follow.
const dueBatch = 500

// tick starts automatic syncs that are due and takes up runs whose process has
// died: their pair is free once its last sign of life is old enough.
func (s *Service) tick(ctx context.Context) error {
	now := s.Now()
	alive := now.Add(-s.Engine.Stale)
	due, err := s.Store.DuePairs(ctx, now, alive, dueBatch)
	if err != nil {
		return err
	}
	stale, err := s.Store.StalePairs(ctx, alive, dueBatch)
	if err != nil {
		return err
	}
	for _, pair := range append(due, stale...) {
		if pair.Auto {
			// The next time is set first: a pair that fails comes back in its turn.
			if mine, err := s.Store.Schedule(ctx, pair, s.next(ctx, pair)); err != nil {
				return err
			} else if !mine {
				continue // another process was quicker
			}
		}
		if _, err := s.Enqueue(ctx, Ask{PairID: pair.ID, Kind: store.RunSync, Trigger: "automatic"}); err != nil {
			s.Log.Error("automatic sync not enqueued", "pair", pair.ID, "error", err)
		}
	}
	return nil
}

// next is when the pair's automatic sync runs again: its interval from now,
// give or take a tenth, so that a thousand users do not come in one second.
func (s *Service) next(ctx context.Context, pair store.Pair) time.Time {
	every, err := s.Interval(ctx, pair.UserID)
	if err != nil || every <= 0 {
		s.Log.Error("interval not read", "pair", pair.ID, "error", err)
		every = 10 * time.Minute
	}
	jitter := time.Duration(rand.Int64N(int64(every)/5+1)) - every/10
	return s.Now().Add(every + jitter)
}

// SetAuto turns "Enable automatic contacts sync" on or off.
func (s *Service) SetAuto(ctx context.Context, pair store.Pair, on bool) error {
	if !on {
		return s.Store.SetAuto(ctx, pair.UserID, pair.ID, nil)
	}
	next := s.next(ctx, pair)
	return s.Store.SetAuto(ctx, pair.UserID, pair.ID, &next)
}
