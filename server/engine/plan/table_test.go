package plan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine/plan"
)

// sides are two servers that can do everything, each holding one record.
func sides(set plan.Settings, base [2]plan.Base, left, right contact.Contact) plan.Input {
	in := plan.Input{Settings: set, Links: 1}
	b := memory.New(memory.Options{})
	d, _ := b.Describe(context.Background())
	for s := range in.Book {
		in.Book[s] = plan.Book{Description: d, Project: b.Project, Listed: -1, Before: -1}
	}
	pair := plan.Pair{Link: plan.Link{ID: "k1", CreatedSide: -1}, Fate: [2]plan.Fate{plan.Touched, plan.Touched}}
	for s, c := range []contact.Contact{left, right} {
		id := contact.ID([]string{"l1", "r1"}[s])
		pair.Link.Side[s] = plan.Half{ID: id, Version: "v1", Base: base[s]}
		pair.Record[s] = &contact.Record{ID: id, Version: "v2", Contact: c, Read: contact.AllFields}
	}
	in.Pairs = []plan.Pair{pair}
	return in
}

// both gives the same base to both sides: c, blanks included.
func both(c contact.Contact) [2]plan.Base {
	var bases [2]plan.Base
	for s := range bases {
		bases[s] = plan.Base{}
		for f := range contact.AllFields.Without(contact.FullName, contact.Categories).All() {
			bases[s][f] = c.Value(f)
		}
	}
	return bases
}

// outcome is what a plan makes of one field: what each side holds afterwards,
// and whether a conflict was noted.
type outcome struct {
	Left, Right string
	Conflict    bool
}

func after(p plan.Plan, f contact.Field, left, right contact.Contact) outcome {
	now := [2]contact.Contact{left, right}
	for _, op := range p.Ops {
		if op.Kind == plan.Update && op.Mask.Has(f) {
			now[op.Side] = op.Contact
		}
	}
	o := outcome{Left: fmt.Sprint(now[0].Value(f)), Right: fmt.Sprint(now[1].Value(f))}
	for _, n := range p.Notes {
		o.Conflict = o.Conflict || n.Kind == plan.Conflict && n.Field == f
	}
	return o
}

// TestEveryScalar compares Make with the rules written down a second time, for
// every field of one value, base, left and right, direction and rule.
func TestEveryScalar(t *testing.T) {
	n := 0
	for _, f := range []contact.Field{contact.Title, contact.Given2, contact.Organization, contact.Unit, contact.JobTitle, contact.Website, contact.WorkAddress, contact.MobilePhones} {
		for _, direction := range []plan.Direction{plan.TwoWay, plan.CRMToContacts, plan.ContactsToCRM} {
			for _, rule := range []plan.ConflictRule{plan.CRMWins, plan.ContactsWins, plan.AskMe} {
				for _, base := range []string{"", "b"} {
					for _, l := range []string{"", "b", "l", "x"} {
						for _, r := range []string{"", "b", "r", "x"} {
							n++
							got := make1(f, direction, rule, base, l, r)
							want := expected(f, direction, rule, base, l, r)
							if diff := cmp.Diff(want, got); diff != "" {
								t.Errorf("%v, %s, %s wins: base %q, left %q, right %q: %s", f, direction, rule, base, l, r, diff)
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d cases", n)
}

// expected are the rules for one value, in words: who changed it, who may be
// written, and that an edit beats a clear.
func expected(f contact.Field, direction plan.Direction, rule plan.ConflictRule, base, l, r string) outcome {
	left, right := l != base, r != base
	toLeft, toRight := direction != plan.CRMToContacts, direction != plan.ContactsToCRM
	blank := func(from string) bool { return from == "" && f == contact.Organization }
	o := outcome{Left: l, Right: r}
	switch {
	case left && right && l != r:
		o.Conflict = true
		switch {
		case l == "":
			o.Left = pick(toLeft, r, l)
		case r == "":
			o.Right = pick(toRight, l, r)
		case !toLeft:
			o.Right = l
		case !toRight:
			o.Left = r
		case rule == plan.CRMWins:
			o.Right = l
		case rule == plan.ContactsWins:
			o.Left = r
		}
	case left && !right && toRight && !blank(l):
		o.Right = l
	case right && !left && toLeft && !blank(r):
		o.Left = r
	}
	return outcome{Left: wrap(f, o.Left), Right: wrap(f, o.Right), Conflict: o.Conflict}
}

func pick(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// make1 plans for one field; a mobile number stands for sets with room for one.
func make1(f contact.Field, direction plan.Direction, rule plan.ConflictRule, base, l, r string) outcome {
	set := plan.Defaults()
	set.Direction, set.Conflict = direction, rule
	with := func(s string) contact.Contact {
		return contact.Contact{Name: contact.Name{Given: "Anna", Surname: "Miller"}}.Set(f, values(f, s))
	}
	in := sides(set, both(with(base)), with(l), with(r))
	for s := range in.Book {
		in.Book[s].Description.Capacity = map[contact.Field]int{contact.MobilePhones: 1}
	}
	return after(plan.Make(in), f, with(l), with(r))
}

func wrap(f contact.Field, s string) string { return fmt.Sprint(values(f, s)) }

func values(f contact.Field, s string) contact.Value {
	switch {
	case s == "":
		return nil
	case f == contact.WorkAddress:
		return contact.Value{s, "Berlin", "", "", "DE"}
	case f.Shape() == contact.Set:
		return contact.Value{map[string]string{"b": "+49301", "l": "+49302", "r": "+49303", "x": "+49304"}[s]}
	}
	return contact.Value{s}
}

// TestEverySet does the same for sets: every combination of two elements in
// the base, and up to four on each side. What both agree on follows from plain
// set arithmetic.
func TestEverySet(t *testing.T) {
	elements := []string{"a@x.org", "b@x.org", "c@x.org", "d@x.org"}
	pickSet := func(mask int) (v contact.Value) {
		for i, e := range elements {
			if mask>>i&1 == 1 {
				v = append(v, e)
			}
		}
		return v
	}
	for _, direction := range []plan.Direction{plan.TwoWay, plan.CRMToContacts, plan.ContactsToCRM} {
		for base := range 4 {
			for l := range 16 {
				for r := range 16 {
					set := plan.Defaults()
					set.Direction = direction
					with := func(mask int) contact.Contact {
						return contact.Contact{Name: contact.Name{Surname: "Miller"}, Emails: pickSet(mask)}
					}
					got := after(plan.Make(sides(set, both(with(base)), with(l), with(r))), contact.Emails, with(l), with(r))
					wantL, wantR := l, r
					if direction != plan.CRMToContacts {
						wantL = l&^(base&^r) | r&^base
					}
					if direction != plan.ContactsToCRM {
						wantR = r&^(base&^l) | l&^base
					}
					norm := contact.Norm{}
					for s, want := range []int{wantL, wantR} {
						have := []string{got.Left, got.Right}[s]
						var v contact.Value
						for _, e := range elements {
							if contains(have, e) {
								v = append(v, e)
							}
						}
						if !norm.Equal(contact.Emails, v, pickSet(want)) {
							t.Errorf("%s: base %v, left %v, right %v: the %v becomes %s, want %v", direction, pickSet(base), pickSet(l), pickSet(r), plan.Side(s), have, pickSet(want))
						}
					}
					if direction == plan.TwoWay && wantL != wantR {
						t.Errorf("the sides part: base %v, left %v, right %v", pickSet(base), pickSet(l), pickSet(r))
					}
				}
			}
		}
	}
}

func contains(s, e string) bool { return strings.Contains(s, e) }

// A side may keep a field only beside another one, as EspoCRM keeps a job title
// only with a company: a new record gets both.
func TestCreateFieldThatNeedsAnother(t *testing.T) {
	set := plan.Defaults()
	set.Direction, set.AllMine = plan.TwoWay, true
	person := contact.Contact{Organization: "Granite Peak", JobTitle: "Engineer", Emails: []string{"ann@example.test"}}
	person.Name.Given, person.Name.Surname = "Ann", "Lee"
	in := sides(set, [2]plan.Base{}, contact.Contact{}, contact.Contact{})
	in.Pairs, in.Links = nil, 0
	in.Fresh[plan.Right] = []contact.Record{{ID: "r1", Version: "v1", Contact: person, Read: contact.AllFields}}
	all := in.Book[plan.Left].Project
	in.Book[plan.Left].Project = func(c contact.Contact) contact.Contact {
		if c = all(c); c.Organization == "" {
			c.JobTitle = ""
		}
		return c
	}
	p := plan.Make(in)
	if len(p.Ops) != 1 || p.Ops[0].Kind != plan.Create || p.Ops[0].Contact.JobTitle != "Engineer" {
		t.Errorf("want one create with the job title, got %+v", p.Ops)
	}
}
