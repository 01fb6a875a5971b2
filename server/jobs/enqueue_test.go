package jobs

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"

	"tandem/store"
	"tandem/store/storetest"
)

func TestRunAndJobCommitTogether(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		s := y.service()
		no := errors.New("no")
		err := y.store.Tx(t.Context(), func(tx store.Tx) error {
			if _, err := s.enqueue(t.Context(), tx, Ask{PairID: y.pair.ID, Kind: store.RunSync}); err != nil {
				return err
			}
			return no
		})
		if !errors.Is(err, no) || len(y.runs()) != 0 || len(y.jobs("run")) != 0 {
			t.Fatalf("after a rollback: %v, %v, %v", err, y.runs(), y.jobs("run"))
		}
		run := y.enqueue(s, Ask{Sweep: true})
		if all := y.runs(); len(all) != 1 || all[0].ID != run.ID || !all[0].Sweep || len(y.jobs("run")) != 1 {
			t.Fatalf("after a commit: %v, %v", all, y.jobs("run"))
		}
		if _, err := s.Enqueue(t.Context(), Ask{PairID: "none", Kind: store.RunSync}); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	})
}

// TestThousandClicks: the run under way and one after it, and that one has the
// Yes and the wish that came meanwhile.
func TestThousandClicks(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		y.people(12)
		s := y.started()
		reached, release := y.left.hold("changes")
		defer release()
		began := time.Now()
		first := y.enqueue(s, Ask{})
		wait(t, "the first run begins", reached)
		latency := time.Since(began)
		began = time.Now()
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				for m := range 50 {
					last := n == 7 && m == 49
					if _, err := s.Enqueue(t.Context(), Ask{PairID: y.pair.ID, Kind: store.RunSync, Trigger: "manual", Confirmed: last, Sweep: last}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		clicks := time.Since(began)
		if r := y.run(first.ID); r.State != store.RunRunning || r.Confirmed || r.Sweep {
			t.Fatalf("the run under way: %+v", r)
		}
		released := time.Now()
		release()
		if r := y.ended(first.ID); r.State != store.RunSucceeded {
			t.Fatalf("first run: %+v", r)
		}
		all := y.runs()
		if len(all) != 2 {
			t.Fatalf("%d runs", len(all))
		}
		second := y.ended(all[1].ID)
		if second.State != store.RunSucceeded || !second.Confirmed || !second.Sweep || second.StartedAt.Before(*y.run(first.ID).FinishedAt) {
			t.Fatalf("second run: %+v", second)
		}
		t.Logf("begins after %v; 1,000 clicks in %v; the second begins %v after the first one ended",
			latency, clicks, second.StartedAt.Sub(released))
		if latency > 2*time.Second {
			t.Errorf("a click waited %v for its run", latency)
		}
		if n := len(y.right.All()); n != 12 {
			t.Errorf("%d people arrived", n)
		}
	})
}

func TestPreviewWaitsBesideSync(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		s := y.service()
		preview, sync := y.enqueue(s, Ask{Kind: store.RunPreview}), y.enqueue(s, Ask{})
		if preview.ID == sync.ID || y.enqueue(s, Ask{Kind: store.RunPreview, Confirmed: true}).ID != preview.ID || len(y.jobs("run")) != 2 {
			t.Fatal(y.runs())
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a, b := y.ended(preview.ID), y.ended(sync.ID); a.State != store.RunPlanned || b.State != store.RunSucceeded {
			t.Fatal(a, b)
		}
		until(t, "their jobs are done", func() bool {
			for _, j := range y.jobs("run") {
				if j.State != rivertype.JobStateCompleted {
					return false
				}
			}
			return true
		})
	})
}

// TestTwoProcessesStart on a database that is not there yet.
func TestTwoProcessesStart(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.Postgres(t))
	y := newYard(t, s)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := New(t.Context(), y.opts()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
