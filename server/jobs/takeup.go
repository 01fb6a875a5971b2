package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/riverqueue/river/rivertype"

	"tandem/server/engine"
	"tandem/store"
)

// yesHolds is how long the Yes to a run holds for the run that goes on after
// it. Later the person is asked again, because the plan may be another one.
const yesHolds = 24 * time.Hour

// commandHolds is how long a command may wait for its turn. A run that waits
// longer was left by a command that ended.
const commandHolds = 24 * time.Hour

// left is the reason of a run whose command ended while it waited.
const left = "The command ended before its run began. Nothing was changed."

// again is the same run asked for once more.
func (s *Service) again(run store.Run) Ask {
	task, err := engine.DecodeTask(run.Task)
	if err != nil && run.Kind == store.RunUndo {
		s.Log.Error("undo not taken up", "run", run.ID, "error", err)
	}
	return Ask{
		Task:   task,
		PairID: run.PairID, Kind: run.Kind, Trigger: run.Trigger, Sweep: run.Sweep,
		Confirmed: run.Confirmed && s.Now().Sub(run.CreatedAt) < yesHolds,
	}
}

// takeUpPairs lets runs go on that ended with their process: their pair shows
// no sign of life. What is taken up is what was asked for: a preview stays one.
func (s *Service) takeUpPairs(ctx context.Context) error {
	stale, err := s.Store.StalePairs(ctx, s.Now().Add(-s.Engine.Stale), dueBatch)
	if err != nil {
		return err
	}
	var errs []error
	for _, pair := range stale {
		ask := Ask{PairID: pair.ID, Kind: store.RunPreview, Trigger: "automatic"} // where its row is lost: changes nothing, frees the pair
		run, err := s.Store.Run(ctx, pair.RunID)
		if err == nil {
			ask = s.again(run)
		} else if !errors.Is(err, store.ErrNotFound) {
			errs = append(errs, err)
			continue
		}
		if ask.Trigger == "command" {
			ask.Trigger = "automatic" // it is carried out here
		}
		_, err = s.Enqueue(ctx, ask)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// jobsAtOnce is how many jobs are looked at to find runs without one.
const jobsAtOnce = 10_000

// takeUpRuns gives waiting runs a job again whose own was lost: dropped by
// hand, or fetched by a process that died before the run began.
func (s *Service) takeUpRuns(ctx context.Context) error {
	alive := s.Now().Add(-s.Engine.Stale)
	waiting, err := s.Store.WaitingRuns(ctx, alive, dueBatch)
	if err != nil || len(waiting) == 0 {
		return err
	}
	jobs, err := s.queue.jobs(ctx, jobsAtOnce)
	if err != nil {
		return err
	}
	if len(jobs) == jobsAtOnce {
		return nil // so many wait for a worker that none is missing yet
	}
	has := map[string]bool{}
	for _, j := range jobs {
		// A job begins its run at once; one that did not is dead.
		if j.State == rivertype.JobStateRunning && j.AttemptedAt != nil && j.AttemptedAt.Before(alive) {
			continue
		}
		var args RunArgs
		if err := json.Unmarshal(j.EncodedArgs, &args); err == nil {
			has[args.RunID] = true
		}
	}
	var errs []error
	for _, run := range waiting {
		switch {
		case has[run.ID]:
		case run.Trigger != "command":
			errs = append(errs, s.Store.Tx(ctx, func(tx store.Tx) error {
				return s.queue.insert(ctx, tx, RunArgs{RunID: run.ID})
			}))
		case s.Now().Sub(run.CreatedAt) > commandHolds:
			errs = append(errs, ignore(s.Store.CloseRun(ctx, run.ID, store.RunFailed, left), store.ErrNotFound))
		}
	}
	return errors.Join(errs...)
}
