package espocrm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/provider"
	sandbox "tandem/server/sandbox/espocrm"
	"tandem/server/sandbox/kit"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func people(n int) []contact.Contact {
	out := make([]contact.Contact, n)
	for i := range out {
		out[i] = contact.Contact{Name: contact.Name{Given: "P", Surname: fmt.Sprintf("Number%03d", i)},
			Emails: []string{fmt.Sprintf("p%d@example.com", i), fmt.Sprintf("second%d@example.com", i)}}
	}
	return out
}

func isList(r *http.Request) bool {
	return r.Method == http.MethodGet && (strings.HasSuffix(r.URL.Path, "/Contact") || strings.HasSuffix(r.URL.Path, "/Lead"))
}

// TestMovingSet: whatever people do between the pages of a listing, what is
// there afterwards was listed as it is, by this listing or by the next changes.
func TestMovingSet(t *testing.T) {
	for _, ticks := range []time.Duration{0, time.Second} {
		for seed := range uint64(15) {
			t.Run(fmt.Sprintf("a tick of %v, seed %d", ticks, seed), func(t *testing.T) {
				random, time := rand.New(rand.NewPCG(seed, 7)), newClock()
				w := newWorld(t, world{options: sandbox.Options{Now: time.now, MaxPage: 4}})
				ids := w.crm.Seed(sandbox.Contact, w.user, people(21))
				if ticks == 0 {
					for _, id := range ids {
						w.crm.Edit(sandbox.Contact, id, func(c *contact.Contact) { c.Notes = "all at one moment" })
					}
				}
				deletions := 0
				w.faults.Add(kit.Fault{Match: isList, Skip: 1, Times: 12, Before: func(*http.Request) {
					time.move(ticks)
					id := ids[random.IntN(len(ids))]
					switch random.IntN(3) {
					case 0:
						w.crm.Edit(sandbox.Contact, id, func(c *contact.Contact) { c.Name.Given = fmt.Sprintf("Edited%d", random.IntN(99)) })
					case 1:
						if deletions++; deletions <= 3 {
							w.crm.Remove(sandbox.Contact, id)
						}
					case 2:
						c := people(1)[0]
						c.Name.Surname, c.Emails = fmt.Sprintf("New%d", random.IntN(1e6)), nil
						ids = append(ids, w.crm.Put(sandbox.Contact, w.user, c))
					}
				}})
				b := w.open(t)
				last, cursor := list(t, b, nil)
				w.faults.Clear()
				again, cursor := list(t, b, cursor)
				for id, r := range again {
					last[id] = r
				}
				found, _, err := b.Get(t.Context(), asIDs(ids))
				if err != nil {
					t.Fatal(err)
				}
				for _, now := range found {
					if last[now.ID].Version != now.Version {
						t.Errorf("%s was last listed with version %q, it has %q", now.ID, last[now.ID].Version, now.Version)
					}
				}
				if more, _ := list(t, b, cursor); len(more) > 0 {
					t.Errorf("nothing happened, and %d changes are listed", len(more))
				}
			})
		}
	}
}

// TestMovingSweep: a sweep never leaves out what is there all the time.
func TestMovingSweep(t *testing.T) {
	for seed := range uint64(10) {
		random, time := rand.New(rand.NewPCG(seed, 9)), newClock()
		w := newWorld(t, world{options: sandbox.Options{Now: time.now, MaxPage: 5}})
		ids := w.crm.Seed(sandbox.Contact, w.user, people(23))
		gone := map[string]bool{}
		w.faults.Add(kit.Fault{Match: isList, Skip: 1, Times: 4, Before: func(*http.Request) {
			id := ids[random.IntN(len(ids))]
			gone[id] = true
			w.crm.Remove(sandbox.Contact, id)
			w.crm.Edit(sandbox.Contact, ids[random.IntN(len(ids))], func(c *contact.Contact) { c.Notes = "x" })
		}})
		var swept []string
		for stamps, err := range w.open(t).(contact.Sweeper).Sweep(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range stamps {
				swept = append(swept, string(s.ID))
			}
		}
		for _, id := range ids {
			if !gone[id] && !slices.Contains(swept, id) {
				t.Errorf("seed %d: %s is there and was not swept", seed, id)
			}
		}
	}
}

// TestRestless: a moment that never comes to rest is an error, not an ending.
func TestRestless(t *testing.T) {
	time := newClock()
	w := newWorld(t, world{options: sandbox.Options{Now: time.now, MaxPage: 3}})
	var ids []string
	for _, c := range people(60) {
		ids = append(ids, w.crm.Put(sandbox.Contact, w.user, c))
	}
	w.faults.Add(kit.Fault{Match: isList, Skip: 1, Times: -1, Before: func(*http.Request) {
		w.crm.Remove(sandbox.Contact, ids[0])
		ids = ids[1:]
	}})
	var last error
	for page, err := range w.open(t).Changes(t.Context(), nil) {
		if last = err; page.Next != nil {
			t.Fatal("the listing claims to be complete")
		}
	}
	if !errors.Is(last, contact.ErrUnavailable) {
		t.Errorf("the listing ended with %v", last)
	}
}

// TestSameSecond: an edit in the second of the last listing is not missed, and
// a quiet listing costs one request.
func TestSameSecond(t *testing.T) {
	time := newClock()
	w := newWorld(t, world{options: sandbox.Options{Now: time.now}})
	ids := w.crm.Seed(sandbox.Contact, w.user, people(3))
	b := w.open(t)
	_, cursor := list(t, b, nil)
	before := w.crm.Requests()
	if quiet, next := list(t, b, cursor); len(quiet) > 0 || w.crm.Requests()-before != 1 {
		t.Errorf("a quiet listing gives %d changes for %d requests", len(quiet), w.crm.Requests()-before)
	} else {
		cursor = next
	}
	w.crm.Edit(sandbox.Contact, ids[2], func(c *contact.Contact) { c.Name.Given = "Other" })
	if changed, _ := list(t, b, cursor); len(changed) != 1 {
		t.Errorf("an edit within the second gives %d changes", len(changed))
	}
}

// TestDeleted: a deleted record is missing for everybody, also for
// administrators, who still read it; one that is hidden is not.
func TestDeleted(t *testing.T) {
	for _, kind := range []string{"regular", "admin"} {
		w := newWorld(t, world{role: &sandbox.User{Type: kind}, scope: provider.ScopeAll})
		ids := w.crm.Seed(sandbox.Contact, w.user, people(2))
		w.crm.Remove(sandbox.Contact, ids[0])
		found, missing, err := w.open(t).Get(t.Context(), asIDs(append(ids, "nonsense", "a/../b?c#d")))
		if err != nil || len(found) != 1 || !slices.Equal(missing, []contact.ID{contact.ID(ids[0]), "nonsense", "a/../b?c#d"}) {
			t.Errorf("%s: found %d, missing %q, %v", kind, len(found), missing, err)
		}
	}
	own := sandbox.Own
	w := newWorld(t, world{role: &sandbox.User{Roles: map[string]sandbox.Levels{sandbox.Contact: own}}})
	foreign := w.crm.Put(sandbox.Contact, w.other, people(1)[0])
	if found, missing, err := w.open(t).Get(t.Context(), []contact.ID{contact.ID(foreign)}); err != nil || len(found)+len(missing) > 0 {
		t.Errorf("a hidden record: found %d, missing %q, %v", len(found), missing, err)
	}
}

// TestScope: "mine" lists what is assigned to the user; what was assigned to
// somebody else is swept away, still exists, and is found by asking for anyone.
func TestScope(t *testing.T) {
	w := newWorld(t, world{})
	ids := w.crm.Seed(sandbox.Contact, w.user, people(3))
	w.crm.Put(sandbox.Contact, w.other, ann())
	b := w.open(t)
	if mine, _ := list(t, b, nil); len(mine) != 3 || !mine[contact.ID(ids[0])].Mine {
		t.Errorf("mine are %d", len(mine))
	}
	w.crm.Set(sandbox.Contact, ids[0], map[string]any{"assignedUserId": w.other})
	for stamps := range b.(contact.Sweeper).Sweep(t.Context()) {
		for _, s := range stamps {
			if string(s.ID) == ids[0] {
				t.Error("the sweep lists what is a colleague's now")
			}
		}
	}
	found, missing, err := b.Get(t.Context(), []contact.ID{contact.ID(ids[0])})
	if err != nil || len(missing) > 0 || len(found) != 1 || found[0].Mine {
		t.Errorf("reassigned: found %+v, missing %q, %v", found, missing, err)
	}
	for anyone, want := range map[bool]int{false: 0, true: 1} {
		if found, err := b.Find(t.Context(), contact.Query{Emails: []string{"Ann@Home.example.org"}, Anyone: anyone}); err != nil || len(found) != want {
			t.Errorf("Find with anyone %v gives %d, %v", anyone, len(found), err)
		}
	}
	w.scope = provider.ScopeAll
	if all, _ := list(t, w.open(t), nil); len(all) != 4 {
		t.Errorf("all are %d", len(all))
	}
}

// TestConverted: a converted lead lives on as its contact and is not written.
func TestConverted(t *testing.T) {
	w := newWorld(t, world{entity: provider.EntityLeads})
	id := w.crm.Put(sandbox.Lead, w.user, ann())
	b := w.open(t)
	_, cursor := list(t, b, nil)
	into := w.crm.Convert(id)
	var changes []contact.Change
	for page, err := range b.Changes(t.Context(), cursor) {
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, page.Changes...)
	}
	if want := []contact.Change{{Kind: contact.Converted, ID: contact.ID(id), Into: contact.ID(into)}}; len(changes) != 1 || changes[0].Into != want[0].Into || changes[0].Kind != want[0].Kind {
		t.Errorf("the conversion is listed as %+v", changes)
	}
	results, err := b.Write(t.Context(), []contact.Mutation{{Op: contact.Update, ID: contact.ID(id), Contact: ann(), Mask: contact.FieldsOf(contact.Given)}})
	if err != nil || results[0].Outcome != contact.ReadOnly {
		t.Errorf("writing it answers %v, %v", results[0].Outcome, err)
	}
}

func asIDs(ids []string) []contact.ID {
	out := make([]contact.ID, len(ids))
	for i, id := range ids {
		out[i] = contact.ID(id)
	}
	return out
}
