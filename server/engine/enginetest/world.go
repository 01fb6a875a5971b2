package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine"
	"tandem/server/engine/plan"
	"tandem/store"
)

// Backend is a ledger that a World can be built on.
type Backend interface {
	engine.Ledger
	// AllItems are the lines of all reports of a pair.
	AllItems(pair store.Pair) ([]store.Item, error)
}

// World is one CRM, its users with their address books, and a clock.
type World struct {
	Profile   Profile
	Direction plan.Direction
	Ledger    Backend
	Users     []*User
	// Options, where set, changes how the engine is made.
	Options func(*engine.Options)
	// Wrap, where set, is put around each Book that the engine gets.
	Wrap func(plan.Side, contact.Book) contact.Book
	// WrapLedger is the same for the ledger.
	WrapLedger func(engine.Ledger) engine.Ledger
	// Unguarded confirms every run, as if a person had always said Yes.
	Unguarded bool

	mu      sync.Mutex
	clock   time.Time
	servers [2][]*server // by side and user; the CRM has one
	oracle
}

// User is one person with a CRM user, an address book and a pair.
type User struct {
	Name string
	Pair store.Pair
	Book [2]*memory.Book
	// Settings are those of the user's runs.
	Settings engine.Settings
}

// start is when every World begins.
var start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// NewWorld builds the servers of a profile. join makes a user's pair in ledger.
func NewWorld(p Profile, d plan.Direction, ledger Backend, join func(user string) store.Pair) *World {
	w := &World{Profile: p, Direction: d, Ledger: ledger, clock: start}
	var crm *memory.Book
	for i := range p.Users {
		u := &User{Name: [...]string{"ann", "bob", "eve", "fay", "gus"}[i]}
		left, right := p.Side[0], p.Side[1]
		left.Now, right.Now = w.Now, w.Now
		left.Description.Account.ID, right.Description.Account.ID = u.Name, u.Name
		if crm == nil {
			crm = memory.New(left)
			w.servers[0] = append(w.servers[0], w.server(left))
		}
		w.servers[1] = append(w.servers[1], w.server(right))
		u.Book = [2]*memory.Book{crm.As(left.Description.Account), memory.New(right)}
		u.Pair = join(u.Name)
		u.Settings = engine.FromValues(map[string]string{"direction": string(d), "mine": "all", "scope": p.Scope})
		w.Users = append(w.Users, u)
	}
	return w
}

// NewMemoryWorld is NewWorld on a Ledger of its own.
func NewMemoryWorld(p Profile, d plan.Direction) *World {
	l := NewLedger()
	w := NewWorld(p, d, l, func(user string) store.Pair { return l.Join("org", user, nil) })
	l.Now = w.Now
	return w
}

func (w *World) server(o memory.Options) *server {
	return &server{grace: o.Description.Grace, now: w.Now, hidden: map[contact.ID]time.Time{}}
}

// Now is the World's clock.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// Wait lets time pass.
func (w *World) Wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// Run lets one user's sync run over a wire. A run that ends with an error is
// what faults are about; only a ledger that cannot be read is an error here.
func (w *World) Run(user int, wire *Wire) (engine.Report, error) {
	return w.run(user, wire, func(*engine.Request) {})
}

// Undo takes back what lines of a user's reports say was done.
func (w *World) Undo(user int, items []store.Item) (engine.Report, error) {
	return w.run(user, NewWire(), func(r *engine.Request) {
		r.Run.Kind, r.Run.Confirmed = store.RunUndo, true
		r.Undo = engine.Undo{Items: items}
	})
}

func (w *World) run(user int, wire *Wire, change func(*engine.Request)) (engine.Report, error) {
	u := w.Users[user]
	pair, err := w.Ledger.Pair(context.Background(), u.Pair.ID)
	if err != nil {
		return engine.Report{}, err
	}
	first := !pair.FirstDone || pair.SettingsKey != u.Settings.Key()
	wire.person = func(k Kind) { w.act(k, user) }
	wire.pause = func() { w.Wait(time.Minute); w.meanwhile(user) }
	wire.colleague = func() { w.meanwhile((user + 1) % len(w.Users)) }
	ledger := engine.Ledger(w.Ledger)
	if w.WrapLedger != nil {
		ledger = w.WrapLedger(ledger)
	}
	options := engine.Options{
		Ledger: wiredLedger{ledger, wire}, Now: w.Now, SweepEvery: time.Second,
		Open: func(_ context.Context, c store.Connection, _ engine.Settings) (contact.Book, error) {
			s := plan.Right
			if c.ID == u.Pair.LeftID {
				s = plan.Left
			}
			return w.wired(user, s, wire, first), nil
		},
	}
	if w.Options != nil {
		w.Options(&options)
	}
	run := store.Run{PairID: u.Pair.ID, Kind: store.RunSync, Trigger: "manual", Confirmed: first || w.Unguarded, CreatedAt: w.Now()}
	request := engine.Request{Run: run, Settings: u.Settings}
	change(&request)
	return engine.New(options).Run(context.Background(), request)
}

// wired is a user's Book behind a wire.
func (w *World) wired(user int, s plan.Side, wire *Wire, first bool) contact.Book {
	at := user
	if s == plan.Left {
		at = 0
	}
	b := &wiredBook{Book: w.Users[user].Book[s], s: w.servers[s][at], w: wire, side: s, first: first, deleted: w.noteDeleted}
	var book contact.Book = b
	if w.Profile.NoSweep[s] {
		book = plainBook{b}
	}
	if w.Wrap != nil {
		book = w.Wrap(s, book)
	}
	return book
}

// meanwhile lets a whole run of a user take place in the middle of another one:
// the user's own, when that one slept too long, or a colleague's.
func (w *World) meanwhile(user int) {
	wire := NewWire()
	if _, err := w.Run(user, wire); err != nil && !errors.Is(err, store.ErrBusy) {
		w.fail("the run in the middle of another one failed: %v", err)
	}
	w.Sum(user, wire)
}

// errHalted is a run that waits for a person.
var errHalted = errors.New("a clean run ended as halted")

// Round lets every user's sync run once, without faults, some time later.
func (w *World) Round(later time.Duration) error {
	w.Wait(later)
	for i := range w.Users {
		wire := NewWire()
		report, err := w.Run(i, wire)
		w.Sum(i, wire)
		if err != nil {
			return fmt.Errorf("a clean run failed: %w: %s", err, report.Reason)
		}
		if report.State == store.RunHalted {
			return fmt.Errorf("%w: %s", errHalted, report.Reason)
		}
		if report.State != store.RunSucceeded {
			return fmt.Errorf("a clean run ended as %s: %s", report.State, report.Reason)
		}
	}
	return nil
}

// Quiet lets every user's sync run once and reports what it wrote.
func (w *World) Quiet() error {
	w.Wait(time.Minute)
	for i, u := range w.Users {
		wire := NewWire()
		report, err := w.Run(i, wire)
		if err != nil {
			return fmt.Errorf("a quiet run failed: %w", err)
		}
		if n := wire.Writes(); n != [2]int{} {
			return fmt.Errorf("a run without changes by people wrote %v for %s: %s", n, u.Name, report.JSON())
		}
		left, err := w.Ledger.Intents(context.Background(), u.Pair.ID)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return fmt.Errorf("%d intents of %s are left", len(left), u.Name)
		}
	}
	return nil
}
