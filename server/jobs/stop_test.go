package jobs

import (
	"context"
	"strings"
	"testing"
	"time"

	"tandem/store"
)

// whole asserts that the books agree on n people, each there once, and that no
// intent is left.
func (y *yard) whole(n int) {
	y.t.Helper()
	for side, b := range []*door{y.left, y.right} {
		seen := map[string]bool{}
		for _, r := range b.All() {
			seen[r.Contact.Emails[0]] = true
		}
		if len(seen) != n || len(b.All()) != n {
			y.t.Errorf("side %d has %d records of %d people, want %d", side, len(b.All()), len(seen), n)
		}
	}
	if left, err := y.store.Intents(context.Background(), y.pair.ID); err != nil || len(left) != 0 {
		y.t.Errorf("%d intents left, %v", len(left), err)
	}
}

// TestStopWaits: a run under way that comes to its end in time ends well.
func TestStopWaits(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		y.people(12)
		s := y.started()
		reached, release := y.right.hold("write")
		defer release()
		run := y.enqueue(s, Ask{})
		wait(t, "the run writes", reached)
		done := make(chan error, 1)
		go func() { done <- s.Stop(context.Background()) }()
		// Nothing new is begun by then, and what waits stays.
		until(t, "it takes no more jobs", func() bool {
			select {
			case <-done:
				t.Fatal("stopped too early")
			default:
			}
			return y.run(run.ID).State == store.RunRunning
		})
		release()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if r := y.run(run.ID); r.State != store.RunSucceeded {
			t.Errorf("%+v", r)
		}
		y.whole(12)
		if len(y.runs()) != 1 {
			t.Error(y.runs())
		}
	})
}

// TestStopInterrupts: a run that takes too long is told to stop, before or after
// its write took effect. The next process lets it go on with the Yes it had, and
// nobody is there twice.
func TestStopInterrupts(t *testing.T) {
	// The soft stop is shorter than the context in one case, longer in the other.
	for name, soft := range map[string]time.Duration{"soft": 300 * time.Millisecond, "context": time.Hour} {
		for _, where := range []string{"write", "answer"} {
			t.Run(name+"/"+where, func(t *testing.T) {
				each(t, func(t *testing.T, y *yard) {
					// A first run that writes to the CRM needs a Yes.
					y.settings["direction"] = "two-way"
					y.people(7)
					for _, r := range y.left.All() {
						y.right.Put(r.Contact)
						y.left.Remove(r.ID)
					}
					s := y.started(func(o *Options) { o.SoftStop = soft })
					reached, release := y.left.hold(where)
					defer release()
					run := y.enqueue(s, Ask{Confirmed: true})
					wait(t, "the run writes", reached)

					limit := 10 * time.Second
					if soft > limit {
						limit = 300 * time.Millisecond
					}
					ctx, cancel := context.WithTimeout(context.Background(), limit)
					defer cancel()
					began := time.Now()
					if err := s.Stop(ctx); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(began); took > 7*time.Second {
						t.Errorf("stopped after %v", took)
					}
					if r := y.run(run.ID); r.State != store.RunFailed || !strings.Contains(r.Reason, "stopped") {
						t.Fatalf("%+v", r)
					}
					pair, err := y.store.Pair(t.Context(), y.pair.ID)
					if err != nil || pair.Beat != nil || pair.RunID != "" {
						t.Fatalf("the pair is held: %+v, %v", pair, err)
					}
					all := y.runs()
					if len(all) != 2 || all[1].State != store.RunQueued || !all[1].Confirmed {
						t.Fatalf("what goes on: %+v", all)
					}
					if intents, err := y.store.Intents(t.Context(), y.pair.ID); err != nil || len(intents) == 0 {
						t.Errorf("no intent notes the write that was under way: %v", err)
					}

					release()
					next := y.started()
					if r := y.ended(all[1].ID); r.State != store.RunSucceeded {
						t.Fatalf("%+v", r)
					}
					y.ended(y.enqueue(next, Ask{}).ID)
					y.whole(7)
				})
			})
		}
	}
}

// TestStopLeavesWhatWaits for the next process.
func TestStopLeavesWhatWaits(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		y.people(3)
		s := y.started()
		reached, release := y.left.hold("changes")
		defer release()
		first := y.enqueue(s, Ask{})
		wait(t, "the first run begins", reached)
		second := y.enqueue(s, Ask{})
		until(t, "the second one found the pair busy", func() bool {
			var metadata string
			err := y.store.DB().Raw("SELECT coalesce(metadata ->> 'snoozes', '') FROM river_job WHERE kind = 'run' ORDER BY id DESC LIMIT 1").Scan(&metadata).Error
			return err == nil && metadata != ""
		})
		go release()
		y.stop(s)
		if r := y.run(first.ID); r.State != store.RunSucceeded {
			t.Fatalf("%+v", r)
		}
		if r := y.run(second.ID); r.State != store.RunQueued && r.State != store.RunSucceeded {
			t.Fatalf("%+v", r)
		}
		y.started()
		if r := y.ended(second.ID); r.State != store.RunSucceeded {
			t.Fatalf("%+v", r)
		}
		if len(y.runs()) != 2 {
			t.Error(y.runs())
		}
	})
}
