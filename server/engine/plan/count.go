package plan

import "fmt"

// count fills in the figures. Unchanged are the linked records that stay as
// they are, looked at or not.
func (p *planner) count() {
	c := &p.plan.Count
	for _, op := range p.plan.Ops {
		switch op.Kind {
		case Create:
			c[op.Side].Created++
		case Update:
			c[op.Side].Updated++
		case Delete:
			c[op.Side].Deleted++
		case LinkUp:
			p.plan.Linked++
		}
	}
	active := 0
	for _, pair := range p.in.Pairs {
		if pair.Link.State == Active {
			active++
		}
	}
	stay := max(p.in.Links, active) + p.plan.Linked + p.back - p.gone
	for s := range c {
		c[s].Unchanged = max(stay-c[s].Updated, 0)
	}
}

// fewest is the number of deletions, or of rewritten contacts, that halts no
// run, however few Links there are.
const fewest = 10

// guard halts the Plan where its figures look like an accident, before the
// first write, and where a first run would write to the CRM.
func (p *planner) guard() {
	if p.in.Confirmed && p.asShown() {
		return
	}
	c := p.plan.Count
	names := [2]string{"CRM", "address book"}
	for s, b := range p.in.Book {
		if b.Listed == 0 && (p.in.Links > 0 || b.Before > 0) {
			p.halt(HaltEmptied, "The %s lists no contact at all; %d are in sync and %d were listed before.", names[s], p.in.Links, max(b.Before, 0))
			return
		}
	}
	for s, b := range p.in.Book {
		if b.Listed >= 0 && b.Before > 0 && 10*b.Listed < 7*b.Before && !p.in.SettingsChanged {
			p.halt(HaltShrunken, "The %s lists %d contacts; the last time there were %d.", names[s], b.Listed, b.Before)
			return
		}
	}
	deleted := c[Left].Deleted + c[Right].Deleted
	if deleted > max(fewest, p.in.Links/10) {
		p.halt(HaltDeletes, "%d of %d linked contacts would be deleted: %d in the CRM, %d in the address book.", deleted, p.in.Links, c[Left].Deleted, c[Right].Deleted)
		return
	}
	for s := range c {
		if n := c[s].Updated; n > fewest && 2*n > p.in.Links && !p.in.SettingsChanged && !p.in.First {
			p.halt(HaltUpdates, "%d of %d linked contacts would be rewritten in the %s.", n, p.in.Links, names[s])
			return
		}
	}
	if p.in.First && c[Left].Created+c[Left].Updated > 0 {
		p.halt(HaltFirst, "The first run would %s records in the CRM, where colleagues see them.", creations(c[Left].Created, c[Left].Updated))
	}
}

// asShown says whether the plan does about what the person saw who confirmed it:
// of nothing more than a tenth, or fewest, beyond it.
func (p *planner) asShown() bool {
	if p.in.Shown == nil {
		return true
	}
	about := func(now, shown int) bool { return now <= shown+max(fewest, shown/10) }
	for s, c := range p.plan.Count {
		shown := p.in.Shown[s]
		if !about(c.Deleted, shown.Deleted) || !about(c.Updated, shown.Updated) || !about(c.Created, shown.Created) {
			return false
		}
	}
	return true
}

// creations says how many records are created and completed, those of which
// there are none left out.
func creations(created, completed int) string {
	switch {
	case completed == 0:
		return fmt.Sprintf("create %d", created)
	case created == 0:
		return fmt.Sprintf("complete %d", completed)
	}
	return fmt.Sprintf("create %d and complete %d", created, completed)
}

func (p *planner) halt(h Halt, detail string, args ...any) {
	p.plan.Halt, p.plan.Detail = h, fmt.Sprintf(detail, args...)
}
