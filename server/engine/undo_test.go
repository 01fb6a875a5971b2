package engine_test

import (
	"testing"

	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/engine/plan"
	"tandem/store"
)

// undo carries out a task over the lines that it names.
func (h *house) undo(task engine.Task, confirmed bool) engine.Report {
	h.t.Helper()
	q := store.ItemQuery{RunID: task.Run, Limit: 1000}
	if task.Run == "" {
		q = store.ItemQuery{PairID: h.pair.ID, Kinds: []string{"conflict", "difference"}, Limit: 1000}
	}
	items, err := h.store.Items(h.t.Context(), h.user.ID, q)
	if err != nil {
		h.t.Fatal(err)
	}
	run := store.Run{PairID: h.pair.ID, Kind: store.RunUndo, Trigger: "command", Confirmed: confirmed, Task: task.Encode()}
	if err := h.store.CreateRun(h.t.Context(), &run); err != nil {
		h.t.Fatal(err)
	}
	r, err := h.engine.Run(h.t.Context(), engine.Request{Run: run, Settings: h.settings, Undo: engine.Undo{Task: task, Items: items}})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *house) lastRun() string {
	h.t.Helper()
	run, err := h.store.LatestRun(h.t.Context(), h.user.ID, h.pair.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return run.ID
}

// TestUndoRun: a person broke many contacts, the sync carried it over, and
// taking that run back gives the other side what it had. It stays so.
func TestUndoRun(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.settings.Direction = plan.CRMToContacts
		var ids []contact.ID
		for n := range 20 {
			c := person(n)
			c.JobTitle = "Engineer"
			ids = append(ids, h.book[0].Put(c))
		}
		h.sync()
		created := h.lastRun()
		for _, id := range ids[:15] {
			h.book[0].Edit(id, func(c *contact.Contact) { c.JobTitle = "broken" })
		}
		h.sync()
		broke := h.lastRun()
		edited := h.book[1].All()[0].ID
		for _, r := range h.book[1].All() {
			if r.Contact.JobTitle == "broken" {
				edited = r.ID
			}
		}
		h.book[1].Edit(edited, func(c *contact.Contact) { c.JobTitle = "by hand" })
		if r := h.undo(engine.Task{Run: broke}, false); r.State != store.RunHalted || r.Right.Updated != 14 {
			t.Fatalf("an undo is shown first: %s", r.JSON())
		}
		if r := h.undo(engine.Task{Run: broke}, true); r.State != store.RunSucceeded || r.Right.Updated != 14 {
			t.Fatalf("undo: %s", r.JSON())
		}
		titles := map[string]int{}
		for _, r := range h.book[1].All() {
			titles[r.Contact.JobTitle]++
		}
		if titles["Engineer"] != 19 || titles["by hand"] != 1 {
			t.Fatalf("after the undo: %v", titles)
		}
		h.quiet()
		if r := h.undo(engine.Task{Run: created}, true); r.Right.Deleted == 0 || len(h.book[0].All()) != 20 {
			t.Fatalf("taking the first run back: %s", r.JSON())
		}
		h.quiet() // what was taken back is not created again
	})
}

// TestRestore: the value that lost a conflict stands on both sides again.
func TestRestore(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.book[0].Put(person(1))
		h.sync()
		other := h.book[1].All()[0].ID
		h.book[0].Edit(id, func(c *contact.Contact) { c.JobTitle = "Director" })
		h.book[1].Edit(other, func(c *contact.Contact) { c.JobTitle = "Manager" })
		h.sync()
		h.undo(engine.Task{Take: "right"}, true)
		for s, b := range h.book {
			if got := b.All()[0].Contact.JobTitle; got != "Manager" {
				t.Fatalf("side %d has %q", s, got)
			}
		}
		h.quiet()
		h.book[0].Edit(id, func(c *contact.Contact) { c.JobTitle = "President" })
		h.sync()
		if got := h.book[1].All()[0].Contact.JobTitle; got != "President" {
			t.Fatalf("the next edit did not travel: %q", got)
		}
	})
}

// TestUndoDelete brings a deleted contact back, once.
func TestUndoDelete(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.settings.Direction = plan.CRMToContacts
		var ids []contact.ID
		for n := range 20 {
			ids = append(ids, h.book[0].Put(person(n)))
		}
		h.sync()
		h.book[0].Remove(ids[3])
		run := store.Run{PairID: h.pair.ID, Kind: store.RunSync, Trigger: "command", Sweep: true}
		if err := h.store.CreateRun(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
		if r, err := h.engine.Run(t.Context(), engine.Request{Run: run, Settings: h.settings, Sweep: true}); err != nil || r.Right.Deleted != 1 {
			t.Fatalf("%s %v", r.JSON(), err)
		}
		if r := h.undo(engine.Task{Run: run.ID}, true); r.Right.Created != 1 || len(h.book[1].All()) != 20 {
			t.Fatalf("undo of a deletion: %s", r.JSON())
		}
		h.quiet()
		if len(h.book[1].All()) != 20 || len(h.book[0].All()) != 19 {
			t.Fatalf("%d and %d", len(h.book[0].All()), len(h.book[1].All()))
		}
	})
}
