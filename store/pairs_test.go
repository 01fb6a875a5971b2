package store_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/store"
	"tandem/store/storetest"
)

func TestDuePairs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		now := timed(s)
		check := func(what string, want ...store.Pair) {
			t.Helper()
			due, err := s.DuePairs(bg, now.t, now.t.Add(-30*time.Second), 10)
			must(t, err)
			var got, ids []string
			for _, d := range due {
				got = append(got, d.ID)
			}
			for _, w := range want {
				ids = append(ids, w.ID)
			}
			slices.Sort(got)
			slices.Sort(ids)
			if !slices.Equal(got, ids) {
				t.Errorf("%s: due %v, want %v", what, got, ids)
			}
		}
		check("nothing is set")
		soon := now.t.Add(10 * time.Minute)
		is(t, s.SetAuto(bg, p.bob.ID, p.adaPair.ID, &soon), store.ErrNotFound)
		must(t, s.SetAuto(bg, p.ada.ID, p.adaPair.ID, &soon))
		check("not yet")
		now.forward(10 * time.Minute)
		check("ada is due", p.adaPair)
		must(t, s.MarkDirty(bg, p.bobPair.ID))
		check("bob clicked", p.adaPair, p.bobPair)

		// Of several processes that plan the next run, one succeeds.
		ada, err := s.PairOf(bg, p.ada.ID, p.adaPair.ID)
		must(t, err)
		if !ada.Auto || ada.NextAt == nil || !ada.NextAt.Equal(soon) {
			t.Errorf("%+v", ada)
		}
		var planned atomic.Int32
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				ok, err := s.Schedule(bg, ada, now.t.Add(10*time.Minute))
				if err != nil {
					t.Error(err)
				}
				if ok {
					planned.Add(1)
				}
			})
		}
		wg.Wait()
		if planned.Load() != 1 {
			t.Errorf("planned %d times", planned.Load())
		}
		check("bob still", p.bobPair)

		fence, err := s.BeginRun(bg, p.bobPair.ID, &store.Run{ID: "r"}, now.t, 30*time.Second)
		must(t, err)
		must(t, s.MarkDirty(bg, p.bobPair.ID))
		check("bob runs")
		now.forward(30 * time.Second)
		check("bob's run is dead", p.bobPair)
		stale, err := s.StalePairs(bg, now.t.Add(-30*time.Second), 10)
		if err != nil || len(stale) != 1 || stale[0].ID != p.bobPair.ID {
			t.Error(stale, err)
		}
		bob, err := s.Pair(bg, p.bobPair.ID)
		must(t, err)
		_, err = s.EndRun(bg, fence, &bob, &store.Run{ID: "r", State: store.RunFailed}, now.t)
		must(t, err)
		if stale, err = s.StalePairs(bg, now.t, 10); err != nil || len(stale) != 0 {
			t.Error(stale, err)
		}
		must(t, s.NeedReconnect(bg, p.bobPair.LeftID, "x"))
		check("bob must reconnect")

		must(t, s.SetAuto(bg, p.ada.ID, p.adaPair.ID, nil))
		now.forward(time.Hour)
		check("ada turned it off")
		if ok, err := s.Schedule(bg, ada, now.t); err != nil || ok {
			t.Errorf("turned on behind her back: %v, %v", ok, err)
		}
		if all, err := s.Pairs(bg, p.ada.ID); err != nil || len(all) != 1 || all[0].ID != p.adaPair.ID {
			t.Error(all, err)
		}
		leads, err := s.EnsurePair(bg, p.ada.ID, p.adaPair.LeftID, p.adaPair.RightID, "leads")
		if err != nil || leads.ID == p.adaPair.ID || leads.LeftSize != -1 {
			t.Error(leads, err)
		}
	})
}

func TestInterruptedRunIsClosed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		now := timed(s)
		_, err := s.BeginRun(bg, p.adaPair.ID, &store.Run{ID: "dead"}, now.t, time.Minute)
		must(t, err)
		now.forward(time.Minute)
		_, err = s.BeginRun(bg, p.adaPair.ID, &store.Run{ID: "next"}, now.t, time.Minute)
		must(t, err)
		if r, err := s.Run(bg, "dead"); err != nil || r.State != store.RunFailed || r.Reason == "" || r.FinishedAt == nil {
			t.Errorf("%+v, %v", r, err)
		}
		// The same run, taken up again, is not.
		now.forward(time.Minute)
		_, err = s.BeginRun(bg, p.adaPair.ID, &store.Run{ID: "next"}, now.t, time.Minute)
		must(t, err)
		if r, err := s.Run(bg, "next"); err != nil || r.State != store.RunRunning {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
