package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/store"
	"tandem/store/storetest"
)

func TestRuns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		now := timed(s)
		var ids []string
		for i := range 5 {
			run := store.Run{PairID: p.adaPair.ID, Kind: store.RunSync, Trigger: "manual", UserID: "forged", OrganizationID: "forged"}
			if i == 3 {
				run.Kind = store.RunPreview
			}
			must(t, s.CreateRun(bg, &run))
			if run.UserID != p.ada.ID || run.State != store.RunQueued {
				t.Errorf("%+v", run)
			}
			ids = append(ids, run.ID)
			now.forward(time.Second)
		}
		is(t, s.CreateRun(bg, &store.Run{PairID: "none"}), store.ErrNotFound)
		page, err := s.Runs(bg, p.ada.ID, 1, 2)
		if err != nil || len(page) != 2 || page[0].ID != ids[3] || page[1].ID != ids[2] {
			t.Error(page, err)
		}
		latest, err := s.LatestRun(bg, p.ada.ID, p.adaPair.ID)
		if err != nil || latest.ID != ids[4] {
			t.Error(latest, err)
		}
		if latest, err = s.LatestRun(bg, p.ada.ID, p.adaPair.ID, store.RunPreview, store.RunUndo); err != nil || latest.ID != ids[3] {
			t.Error(latest, err)
		}
		if r, err := s.RunOf(bg, p.ada.ID, ids[0]); err != nil || r.ID != ids[0] {
			t.Error(r, err)
		}
		for _, other := range []store.User{p.bob, p.eve} {
			_, err = s.RunOf(bg, other.ID, ids[0])
			is(t, err, store.ErrNotFound)
			_, err = s.LatestRun(bg, other.ID, p.adaPair.ID)
			is(t, err, store.ErrNotFound)
			if all, err := s.Runs(bg, other.ID, 0, 10); err != nil || len(all) != 0 {
				t.Error(all, err)
			}
		}
		must(t, s.CloseRun(bg, ids[0], store.RunFailed, "Not connected."))
		is(t, s.CloseRun(bg, ids[0], store.RunFailed, "again"), store.ErrNotFound)
		if r, err := s.Run(bg, ids[0]); err != nil || r.State != store.RunFailed || r.Reason != "Not connected." || r.FinishedAt == nil {
			t.Error(r, err)
		}

		// Two clicks wait as one run, and a Yes joins it.
		queued, fresh, err := s.QueueRun(bg, store.Run{PairID: p.bobPair.ID, Kind: store.RunSync})
		must(t, err)
		again, freshAgain, err := s.QueueRun(bg, store.Run{PairID: p.bobPair.ID, Kind: store.RunSync, Confirmed: true})
		must(t, err)
		if !fresh || freshAgain || again.ID != queued.ID || !again.Confirmed {
			t.Errorf("%+v, %+v", queued, again)
		}
		if r, err := s.Run(bg, queued.ID); err != nil || !r.Confirmed {
			t.Error(r, err)
		}
	})
}

func TestItems(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		now := timed(s)
		run := store.Run{ID: s.NewID()}
		fence, err := s.BeginRun(bg, p.adaPair.ID, &run, now.t, time.Minute)
		must(t, err)
		var items []store.Item
		for i := range 7 {
			kind := "created"
			if i%3 == 0 {
				kind = "conflict"
			}
			items = append(items, store.Item{ID: s.NewID(), RunID: run.ID, PairID: p.adaPair.ID, LinkID: "k", Kind: kind, Side: "left",
				LeftID: "l", RightID: "r", Reason: "edited", Detail: fmt.Append(nil, "detail ", i), CreatedAt: now.t})
		}
		must(t, s.Commit(bg, p.adaPair.ID, fence, store.Batch{Items: items}))

		check := func(q store.ItemQuery, want ...store.Item) {
			t.Helper()
			got, err := s.Items(bg, p.ada.ID, q)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Error(diff)
			}
		}
		check(store.ItemQuery{RunID: run.ID}, items...)
		check(store.ItemQuery{RunID: run.ID, Offset: 2, Limit: 3}, items[2:5]...)
		check(store.ItemQuery{RunID: run.ID, Kinds: []string{"conflict"}}, items[0], items[3], items[6])
		check(store.ItemQuery{PairID: p.adaPair.ID, Kinds: []string{"conflict", "none"}, Limit: 2}, items[6], items[3])
		check(store.ItemQuery{PairID: p.bobPair.ID})
		counts, err := s.CountItems(bg, p.ada.ID, run.ID)
		must(t, err)
		if diff := cmp.Diff(map[string]int{"created": 4, "conflict": 3}, counts); diff != "" {
			t.Error(diff)
		}

		for _, other := range []store.User{p.bob, p.eve} {
			if got, err := s.Items(bg, other.ID, store.ItemQuery{RunID: run.ID}); err != nil || len(got) != 0 {
				t.Error(got, err)
			}
			if counts, err := s.CountItems(bg, other.ID, run.ID); err != nil || len(counts) != 0 {
				t.Error(counts, err)
			}
			_, err = s.Item(bg, other.ID, items[0].ID)
			is(t, err, store.ErrNotFound)
			is(t, s.ResolveItem(bg, other.ID, items[0].ID), store.ErrNotFound)
		}
		must(t, s.ResolveItem(bg, p.ada.ID, items[0].ID))
		is(t, s.ResolveItem(bg, p.ada.ID, items[0].ID), store.ErrNotFound)
		item, err := s.Item(bg, p.ada.ID, items[0].ID)
		if err != nil || item.Resolved == nil || string(item.Detail) != "detail 0" {
			t.Errorf("%+v, %v", item, err)
		}
		check(store.ItemQuery{RunID: run.ID, Kinds: []string{"conflict"}, Open: true}, items[3], items[6])
	})
}
