package engine_test

import (
	"context"
	"fmt"
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine"
	"tandem/server/engine/plan"
	"tandem/store"
	"tandem/store/storetest"
)

// house is one user's pair over two Books in memory and a real store.
type house struct {
	t        *testing.T
	store    *store.Store
	user     store.User
	pair     store.Pair
	book     [2]*memory.Book
	engine   *engine.Engine
	settings engine.Settings
}

func build(t *testing.T, s *store.Store, left, right memory.Options) *house {
	t.Helper()
	h := &house{t: t, store: s}
	h.user, h.pair = storetest.Seed(t, s, "https://issuer.example", "ann")
	left.Description.Account.ID, right.Description.Account.ID = "ann", "ann"
	h.book = [2]*memory.Book{memory.New(left), memory.New(right)}
	h.settings = engine.FromValues(map[string]string{"direction": "two-way", "mine": "all", "scope": "all"})
	h.engine = engine.New(engine.Options{Ledger: s, Open: func(_ context.Context, c store.Connection, _ engine.Settings) (contact.Book, error) {
		if c.ID == h.pair.LeftID {
			return h.book[0], nil
		}
		return h.book[1], nil
	}})
	return h
}

func (h *house) run(kind store.RunKind, confirmed bool) engine.Report {
	h.t.Helper()
	run := store.Run{PairID: h.pair.ID, Kind: kind, Trigger: "command", Confirmed: confirmed}
	if err := h.store.CreateRun(h.t.Context(), &run); err != nil {
		h.t.Fatal(err)
	}
	rep, err := h.engine.Run(h.t.Context(), engine.Request{Run: run, Settings: h.settings})
	if err != nil {
		h.t.Fatalf("run: %v (%v)", err, rep.Reason)
	}
	return rep
}

func (h *house) sync() engine.Report { h.t.Helper(); return h.run(store.RunSync, true) }

// quiet asserts that a further run writes nothing.
func (h *house) quiet() {
	h.t.Helper()
	if r := h.sync(); r.Left.Created+r.Left.Updated+r.Left.Deleted+r.Right.Created+r.Right.Updated+r.Right.Deleted > 0 || r.State != store.RunSucceeded {
		h.t.Fatalf("a run without changes wrote: %s", r.JSON())
	}
}

func person(n int) contact.Contact {
	return contact.Contact{
		Name:   contact.Name{Given: fmt.Sprintf("Ann%d", n), Surname: fmt.Sprintf("Miller%d", n)},
		Emails: []string{fmt.Sprintf("ann%d@example.com", n)},
		Phones: []contact.Phone{{Kind: contact.PhoneWork, Number: fmt.Sprintf("+49 30 12345%03d", n)}},
	}
}

func profiles() map[string]memory.Options {
	plain := memory.Options{Description: memory.Everything()}
	poor := memory.Options{Description: memory.Everything(), Mine: true}
	poor.Description.Marker, poor.Description.Tombstones, poor.Description.Conditional = false, false, false
	return map[string]memory.Options{"rich": plain, "poor": poor}
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	for name, left := range profiles() {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				test(t, build(t, s, left, memory.Options{Description: memory.Everything()}))
			})
		})
	}
}

func TestTwoWayJourney(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var left, right []contact.ID
		for n := range 20 {
			left = append(left, h.book[0].Put(person(n)))
		}
		for n := 10; n < 30; n++ {
			right = append(right, h.book[1].Put(person(n)))
		}
		if r := h.run(store.RunSync, false); r.State != store.RunHalted {
			t.Fatalf("a first run that would write to the CRM must wait for Yes: %s", r.JSON())
		}
		if r := h.run(store.RunPreview, false); r.State != store.RunPlanned || r.Left.Created != 10 || r.Right.Created != 10 {
			t.Fatalf("preview: %s", r.JSON())
		}
		r := h.sync()
		if r.Left.Created != 10 || r.Right.Created != 10 || r.Linked != 10 || r.Failed != 0 {
			t.Fatalf("first run: %s", r.JSON())
		}
		if a, b := len(h.book[0].All()), len(h.book[1].All()); a != 30 || b != 30 {
			t.Fatalf("%d left and %d right", a, b)
		}
		h.quiet()
		h.book[0].Edit(left[0], func(c *contact.Contact) { c.JobTitle = "Director" })
		h.book[1].Edit(right[19], func(c *contact.Contact) { c.Emails = append(c.Emails, "second@example.com") })
		r = h.sync()
		if r.Left.Updated != 1 || r.Right.Updated != 1 || r.Conflicts != 0 {
			t.Fatalf("edits: %s", r.JSON())
		}
		h.quiet()
		h.quiet()
	})
}

func TestResetMakesNoDuplicate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for n := range 10 {
			h.book[0].Put(person(n))
		}
		h.sync()
		if err := h.store.Reset(t.Context(), h.user.ID, h.pair.ID, true); err != nil {
			t.Fatal(err)
		}
		r := h.sync()
		if r.Left.Created+r.Right.Created > 0 || r.Linked != 10 {
			t.Fatalf("after a reset: %s", r.JSON())
		}
		h.quiet()
	})
}

func TestDeletions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var left []contact.ID
		for n := range 30 {
			left = append(left, h.book[0].Put(person(n)))
		}
		h.settings.Direction = plan.CRMToContacts
		h.sync()
		h.book[0].Remove(left[0])
		run := store.Run{PairID: h.pair.ID, Kind: store.RunSync, Trigger: "command"}
		if err := h.store.CreateRun(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
		r, err := h.engine.Run(t.Context(), engine.Request{Run: run, Settings: h.settings, Sweep: true})
		if err != nil || r.Right.Deleted != 1 {
			t.Fatalf("one deletion: %s %v", r.JSON(), err)
		}
		h.quiet()
		for _, id := range left[1:] {
			h.book[0].Remove(id)
		}
		run = store.Run{PairID: h.pair.ID, Kind: store.RunSync, Trigger: "command"}
		if err := h.store.CreateRun(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
		r, err = h.engine.Run(t.Context(), engine.Request{Run: run, Settings: h.settings, Sweep: true})
		if err != nil || r.State != store.RunHalted || len(h.book[1].All()) != 29 {
			t.Fatalf("an emptied side must halt: %s %v, %d left there", r.JSON(), err, len(h.book[1].All()))
		}
	})
}

func TestConflictKeepsBothValues(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.book[0].Put(person(1))
		h.sync()
		other := h.book[1].All()[0].ID
		h.book[0].Edit(id, func(c *contact.Contact) { c.JobTitle = "Director" })
		h.book[1].Edit(other, func(c *contact.Contact) { c.JobTitle = "Manager" })
		r := h.sync()
		if r.Conflicts != 1 || r.Right.Updated != 1 || r.Left.Updated != 0 {
			t.Fatalf("conflict: %s", r.JSON())
		}
		items, err := h.store.Items(t.Context(), h.user.ID, store.ItemQuery{PairID: h.pair.ID, Kinds: []string{"conflict"}})
		if err != nil || len(items) != 1 {
			t.Fatalf("%d conflicts listed, %v", len(items), err)
		}
		d, err := engine.DecodeDetail(items[0].Detail)
		if err != nil || d.Left.First() != "Director" || d.Right.First() != "Manager" || d.Winner != "left" {
			t.Fatalf("detail %+v, %v", d, err)
		}
		h.quiet()
	})
}

// TestOneWayRemembersTheTargetsEdit: an edit at the target stays until the
// source changes that field, and stands in the list of conflicts from then on.
func TestOneWayRemembersTheTargetsEdit(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.settings.Direction = plan.CRMToContacts
		id := h.book[0].Put(person(1))
		h.sync()
		h.book[1].Edit(h.book[1].All()[0].ID, func(c *contact.Contact) { c.JobTitle = "typed here" })
		h.quiet()
		h.book[0].Edit(id, func(c *contact.Contact) { c.Unit = "Sales" })
		h.sync()
		if c := h.book[1].All()[0].Contact; c.JobTitle != "typed here" || c.Unit != "Sales" {
			t.Fatalf("the edit did not stay: %+v", c)
		}
		h.book[0].Edit(id, func(c *contact.Contact) { c.JobTitle = "Director" })
		r := h.sync()
		if c := h.book[1].All()[0].Contact; c.JobTitle != "Director" || r.Conflicts != 1 {
			t.Fatalf("%s: %+v", r.JSON(), c)
		}
		items, err := h.store.Items(t.Context(), h.user.ID, store.ItemQuery{PairID: h.pair.ID, Kinds: []string{"conflict"}})
		if err != nil || len(items) != 1 {
			t.Fatalf("%d conflicts listed, %v", len(items), err)
		}
		if d, err := engine.DecodeDetail(items[0].Detail); err != nil || d.Right.First() != "typed here" {
			t.Fatalf("what was typed is lost: %+v, %v", d, err)
		}
		h.quiet()
	})
}
