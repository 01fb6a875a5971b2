package plan_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine/plan"
)

// profiles are servers that hold, cut and normalise in different ways.
var profiles = []string{"all", "crm", "onename", "shouting", "surname"}

func options(profile string) memory.Options {
	d := memory.Everything()
	o := memory.Options{Description: d}
	switch profile {
	case "crm": // few of everything, no whole name
		d.Fields = d.Fields.Without(contact.FullName, contact.Categories, contact.HomeAddress)
		d.Capacity = map[contact.Field]int{contact.Emails: 2, contact.WorkPhones: 1, contact.MobilePhones: 1, contact.Faxes: 1}
		d.MaxLen = map[contact.Field]int{contact.JobTitle: 8, contact.Emails: 18}
		o.Normalize = func(c contact.Contact) contact.Contact {
			if c.Birth.Year == 0 {
				c.Birth = contact.Date{}
			}
			return c
		}
	case "onename":
		d.Fields = d.Fields &^ contact.NameParts
		d.Capacity = map[contact.Field]int{contact.WorkPhones: 2}
	case "shouting": // rewrites nearly everything
		o.Normalize = func(c contact.Contact) contact.Contact {
			c.JobTitle = strings.ToUpper(c.JobTitle)
			c.Organization = strings.TrimSpace(c.Organization)
			c.Name.Given = strings.Join(strings.Fields(c.Name.Given), " ")
			emails := slices.Clone(c.Emails)
			for i, e := range emails {
				emails[i] = strings.ToLower(e)
			}
			slices.Sort(emails)
			c.Emails = slices.Compact(emails)
			return c
		}
	case "surname":
		d.NameFallback = true
		d.Writable = d.Writable.Without(contact.Unit, contact.FullName)
		d.Fields = d.Fields.Without(contact.FullName)
		d.Capacity = map[contact.Field]int{contact.Emails: 1, contact.WorkPhones: 1}
	}
	d.Writable &= d.Fields
	o.Description = d
	return o
}

var texts = map[contact.Field][]string{
	contact.Given:        {"Anna", "Bert", "Cleo", "Anna  Maria"},
	contact.Given2:       {"Kim", "Jo"},
	contact.Surname:      {"Miller", "Smith", "van der Berg", "Acme"},
	contact.Organization: {"Acme", "Bolt ", "Acme"},
	contact.JobTitle:     {"Head", "Buyer", "head", "a very long job title"},
	contact.Emails:       {"anna@example.com", "bert@example.com", "Bert@example.com", "cleo.long@mail.example.com", "info@example.com", "d@x.org"},
	contact.Birth:        {"1985-03-04", "--03-04", "1990-01-01"},
}

// value generates a value for f from small pools, so that sides collide.
func value(t *rapid.T, f contact.Field) contact.Value {
	pool := texts[f]
	if pool == nil {
		pool = []string{"+49 30 1234567", "030/1234567", "+49 171 555", "call me", "x", "y"}
	}
	switch f.Shape() {
	case contact.Set:
		return rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 0, 4, rapid.ID).Draw(t, f.String())
	case contact.Compound:
		if rapid.Bool().Draw(t, f.String()) {
			return contact.Value{rapid.SampledFrom([]string{"Street 1", "Street 2"}).Draw(t, "street"), "Berlin", "", "10115", rapid.SampledFrom([]string{"DE", "Germany"}).Draw(t, "country")}
		}
		return nil
	}
	if rapid.IntRange(0, 3).Draw(t, "blank "+f.String()) == 0 {
		return nil
	}
	return contact.Value{rapid.SampledFrom(pool).Draw(t, f.String())}
}

// edited are the fields that the properties vary.
var edited = []contact.Field{
	contact.Title, contact.Given, contact.Given2, contact.Surname, contact.Organization, contact.Unit, contact.JobTitle,
	contact.Emails, contact.WorkPhones, contact.MobilePhones, contact.HomePhones, contact.Faxes, contact.WorkAddress, contact.Website, contact.Birth,
}

func someone(t *rapid.T) contact.Contact {
	var c contact.Contact
	for _, f := range edited {
		c = c.Set(f, value(t, f))
	}
	return c
}

// act lets a person do something on one side.
func act(t *rapid.T, b *memory.Book) {
	all := b.All()
	switch kind := rapid.IntRange(0, 9).Draw(t, "act"); {
	case kind == 0 || len(all) == 0:
		b.Put(someone(t))
	case kind == 1:
		b.Remove(rapid.SampledFrom(all).Draw(t, "record").ID)
	case kind == 2:
		b.Bump(rapid.SampledFrom(all).Draw(t, "record").ID)
	default:
		id := rapid.SampledFrom(all).Draw(t, "record").ID
		f := rapid.SampledFrom(edited).Draw(t, "field")
		v := value(t, f)
		b.Edit(id, func(c *contact.Contact) {
			if f == contact.Surname && c.Name.Full != "" {
				c.Name.Full = strings.TrimSpace(c.Name.Given + " " + v.First())
			}
			*c = c.Set(f, v)
		})
	}
}

func settings(t *rapid.T) plan.Settings {
	set := plan.Defaults()
	set.Direction = rapid.SampledFrom([]plan.Direction{plan.TwoWay, plan.CRMToContacts, plan.ContactsToCRM}).Draw(t, "direction")
	set.Conflict = rapid.SampledFrom([]plan.ConflictRule{plan.CRMWins, plan.ContactsWins, plan.NewestWins, plan.AskMe}).Draw(t, "conflict")
	rules := rapid.SampledFrom([]plan.DeletionRule{plan.Keep, plan.Trash, plan.DeleteRule})
	set.OnDelete = [2]plan.DeletionRule{rules.Draw(t, "on delete left"), rules.Draw(t, "on delete right")}
	set.AllMine = rapid.Bool().Draw(t, "all mine")
	set.Norm.Country = rapid.SampledFrom([]string{"", "DE"}).Draw(t, "country")
	return set
}

func generated(t *rapid.T) *world {
	w := newWorld(t, settings(t), options(rapid.SampledFrom(profiles).Draw(t, "left")), options(rapid.SampledFrom(profiles).Draw(t, "right")))
	for s := range w.book {
		for range rapid.IntRange(0, 4).Draw(t, "records") {
			w.book[s].Put(someone(t))
		}
	}
	return w
}

// Two sides that nobody edits come to rest after at most three plans, however
// they cut and normalise; one way never writes the source; a first run deletes
// nothing; the order of the input does not matter.
func TestComesToRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := generated(t)
		for round := range 4 {
			if round > 0 {
				for range rapid.IntRange(1, 4).Draw(t, "acts") {
					act(t, w.book[rapid.IntRange(0, 1).Draw(t, "side")])
				}
			}
			before := [2]string{w.state(plan.Left), w.state(plan.Right)}
			first := w.first
			p := w.run()
			if diff := cmp.Diff(p, plan.Make(shuffled(t, w.last))); diff != "" {
				t.Fatalf("the plan depends on the order of its input: %s", diff)
			}
			if first && p.Count[0].Deleted+p.Count[1].Deleted > 0 {
				t.Fatalf("the first run deletes: %+v", p.Ops)
			}
			for s := range before {
				if !w.set.Direction.Writes(plan.Side(s)) && w.state(plan.Side(s)) != before[s] {
					t.Fatalf("%s wrote to the %v", w.set.Direction, plan.Side(s))
				}
			}
			for n := 2; ; n++ {
				again := w.run()
				if writes(again, plan.Left)+writes(again, plan.Right) == 0 {
					break
				}
				if n == 4 {
					t.Fatalf("plan %d still writes: %+v\nleft\n%sright\n%s", n, again.Ops, w.state(plan.Left), w.state(plan.Right))
				}
			}
			if again := w.run(); writes(again, plan.Left)+writes(again, plan.Right) > 0 {
				t.Fatalf("a plan at rest writes: %+v", again.Ops)
			}
		}
	})
}

// shuffled is the same input in another order.
func shuffled(t *rapid.T, in plan.Input) plan.Input {
	in.Pairs = rapid.Permutation(in.Pairs).Draw(t, "pairs")
	for s := range in.Fresh {
		in.Fresh[s] = rapid.Permutation(in.Fresh[s]).Draw(t, "fresh")
		in.Known[s] = rapid.Permutation(in.Known[s]).Draw(t, "known")
	}
	return in
}

// Two way, what is edited on either side is on both sides once they have come
// to rest, also when runs end between any two ops: no edit is lost by a base
// that has moved too early. (Servers that hold everything; what may not be
// blanked, and what only goes one way, is left out.)
func TestConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := twoWay()
		set.Conflict = rapid.SampledFrom([]plan.ConflictRule{plan.CRMWins, plan.ContactsWins}).Draw(t, "conflict")
		set.OnDelete = [2]plan.DeletionRule{plan.Keep, plan.Keep}
		full := rapid.SampledFrom([]string{"all", "shouting"})
		w := newWorld(t, set, options(full.Draw(t, "left")), options(full.Draw(t, "right")))
		for i := range rapid.IntRange(1, 3).Draw(t, "records") {
			c := someone(t)
			c.Name.Surname, c.Emails = "Person", []string{strings.Repeat("u", i+1) + "@unique.example"}
			w.book[i%2].Put(c)
		}
		w.run()
		for range 3 {
			for range rapid.IntRange(1, 5).Draw(t, "acts") {
				b := w.book[rapid.IntRange(0, 1).Draw(t, "side")]
				f := rapid.SampledFrom(edited).Draw(t, "field")
				v := value(t, f)
				if f == contact.Surname || f == contact.Emails {
					continue // they keep the people apart
				}
				b.Edit(rapid.SampledFrom(b.All()).Draw(t, "record").ID, func(c *contact.Contact) { *c = c.Set(f, v) })
			}
			w.n++
			ops := plan.Make(w.input(true)).Ops
			for i := range rapid.IntRange(0, len(ops)).Draw(t, "done") {
				w.do(ops[i]) // then the process dies
			}
			for range 3 {
				w.run()
			}
			for id, link := range w.links {
				l, r := w.record(plan.Left, link), w.record(plan.Right, link)
				for _, f := range edited {
					a, b := l.Value(f), r.Value(f)
					blanked := f == contact.Organization && (a.IsEmpty() || b.IsEmpty())
					if blanked || set.Map[f] != plan.TwoWay || set.Norm.Equal(f, a, b) ||
						set.Norm.Equal(f, w.book[1].Project(l).Value(f), b) || set.Norm.Equal(f, w.book[0].Project(r).Value(f), a) {
						continue
					}
					t.Fatalf("%s: %v is %q on the left and %q on the right", id, f, a, b)
				}
			}
		}
	})
}

func (w *world) record(s plan.Side, link *plan.Link) contact.Contact {
	for _, r := range w.book[s].All() {
		if r.ID == link.Side[s].ID {
			return r.Contact
		}
	}
	w.t.Fatalf("no record for %+v", link)
	return contact.Contact{}
}

// The guard halts exactly where DESIGN says, whatever the figures.
func TestGuard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		links := rapid.IntRange(0, 300).Draw(t, "links")
		deletes := rapid.IntRange(0, links).Draw(t, "deletes")
		in := plan.Input{Settings: twoWay(), Links: links}
		b := memory.New(memory.Options{})
		for s := range in.Book {
			in.Book[s] = plan.Book{Description: memory.Everything(), Project: b.Project}
			in.Book[s].Listed = rapid.IntRange(-1, 300).Draw(t, "listed")
			in.Book[s].Before = rapid.IntRange(-1, 300).Draw(t, "before")
		}
		for i := range deletes {
			link := plan.Link{ID: strings.Repeat("k", i+1), CreatedSide: 1}
			link.Side[0].ID, link.Side[1].ID = contact.ID(link.ID), contact.ID(link.ID)
			in.Pairs = append(in.Pairs, plan.Pair{Link: link, Fate: [2]plan.Fate{plan.Deleted, plan.Unchanged}})
		}
		var want plan.Halt
		for _, b := range in.Book {
			if b.Listed == 0 && (links > 0 || b.Before > 0) {
				want = plan.HaltEmptied
			}
		}
		for _, b := range in.Book {
			if want == "" && b.Listed >= 0 && b.Before > 0 && float64(b.Listed) < 0.7*float64(b.Before)-1e-9 {
				want = plan.HaltShrunken
			}
		}
		if want == "" && (deletes > 10 && float64(deletes) > float64(links)/10) {
			want = plan.HaltDeletes
		}
		p := plan.Make(in)
		if p.Halt != want || (want == "") != (p.Detail == "") || p.Count[1].Deleted != deletes {
			t.Fatalf("halt %q (%s), want %q", p.Halt, p.Detail, want)
		}
		in.Confirmed = true
		if p := plan.Make(in); p.Halt != "" || p.Count[1].Deleted != deletes {
			t.Fatalf("confirmed, and still %q", p.Halt)
		}
	})
}

// Pairing is linear: a messy book of thousands, with hundreds behind one shared
// address and one name, is planned in moments.
func TestManyRecords(t *testing.T) {
	in := sides(twoWay(), [2]plan.Base{}, contact.Contact{}, contact.Contact{})
	in.Pairs, in.Links = nil, 0
	const n = 5_000
	for s := range in.Fresh {
		for i := range n {
			c := person("Given", "Person", "")
			id := strconv.Itoa(i)
			switch i % 4 {
			case 0:
				c.Emails = []string{"info@acme.example"}
			case 1:
				c.Organization = "Acme"
			default:
				c.Emails = []string{"p" + id + "@example.com"}
			}
			in.Fresh[s] = append(in.Fresh[s], contact.Record{ID: contact.ID(id), Contact: c, Read: contact.AllFields})
		}
	}
	start := time.Now()
	p := plan.Make(in)
	if p.Linked != n/2 {
		t.Errorf("%d pairs, want %d", p.Linked, n/2)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("%v for %d records", took, 2*n)
	}
	t.Logf("%d records in %v", 2*n, time.Since(start))
}
