package jobs

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine"
	"tandem/store"
	"tandem/store/storetest"
)

// TestMain lets many tests wait at the same time: they hardly compute.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	m.Run()
}

// yard is one user's pair over two Books in memory, whose doors can be held.
type yard struct {
	t        *testing.T
	store    *store.Store
	user     store.User
	pair     store.Pair
	left     *door // the CRM
	right    *door
	settings map[string]string
	stale    time.Duration
}

// door is a Book at which runs can be held up.
type door struct {
	*memory.Book
	mu sync.Mutex
	// pass, where set, is passed before each Changes and Write ("changes",
	// "write") and before the answer of each Write ("answer").
	pass func(ctx context.Context, what string) error
}

func (d *door) at(ctx context.Context, what string) error {
	d.mu.Lock()
	pass := d.pass
	d.mu.Unlock()
	if pass == nil {
		return nil
	}
	return pass(ctx, what)
}

func (d *door) Changes(ctx context.Context, c contact.Cursor) iter.Seq2[contact.Page, error] {
	if err := d.at(ctx, "changes"); err != nil {
		return func(yield func(contact.Page, error) bool) { yield(contact.Page{}, err) }
	}
	return d.Book.Changes(ctx, c)
}

func (d *door) Write(ctx context.Context, m []contact.Mutation) ([]contact.Result, error) {
	if err := d.at(ctx, "write"); err != nil {
		return nil, err
	}
	results, err := d.Book.Write(ctx, m)
	if lost := d.at(ctx, "answer"); lost != nil {
		return nil, lost
	}
	return results, err
}

// set puts up (or with nil takes down) what is passed at the door.
func (d *door) set(pass func(ctx context.Context, what string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pass = pass
}

// hold holds up the next run at what, once. reached is closed when it is there,
// and it goes on when release is called or its context ends.
func (d *door) hold(what string) (reached <-chan struct{}, release func()) {
	there, open := make(chan struct{}), make(chan struct{})
	var once sync.Once
	d.set(func(ctx context.Context, at string) error {
		if at != what {
			return nil
		}
		first := false
		once.Do(func() { first = true })
		if !first {
			return nil
		}
		close(there)
		select {
		case <-open:
			return nil
		case <-ctx.Done():
			return &contact.Error{Kind: contact.ErrUnreachable, Message: "The request was given up.", Cause: ctx.Err()}
		}
	})
	return there, sync.OnceFunc(func() { close(open) })
}

func newYard(t *testing.T, s *store.Store) *yard {
	t.Helper()
	y := &yard{t: t, store: s, stale: 30 * time.Second}
	y.user, y.pair = storetest.Seed(t, s, "https://issuer.example", "ann")
	o := memory.Options{Description: memory.Everything()}
	o.Description.Account.ID, o.Description.Batch = "ann", 5
	y.left, y.right = &door{Book: memory.New(o)}, &door{Book: memory.New(o)}
	y.settings = map[string]string{"direction": "crm-to-contacts", "mine": "all", "scope": "all"}
	return y
}

// service makes one process. It is stopped at the test's end.
func (y *yard) service(change ...func(*Options)) *Service {
	y.t.Helper()
	s, err := New(y.t.Context(), y.opts(change...))
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { y.stop(s) })
	return s
}

func (y *yard) opts(change ...func(*Options)) Options {
	e := engine.New(engine.Options{Ledger: y.store, Stale: y.stale, LastCall: 200 * time.Millisecond, Open: func(_ context.Context, c store.Connection, _ engine.Settings) (contact.Book, error) {
		if c.ID == y.pair.LeftID {
			return y.left, nil
		}
		return y.right, nil
	}})
	o := Options{
		Store: y.store, Engine: e, SoftStop: 5 * time.Second, Tick: time.Hour, Log: slog.New(slog.DiscardHandler),
		Settings: func(context.Context, string) (engine.Settings, error) { return engine.FromValues(y.settings), nil },
		Interval: func(context.Context, string) (time.Duration, error) { return 10 * time.Minute, nil },
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

// started is a process that works.
func (y *yard) started(change ...func(*Options)) *Service {
	y.t.Helper()
	s := y.service(change...)
	if err := s.Start(y.t.Context()); err != nil {
		y.t.Fatal(err)
	}
	return s
}

func (y *yard) stop(s *Service) {
	y.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		y.t.Error("stop:", err)
	}
}

// people puts n persons into the CRM.
func (y *yard) people(n int) {
	for i := range n {
		y.left.Put(contact.Contact{
			Name:   contact.Name{Given: fmt.Sprintf("Ann%d", i), Surname: "Miller"},
			Emails: []string{fmt.Sprintf("ann%d@example.com", i)},
		})
	}
}

func (y *yard) enqueue(s *Service, ask Ask) store.Run {
	y.t.Helper()
	if ask.PairID == "" {
		ask.PairID = y.pair.ID
	}
	if ask.Kind == "" {
		ask.Kind = store.RunSync
	}
	if ask.Trigger == "" {
		ask.Trigger = "manual"
	}
	run, err := s.Enqueue(y.t.Context(), ask)
	if err != nil {
		y.t.Fatal(err)
	}
	return run
}

// runs are the user's runs, oldest first.
func (y *yard) runs() []store.Run {
	y.t.Helper()
	var all []store.Run
	if err := y.store.DB().Order("created_at, id").Find(&all).Error; err != nil {
		y.t.Fatal(err)
	}
	return all
}

func (y *yard) run(id string) store.Run {
	y.t.Helper()
	r, err := y.store.Run(context.Background(), id)
	if err != nil {
		y.t.Fatal(err)
	}
	return r
}

// ended waits until the run is over and answers it.
func (y *yard) ended(id string) store.Run {
	y.t.Helper()
	var run store.Run
	until(y.t, "run "+id+" is over", func() bool {
		run = y.run(id)
		return run.State != store.RunQueued && run.State != store.RunRunning
	})
	return run
}

// jobs are River's jobs of a kind, in order of their making.
func (y *yard) jobs(kind string) []job {
	y.t.Helper()
	var all []job
	if err := y.store.DB().Raw("SELECT id, state, attempt FROM river_job WHERE kind = ? ORDER BY id", kind).Scan(&all).Error; err != nil {
		y.t.Fatal(err)
	}
	return all
}

type job struct {
	ID      int64
	State   rivertype.JobState
	Attempt int
}

// begin is a run that a process begins and then dies: no sign of life follows.
func (y *yard) begin(run store.Run, at time.Time) store.Run {
	y.t.Helper()
	run.PairID, run.CreatedAt = y.pair.ID, at
	if err := y.store.CreateRun(y.t.Context(), &run); err != nil {
		y.t.Fatal(err)
	}
	if _, err := y.store.BeginRun(y.t.Context(), y.pair.ID, &run, at, y.stale); err != nil {
		y.t.Fatal(err)
	}
	return run
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("in vain: " + what)
		}
	}
}

func wait(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("in vain: " + what)
	}
}

func each(t *testing.T, test func(t *testing.T, y *yard)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		test(t, newYard(t, s))
	})
}
