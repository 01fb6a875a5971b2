package jobs

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"tandem/store"
)

// scheduleQueue keeps the schedule apart from the runs, which may fill their
// queue.
const scheduleQueue = "schedule"

// TickArgs is the periodic job that starts what is due.
type TickArgs struct{}

// Kind implements river.JobArgs.
func (TickArgs) Kind() string { return "tick" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (TickArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: scheduleQueue, MaxAttempts: 1}
}

type tickWorker struct {
	river.WorkerDefaults[TickArgs]
	service *Service
}

// Timeout implements river.Worker.
func (*tickWorker) Timeout(*river.Job[TickArgs]) time.Duration { return time.Minute }

// Work implements river.Worker.
func (w *tickWorker) Work(ctx context.Context, _ *river.Job[TickArgs]) error {
	return w.service.tick(ctx)
}

// dueBatch is how many pairs one tick starts at most; the rest follow.
const dueBatch = 500

// tick starts automatic syncs that are due and takes up what dead processes
// left behind. One part that fails does not keep the others.
func (s *Service) tick(ctx context.Context) error {
	err := errors.Join(s.startDue(ctx), s.takeUpPairs(ctx), s.takeUpRuns(ctx))
	if err != nil && ctx.Err() == nil {
		s.Log.Error("not everything due was started", "error", err)
	}
	return err
}

// startDue starts the automatic syncs whose time has come, and those that were
// asked for while a run held their pair. A pair without automatic sync is left
// alone: what a person asked for waits as a run of its own.
func (s *Service) startDue(ctx context.Context) error {
	now := s.Now()
	due, err := s.Store.DuePairs(ctx, now, now.Add(-s.Engine.Stale), dueBatch)
	if err != nil {
		return err
	}
	var errs []error
	for _, pair := range due {
		if pair.Auto {
			errs = append(errs, s.startAuto(ctx, pair))
		}
	}
	return errors.Join(errs...)
}

// startAuto sets the pair's next time and enqueues its run, both or neither.
// Where another process was quicker, neither.
func (s *Service) startAuto(ctx context.Context, pair store.Pair) error {
	next := s.next(ctx, pair)
	return s.Store.Tx(ctx, func(tx store.Tx) error {
		mine, err := tx.Schedule(ctx, pair, next)
		if err == nil && mine {
			_, err = s.enqueue(ctx, tx, Ask{PairID: pair.ID, Kind: store.RunSync, Trigger: "automatic"})
		}
		return err
	})
}

// usual is the interval where the user's own cannot be read.
const usual = 10 * time.Minute

// next is when the pair's automatic sync runs again: its interval from now,
// give or take a tenth, so that a thousand users do not come in one second.
func (s *Service) next(ctx context.Context, pair store.Pair) time.Time {
	every, err := s.Interval(ctx, pair.UserID)
	if err != nil || every <= 0 {
		s.Log.Error("interval not read", "pair", pair.ID, "interval", every, "error", err)
		every = usual
	}
	jitter := time.Duration(rand.Int64N(int64(every)/5+1)) - every/10
	return s.Now().Add(every + jitter)
}

// SetAuto turns "Enable automatic contacts sync" on or off. It is also called
// when the interval was changed, so that the new one counts from now.
func (s *Service) SetAuto(ctx context.Context, pair store.Pair, on bool) error {
	if !on {
		return s.Store.SetAuto(ctx, pair.UserID, pair.ID, nil)
	}
	next := s.next(ctx, pair)
	return s.Store.SetAuto(ctx, pair.UserID, pair.ID, &next)
}
