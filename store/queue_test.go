package store_test

import (
	"sync"
	"testing"
	"time"

	"tandem/store"
	"tandem/store/storetest"
)

func TestQueueRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		now := timed(s)
		ask := store.Run{PairID: p.adaPair.ID, Kind: store.RunSync, Trigger: "manual"}
		command := ask
		command.Trigger = "command"
		must(t, s.CreateRun(bg, &command))

		// Of many clicks at once, one stores a run; a command's is not theirs.
		var wg sync.WaitGroup
		var mu sync.Mutex
		fresh, ids := 0, map[string]bool{}
		for range 16 {
			wg.Go(func() {
				run, isFresh, err := s.QueueRun(bg, ask)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if ids[run.ID] = true; isFresh {
					fresh++
				}
			})
		}
		wg.Wait()
		if fresh != 1 || len(ids) != 1 || ids[command.ID] {
			t.Fatalf("%d fresh, %v", fresh, ids)
		}
		if preview, isFresh, err := s.QueueRun(bg, store.Run{PairID: p.adaPair.ID, Kind: store.RunPreview}); err != nil || !isFresh || ids[preview.ID] {
			t.Error(preview, isFresh, err)
		}
		if all, err := s.WaitingRuns(bg, now.t, 10); err != nil || len(all) != 3 || all[0].ID != command.ID {
			t.Error(all, err)
		}
		if all, err := s.WaitingRuns(bg, now.t.Add(-time.Second), 10); err != nil || len(all) != 0 {
			t.Error(all, err)
		}

		// What was read before a Yes and a wish to sweep joined begins with both.
		read, _, err := s.QueueRun(bg, ask)
		must(t, err)
		for _, join := range []store.Run{{Confirmed: true}, {Sweep: true}, {}} {
			join.PairID, join.Kind = ask.PairID, ask.Kind
			if run, isFresh, err := s.QueueRun(bg, join); err != nil || isFresh || run.ID != read.ID {
				t.Error(run, isFresh, err)
			}
		}
		fence, err := s.BeginRun(bg, p.adaPair.ID, &read, now.t, time.Minute)
		must(t, err)
		stored, err := s.Run(bg, read.ID)
		must(t, err)
		if !read.Confirmed || !read.Sweep || !stored.Confirmed || !stored.Sweep || stored.State != store.RunRunning {
			t.Errorf("begun as %+v, stored as %+v", read, stored)
		}
		pair, err := s.Pair(bg, p.adaPair.ID)
		must(t, err)
		read.State = store.RunSucceeded
		_, err = s.EndRun(bg, fence, &pair, &read, now.t)
		must(t, err)
		_, err = s.BeginRun(bg, p.adaPair.ID, &read, now.t, time.Minute)
		is(t, err, store.ErrBegun)
		if run, isFresh, err := s.QueueRun(bg, ask); err != nil || !isFresh || run.ID == read.ID || run.Confirmed || run.Sweep {
			t.Error(run, isFresh, err)
		}
	})
}
