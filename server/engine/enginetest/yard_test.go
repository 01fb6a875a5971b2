package enginetest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/engine/enginetest"
	"tandem/server/engine/plan"
)

// yard is a World for one story, told step by step.
type yard struct {
	*testing.T
	w *enginetest.World
}

const left, right = plan.Left, plan.Right

// profile finds a profile by its name.
func profile(t *testing.T, name string) enginetest.Profile {
	t.Helper()
	for _, p := range enginetest.Profiles() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no profile %q", name)
	return enginetest.Profile{}
}

// open makes a World with people, P1 and so on, in sync.
func open(t *testing.T, p enginetest.Profile, d plan.Direction, people int) *yard {
	t.Helper()
	y := &yard{t, enginetest.NewMemoryWorld(p, d)}
	source := left
	if d == plan.ContactsToCRM {
		source = right
	}
	for i := range people {
		y.w.PutAll(source, fmt.Sprintf("P%d", i+1))
	}
	if people > 0 {
		y.round()
	}
	return y
}

// run lets the first user sync once, with faults.
func (y *yard) run(faults ...enginetest.Fault) (engine.Report, error) {
	y.w.Wait(time.Minute)
	wire := enginetest.NewWire(faults...)
	report, err := y.w.Run(0, wire)
	y.w.Sum(0, wire)
	return report, err
}

// round lets everybody sync, well.
func (y *yard) round() {
	y.Helper()
	if err := y.w.Round(17 * time.Minute); err != nil {
		y.Fatal(err)
	}
}

// settled lets clean runs follow, and then every promise must be kept.
func (y *yard) settled() {
	y.Helper()
	y.round()
	y.round()
	y.kept()
}

// kept checks every promise.
func (y *yard) kept() {
	y.Helper()
	if err := y.w.Quiet(); err != nil {
		y.Error(err)
	}
	for _, f := range y.w.Faults() {
		y.Error(f)
	}
}

// count checks how many records a side of the first user holds.
func (y *yard) count(s plan.Side, want int) {
	y.Helper()
	if n := len(y.w.Users[0].Book[s].All()); n != want {
		y.Errorf("%d records on the %s, want %d", n, s, want)
	}
}

// record is the first user's record of a person.
func (y *yard) record(s plan.Side, tag string) contact.Record {
	y.Helper()
	for _, r := range y.w.Users[0].Book[s].All() {
		if r.Contact.Name.Surname == tag {
			return r
		}
	}
	y.Fatalf("%s is not on the %s", tag, s)
	return contact.Record{}
}

// retitle lets the first user type a job title.
func (y *yard) retitle(s plan.Side, tag string) string {
	title := y.w.Unique("Title")
	y.w.Edit(0, s, tag, func(c *contact.Contact) { c.JobTitle = title })
	return title
}

// lies lets one run meet a hostile listing on side s.
func (y *yard) lies(s plan.Side, h hostile) (engine.Report, error) {
	y.w.Wrap = func(at plan.Side, b contact.Book) contact.Book {
		if at != s {
			return b
		}
		return hostileBook{b, h}
	}
	defer func() { y.w.Wrap = nil }()
	return y.run()
}

// writes lets a side answer writes in its own way until it is well again.
func (y *yard) writes(s plan.Side, do func(b contact.Book, ms []contact.Mutation) ([]contact.Result, error)) {
	y.w.Wrap = func(at plan.Side, b contact.Book) contact.Book {
		if at != s {
			return b
		}
		return writeBook{b, do}
	}
}

// writeBook answers writes in its own way.
type writeBook struct {
	contact.Book
	do func(contact.Book, []contact.Mutation) ([]contact.Result, error)
}

func (b writeBook) Write(_ context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	return b.do(b.Book, ms)
}

// at is a fault.
func at(p enginetest.Place, a enginetest.Act, n int, k enginetest.Kind) enginetest.Fault {
	return enginetest.Fault{Point: enginetest.Point{Place: p, Act: a, N: n}, Kind: k}
}

// named finds a hostile listing.
func named(t *testing.T, name string) hostile {
	t.Helper()
	for _, h := range hostiles() {
		if h.name == name {
			return h
		}
	}
	t.Fatalf("no hostile listing %q", name)
	return hostile{}
}
