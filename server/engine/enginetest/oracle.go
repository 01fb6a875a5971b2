package enginetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/engine/plan"
)

// typed is one value that a person typed.
type typed struct {
	side  plan.Side
	user  int
	tag   string
	field contact.Field
	value contact.Value
	// over is set once a person typed over it, or deleted it, knowing it.
	over bool
}

// known is what the oracle knows of one person.
type known struct {
	// put counts how often somebody typed this person, by side and user.
	put [2][5]int
	// gone is set where a person deleted the record, left for the CRM's.
	gone [2]bool
	// loose persons are those about whom people have to decide, or whose record
	// was hidden from us: what becomes of them is compared with a clean run only.
	loose bool
}

// oracle is the memory of everything that people did.
type oracle struct {
	acting  sync.Mutex // faults may let people act on both sides at once
	tags    []string
	people  map[string]*known
	values  []*typed
	subject string // whose record a fault's person edits
	token   int
	wrote   [5][2]int // by user and side
	faults  []string
	still   map[sight][]contact.Record // while nothing moves
}

func (o *oracle) fail(format string, args ...any) {
	o.faults = append(o.faults, fmt.Sprintf(format, args...))
}

// Sum takes what a wire counted into the World's figures.
func (w *World) Sum(user int, wire *Wire) {
	for s, n := range wire.Writes() {
		w.wrote[user][s] += n
	}
}

// writes reports whether a user's direction writes to a side.
func (w *World) writes(user int, s plan.Side) bool {
	return w.Users[user].Settings.Direction.Writes(s)
}

// noteDeleted checks that a person deleted what the engine deletes.
func (w *World) noteDeleted(s plan.Side, r contact.Record) {
	w.acting.Lock()
	defer w.acting.Unlock()
	tag := w.tagOf(r.Contact)
	if k := w.people[tag]; k == nil || !k.gone[s.Other()] && !k.loose {
		w.fail("%s was deleted on the %s, which nobody had deleted on the other side", tag, s)
	}
}

// tagOf is the word by which a person is told from others: the last of the name.
func (w *World) tagOf(c contact.Contact) string {
	words := strings.Fields(c.Name.Text())
	if len(words) == 0 {
		return c.Organization
	}
	return words[len(words)-1]
}

// Unique is a text that nobody typed before.
func (w *World) Unique(word string) string {
	w.token++
	return fmt.Sprintf("%s %03d", word, w.token)
}

// find is the user's records of a person on one side.
func (w *World) find(user int, s plan.Side, tag string) []contact.Record {
	if w.still != nil {
		return w.still[sight{user, s, tag}]
	}
	var found []contact.Record
	for _, r := range w.Users[user].Book[s].All() {
		if w.tagOf(r.Contact) == tag {
			found = append(found, r)
		}
	}
	return found
}

// Put lets a user type a person.
func (w *World) Put(user int, s plan.Side, tag string, c contact.Contact) contact.ID {
	k := w.person(tag)
	k.put[s][user]++
	if w.subject == "" {
		w.subject = tag
	}
	id := w.Users[user].Book[s].Put(c)
	for _, r := range w.find(user, s, tag) {
		if r.ID == id {
			w.note(user, s, tag, contact.Contact{}, r.Contact)
		}
	}
	return id
}

func (w *World) person(tag string) *known {
	if w.people == nil {
		w.people = map[string]*known{}
	}
	k := w.people[tag]
	if k == nil {
		k = &known{}
		w.people[tag] = k
		w.tags = append(w.tags, tag)
	}
	return k
}

// Edit lets a user change a person's first record.
func (w *World) Edit(user int, s plan.Side, tag string, change func(*contact.Contact)) {
	found := w.find(user, s, tag)
	if len(found) == 0 {
		return
	}
	w.Wait(time.Second) // nobody types in no time
	before := found[0]
	var after contact.Contact
	w.Users[user].Book[s].Edit(before.ID, func(c *contact.Contact) { change(c) })
	for _, r := range w.Users[user].Book[s].All() {
		if r.ID == before.ID {
			after = r.Contact
		}
	}
	w.note(user, s, tag, before.Contact, after)
}

// Remove lets a user delete a person's first record.
func (w *World) Remove(user int, s plan.Side, tag string) {
	found := w.find(user, s, tag)
	if len(found) == 0 {
		return
	}
	w.person(tag).gone[s] = true
	w.note(user, s, tag, found[0].Contact, contact.Contact{})
	w.Users[user].Book[s].Remove(found[0].ID)
}

// note takes in what a person changed: new values are to be kept, those that
// stood there are typed over.
func (w *World) note(user int, s plan.Side, tag string, before, after contact.Contact) {
	if before.Name != after.Name {
		// Where one side keeps one text for the name, its parts are no values of
		// their own.
		for _, t := range w.values {
			if t.tag == tag && t.field == contact.FullName {
				t.over = true
			}
		}
	}
	for f := range contact.AllFields.All() {
		if before.Value(f).IsEmpty() && !after.Value(f).IsEmpty() {
			// One way, what the source says for the first time supersedes what
			// the target had said.
			for _, t := range w.values {
				target := user // whose address book is the target of this edit, or was of that one
				if s == plan.Left {
					target = t.user
				}
				if t.tag == tag && t.field == f && t.side != s && !w.writes(target, s) {
					t.over = true
				}
			}
		}
		if f == contact.FullName && after.Name.Given+after.Name.Surname+before.Name.Given+before.Name.Surname != "" {
			continue // it follows from the parts
		}
		for _, v := range elements(f, before.Value(f)) {
			if !holds(f, after, v) {
				for _, t := range w.values {
					if t.tag == tag && t.field == f && norm.Equal(f, t.value, v) {
						t.over = true
					}
				}
			}
		}
		for _, v := range elements(f, after.Value(f)) {
			if !holds(f, before, v) {
				w.values = append(w.values, &typed{side: s, user: user, tag: tag, field: f, value: v})
			}
		}
	}
}

var norm contact.Norm

// elements are the values of a field that stand on their own.
func elements(f contact.Field, v contact.Value) []contact.Value {
	if v.IsEmpty() {
		return nil
	}
	if f.Shape() != contact.Set {
		return []contact.Value{v}
	}
	var out []contact.Value
	for _, e := range v {
		out = append(out, contact.Value{e})
	}
	return out
}

// holds reports whether a contact has a value.
func holds(f contact.Field, c contact.Contact, v contact.Value) bool {
	return slices.ContainsFunc(elements(f, c.Value(f)), func(e contact.Value) bool { return norm.Equal(f, e, v) })
}

// sight is one person as one user sees them on one side.
type sight struct {
	user int
	side plan.Side
	tag  string
}

// freeze takes a picture of all records, for looking at them often.
func (w *World) freeze() {
	still := map[sight][]contact.Record{}
	for i, u := range w.Users {
		for s, b := range u.Book {
			for _, r := range b.All() {
				at := sight{i, plan.Side(s), w.tagOf(r.Contact)}
				still[at] = append(still[at], r)
			}
		}
	}
	w.still = still
}

// Faults are the promises that were not kept, after runs that should have kept
// them all.
func (w *World) Faults() []string {
	w.freeze()
	defer func() { w.still = nil }()
	for i, u := range w.Users {
		for s, n := range w.wrote[i] {
			if !w.writes(i, plan.Side(s)) && n > 0 {
				w.fail("the source was written %d times by %s, one way", n, u.Name)
			}
		}
	}
	shown, err := w.shown()
	if err != nil {
		w.fail("the items cannot be read: %v", err)
	}
	for i := range w.Users {
		w.count(i)
	}
	for _, t := range w.values {
		if !t.over && !w.kept(t) && !shown[string(t.field.String())+"\x00"+norm.Key(t.field, t.value.First())] {
			w.fail("%s %q of %s, typed on the %s, is lost: %s", t.field, t.value, t.tag, t.side, w.instead(t))
		}
	}
	return w.faults
}

// count checks that each person is there as often as they should be.
func (w *World) count(user int) {
	for _, tag := range w.tags {
		k := w.people[tag]
		if k.loose {
			continue
		}
		for _, s := range []plan.Side{plan.Left, plan.Right} {
			n, want := len(w.find(user, s, tag)), 0
			if w.belongs(k, user, s) {
				want = 1
			}
			if n == want || (k.gone[0] || k.gone[1]) && n <= 1 {
				continue
			}
			w.fail("%s is there %d times instead of %d on the %s of %s", tag, n, want, s, w.Users[user].Name)
		}
	}
}

// belongs reports whether a person should be on a side of a user: somebody
// typed them there, or their sync brings them.
func (w *World) belongs(k *known, user int, s plan.Side) bool {
	if s == plan.Right {
		return k.put[s][user] > 0 || w.writes(user, s) && w.belongs(k, user, plan.Left)
	}
	for i := range w.Users {
		if k.put[plan.Left][i] > 0 || k.put[plan.Right][i] > 0 && w.writes(i, plan.Left) {
			return true
		}
	}
	return false
}

// kept reports whether a value is wherever it belongs.
func (w *World) kept(t *typed) bool {
	k := w.people[t.tag]
	own, other := w.find(t.user, t.side, t.tag), w.find(t.user, t.side.Other(), t.tag)
	has := func(rs []contact.Record) bool {
		return slices.ContainsFunc(rs, func(r contact.Record) bool { return holds(t.field, r.Contact, t.value) })
	}
	if !has(own) {
		return false
	}
	o := t.side.Other()
	field := t.field
	if contact.NameParts.Has(field) {
		return true // compared as a whole name where one side has only that
	}
	d := w.Profile.Side[o].Description
	travels := w.Users[t.user].Settings.Map[field].Writes(o) && d.Writable.Has(field)
	if !travels || k.loose || k.gone[0] || k.gone[1] {
		return true
	}
	if t.side == plan.Right {
		if !w.writes(t.user, plan.Left) {
			return true
		}
		if !has(other) {
			return false
		}
	}
	for i := range w.Users {
		if w.writes(i, plan.Right) && !has(w.find(i, plan.Right, t.tag)) {
			return false
		}
	}
	return true
}

// shown are the values that stand in the lists for people, by field and text.
func (w *World) shown() (map[string]bool, error) {
	shown := map[string]bool{}
	for _, u := range w.Users {
		items, err := w.Ledger.AllItems(u.Pair)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if item.Kind != "conflict" && item.Kind != "difference" && item.Kind != "overflow" {
				continue
			}
			d, err := engine.DecodeDetail(item.Detail)
			if err != nil {
				return nil, err
			}
			f, ok := contact.ParseField(d.Field)
			if !ok {
				continue
			}
			for _, v := range append(slices.Clone(d.Left), d.Right...) {
				shown[d.Field+"\x00"+norm.Key(f, v)] = true
			}
		}
	}
	return shown, nil
}

// instead is what both sides hold instead.
func (w *World) instead(t *typed) string {
	var parts []string
	for s := range 2 {
		for _, r := range w.find(t.user, plan.Side(s), t.tag) {
			parts = append(parts, fmt.Sprintf("%s %s has %q", plan.Side(s), r.ID, r.Contact.Value(t.field)))
		}
	}
	if len(parts) == 0 {
		return "nobody has " + t.tag
	}
	return strings.Join(parts, ", ")
}
