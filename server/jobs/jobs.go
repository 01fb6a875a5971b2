// Package jobs carries out runs in the background: River workers on the
// product's own database, so that a run's row and its job commit together.
//
// A click while a run of the same pair waits joins that run; a click during a
// run is kept as a waiting run and carried out afterwards. A periodic job
// starts what is due (automatic sync, with jitter) and takes up runs whose
// process died: their pair shows no sign of life, and the next run takes it
// under a new fence. Many processes on one Postgres share the work.
package jobs

import (
	"context"
	"errors"
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
	// Broken is called when a run ends because its connection needs a person
	// (contact.ErrReconnect), with the error.
	Broken func(ctx context.Context, pair store.Pair, err error)
	// Workers is how many runs go on at the same time; 0 means 8.
	Workers int
	// Tick is how often due pairs are looked for; 0 means 10 s.
	Tick time.Duration
	Now  func() time.Time
	Log  *slog.Logger
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

// Stop takes no new jobs and waits for those under way; when ctx ends they are
// told to stop, which leaves their intents for the next run.
func (s *Service) Stop(ctx context.Context) error { return s.queue.stop(ctx) }

// Ask is what a run is asked to do.
type Ask struct {
	PairID  string
	Kind    store.RunKind // RunPreview or RunSync
	Trigger string        // "manual", "automatic", "command"
	// Confirmed: a person has seen the plan and said Yes.
	Confirmed bool
	// Sweep: "Check for deletions now".
	Sweep bool
}

// Enqueue stores a run and its job in one transaction. Where a run of the same
// kind is waiting already, it is answered instead: a thousand clicks are two
// runs at most, the one under way and the one after it.
func (s *Service) Enqueue(ctx context.Context, ask Ask) (store.Run, error) {
	var run store.Run
	err := s.Store.Tx(ctx, func(tx store.Tx) error {
		var fresh bool
		var err error
		run, fresh, err = tx.QueueRun(ctx, store.Run{
			PairID: ask.PairID, Kind: ask.Kind, Trigger: ask.Trigger, Confirmed: ask.Confirmed, CreatedAt: s.Now(),
		})
		if err != nil || !fresh {
			return err
		}
		return s.queue.insert(ctx, tx, RunArgs{RunID: run.ID, Sweep: ask.Sweep})
	})
	return run, err
}

// errGone ends a job whose run is no longer waiting.
var errGone = errors.New("jobs: the run is no longer waiting")
