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
}

// Kind implements river.JobArgs.
func (RunArgs) Kind() string { return "run" }

// InsertOpts implements river.JobArgsWithInsertOpts. A run that failed is not
// repeated by the queue: its report says why, and the schedule goes on. The
// attempts are for runs that could not even begin.
func (RunArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 3} }

// busyWait is how long a run waits for the one that holds its pair, each time.
const busyWait = time.Second

// longestRun ends a run, which then goes on as another one. It is there because
// River never clears away the jobs of a dead process where they have no limit.
const longestRun = 24 * time.Hour

// notBegun is the reason of a run that could not begin in any of its attempts.
const notBegun = "The run could not begin because of an error on our side. Nothing was changed; try again later."

type runWorker struct {
	river.WorkerDefaults[RunArgs]
	service *Service
}

// Timeout implements river.Worker.
func (*runWorker) Timeout(*river.Job[RunArgs]) time.Duration { return longestRun }

// Work implements river.Worker.
func (w *runWorker) Work(ctx context.Context, job *river.Job[RunArgs]) error {
	s, id := w.service, job.Args.RunID
	err := s.Do(ctx, id, nil)
	var ended *engine.RunError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ended):
		// It ended as failed and says so in its row.
		if ctx.Err() != nil {
			err = errors.Join(err, s.goOn(ctx, id))
		}
		return river.JobCancel(err)
	case errors.Is(err, store.ErrBusy):
		return river.JobSnooze(busyWait)
	case errors.Is(err, store.ErrBegun), errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrNotFound):
		return river.JobCancel(err)
	case ctx.Err() != nil:
		return river.JobSnooze(0) // told to stop before it began
	case job.Attempt >= job.MaxAttempts:
		err = errors.Join(err, ignore(s.Store.CloseRun(ctx, id, store.RunFailed, notBegun), store.ErrNotFound))
	}
	s.Log.Error("run not carried out", "run", id, "attempt", job.Attempt, "error", err)
	return err
}

// goOn enqueues a run again that was told to stop before it was done, with the
// Yes it had. A preview is not worth it: nobody waits for it any more.
func (s *Service) goOn(ctx context.Context, runID string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hardStop)
	defer cancel()
	run, err := s.Store.Run(ctx, runID)
	if err != nil || run.Kind == store.RunPreview {
		return err
	}
	_, err = s.Enqueue(ctx, s.again(run))
	return err
}

// Do carries out a stored run that is still waiting; store.ErrBegun where it
// is not, store.ErrBusy where another run holds its pair. Progress may be nil.
func (s *Service) Do(ctx context.Context, runID string, progress func(store.Run)) error {
	_, err := s.DoReport(ctx, runID, progress)
	return err
}

// DoReport is Do with the report.
func (s *Service) DoReport(ctx context.Context, runID string, progress func(store.Run)) (engine.Report, error) {
	row, err := s.Store.Run(ctx, runID)
	if err != nil {
		return engine.Report{}, err
	}
	if row.State != store.RunQueued {
		return engine.Report{}, store.ErrBegun
	}
	pair, err := s.Store.Pair(ctx, row.PairID)
	if err != nil {
		return engine.Report{}, err
	}
	if pair.Beat != nil && s.Now().Sub(*pair.Beat) < s.Engine.Stale {
		return engine.Report{}, store.ErrBusy // the engine would note it as one more click
	}
	if reason, err := s.disconnected(ctx, pair); err != nil {
		return engine.Report{}, err
	} else if reason != "" {
		return s.close(ctx, row, reason)
	}
	settings, err := s.Settings(ctx, pair.UserID)
	if err != nil {
		return engine.Report{}, fmt.Errorf("jobs: settings: %w", err)
	}
	request := engine.Request{Run: row, Settings: settings, Progress: progress}
	if row.Kind == store.RunUndo {
		if request.Undo, err = s.undo(ctx, row); err != nil {
			return engine.Report{}, err
		}
	}
	report, err := s.guarded(ctx, request)
	if err == nil && report.State == store.RunSucceeded {
		err = s.settled(ctx, row, request.Undo)
	}
	var ended *engine.RunError
	if errors.As(err, &ended) && s.Broken != nil {
		s.Broken(context.WithoutCancel(ctx), pair, ended.Cause)
	}
	return report, err
}

// ignore makes nothing of an error that is expected.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
