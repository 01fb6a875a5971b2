package enginetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/engine/plan"
	"tandem/store"
)

// errDead is what a run gets from everything once its process has ended.
var errDead = errors.New("enginetest: the process has ended")

// errLocal is a ledger that fails.
var errLocal = errors.New("enginetest: the database fails")

// Wire lies between one run and the world. It numbers the points, remembers
// them, and lets faults strike.
type Wire struct {
	mu     sync.Mutex
	points []Point
	count  map[Point]int // by place and act, N 0
	faults []Fault
	struck int
	dead   bool
	// writes are the mutations that reached each side.
	writes [2]int
	// person, pause and colleague act for a fault of that kind.
	person           func(Kind)
	pause, colleague func()
}

// NewWire makes a wire on which the faults strike, each once.
func NewWire(faults ...Fault) *Wire {
	return &Wire{count: map[Point]int{}, faults: faults}
}

// Points are those passed so far.
func (w *Wire) Points() []Point {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Point(nil), w.points...)
}

// Struck is how many of the faults have struck.
func (w *Wire) Struck() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.struck
}

// none is no fault.
const none = kinds

// pass passes a point. It gives the fault that strikes there, none otherwise.
func (w *Wire) pass(p Place, a Act) (Kind, error) {
	w.mu.Lock()
	if w.dead {
		w.mu.Unlock()
		return none, errDead
	}
	key := Point{Place: p, Act: a}
	w.count[key]++
	key.N = w.count[key]
	w.points = append(w.points, key)
	kind := none
	for i, f := range w.faults {
		if f.Point == key {
			kind = f.Kind
			w.faults = append(w.faults[:i:i], w.faults[i+1:]...)
			w.struck++
			break
		}
	}
	if kind == CrashBefore {
		w.dead = true
	}
	w.mu.Unlock()
	switch {
	case kind == CrashBefore:
		return none, errDead
	case kind == Paused:
		w.pause()
		return none, nil
	case kind == Colleague:
		w.colleague()
		return none, nil
	case kind < none && kind.ByPerson():
		w.person(kind)
		return none, nil
	}
	return kind, nil
}

// die ends the process.
func (w *Wire) die() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
	return errDead
}

func (w *Wire) wrote(s plan.Side, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes[s] += n
}

// Writes are the mutations that reached each side.
func (w *Wire) Writes() [2]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes
}

// wiredLedger is a ledger behind a wire.
type wiredLedger struct {
	engine.Ledger
	w *Wire
}

func (l wiredLedger) do(a Act, effect func() error) error {
	kind, err := l.w.pass(AtLedger, a)
	if err != nil {
		return err
	}
	if kind == Failing {
		return errLocal
	}
	err = effect()
	switch kind {
	case CrashAfter:
		return l.w.die()
	case FailedAfter:
		return errLocal
	}
	return err
}

func (l wiredLedger) BeginRun(ctx context.Context, pair string, run *store.Run, now time.Time, stale time.Duration) (fence int64, err error) {
	err = l.do(Begin, func() (err error) { fence, err = l.Ledger.BeginRun(ctx, pair, run, now, stale); return err })
	return fence, err
}

func (l wiredLedger) Beat(ctx context.Context, pair string, fence int64, run *store.Run, now time.Time) error {
	l.w.mu.Lock()
	dead := l.w.dead
	l.w.mu.Unlock()
	if dead {
		return errDead
	}
	return l.Ledger.Beat(ctx, pair, fence, run, now)
}

func (l wiredLedger) Reserve(ctx context.Context, pair string, fence int64, in []store.Intent, cl []store.Claim) (taken []store.Claim, err error) {
	err = l.do(Reserve, func() (err error) { taken, err = l.Ledger.Reserve(ctx, pair, fence, in, cl); return err })
	return taken, err
}

func (l wiredLedger) Commit(ctx context.Context, pair string, fence int64, b store.Batch) error {
	return l.do(Commit, func() error { return l.Ledger.Commit(ctx, pair, fence, b) })
}

func (l wiredLedger) EndRun(ctx context.Context, fence int64, p *store.Pair, r *store.Run, now time.Time) (dirty bool, err error) {
	err = l.do(End, func() (err error) { dirty, err = l.Ledger.EndRun(ctx, fence, p, r, now); return err })
	return dirty, err
}

// trouble is the error of a request that fails by kind, nil where it does not
// fail before its effect.
func trouble(k Kind) error {
	switch k {
	case Throttled:
		return &contact.Error{Kind: contact.ErrQuota, Message: "Too many requests."}
	case Failing:
		return &contact.Error{Kind: contact.ErrUnavailable, Message: "The server is failing."}
	case SignedOut:
		return &contact.Error{Kind: contact.ErrReconnect, Message: "Connect again."}
	case Expired:
		return &contact.Error{Kind: contact.ErrCursorExpired}
	}
	return nil
}

// lost is the error of a request whose answer did not come.
func lost() error { return &contact.Error{Kind: contact.ErrUnreachable, Message: "No answer came."} }
