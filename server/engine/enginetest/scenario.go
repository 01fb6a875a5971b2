package enginetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/engine/plan"
)

// Scenario is what people did before the run in which a fault strikes.
type Scenario struct {
	Name string
	// Fresh scenarios begin before the first run; the others with five people,
	// P1 to P5, in sync.
	Fresh bool
	Do    func(w *World)
	// Free are the profiles, "*" for all, on which, by rights, the end depends on
	// when a run was interrupted: people and servers tell something only once.
	Free string
}

// base is how many people are in sync before a scenario begins.
const base = 5

// prepare lets the World come to where the scenario's run begins.
func (w *World) prepare(s Scenario) error {
	if !s.Fresh {
		for i := range base {
			w.PutAll(w.source(), fmt.Sprintf("P%d", i+1))
		}
		if err := w.Round(time.Minute); err != nil {
			return err
		}
		w.wrote = [5][2]int{}
		w.subject = "P1"
	}
	w.Wait(time.Minute)
	s.Do(w)
	w.Wait(time.Minute)
	return nil
}

// source is the side from which people come into the sync.
func (w *World) source() plan.Side {
	if w.Direction == plan.ContactsToCRM {
		return plan.Right
	}
	return plan.Left
}

// PutAll types a new person: in the CRM once, in the address books by each
// user.
func (w *World) PutAll(s plan.Side, tag string) {
	w.putAll(s, tag, w.Person(tag))
}

func (w *World) putAll(s plan.Side, tag string, c contact.Contact) {
	for i := range w.Users {
		if i == 0 || s == plan.Right {
			w.Put(i, s, tag, c)
		}
	}
}

// loosen marks people of whom the Verify cannot tell what is right.
func (w *World) loosen(tags ...string) {
	for _, tag := range tags {
		w.person(tag).loose = true
	}
}

// id is the user's record of a person.
func (w *World) id(user int, s plan.Side, tag string) contact.ID {
	if found := w.find(user, s, tag); len(found) > 0 {
		return found[0].ID
	}
	return ""
}

const crm, book = plan.Left, plan.Right

// set makes an edit of one field to a text that nobody typed before.
func (w *World) set(s plan.Side, tag string, f contact.Field) {
	text := w.Unique(f.String())
	v := contact.Value{text}
	switch f {
	case contact.Emails:
		v = contact.Value{fmt.Sprintf("%s.%03d@example.net", strings.ToLower(tag), w.token)}
	case contact.MobilePhones, contact.WorkPhones, contact.HomePhones, contact.Faxes:
		v = contact.Value{fmt.Sprintf("040 777%03d", w.token)}
	case contact.WorkAddress:
		v = contact.Value{text, "Berlin", "", "10115", "Germany"}
	case contact.Birth:
		v = contact.Value{fmt.Sprintf("19%02d-03-04", 10+w.token%80)}
	}
	w.Edit(0, s, tag, func(c *contact.Contact) { *c = c.Set(f, v) })
}

// add puts one more element into a set.
func (w *World) add(s plan.Side, tag string) {
	w.token++
	e := fmt.Sprintf("%s.more%03d@example.net", strings.ToLower(tag), w.token)
	w.Edit(0, s, tag, func(c *contact.Contact) { c.Emails = append(c.Emails, e) })
}

// clear empties a field.
func (w *World) clear(s plan.Side, tag string, f contact.Field) {
	w.Edit(0, s, tag, func(c *contact.Contact) { *c = c.Set(f, nil) })
}

// Scenarios are what the fault suites run through.
func Scenarios() []Scenario {
	edits := func(s plan.Side, f contact.Field) func(*World) { return func(w *World) { w.set(s, "P1", f) } }
	return []Scenario{
		{Name: "nothing", Do: func(*World) {}},
		{Name: "create left", Do: func(w *World) { w.PutAll(crm, "N1") }},
		{Name: "create right", Do: func(w *World) { w.PutAll(book, "N1") }},
		{Name: "create three left", Do: func(w *World) { w.PutAll(crm, "N1"); w.PutAll(crm, "N2"); w.PutAll(crm, "N3") }},
		{Name: "create three right", Do: func(w *World) { w.PutAll(book, "N1"); w.PutAll(book, "N2"); w.PutAll(book, "N3") }},
		{Name: "create both", Do: func(w *World) { w.PutAll(crm, "N1"); w.PutAll(book, "N2") }},
		{Name: "create the same both", Do: func(w *World) {
			c := w.Person("N1")
			w.putAll(crm, "N1", c)
			w.putAll(book, "N1", c)
		}},
		{Name: "edit left", Do: edits(crm, contact.JobTitle)},
		{Name: "edit right", Do: edits(book, contact.JobTitle)},
		{Name: "edit three left", Do: func(w *World) { w.retitle(0, crm, "P1"); w.retitle(0, crm, "P2"); w.reunit(0, crm, "P3") }},
		{Name: "edit three right", Do: func(w *World) { w.retitle(0, book, "P1"); w.retitle(0, book, "P2"); w.reunit(0, book, "P3") }},
		{Name: "edit different fields both", Do: func(w *World) { w.retitle(0, crm, "P1"); w.reunit(0, book, "P1") }},
		{Name: "edit different people both", Do: func(w *World) { w.retitle(0, crm, "P1"); w.retitle(0, book, "P2") }},
		{Name: "conflict", Do: func(w *World) { w.retitle(0, crm, "P1"); w.retitle(0, book, "P1") }},
		{Name: "same edit both", Do: func(w *World) {
			title := w.Unique("Title")
			for _, s := range []plan.Side{crm, book} {
				w.Edit(0, s, "P1", func(c *contact.Contact) { c.JobTitle = title })
			}
		}},
		{Name: "e-mail added both", Do: func(w *World) { w.add(crm, "P1"); w.add(book, "P1") },
			Free: "normalising"}, // whose e-mail finds no room
		{Name: "e-mail added right", Do: func(w *World) { w.add(book, "P1"); w.add(book, "P1") }},
		{Name: "e-mail replaced left", Do: edits(crm, contact.Emails)},
		{Name: "e-mail replaced right", Do: edits(book, contact.Emails)},
		{Name: "e-mail replaced both", Do: func(w *World) { w.set(crm, "P1", contact.Emails); w.set(book, "P1", contact.Emails) }},
		{Name: "e-mail removed left", Do: func(w *World) { w.clear(crm, "P1", contact.Emails) }},
		{Name: "phone left", Do: edits(crm, contact.WorkPhones)},
		{Name: "phone replaced right", Do: edits(book, contact.MobilePhones)},
		{Name: "cleared left", Do: func(w *World) { w.clear(crm, "P1", contact.JobTitle) }},
		{Name: "cleared right", Do: func(w *World) { w.clear(book, "P1", contact.JobTitle) }},
		{Name: "cleared left and edited right", Do: func(w *World) { w.clear(crm, "P1", contact.JobTitle); w.retitle(0, book, "P1") }},
		{Name: "address left", Do: edits(crm, contact.WorkAddress)},
		{Name: "address both", Do: func(w *World) { w.set(crm, "P1", contact.WorkAddress); w.set(book, "P1", contact.WorkAddress) }},
		{Name: "birthday left", Do: edits(crm, contact.Birth)},
		{Name: "birthday right", Do: edits(book, contact.Birth)},
		{Name: "given name right", Do: edits(book, contact.Given)},
		{Name: "unmapped fields", Do: func(w *World) { w.set(crm, "P1", contact.Notes); w.set(book, "P1", contact.Notes) }},
		{Name: "delete left", Do: func(w *World) { w.Remove(0, crm, "P1") }},
		{Name: "delete right", Do: func(w *World) { w.Remove(0, book, "P1") }},
		{Name: "delete both", Do: func(w *World) { w.Remove(0, crm, "P1"); w.Remove(0, book, "P1") }},
		{Name: "delete left and edit right", Do: func(w *World) { w.retitle(0, book, "P1"); w.Remove(0, crm, "P1") }},
		{Name: "delete right and edit left", Do: func(w *World) { w.retitle(0, crm, "P1"); w.Remove(0, book, "P1") }},
		{Name: "delete left and create left", Do: func(w *World) { w.Remove(0, crm, "P1"); w.PutAll(crm, "N1") }},
		{Name: "delete and retype left", Do: func(w *World) {
			c := w.Users[0].Book[crm].All()[0].Contact
			tag := w.tagOf(c)
			w.Remove(0, crm, tag)
			w.Put(0, crm, tag, c)
		}},
		{Name: "touched without an edit", Do: func(w *World) {
			for _, s := range []plan.Side{crm, book} {
				for i := range base {
					w.Users[0].Book[s].Bump(w.id(0, s, fmt.Sprintf("P%d", i+1)))
				}
			}
		}},
		{Name: "edit left of a touched one", Do: func(w *World) { w.retitle(0, crm, "P1"); w.Users[0].Book[book].Bump(w.id(0, book, "P1")) }},
		{Name: "merge left", Free: "*", Do: func(w *World) {
			w.loosen("P1", "P2")
			w.note(0, crm, "P1", w.find(0, crm, "P1")[0].Contact, contact.Contact{})
			w.Users[0].Book[crm].Merge(w.id(0, crm, "P1"), w.id(0, crm, "P2"))
		}},
		{Name: "merge left into a new one", Free: "*", Do: func(w *World) {
			w.loosen("P1", "N1")
			w.Put(0, crm, "N1", w.Person("N1"))
			w.note(0, crm, "P1", w.find(0, crm, "P1")[0].Contact, contact.Contact{})
			w.Users[0].Book[crm].Merge(w.id(0, crm, "P1"), w.id(0, crm, "N1"))
		}},
		{Name: "given to a colleague", Do: func(w *World) { w.loosen("P1"); w.Users[0].Book[crm].Assign(w.id(0, crm, "P1"), "zoe") }},
		{Name: "hidden left", Do: func(w *World) { w.loosen("P1"); w.Users[0].Book[crm].Hide(w.id(0, crm, "P1"), true) }},
		{Name: "private right", Do: func(w *World) {
			w.loosen("P1", "N1")
			w.Put(0, book, "N1", w.Person("N1"))
			w.Users[0].Book[book].Mark(w.id(0, book, "N1"), true, false)
			w.Users[0].Book[book].Mark(w.id(0, book, "P1"), true, false)
		}},
		{Name: "locked right, edited left", Do: func(w *World) {
			w.loosen("P1")
			w.retitle(0, crm, "P1")
			w.Users[0].Book[book].Mark(w.id(0, book, "P1"), false, true)
		}},
		{Name: "cursors expired", Do: func(w *World) {
			w.retitle(0, crm, "P1")
			w.reunit(0, book, "P2")
			for _, u := range w.Users {
				u.Book[crm].Expire()
				u.Book[book].Expire()
			}
		}},
		{Name: "cursors expired and a deletion", Do: func(w *World) {
			w.Remove(0, crm, "P1")
			w.retitle(0, book, "P2")
			w.Users[0].Book[crm].Expire()
			w.Users[0].Book[book].Expire()
		}},
		{Name: "settings changed", Do: func(w *World) {
			scope := &w.Users[0].Settings.Scope
			*scope = map[string]string{"mine": "all", "all": "mine"}[*scope]
			w.retitle(0, crm, "P1")
			w.Remove(0, w.source().Other(), "P2")
		}},
		{Name: "too little data", Do: func(w *World) {
			w.loosen("N1")
			w.putAll(w.source(), "N1", contact.Contact{Name: contact.Name{Given: "Ann", Surname: "N1"}})
		}},
		{Name: "a company without a name", Do: func(w *World) {
			w.loosen("Acme", "acme")
			w.putAll(w.source(), "Acme", contact.Contact{Organization: "Acme", Emails: []string{"acme@example.com"}})
		}},
		{Name: "twice on one side", Do: func(w *World) {
			w.loosen("N1")
			c := w.Person("N1")
			w.putAll(w.source(), "N1", c)
			w.putAll(w.source(), "N1", c)
		}},
		{Name: "shared mailbox", Do: func(w *World) {
			for _, tag := range []string{"N1", "N2"} {
				c := w.Person(tag)
				c.Emails = []string{"info@example.org"}
				w.loosen(tag)
				w.putAll(w.source(), tag, c)
			}
		}},
		{Name: "same e-mail as somebody in sync", Do: func(w *World) {
			w.loosen("N1")
			c := w.Person("N1")
			c.Emails = slices.Clone(w.find(0, w.source(), "P1")[0].Contact.Emails)
			w.putAll(w.source(), "N1", c)
		}},
		{Name: "everything at once", Do: func(w *World) {
			w.retitle(0, crm, "P1")
			w.reunit(0, book, "P1")
			w.retitle(0, crm, "P2")
			w.retitle(0, book, "P2")
			w.Remove(0, crm, "P3")
			w.add(book, "P4")
			w.PutAll(crm, "N1")
			w.PutAll(book, "N2")
		}},
		{Name: "first run, one side", Fresh: true, Do: func(w *World) {
			for i := range 4 {
				w.PutAll(w.source(), fmt.Sprintf("N%d", i+1))
			}
		}},
		{Name: "first run, the same people", Fresh: true, Do: func(w *World) {
			for i := range 4 {
				tag := fmt.Sprintf("N%d", i+1)
				c := w.Person(tag)
				w.putAll(crm, tag, c)
				w.putAll(book, tag, c)
			}
		}},
		{Name: "first run, differences", Fresh: true, Do: func(w *World) {
			for i := range 3 {
				tag := fmt.Sprintf("N%d", i+1)
				c := w.Person(tag)
				w.putAll(crm, tag, c)
				c.JobTitle, c.Unit = w.Unique("Title"), w.Unique("Unit")
				w.putAll(book, tag, c)
			}
			w.PutAll(w.source(), "N4")
		}},
		{Name: "first run, nobody", Fresh: true, Do: func(w *World) { w.subject = "N1" }},
	}
}
