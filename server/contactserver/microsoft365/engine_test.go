package microsoft365

import (
	"context"
	"slices"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine"
	"tandem/server/engine/enginetest"
	"tandem/server/sandbox/graph"
	"tandem/server/sandbox/kit"
	"tandem/store"
)

// sync lets the engine keep a CRM in memory and the sandbox in step.
func (w *world) sync(t *testing.T, crm *memory.Book) func(later time.Duration) engine.Report {
	ledger := enginetest.NewLedger()
	pair := ledger.Join("org", w.values[keepAccount], nil)
	late := time.Duration(0)
	e := engine.New(engine.Options{
		Ledger: ledger, Now: func() time.Time { return time.Now().Add(late) },
		Open: func(_ context.Context, c store.Connection, _ engine.Settings) (contact.Book, error) {
			if c.ID == pair.LeftID {
				return crm, nil
			}
			return w.open(t), nil
		},
	})
	settings := engine.FromValues(map[string]string{"direction": "two-way", "mine": "all", "scope": "all"})
	return func(later time.Duration) engine.Report {
		t.Helper()
		late += later
		run := store.Run{PairID: pair.ID, Kind: store.RunSync, Trigger: "manual", Confirmed: true, CreatedAt: time.Now()}
		report, err := e.Run(t.Context(), engine.Request{Run: run, Settings: settings})
		t.Logf("%s %v", report.JSON(), err)
		return report
	}
}

func writes(r engine.Report) int {
	return r.Left.Created + r.Left.Updated + r.Left.Deleted + r.Right.Created + r.Right.Updated + r.Right.Deleted
}

// TestEngine runs the engine over the sandbox by HTTP: answers are lost half
// way, parts fail after they were done, the place in the list is lost, contacts
// are moved; in the end nobody is there twice and a further run writes nothing.
func TestEngine(t *testing.T) {
	left, right := kit.Book(60, 7)
	w := newWorld(t, graph.Options{Quirks: graph.Quirks{EmptyPages: true, Replays: true, RemovedFirst: true}})
	w.Seed(tester, right)
	w.connected(t)
	everything := memory.Everything()
	everything.Account.ID = w.values[keepAccount]
	crm := memory.New(memory.Options{Description: everything})
	for some := range slices.Chunk(left, 20) {
		var ms []contact.Mutation
		for _, c := range some {
			c.Categories = nil
			ms = append(ms, contact.Mutation{Op: contact.Create, Contact: c, Mask: contact.AllFields})
		}
		if _, err := crm.Write(t.Context(), ms); err != nil {
			t.Fatal(err)
		}
	}
	run := w.sync(t, crm)
	w.Fail(graph.Failure{Match: graph.Writes, Skip: 3, Status: 500, Code: "ErrorInternalServerError", After: true, Times: 2})
	w.faults.Add(kit.Fault{Match: isBatch, Skip: 1, Lose: true})
	if r := run(0); r.State == store.RunSucceeded {
		t.Errorf("a run whose answers are lost ends %s", r.State)
	}
	for range 4 {
		run(2 * grace)
	}
	if left := w.faults.Clear(); left > 0 {
		t.Errorf("%d faults did not happen", left)
	}
	w.ExpireTokens(tester)
	if r := run(time.Hour); writes(r) != 0 || r.State != store.RunSucceeded {
		t.Errorf("a run without changes writes %d and ends %s", writes(r), r.State)
	}
	people, _ := w.People(tester).List(t.Context())
	all, _ := listed(t, crm, nil)
	if len(people) != 90 || len(all) != 90 {
		t.Fatalf("there are %d people in Outlook and %d in the CRM, want 90", len(people), len(all))
	}
	n := 0
	for id := range all {
		if n++; n <= 10 {
			c := contact.Mutation{Op: contact.Update, ID: id, Contact: contact.Contact{JobTitle: "Edited in the CRM"}, Mask: contact.FieldsOf(contact.JobTitle)}
			write1(t, crm, c)
		}
	}
	for _, p := range people[:10] {
		w.Edit(tester, p.ID, func(c contact.Contact) contact.Contact { c.Unit = "Edited in Outlook"; return c })
	}
	if r := run(time.Hour); r.Left.Updated != 10 || r.Right.Updated != 10 || writes(r) != 20 {
		t.Errorf("20 edits make %d writes", writes(r))
	}
	if r := run(time.Hour); writes(r) != 0 || r.State != store.RunSucceeded {
		t.Errorf("after that a run writes %d", writes(r))
	}
	// Moved to another folder, a contact is no deletion.
	w.Move(tester, people[0].ID, w.AddFolder(tester, "Family"))
	if r := run(time.Hour); writes(r) != 0 || r.State != store.RunSucceeded {
		t.Errorf("after a move a run writes %d", writes(r))
	}
}
