// Package jobs carries out runs in the background: River workers on the
// product's own database, so that a run's row and its job commit together.
//
// A click while a run of the same pair waits joins that run; a click during a
// run is kept as a waiting run and carried out afterwards. A periodic job
// starts what is due (automatic sync, with jitter) and takes up what a dead
// process left behind: pairs that show no sign of life, and waiting runs whose
// job was lost. Many processes on one Postgres share the work.
//
// What River promises is little: a job may be carried out twice, or lost with
// its process. So the truth is in the run's row, which begins once (see
// store.BeginRun), and a job is only the push that gets it going.
package jobs

import (
	"context"
	"log/slog"
	"time"

	"tandem/server/engine"
	"tandem/store"
)

// Options are what a Service needs.
type Options struct {
	Store  *store.Store
	Engine *engine.Engine
	// Settings are the effective settings of a user.
	Settings func(ctx context.Context, userID string) (engine.Settings, error)
	// Interval is how often a user's automatic sync runs.
	Interval func(ctx context.Context, userID string) (time.Duration, error)
	// Broken, where set, is called with the cause when a run ends as failed,
	// for example because a connection needs a person (contact.ErrReconnect).
	Broken func(ctx context.Context, pair store.Pair, err error)
	// Workers is how many runs go on at the same time; 0 means 8.
	Workers int
	// Tick is how often due pairs are looked for; 0 means 10 s.
	Tick time.Duration
	// SoftStop is how long runs may go on after Stop before they are told to
	// stop too; 0 means 15 s.
	SoftStop time.Duration
	Now      func() time.Time
	Log      *slog.Logger
}

// Service enqueues and carries out runs.
type Service struct {
	Options
	queue queue
}

// New prepares River's tables and makes a Service that can enqueue; Start makes
// it work.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Workers == 0 {
		o.Workers = 8
	}
	if o.Tick == 0 {
		o.Tick = 10 * time.Second
	}
	if o.SoftStop == 0 {
		o.SoftStop = 15 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{Options: o}
	var err error
	s.queue, err = s.open(ctx)
	return s, err
}

// Start begins to carry out jobs. They end with Stop, not with ctx.
func (s *Service) Start(ctx context.Context) error {
	return s.queue.start(context.WithoutCancel(ctx))
}

// Stop takes no new jobs and waits for those under way. After SoftStop, or
// when ctx ends before, they are told to stop: the write in flight is finished
// or leaves its intent, and the run is enqueued again to go on where it stopped.
// That takes a few seconds, which Stop adds to ctx: hardStop at most.
func (s *Service) Stop(ctx context.Context) error { return s.queue.stop(ctx) }

// Ask is what a run is asked to do.
type Ask struct {
	PairID  string
	Kind    store.RunKind // RunPreview, RunSync or RunUndo
	Trigger string        // "manual", "automatic"
	// Confirmed: a person has seen the plan and said Yes.
	Confirmed bool
	// Sweep: "Check for deletions now".
	Sweep bool
	// Task is what an undo is about, or what the person saw who said Yes.
	Task engine.Task
}

// Enqueue stores a run and its job in one transaction. Where a run of the same
// kind is waiting already, what is asked joins it, and it is answered instead: a
// thousand clicks are two runs at most, the one under way and the one after it.
func (s *Service) Enqueue(ctx context.Context, ask Ask) (store.Run, error) {
	var run store.Run
	err := s.Store.Tx(ctx, func(tx store.Tx) (err error) {
		run, err = s.enqueue(ctx, tx, ask)
		return err
	})
	return run, err
}

// enqueue is Enqueue within a transaction.
func (s *Service) enqueue(ctx context.Context, tx store.Tx, ask Ask) (store.Run, error) {
	waiting := store.Run{PairID: ask.PairID, Kind: ask.Kind, Trigger: ask.Trigger, Confirmed: ask.Confirmed, Sweep: ask.Sweep, CreatedAt: s.Now()}
	if ask.Kind == store.RunUndo || ask.Task.Shown != nil {
		waiting.Task = ask.Task.Encode()
	}
	run, fresh, err := tx.QueueRun(ctx, waiting)
	if err == nil && fresh {
		err = s.queue.insert(ctx, tx, RunArgs{RunID: run.ID})
	}
	return run, err
}
