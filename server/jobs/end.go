package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"tandem/server/engine"
	"tandem/store"
)

// panicked is the reason of a run that ended in a fault of ours.
const panicked = "Something went wrong on our side. Nothing is lost: the next run tries again."

// guarded is the engine's Run, and a run that panics ends as failed. Its
// heartbeat ends in any case, else its pair would be held for ever.
func (s *Service) guarded(ctx context.Context, req engine.Request) (report engine.Report, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		fault := recover()
		if fault == nil {
			return
		}
		what := fmt.Sprintf("%T", fault) // its text might hold contact data
		if e, ok := fault.(runtime.Error); ok {
			what = e.Error()
		}
		s.Log.Error("run panicked", "run", req.Run.ID, "pair", req.Run.PairID, "fault", what, "stack", string(debug.Stack()))
		report = engine.Report{State: store.RunFailed, Reason: panicked}
		err = &engine.RunError{Report: report, Cause: fmt.Errorf("jobs: panic: %s", what)}
		ctx := context.WithoutCancel(ctx)
		if endErr := s.release(ctx, req.Run, panicked); endErr != nil {
			s.Log.Error("run not closed", "run", req.Run.ID, "error", endErr)
		}
	}()
	return s.Engine.Run(ctx, req)
}

// release closes a run that holds its pair, and lets the pair go as it was.
func (s *Service) release(ctx context.Context, run store.Run, reason string) error {
	pair, err := s.Store.Pair(ctx, run.PairID)
	if err != nil || pair.RunID != run.ID {
		return err
	}
	if run, err = s.Store.Run(ctx, run.ID); err != nil {
		return err
	}
	now := s.Now()
	run.State, run.Reason, run.FinishedAt = store.RunFailed, reason, &now
	run.Report = engine.Report{State: run.State, Reason: reason}.JSON()
	_, err = s.Store.EndRun(ctx, pair.Fence, &pair, &run, now)
	return err
}

// close ends a waiting run without the engine. A run that a dead process left
// behind on the same pair is closed with it, and the pair is let go.
func (s *Service) close(ctx context.Context, run store.Run, reason string) (engine.Report, error) {
	if _, err := s.Store.BeginRun(ctx, run.PairID, &run, s.Now(), s.Engine.Stale); err != nil {
		return engine.Report{}, err
	}
	if err := s.release(ctx, run, reason); err != nil {
		return engine.Report{}, err
	}
	report := engine.Report{State: store.RunFailed, Reason: reason}
	return report, &engine.RunError{Report: report, Cause: errClosed}
}

// errClosed is the cause of a run that ended without the engine.
var errClosed = errors.New("jobs: a connection of the pair was disconnected")

// disconnected is the sentence for a pair one of whose sides was disconnected
// while its run waited, else "".
func (s *Service) disconnected(ctx context.Context, pair store.Pair) (string, error) {
	for id, name := range map[string]string{pair.LeftID: "CRM", pair.RightID: "contacts server"} {
		c, err := s.Store.Connection(ctx, id)
		if err != nil {
			return "", err
		}
		if c.State == store.StateDisconnected {
			return "The " + name + " was disconnected before the run began. Connect it and sync again.", nil
		}
	}
	return "", nil
}
