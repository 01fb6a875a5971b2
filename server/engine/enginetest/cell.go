package enginetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tandem/server/contact"
	"tandem/server/engine/plan"
)

// Stage is a scenario in one direction on one profile: what faults are played
// on.
type Stage struct {
	Scenario  Scenario
	Direction plan.Direction
	Profile   Profile
	// Make builds the World; nil means NewMemoryWorld.
	Make func(Profile, plan.Direction) *World
	// Prepared, where set, changes the World after the scenario, before the run.
	Prepared func(*World)

	once   sync.Once
	points []Point
	clean  map[string]string
	err    error
}

// Stages are all scenarios in all directions on all profiles.
func Stages() []*Stage {
	var all []*Stage
	for _, p := range Profiles() {
		for _, d := range []plan.Direction{plan.CRMToContacts, plan.ContactsToCRM, plan.TwoWay} {
			for _, s := range Scenarios() {
				all = append(all, &Stage{Scenario: s, Direction: d, Profile: p})
			}
		}
	}
	return all
}

// String names the stage.
func (s *Stage) String() string {
	return fmt.Sprintf("%s/%s/%s", s.Profile.Name, s.Direction, s.Scenario.Name)
}

// Cell is one fault, or two, on a stage.
type Cell struct {
	Stage  *Stage
	Faults []Fault
	// Then strikes in the first run after the one with Faults, which begins Wait
	// after it, a minute where that is 0.
	Then []Fault
	Wait time.Duration
}

// String names the cell.
func (c Cell) String() string {
	name := c.Stage.String()
	for _, f := range c.Faults {
		name += "/" + f.String()
	}
	for _, f := range c.Then {
		name += fmt.Sprintf("/then after %s %s", c.wait(), f)
	}
	return name
}

func (c Cell) wait() time.Duration { return cmp.Or(c.Wait, time.Minute) }

// Seconds are all faults that may follow in the run after the cell's, wait
// later: that run is played once to see its points.
func (c Cell) Seconds(wait time.Duration) ([]Cell, error) {
	c.Wait = wait
	out, err := c.Stage.play(c)
	if err != nil {
		return nil, err
	}
	var cells []Cell
	for _, p := range out.Recovery {
		for _, k := range Kinds() {
			if k.Strikes(p.Act) && (k != Colleague || c.Stage.Profile.Users > 1) {
				next := c
				next.Then = []Fault{{p, k}}
				cells = append(cells, next)
			}
		}
	}
	return cells, nil
}

// Cells are all single faults on the stage, from a run without a fault.
func (s *Stage) Cells() ([]Cell, error) {
	if err := s.rehearse(); err != nil {
		return nil, err
	}
	var cells []Cell
	for _, p := range s.points {
		for _, k := range Kinds() {
			if k.Strikes(p.Act) && (k != Colleague || s.Profile.Users > 1) {
				cells = append(cells, Cell{Stage: s, Faults: []Fault{{p, k}}})
			}
		}
	}
	return cells, nil
}

// rehearse plays the stage once without a fault: its points, and how it ends.
func (s *Stage) rehearse() error {
	s.once.Do(func() {
		var out Outcome
		if out, s.err = s.play(Cell{Stage: s}); s.err != nil {
			return
		}
		s.points, s.clean = out.first, out.end
		if len(out.Faults) > 0 {
			s.err = fmt.Errorf("%s: without any fault: %s", s, strings.Join(out.Faults, "; "))
		}
	})
	return s.err
}

// Outcome is how a cell ended.
type Outcome struct {
	// Faults are the broken promises.
	Faults []string
	// Struck is how many faults found their point.
	Struck int
	// Recovery are the points of the first run after the one with the fault.
	Recovery []Point
	first    []Point
	end      map[string]string
}

// Play plays the cell: the scenario, the run with its faults, and then clean
// runs until all should be well.
func (c Cell) Play() (Outcome, error) {
	if err := c.Stage.rehearse(); err != nil {
		return Outcome{}, err
	}
	out, err := c.Stage.play(c)
	if err != nil {
		return out, err
	}
	byPerson := slices.ContainsFunc(append(slices.Clone(c.Faults), c.Then...), func(f Fault) bool { return f.Kind.ByPerson() })
	if !byPerson && c.Stage.Scenario.Free != "*" && c.Stage.Scenario.Free != c.Stage.Profile.Name {
		for tag, want := range c.Stage.clean {
			if got := out.end[tag]; got != want {
				out.Faults = append(out.Faults, fmt.Sprintf("%s ends as\n\t%s\nwithout a fault as\n\t%s", tag, got, want))
			}
		}
	}
	return out, nil
}

// Promises plays the cell and gives the promises that were broken, without a
// look at how the stage ends without a fault.
func (c Cell) Promises() ([]string, error) {
	out, err := c.Stage.play(c)
	return out.Faults, err
}

func (s *Stage) play(c Cell) (out Outcome, err error) {
	build := s.Make
	if build == nil {
		build = NewMemoryWorld
	}
	w := build(s.Profile, s.Direction)
	if err := w.prepare(s.Scenario); err != nil {
		return out, fmt.Errorf("%s: %w", c, err)
	}
	if s.Prepared != nil {
		s.Prepared(w)
	}
	wire := NewWire(slices.Clone(c.Faults)...)
	// How this run ends is nobody's promise.
	_, _ = w.Run(0, wire)
	w.Sum(0, wire)
	out.first = wire.Points()
	w.Wait(c.wait())
	second := NewWire(slices.Clone(c.Then)...)
	report, err := w.Run(0, second)
	w.Sum(0, second)
	if len(c.Then) == 0 && err != nil {
		w.fail("the first run after the fault failed: %v: %s", err, report.Reason)
	}
	out.Recovery, out.Struck = second.Points(), wire.Struck()+second.Struck()
	for _, later := range []time.Duration{time.Minute, 16 * time.Minute} {
		err := w.Round(later)
		if errors.Is(err, errHalted) && len(c.Then) > 0 {
			// Two mishaps at once may look like an accident in so small an address
			// book: a person has a look and says Yes.
			w.Unguarded = true
			err = w.Round(time.Minute)
			w.Unguarded = false
		}
		if err != nil {
			w.fail("%v", err)
			break
		}
	}
	for range 2 {
		if err := w.Quiet(); err != nil {
			w.fail("%v", err)
			break
		}
	}
	out.Faults, out.end = w.Faults(), w.end()
	return out, nil
}

// end is what all sides hold of each person, as a text that can be compared.
func (w *World) end() map[string]string {
	end := map[string]string{}
	for _, tag := range w.tags {
		var parts []string
		for i, u := range w.Users {
			for _, s := range []plan.Side{plan.Left, plan.Right} {
				if i > 0 && s == plan.Left {
					continue
				}
				for _, r := range w.find(i, s, tag) {
					parts = append(parts, fmt.Sprintf("%s of %s: %s", s, u.Name, content(r.Contact)))
				}
			}
		}
		slices.Sort(parts)
		end[tag] = strings.Join(parts, "\n\t")
	}
	return end
}

// content is a contact as a text, whatever the order of its sets.
func content(c contact.Contact) string {
	var b strings.Builder
	for f := range contact.AllFields.All() {
		if v := c.Value(f); f.Shape() == contact.Set {
			fmt.Fprintf(&b, "%s%q ", f, norm.Keys(f, v))
		} else if !v.IsEmpty() {
			fmt.Fprintf(&b, "%s%q ", f, v)
		}
	}
	return b.String()
}
