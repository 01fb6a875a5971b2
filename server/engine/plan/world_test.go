package plan_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine/plan"
)

// testing.T and rapid.T.
type failer interface {
	Helper()
	Fatalf(string, ...any)
}

// world is two Books in memory and the Links between them: the smallest engine
// that carries plans out, without faults.
type world struct {
	t     failer
	book  [2]*memory.Book
	set   plan.Settings
	links map[string]*plan.Link
	first bool
	n     int
	last  plan.Input
}

func newWorld(t failer, set plan.Settings, left, right memory.Options) *world {
	return &world{t: t, set: set, first: true, links: map[string]*plan.Link{}, book: [2]*memory.Book{memory.New(left), memory.New(right)}}
}

// input is what the two Books hold now, listed completely. Pairs that nobody
// touched are sometimes handed over with their content and sometimes without:
// it must not matter.
func (w *world) input(withRecords bool) plan.Input {
	in := plan.Input{Settings: w.set, First: w.first, Confirmed: true}
	var all [2]map[contact.ID]contact.Record
	for s, b := range w.book {
		d, _ := b.Describe(context.Background())
		all[s] = map[contact.ID]contact.Record{}
		for _, r := range b.All() {
			all[s][r.ID] = r
		}
		in.Book[s] = plan.Book{Description: d, Project: b.Project, Listed: len(all[s]), Before: -1}
	}
	taken := [2]map[contact.ID]bool{{}, {}}
	for _, id := range slices.Sorted(maps.Keys(w.links)) {
		pair := plan.Pair{Link: *w.links[id]}
		touched := withRecords
		for s, half := range pair.Link.Side {
			taken[s][half.ID] = true
			rec, exists := all[s][half.ID]
			switch {
			case !exists:
				pair.Fate[s] = plan.Deleted
			case rec.Version != half.Version:
				pair.Fate[s] = plan.Touched
			}
			touched = touched || pair.Fate[s] != plan.Unchanged
		}
		for s, half := range pair.Link.Side {
			if rec, exists := all[s][half.ID]; exists && touched {
				pair.Record[s] = &rec
			} else if exists {
				in.Known[s] = append(in.Known[s], plan.Known{Record: rec, Linked: true})
			}
		}
		in.Pairs = append(in.Pairs, pair)
		if pair.Link.State == plan.Active {
			in.Links++
		}
	}
	for s := range all {
		for _, id := range slices.Sorted(maps.Keys(all[s])) {
			if !taken[s][id] {
				in.Fresh[s] = append(in.Fresh[s], all[s][id])
			}
		}
	}
	return in
}

// run plans and carries out; it gives the plan.
func (w *world) run() plan.Plan {
	w.t.Helper()
	w.n++
	w.last = w.input(w.n%2 == 0)
	p := plan.Make(w.last)
	for _, op := range p.Ops {
		w.do(op)
	}
	w.first = false
	return p
}

func (w *world) do(op plan.Op) {
	w.t.Helper()
	link := w.find(op)
	switch op.Kind {
	case plan.Create:
		rec := w.write(op, contact.Mutation{Op: contact.Create, Contact: op.Contact, Mask: op.Mask})
		op.Half[op.Side] = plan.Half{ID: rec.ID, Version: rec.Version, Base: op.Back(rec)}
		link = w.newLink()
	case plan.Update:
		rec := w.write(op, contact.Mutation{Op: contact.Update, ID: op.Half[op.Side].ID, Contact: op.Contact, Mask: op.Mask})
		op.Half[op.Side].Version, op.Half[op.Side].Base = rec.Version, op.Back(rec)
		if other := op.Side.Other(); link != nil && w.wrote(link, other) {
			op.Half[other].Version = link.Side[other].Version
		}
	case plan.Delete:
		w.write(op, contact.Mutation{Op: contact.Delete, ID: op.Half[op.Side].ID})
		delete(w.links, op.Link)
		return
	case plan.Unlink:
		if op.State == plan.Active {
			delete(w.links, op.Link)
			return
		}
	case plan.LinkUp:
		link = w.newLink()
	}
	if link == nil {
		w.t.Fatalf("%v of no link: %+v", op.Kind, op)
	}
	link.Side, link.CreatedSide, link.Edited, link.State = op.Half, op.CreatedSide, op.Edited, op.State
}

// wrote reports whether this run has already written the link's record, so
// that the op's version of it is an old one.
func (w *world) wrote(link *plan.Link, s plan.Side) bool {
	for _, r := range w.book[s].All() {
		if r.ID == link.Side[s].ID {
			return r.Version == link.Side[s].Version
		}
	}
	return false
}

func (w *world) write(op plan.Op, m contact.Mutation) contact.Record {
	w.t.Helper()
	results, err := w.book[op.Side].Write(context.Background(), []contact.Mutation{m})
	if err != nil || results[0].Outcome != contact.OK {
		w.t.Fatalf("%v on the %v answers %v %v %s: %+v", op.Kind, op.Side, err, results[0].Outcome, results[0].Message, op)
	}
	if results[0].Record == nil {
		return contact.Record{ID: results[0].ID}
	}
	return *results[0].Record
}

func (w *world) newLink() *plan.Link {
	id := fmt.Sprintf("k%04d", len(w.links)+1000*w.n)
	w.links[id] = &plan.Link{ID: id}
	return w.links[id]
}

// find is the op's Link, also where an op of the same pair has just made it.
func (w *world) find(op plan.Op) *plan.Link {
	if op.Link != "" {
		return w.links[op.Link]
	}
	for _, l := range w.links {
		if op.Kind == plan.Update && l.Side[0].ID == op.Half[0].ID && l.Side[1].ID == op.Half[1].ID {
			return l
		}
	}
	return nil
}

// writes counts what a plan sends to one side.
func writes(p plan.Plan, s plan.Side) int {
	return p.Count[s].Created + p.Count[s].Updated + p.Count[s].Deleted
}

// state is what one side holds, as text.
func (w *world) state(s plan.Side) string {
	out := ""
	for _, r := range w.book[s].All() {
		out += fmt.Sprintf("%s %s\n", r.ID, show(r.Contact, contact.AllFields))
	}
	return out
}

// show gives the filled fields of c in one line.
func show(c contact.Contact, fs contact.Fields) string {
	out := ""
	for f := range fs.All() {
		v := c.Value(f)
		if f == contact.FullName {
			v = contact.Value{c.Name.Full}
		}
		if !v.IsEmpty() {
			out += fmt.Sprintf(" %v=%s", f, text(v))
		}
	}
	return cmp.Or(out, " (empty)")[1:]
}

func text(v contact.Value) string {
	if len(v) == 1 {
		return fmt.Sprintf("%q", v[0])
	}
	return fmt.Sprintf("%q", []string(v))
}

func twoWay() plan.Settings {
	set := plan.Defaults()
	set.Direction, set.AllMine = plan.TwoWay, true
	return set
}

func person(given, surname, email string) contact.Contact {
	c := contact.Contact{Name: contact.Name{Given: given, Surname: surname}}
	if email != "" {
		c.Emails = []string{email}
	}
	return c
}

func TestWorldTwoWay(t *testing.T) {
	w := newWorld(t, twoWay(), memory.Options{}, memory.Options{})
	anna := w.book[plan.Left].Put(person("Anna", "Miller", "anna@example.com"))
	w.book[plan.Right].Put(person("Bert", "Smith", "bert@example.com"))
	p := w.run()
	if p.Count[plan.Left].Created != 1 || p.Count[plan.Right].Created != 1 {
		t.Fatalf("the first run: %+v", p.Count)
	}
	if p = w.run(); len(p.Ops) > 0 || p.Count[plan.Left].Unchanged != 2 {
		t.Fatalf("the second run: %+v", p)
	}
	w.book[plan.Left].Edit(anna, func(c *contact.Contact) { c.JobTitle = "Head" })
	if p = w.run(); writes(p, plan.Left) != 0 || writes(p, plan.Right) != 1 {
		t.Fatalf("after an edit: %+v", p)
	}
	if p = w.run(); len(p.Ops) > 0 {
		t.Fatalf("after the edit has travelled: %+v", p)
	}
}
