package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"tandem/store"
)

// stopTime is how long runs under way may go on when the process is told to
// stop, before they are told to stop too.
const stopTime = 20 * time.Second

// queue hides that River's client has another type on each engine.
type queue interface {
	start(ctx context.Context) error
	stop(ctx context.Context) error
	insert(ctx context.Context, tx store.Tx, args river.JobArgs) error
}

// client is a queue on River's client for transactions of type T.
type client[T any] struct {
	river *river.Client[T]
	raw   func(store.Tx) T
}

func (c client[T]) start(ctx context.Context) error { return c.river.Start(ctx) }

func (c client[T]) stop(ctx context.Context) error { return c.river.Stop(ctx) }

func (c client[T]) insert(ctx context.Context, tx store.Tx, args river.JobArgs) error {
	if _, err := c.river.InsertTx(ctx, c.raw(tx), args, nil); err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}

// open prepares River's tables and makes the client for the store's engine.
func (s *Service) open(ctx context.Context) (queue, error) {
	if s.Store.IsPostgres() {
		return newClient(ctx, s, riverpgxv5.New(s.Store.Pool()), func(tx store.Tx) pgx.Tx { return tx.PGX })
	}
	return newClient(ctx, s, riversqlite.New(s.Store.SQL()), func(tx store.Tx) *sql.Tx { return tx.Raw })
}

func newClient[T any](ctx context.Context, s *Service, driver riverdriver.Driver[T], raw func(store.Tx) T) (queue, error) {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: s.Log})
	if err != nil {
		return nil, fmt.Errorf("jobs: prepare the queue: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("jobs: prepare the queue: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &runWorker{service: s})
	river.AddWorker(workers, &tickWorker{service: s})
	c, err := river.NewClient(driver, &river.Config{
		Logger:  s.Log,
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: s.Workers},
			tickQueue:          {MaxWorkers: 1},
		},
		// A first run of a large book takes as long as it takes: whether it is
		// alive is told by its heartbeat, not by a timeout.
		JobTimeout:      -1,
		SoftStopTimeout: stopTime,
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(s.Tick),
			func() (river.JobArgs, *river.InsertOpts) { return TickArgs{}, nil }, &river.PeriodicJobOpts{RunOnStart: true})},
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: prepare the queue: %w", err)
	}
	return client[T]{c, raw}, nil
}
