package engine_test

import (
	"testing"

	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/engine/plan"
	"tandem/store"
)

// TestYesCoversWhatWasShown: a Yes holds for about what was on the screen. What
// came on top of it is asked about again.
func TestYesCoversWhatWasShown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.settings.Direction = plan.CRMToContacts
		var ids []contact.ID
		for n := range 60 {
			ids = append(ids, h.book[0].Put(person(n)))
		}
		h.sync()
		run := func(task *engine.Task) engine.Report {
			t.Helper()
			row := store.Run{PairID: h.pair.ID, Kind: store.RunSync, Trigger: "manual", Sweep: true}
			if task != nil {
				row.Confirmed, row.Task = true, task.Encode()
			}
			if err := h.store.CreateRun(t.Context(), &row); err != nil {
				t.Fatal(err)
			}
			r, err := h.engine.Run(t.Context(), engine.Request{Run: row, Settings: h.settings})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		for _, id := range ids[:12] {
			h.book[0].Remove(id)
		}
		shown := run(nil)
		if shown.State != store.RunHalted || shown.Right.Deleted != 12 {
			t.Fatalf("12 deletions are asked about: %s", shown.JSON())
		}
		for _, id := range ids[12:40] {
			h.book[0].Remove(id)
		}
		if r := run(&engine.Task{Shown: shown.Counts()}); r.State != store.RunHalted || len(h.book[1].All()) != 60 {
			t.Fatalf("40 deletions under a Yes to 12: %s", r.JSON())
		}
		shown.Right.Deleted = 40
		if r := run(&engine.Task{Shown: shown.Counts()}); r.State != store.RunSucceeded || r.Right.Deleted != 40 {
			t.Fatalf("40 deletions under a Yes to 40: %s", r.JSON())
		}
	})
}
