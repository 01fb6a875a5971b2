package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"tandem/server/engine"
	"tandem/store"
)

// RunArgs is the job that carries out one stored run.
type RunArgs struct {
	RunID string `json:"run_id"`
	Sweep bool   `json:"sweep,omitempty"`
}

// Kind implements river.JobArgs.
func (RunArgs) Kind() string { return "run" }

// InsertOpts implements river.JobArgsWithInsertOpts. A run that failed is not
// repeated by the queue: its report says why, and the schedule goes on.
func (RunArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 3} }

// busyWait is how long a run waits for the one that holds its pair.
const busyWait = time.Second

type runWorker struct {
	river.WorkerDefaults[RunArgs]
	service *Service
}

// Work implements river.Worker.
func (w *runWorker) Work(ctx context.Context, job *river.Job[RunArgs]) error {
	err := w.service.Do(ctx, job.Args.RunID, job.Args.Sweep, nil)
	switch {
	case errors.Is(err, store.ErrBusy):
		return river.JobSnooze(busyWait)
	case errors.Is(err, errGone), errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrNotFound):
		return river.JobCancel(err)
	}
	var ended *engine.RunError
	if errors.As(err, &ended) {
		return river.JobCancel(ended) // it ended as failed and says so in its row
	}
	return err
}

// Do carries out a stored run that is still waiting, in the foreground. The
// command line calls it directly; progress may be nil.
func (s *Service) Do(ctx context.Context, runID string, sweep bool, progress func(store.Run)) error {
	_, err := s.DoReport(ctx, runID, sweep, progress)
	return err
}

// DoReport is Do with the report.
func (s *Service) DoReport(ctx context.Context, runID string, sweep bool, progress func(store.Run)) (engine.Report, error) {
	row, err := s.Store.Run(ctx, runID)
	if err != nil {
		return engine.Report{}, err
	}
	if row.State != store.RunQueued {
		return engine.Report{}, errGone
	}
	pair, err := s.Store.Pair(ctx, row.PairID)
	if err != nil {
		return engine.Report{}, err
	}
	settings, err := s.Settings(ctx, pair.UserID)
	if err != nil {
		return engine.Report{}, fmt.Errorf("jobs: settings: %w", err)
	}
	report, err := s.Engine.Run(ctx, engine.Request{Run: row, Settings: settings, Sweep: sweep, Progress: progress})
	var ended *engine.RunError
	if errors.As(err, &ended) && s.Broken != nil {
		s.Broken(context.WithoutCancel(ctx), pair, ended.Cause)
	}
	return report, err
}
