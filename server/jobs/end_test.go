package jobs

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/store"
)

// jobIs waits until the nth job has a state, in its first attempt.
func (y *yard) jobIs(n int, state rivertype.JobState) {
	y.t.Helper()
	until(y.t, "the job is "+string(state), func() bool {
		all := y.jobs("run")
		return len(all) > n && all[n].State == state
	})
	if j := y.jobs("run")[n]; j.Attempt != 1 {
		y.t.Errorf("%d attempts", j.Attempt)
	}
}

func TestFailedRunIsNotRepeated(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		var broken atomic.Int32
		s := y.started(func(o *Options) {
			o.Broken = func(_ context.Context, p store.Pair, err error) {
				if p.ID == y.pair.ID && errors.Is(err, contact.ErrReconnect) {
					broken.Add(1)
				}
			}
		})
		y.left.set(func(context.Context, string) error {
			return &contact.Error{Kind: contact.ErrReconnect, Message: "The sign-in is no longer valid. Connect again."}
		})
		run := y.ended(y.enqueue(s, Ask{}).ID)
		if run.State != store.RunFailed || !strings.Contains(run.Reason, "Connect again") {
			t.Errorf("%+v", run)
		}
		y.jobIs(0, rivertype.JobStateCancelled)
		if broken.Load() != 1 || len(y.runs()) != 1 {
			t.Error(broken.Load(), y.runs())
		}
	})
}

func TestJobWithoutRunIsCancelled(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		s := y.started()
		err := y.store.Tx(t.Context(), func(tx store.Tx) error { return s.queue.insert(t.Context(), tx, RunArgs{RunID: "gone"}) })
		if err != nil {
			t.Fatal(err)
		}
		y.jobIs(0, rivertype.JobStateCancelled)
	})
}

// TestDisconnected: what waits when a side is disconnected ends with a sentence,
// and with it what a dead process left behind.
func TestDisconnected(t *testing.T) {
	for name, stale := range map[string]bool{"waiting": false, "left behind": true} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, y *yard) {
				s := y.service()
				if stale {
					y.begin(store.Run{Kind: store.RunSync, Trigger: "manual", Confirmed: true}, time.Now().Add(-time.Minute))
					if err := s.tick(t.Context()); err != nil {
						t.Fatal(err)
					}
				} else {
					y.enqueue(s, Ask{})
				}
				if err := y.store.Disconnect(t.Context(), y.user.ID, y.pair.RightID); err != nil {
					t.Fatal(err)
				}
				if err := s.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				all := y.runs()
				last := y.ended(all[len(all)-1].ID)
				report, err := engine.ParseReport(last.Report)
				if last.State != store.RunFailed || !strings.Contains(last.Reason, "contacts server was disconnected") || report.Reason != last.Reason || err != nil {
					t.Fatalf("%+v, %v", last, err)
				}
				y.jobIs(0, rivertype.JobStateCancelled)
				pair, err := y.store.Pair(t.Context(), y.pair.ID)
				if err != nil || pair.Beat != nil || pair.RunID != "" || y.run(all[0].ID).State != store.RunFailed {
					t.Errorf("%+v, %v, %+v", pair, err, y.run(all[0].ID))
				}
				for range 2 {
					if err := s.tick(t.Context()); err != nil || len(y.runs()) != len(all) {
						t.Error("started again:", y.runs(), err)
					}
				}
			})
		})
	}
}

// TestPanic: the run ends as failed at once, its heartbeat ends with it, and no
// contact data is logged.
func TestPanic(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		y.people(1)
		var log strings.Builder
		s := y.service(func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		y.right.set(func(_ context.Context, what string) error {
			if what == "write" {
				panic("ann0@example.com")
			}
			return nil
		})
		run := y.enqueue(s, Ask{})
		var ended *engine.RunError
		if report, err := s.DoReport(t.Context(), run.ID, nil); !errors.As(err, &ended) || report.State != store.RunFailed {
			t.Fatal(report, err)
		}
		if r := y.run(run.ID); r.State != store.RunFailed || r.Reason != panicked || r.FinishedAt == nil {
			t.Errorf("%+v", r)
		}
		if !strings.Contains(log.String(), run.ID) || strings.Contains(log.String(), "@example.com") {
			t.Error(log.String())
		}
		y.right.set(nil)
		next := y.enqueue(s, Ask{})
		if err := s.Do(t.Context(), next.ID, nil); err != nil {
			t.Fatal("the pair is held:", err)
		}
		y.whole(1)
	})
}

// TestCannotBegin: after the last attempt the row is closed, so that the next
// click does not join a run that nobody carries out.
func TestCannotBegin(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		no := errors.New("no settings")
		s := y.service(func(o *Options) {
			o.Settings = func(context.Context, string) (engine.Settings, error) { return engine.Settings{}, no }
		})
		run := y.enqueue(s, Ask{})
		w := &runWorker{service: s}
		for attempt := 1; attempt <= 3; attempt++ {
			if r := y.run(run.ID); r.State != store.RunQueued {
				t.Fatalf("%+v", r)
			}
			job := &river.Job[RunArgs]{JobRow: &rivertype.JobRow{Attempt: attempt, MaxAttempts: 3}, Args: RunArgs{RunID: run.ID}}
			if err := w.Work(t.Context(), job); !errors.Is(err, no) {
				t.Fatal(err)
			}
		}
		if r := y.run(run.ID); r.State != store.RunFailed || r.Reason != notBegun {
			t.Errorf("%+v", r)
		}
		if next := y.enqueue(s, Ask{}); next.ID == run.ID {
			t.Error("a click joined a run that ended")
		}
	})
}
