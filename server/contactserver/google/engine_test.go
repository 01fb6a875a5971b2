package google_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"net/http"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine"
	"tandem/server/engine/enginetest"
	"tandem/server/sandbox/kit"
	sandbox "tandem/server/sandbox/people"
	"tandem/store"
)

// TestEngine lets the engine keep a CRM in memory and the sandbox in step, over
// HTTP: lists are minutes behind, an answer is lost after it took effect, a
// batch is refused for one contact, names of resources change, the token ends.
// Nobody is there twice, no edit is undone, and a run without changes writes
// nothing.
func TestEngine(t *testing.T) {
	left, right := kit.Book(60, 7)
	w := newWorld(t, sandbox.Quirks{Delay: 4 * time.Minute, Shuffle: true, WholeBatch: true, Partial: true})
	w.people.Seed(ann, right)
	w.pass(time.Hour)
	w.open(t)
	everything := memory.Everything()
	everything.Account.ID = ann
	crm := memory.New(memory.Options{Description: everything})
	for _, c := range left {
		c.Categories = nil
		write(t, crm, contact.Mutation{Op: contact.Create, Contact: c, Mask: contact.AllFields})
	}
	ledger := enginetest.NewLedger()
	pair := ledger.Join("org", ann, nil)
	e := engine.New(engine.Options{
		Ledger: ledger, Now: w.clock,
		Open: func(_ context.Context, c store.Connection, _ engine.Settings) (contact.Book, error) {
			if c.ID == pair.LeftID {
				return crm, nil
			}
			return w.open(t), nil
		},
	})
	settings := engine.FromValues(map[string]string{"direction": "two-way", "mine": "all", "scope": "all"})
	run := func(later time.Duration) engine.Report {
		t.Helper()
		w.pass(later)
		r := store.Run{PairID: pair.ID, Kind: store.RunSync, Trigger: "manual", Confirmed: true, CreatedAt: w.clock()}
		report, err := e.Run(t.Context(), engine.Request{Run: r, Settings: settings})
		t.Logf("%s %v", report.JSON(), err)
		return report
	}
	writes := func(r engine.Report) int {
		return r.Left.Created + r.Left.Updated + r.Left.Deleted + r.Right.Created + r.Right.Updated + r.Right.Deleted
	}
	settled := func(what string) {
		t.Helper()
		if r := run(10 * time.Minute); writes(r) != 0 || r.State != store.RunSucceeded {
			t.Errorf("%s: a run without changes writes %d and ends %s", what, writes(r), r.State)
		}
	}
	batch := func(name string) func(*http.Request) bool {
		return func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ":batch"+name) }
	}
	w.faults.Add(kit.Fault{Match: batch("CreateContacts"), Lose: true})
	if r := run(0); r.State == store.RunSucceeded {
		t.Errorf("a run whose answer is lost ends %s", r.State)
	}
	run(2 * time.Minute)  // the list shows nothing of it
	run(20 * time.Minute) // found by their markers
	settled("after a lost answer")
	ids := w.people.IDs(ann)
	all, _, _ := list(t, crm, nil)
	if len(ids) != 90 || len(all) != 90 {
		t.Fatalf("there are %d people at Google and %d in the CRM, want 90", len(ids), len(all))
	}
	n := 0
	for id := range all {
		if n++; n <= 10 {
			write(t, crm, contact.Mutation{Op: contact.Update, ID: id, Contact: contact.Contact{JobTitle: "Edited in the CRM"}, Mask: contact.FieldsOf(contact.JobTitle)})
		}
	}
	for _, id := range ids[:10] {
		w.people.Edit(ann, id, func(c *contact.Contact) { c.Unit = "Edited at Google" })
	}
	w.people.Rename(ann, ids[11])
	made := writes(run(time.Minute)) // what a person did is not in the list yet
	made += writes(run(5 * time.Minute))
	made += writes(run(5 * time.Minute))
	if made != 20 {
		t.Errorf("20 edits make %d writes", made)
	}
	settled("after 20 edits")
	w.pass(8 * 24 * time.Hour)
	settled("after the token's end")
	w.people.Remove(ann, ids[20])
	run(10 * time.Minute)
	settled("after a deletion")
	if now := w.people.IDs(ann); len(now) != 89 || slices.Contains(now, ids[20]) {
		t.Errorf("%d people are left", len(now))
	}
}
