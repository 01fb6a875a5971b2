package google_test

import (
	"fmt"
	"testing"

	"tandem/server/contact"
	sandbox "tandem/server/sandbox/people"
)

// TestRequestEconomy prints what a first sync, a full reading, a run without
// changes and twenty edits cost, as the sandbox counts it. The floor is one
// request for a thousand people read and one for two hundred written; a group
// is asked for once per run that sees people, and made once for good.
func TestRequestEconomy(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	b := w.open(t)
	step := func(what string, want map[string]int, do func()) {
		t.Helper()
		w.people.ResetRequests()
		do()
		got, sum := w.people.Requests(), 0
		for method, n := range got {
			if sum += n; n != want[method] {
				t.Errorf("%s: %d of %s, want %d", what, n, method, want[method])
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
		t.Logf("%-42s %2d requests %v", what, sum, got)
	}
	var cursor contact.Cursor
	step("describe", map[string]int{}, func() {
		if _, err := b.Describe(t.Context()); err != nil {
			t.Error(err)
		}
	})
	step("first reading of nobody", map[string]int{"people.connections.list": 1}, func() { _, _, cursor = list(t, b, nil) })
	var made []contact.Result
	step("1,000 creates", map[string]int{"people.batchCreateContacts": 5, "contactGroups.list": 1, "contactGroups.create": 1}, func() {
		for batch := range 5 {
			var ms []contact.Mutation
			for i := range 200 {
				n := batch*200 + i
				ms = append(ms, create(full(fmt.Sprint("person", n)), fmt.Sprint("m-", n)))
			}
			made = append(made, write(t, b, ms...)...)
		}
	})
	b = w.open(t)
	step("1,000 own creates told back", map[string]int{"people.connections.list": 1, "contactGroups.list": 1}, func() { _, _, cursor = list(t, b, cursor) })
	b = w.open(t)
	step("no-op", map[string]int{"people.connections.list": 1}, func() { _, _, cursor = list(t, b, cursor) })
	b = w.open(t)
	step("full reading of 1,000", map[string]int{"people.connections.list": 1, "contactGroups.list": 1}, func() {
		if all, _, _ := list(t, b, nil); len(all) != 1000 {
			t.Errorf("%d people", len(all))
		}
	})
	var edits []contact.Mutation
	for _, r := range made[:20] {
		edits = append(edits, contact.Mutation{Op: contact.Update, ID: r.ID, Version: r.Version, Contact: contact.Contact{JobTitle: "Boss"}, Mask: contact.FieldsOf(contact.JobTitle)})
	}
	step("20 edits of what was just read, written", map[string]int{"people.batchUpdateContacts": 1}, func() { made = append(write(t, b, edits...), made[20:]...) })
	for i := range edits {
		edits[i].Version, edits[i].Contact.JobTitle = made[i].Version, "Chief"
	}
	b = w.open(t)
	step("20 edits in a run of changes, written", map[string]int{"people.getBatchGet": 1, "people.batchUpdateContacts": 1, "contactGroups.list": 1}, func() { write(t, b, edits...) })
	b = w.open(t)
	_, _, cursor = list(t, b, cursor)
	for _, r := range made[100:120] {
		w.people.Edit(ann, string(r.ID), func(c *contact.Contact) { c.Unit = "Research" })
	}
	step("20 edits by a person, read", map[string]int{"people.connections.list": 1, "people.getBatchGet": 1}, func() {
		if all, _, _ := list(t, b, cursor); len(all) != 20 {
			t.Errorf("%d changes", len(all))
		}
	})
	var gone []contact.Mutation
	for _, r := range made[500:700] {
		gone = append(gone, contact.Mutation{Op: contact.Delete, ID: r.ID})
	}
	step("200 deletions", map[string]int{"people.getBatchGet": 1, "people.batchDeleteContacts": 1}, func() { write(t, b, gone...) })
}
