package jobs

import (
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"

	"tandem/store"
)

// TestStalePair: a process died in the middle of a run. The next tick lets it
// go on as what it was, under a new fence.
func TestStalePair(t *testing.T) {
	for name, test := range map[string]struct {
		dead      store.Run
		age       time.Duration
		confirmed bool
		state     store.RunState
	}{
		"sync":    {store.Run{Kind: store.RunSync, Trigger: "manual"}, time.Minute, false, store.RunSucceeded},
		"yes":     {store.Run{Kind: store.RunSync, Trigger: "manual", Confirmed: true, Sweep: true}, time.Minute, true, store.RunSucceeded},
		"old yes": {store.Run{Kind: store.RunSync, Trigger: "command", Confirmed: true}, 25 * time.Hour, false, store.RunSucceeded},
		"preview": {store.Run{Kind: store.RunPreview, Trigger: "manual"}, time.Minute, false, store.RunPlanned},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, y *yard) {
				y.people(3)
				dead := y.begin(test.dead, time.Now().Add(-test.age))
				s := y.service()
				for range 3 { // ticks before the worker comes to it
					if err := s.tick(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				all := y.runs()
				if len(all) != 2 || all[1].Confirmed != test.confirmed || all[1].Sweep != test.dead.Sweep || all[1].Kind != test.dead.Kind || all[1].Trigger == "command" {
					t.Fatalf("taken up as %+v", all)
				}
				if err := s.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				if r := y.ended(all[1].ID); r.State != test.state {
					t.Fatalf("%+v", r)
				}
				if r := y.run(dead.ID); r.State != store.RunFailed || r.Reason == "" || r.FinishedAt == nil {
					t.Errorf("the dead one: %+v", r)
				}
				pair, err := y.store.Pair(t.Context(), y.pair.ID)
				if err != nil || pair.Fence != 2 || pair.Beat != nil || pair.RunID != "" {
					t.Errorf("%+v, %v", pair, err)
				}
				if err := s.tick(t.Context()); err != nil || len(y.runs()) != 2 {
					t.Error("taken up again:", y.runs(), err)
				}
			})
		})
	}
}

func TestLivePairIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		run := y.begin(store.Run{Kind: store.RunSync, Trigger: "manual"}, time.Now())
		s := y.service()
		if err := s.tick(t.Context()); err != nil || len(y.runs()) != 1 || y.run(run.ID).State != store.RunRunning {
			t.Fatal(y.runs(), err)
		}
	})
}

// TestLostJob: a waiting run without a job gets one, whether its job is gone or
// was fetched by a process that died; and the run is carried out once.
func TestLostJob(t *testing.T) {
	for name, loss := range map[string]string{
		"gone":    "DELETE FROM river_job",
		"fetched": "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, y *yard) {
				y.people(3)
				s := y.service()
				run := y.enqueue(s, Ask{})
				later := y.service(func(o *Options) { o.Now = func() time.Time { return time.Now().Add(time.Minute) } })
				if err := later.tick(t.Context()); err != nil || len(y.jobs("run")) != 1 {
					t.Fatal("its job waits:", y.jobs("run"), err)
				}
				if err := y.store.DB().Exec(loss).Error; err != nil {
					t.Fatal(err)
				}
				before := len(y.jobs("run"))
				for range 2 {
					if err := later.tick(t.Context()); err != nil || len(y.jobs("run")) != before+1 {
						t.Fatal("one new job:", y.jobs("run"), err)
					}
				}
				if err := s.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				if r := y.ended(run.ID); r.State != store.RunSucceeded {
					t.Fatal(r)
				}
				first := y.run(run.ID)
				// River gives the dead process's job to another worker one day.
				if before == 1 {
					if err := y.store.DB().Exec("UPDATE river_job SET state = 'available' WHERE state = 'running'").Error; err != nil {
						t.Fatal(err)
					}
					until(t, "the old job is cancelled", func() bool { return y.jobs("run")[0].State == rivertype.JobStateCancelled })
				}
				if again := y.run(run.ID); !again.StartedAt.Equal(*first.StartedAt) || len(y.runs()) != 1 || len(y.right.All()) != 3 {
					t.Errorf("carried out twice: %+v, then %+v", first, again)
				}
			})
		})
	}
}

// TestCommandsRun is the command's own, until it has clearly ended.
func TestCommandsRun(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		run := store.Run{PairID: y.pair.ID, Kind: store.RunSync, Trigger: "command"}
		if err := y.store.CreateRun(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			age  time.Duration
			want store.RunState
		}{{time.Hour, store.RunQueued}, {25 * time.Hour, store.RunFailed}} {
			s := y.service(func(o *Options) { o.Now = func() time.Time { return time.Now().Add(test.age) } })
			if err := s.tick(t.Context()); err != nil || len(y.jobs("run")) != 0 {
				t.Fatal(y.jobs("run"), err)
			}
			if r := y.run(run.ID); r.State != test.want || (r.Reason == "") != (test.want == store.RunQueued) {
				t.Errorf("after %v: %+v", test.age, r)
			}
		}
	})
}
