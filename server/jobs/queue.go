package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"tandem/store"
)

// hardStop is how long Stop waits, after its context ended, for runs that were
// told to stop: the engine gives a write under way a few seconds more (its
// LastCall), and then stores how the run ended.
const hardStop = 6 * time.Second

// doneJobs is how long River keeps jobs that are done. The run's row tells what
// happened; the jobs would only fill the table, one for each tick.
const doneJobs = time.Hour

// queue hides that River's client has another type on each engine.
type queue interface {
	start(ctx context.Context) error
	stop(ctx context.Context) error
	insert(ctx context.Context, tx store.Tx, args river.JobArgs) error
	// jobs lists at most limit jobs that carry out runs, now or later.
	jobs(ctx context.Context, limit int) ([]*rivertype.JobRow, error)
}

// client is a queue on River's client for transactions of type T.
type client[T any] struct {
	river *river.Client[T]
	raw   func(store.Tx) T
}

func (c client[T]) start(ctx context.Context) error { return c.river.Start(ctx) }

func (c client[T]) stop(ctx context.Context) error {
	err := c.river.Stop(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hardStop)
	defer cancel()
	return c.river.StopAndCancel(ctx)
}

func (c client[T]) insert(ctx context.Context, tx store.Tx, args river.JobArgs) error {
	if _, err := c.river.InsertTx(ctx, c.raw(tx), args, nil); err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}

func (c client[T]) jobs(ctx context.Context, limit int) ([]*rivertype.JobRow, error) {
	list, err := c.river.JobList(ctx, river.NewJobListParams().Kinds(RunArgs{}.Kind()).First(limit).States(
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled))
	if err != nil {
		return nil, fmt.Errorf("jobs: list: %w", err)
	}
	return list.Jobs, nil
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
	if err == nil {
		err = s.alone(ctx, func() error {
			_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("jobs: prepare the queue: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &runWorker{service: s})
	river.AddWorker(workers, &tickWorker{service: s})
	river.AddWorker(workers, &eraseWorker{service: s})
	c, err := river.NewClient(driver, &river.Config{
		Logger:  s.Log,
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: s.Workers},
			scheduleQueue:      {MaxWorkers: 2}, // erasing does not hold up the ticks
		},
		// A first run of a large book takes as long as it takes: each worker
		// says its own limit, and a run's life is told by its heartbeat.
		JobTimeout:                  -1,
		SoftStopTimeout:             s.SoftStop,
		CompletedJobRetentionPeriod: doneJobs,
		PeriodicJobs: []*river.PeriodicJob{
			periodic(s.Tick, TickArgs{}),
			periodic(eraseEvery, EraseArgs{}),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: prepare the queue: %w", err)
	}
	return client[T]{c, raw}, nil
}

// periodic enqueues args now and then every so often. One process of all does.
func periodic(every time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every),
		func() (river.JobArgs, *river.InsertOpts) { return args, nil }, &river.PeriodicJobOpts{RunOnStart: true})
}

// prepareLock is the Postgres advisory lock that lets only one of several
// starting processes prepare River's tables.
const prepareLock = 0x7269766572

// alone runs fn while no other process runs its own. A SQLite file has one
// server process.
func (s *Service) alone(ctx context.Context, fn func() error) (err error) {
	if !s.Store.IsPostgres() {
		return fn()
	}
	conn, err := s.Store.Pool().Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(prepareLock)); err != nil {
		return err
	}
	defer func() {
		_, unlockErr := conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(prepareLock))
		err = errors.Join(err, unlockErr)
	}()
	return fn()
}
