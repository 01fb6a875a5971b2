package enginetest_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tandem/server/contact"
	"tandem/server/engine/enginetest"
	"tandem/server/engine/plan"
)

// machine is a World in which anything may happen in any order. It keeps the
// log of what happened, to be compared with the same seed's.
type machine struct {
	w    *enginetest.World
	tags []string
	n    int
	log  strings.Builder
}

// machineProfile draws two servers' abilities.
func machineProfile(t *rapid.T) enginetest.Profile {
	p := rapid.SampledFrom(enginetest.Profiles()).Draw(t, "profile")
	if p.Users == 1 {
		return p
	}
	p.Users = rapid.IntRange(2, 5).Draw(t, "users")
	if rapid.Bool().Draw(t, "cramped CRM") {
		p.Side[0].Description.Capacity = map[contact.Field]int{contact.Emails: rapid.IntRange(1, 3).Draw(t, "room")}
	}
	return p
}

// directions are those that each user may have.
var directions = []plan.Direction{plan.CRMToContacts, plan.ContactsToCRM, plan.TwoWay}

func newMachine(t *rapid.T) *machine {
	m := &machine{w: enginetest.NewMemoryWorld(machineProfile(t), plan.TwoWay)}
	m.note("%s", m.w.Profile.Name)
	for _, u := range m.w.Users {
		u.Settings.Direction = rapid.SampledFrom(directions).Draw(t, "direction of "+u.Name)
		m.note("%s: %s", u.Name, u.Settings.Direction)
	}
	return m
}

func (m *machine) note(format string, args ...any) {
	fmt.Fprintf(&m.log, format+"\n", args...)
}

// user, side and tag draw who acts where on whom.
func (m *machine) user(t *rapid.T) int {
	return rapid.IntRange(0, len(m.w.Users)-1).Draw(t, "user")
}

func side(t *rapid.T) plan.Side { return plan.Side(rapid.IntRange(0, 1).Draw(t, "side")) }

func (m *machine) tag(t *rapid.T) string {
	if len(m.tags) == 0 {
		t.Skip("nobody is there yet")
	}
	return rapid.SampledFrom(m.tags).Draw(t, "person")
}

// create types a new person, with content of their own.
func (m *machine) create(t *rapid.T) {
	m.n++
	tag := fmt.Sprintf("X%d", m.n)
	u, s := m.user(t), side(t)
	c := m.w.Person(tag)
	if rapid.Bool().Draw(t, "unit") {
		c.Unit = m.w.Unique("Unit")
	}
	m.tags = append(m.tags, tag)
	m.note("create %d %s %s", u, s, tag)
	m.w.Put(u, s, tag, c)
}

// edit types into one field.
func (m *machine) edit(t *rapid.T) {
	u, s, tag := m.user(t), side(t), m.tag(t)
	f := rapid.SampledFrom([]contact.Field{
		contact.JobTitle, contact.Unit, contact.Organization, contact.Website, contact.Nickname, contact.Notes,
		contact.WorkAddress, contact.WorkPhones, contact.Emails,
	}).Draw(t, "field")
	m.note("edit %d %s %s %s", u, s, tag, f)
	m.w.Edit(u, s, tag, func(c *contact.Contact) {
		text := m.w.Unique(f.String())
		switch f {
		case contact.Emails:
			c.Emails = append(c.Emails, strings.ToLower(tag)+"."+strings.ReplaceAll(strings.ToLower(text), " ", "")+"@example.net")
		case contact.WorkAddress:
			*c = c.Set(f, contact.Value{text, "Berlin", "", "10115", "Germany"})
		case contact.WorkPhones:
			*c = c.Set(f, contact.Value{"030 " + text[len(text)-3:] + "99"})
		default:
			*c = c.Set(f, contact.Value{text})
		}
	})
}

// remove deletes a record.
func (m *machine) remove(t *rapid.T) {
	u, s, tag := m.user(t), side(t), m.tag(t)
	m.note("remove %d %s %s", u, s, tag)
	m.w.Remove(u, s, tag)
}

// touch gives a record a new version without an edit.
func (m *machine) touch(t *rapid.T) {
	u, s := m.user(t), side(t)
	all := m.w.Users[u].Book[s].All()
	if len(all) == 0 {
		t.Skip("nobody is there yet")
	}
	m.w.Users[u].Book[s].Bump(rapid.SampledFrom(all).Draw(t, "record").ID)
}

// expire makes cursors worthless.
func (m *machine) expire(t *rapid.T) {
	u, s := m.user(t), side(t)
	m.note("expire %d %s", u, s)
	m.w.Users[u].Book[s].Expire()
}

// run lets one user sync, with up to two faults on the way.
func (m *machine) run(t *rapid.T) {
	u := m.user(t)
	var faults []enginetest.Fault
	for range rapid.IntRange(0, 2).Draw(t, "faults") {
		place := rapid.SampledFrom([]enginetest.Place{enginetest.AtLeft, enginetest.AtRight, enginetest.AtLedger}).Draw(t, "place")
		acts := []enginetest.Act{enginetest.Write, enginetest.Get, enginetest.Find, enginetest.ListPage}
		if place == enginetest.AtLedger {
			acts = []enginetest.Act{enginetest.Begin, enginetest.Reserve, enginetest.Commit, enginetest.End}
		}
		act := rapid.SampledFrom(acts).Draw(t, "act")
		// A first listing that is empty and says that it is complete cannot be told
		// from the truth; TestSingleFaults has it where something was linked.
		kind := rapid.SampledFrom(enginetest.Kinds()).Filter(func(k enginetest.Kind) bool {
			return k.Strikes(act) && !k.ByPerson() && k != enginetest.Colleague && k != enginetest.Empty
		}).Draw(t, "kind")
		faults = append(faults, enginetest.Fault{
			Point: enginetest.Point{Place: place, Act: act, N: rapid.IntRange(1, 4).Draw(t, "time")}, Kind: kind,
		})
	}
	m.w.Wait(time.Duration(rapid.IntRange(1, 20).Draw(t, "minutes")) * time.Minute)
	wire := enginetest.NewWire(faults...)
	report, err := m.w.Run(u, wire)
	m.w.Sum(u, wire)
	m.note("run %d %v: %s %v wrote %v", u, faults, report.State, err != nil, wire.Writes())
}

// rest lets clean runs follow and checks every promise.
func (m *machine) rest(t *rapid.T) {
	// A person looks at whatever waits for one, and says Yes.
	m.w.Unguarded = true
	for range 4 {
		if err := m.w.Round(17 * time.Minute); err != nil {
			t.Fatalf("%v\n%s", err, m.log.String())
		}
	}
	if err := m.w.Quiet(); err != nil {
		t.Fatalf("%v\n%s", err, m.log.String())
	}
	m.w.Unguarded = false
	if faults := m.w.Faults(); len(faults) > 0 {
		t.Fatalf("%s\n%s", strings.Join(faults, "\n"), m.log.String())
	}
}

// live lets a machine take its steps.
func live(t *rapid.T) *machine {
	m := newMachine(t)
	t.Repeat(map[string]func(*rapid.T){
		"create": m.create, "create again": m.create, "edit": m.edit, "edit again": m.edit, "remove": m.remove,
		"touch": m.touch, "expire": m.expire, "run": m.run, "run again": m.run,
	})
	m.rest(t)
	return m
}

// TestStateMachine lets people, servers and failures do what they like: 1,000
// lives of about 50 steps on every run, 100,000 at night.
func TestStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { live(t) })
	t.Logf("state machine: %s lives", flag.Lookup("rapid.checks").Value)
}

// TestSameSeedSameLog lives some lives twice: nothing in the engine depends on
// time, on the order of a map or on chance.
func TestSameSeedSameLog(t *testing.T) {
	life := rapid.Custom(func(t *rapid.T) string { return live(t).log.String() })
	for n := range 20 {
		if a, b := life.Example(n), life.Example(n); a != b {
			t.Fatalf("seed %d: two lives differ:\n%s\n---\n%s", n, a, b)
		}
	}
}
