package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// eraseEvery is how often what is old is erased, and at each start.
const eraseEvery = 24 * time.Hour

// EraseArgs is the daily job that erases what has had its time: see
// store.EraseOld.
type EraseArgs struct{}

// Kind implements river.JobArgs.
func (EraseArgs) Kind() string { return "erase" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (EraseArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: scheduleQueue, MaxAttempts: 3}
}

type eraseWorker struct {
	river.WorkerDefaults[EraseArgs]
	service *Service
}

// Timeout implements river.Worker.
func (*eraseWorker) Timeout(*river.Job[EraseArgs]) time.Duration { return time.Hour }

// Work implements river.Worker.
func (w *eraseWorker) Work(ctx context.Context, _ *river.Job[EraseArgs]) error {
	err := w.service.Store.EraseOld(ctx)
	if err != nil {
		w.service.Log.Error("what is old was not erased", "error", err)
	}
	return err
}
