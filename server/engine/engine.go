// Package engine carries out a run: detect, pair, plan, guard, do, record. It
// knows Books and the store, no provider and no HTTP.
//
// Every write is decided in a Plan before the first one is sent, noted as an
// Intent before it leaves, conditional on the version it was decided on, and
// its Link and bases are committed together with the removal of the Intent. A
// run may be interrupted anywhere; the next one finds what was left by Intent
// and Marker and never creates a person twice. Cursors move last, and only when
// everything they cover was applied or set aside for a person.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// Open gives the Book of a Connection under the run's settings.
type Open func(ctx context.Context, c store.Connection, s Settings) (contact.Book, error)

// Options are what an Engine is made of.
type Options struct {
	Ledger Ledger
	Open   Open
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Stale is how long a run may show no sign of life before another may take
	// its pair. 0 means 30 s.
	Stale time.Duration
	// SweepEvery is how often a Book without tombstones is swept for deletions.
	// 0 means once a day.
	SweepEvery time.Duration
	// LastCall is how long a write under way may go on after the run was told
	// to stop. 0 means 4 s.
	LastCall time.Duration
}

// Engine carries out runs. It is safe for concurrent use; at most one run
// writes a pair at any time.
type Engine struct{ Options }

// New makes an Engine.
func New(o Options) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Stale == 0 {
		o.Stale = 30 * time.Second
	}
	if o.SweepEvery == 0 {
		o.SweepEvery = 24 * time.Hour
	}
	if o.LastCall == 0 {
		o.LastCall = 4 * time.Second
	}
	return &Engine{o}
}

// Request asks for one run.
type Request struct {
	// Run is the run's row; ID, PairID, UserID, OrganizationID, Kind (preview
	// or sync), Trigger and Confirmed are set by the caller.
	Run      store.Run
	Settings Settings
	// Undo is set for the kind undo.
	Undo Undo
	// Sweep looks for deletions now, whatever the time of the last sweep.
	Sweep bool
	// Progress, where set, is called as the run goes on, from one goroutine.
	Progress func(store.Run)
}

// Run carries out one run and gives its report. The report tells how it ended;
// the error is only for runs that could not take place or be recorded at all:
// store.ErrBusy where another run holds the pair (which is then marked dirty),
// store.ErrFenced where another one took it over meanwhile.
func (e *Engine) Run(ctx context.Context, req Request) (Report, error) {
	started := e.Now()
	pair, err := e.Ledger.Pair(ctx, req.Run.PairID)
	if err != nil {
		return Report{}, fmt.Errorf("engine: read the pair: %w", err)
	}
	r := &run{
		Engine: e, req: req, row: req.Run, pair: pair, settings: req.Settings,
		report: Report{State: store.RunRunning}, held: [2]map[contact.ID]store.Intent{{}, {}}, again: [2]map[contact.ID]store.Intent{{}, {}},
		wrote: [2]map[contact.ID]bool{{}, {}}, noted: map[string]bool{},
	}
	r.row.State, r.row.StartedAt = store.RunRunning, &started
	if r.fence, err = e.Ledger.BeginRun(ctx, pair.ID, &r.row, started, e.Stale); err != nil {
		return Report{}, err
	}
	// The pair is read again under the fence: its cursors may have moved.
	if r.pair, err = e.Ledger.Pair(ctx, pair.ID); err != nil {
		return Report{}, fmt.Errorf("engine: read the pair: %w", err)
	}
	runCtx, cancel := context.WithCancelCause(ctx)
	stop := r.beat(runCtx, cancel)
	err = r.steps(runCtx)
	stop()
	if cause := context.Cause(runCtx); errors.Is(cause, store.ErrFenced) {
		err = cause
	}
	cancel(nil)
	if errors.Is(err, store.ErrFenced) {
		return r.report, store.ErrFenced
	}
	return r.end(ctx, started, err)
}

// run is one run under way.
type run struct {
	*Engine
	req      Request
	row      store.Run
	pair     store.Pair
	fence    int64
	settings Settings
	report   Report
	first    bool
	changed  bool // the settings that decide what is listed changed

	book  [2]contact.Book
	desc  [2]contact.Description
	conn  [2]store.Connection
	lists [2]*listing
	// held are the intents of creates that may still turn up, by the record
	// they copy: that record is held back until it is known.
	held [2]map[contact.ID]store.Intent
	// again are the intents of creates that were never carried out, by the record
	// they copy: where it is created after all, it is under the same marker.
	again [2]map[contact.ID]store.Intent
	// wrote are the records that this run has written.
	wrote [2]map[contact.ID]bool
	// noted are the notes that stand in the report already.
	noted map[string]bool
	// transient is set once something has to be tried again: cursors stay.
	transient bool
}

// steps are the six steps of a run.
func (r *run) steps(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if r.row.Kind != store.RunPreview {
		if err := r.recover(ctx); err != nil {
			return err
		}
	}
	if r.row.Kind == store.RunUndo {
		return r.undo(ctx)
	}
	r.phase(ctx, "reading", 0)
	if err := r.detect(ctx); err != nil {
		return err
	}
	in, err := r.input(ctx)
	if err != nil {
		return err
	}
	p := plan.Make(in)
	r.count(p)
	if err := r.notes(ctx, p.Notes); err != nil {
		return err
	}
	if r.row.Kind == store.RunPreview {
		return r.show(ctx, p)
	}
	if p.Halt != "" {
		r.report.State, r.report.Reason = store.RunHalted, sentence(p)
		return r.show(ctx, p)
	}
	r.phase(ctx, "writing", len(p.Ops))
	if err := r.carryOut(ctx, in, p.Ops); err != nil {
		return err
	}
	return r.record(ctx)
}

// end stores how the run ended. It uses a context of its own, so that a run
// that was told to stop still leaves a truthful row.
func (r *run) end(ctx context.Context, started time.Time, err error) (Report, error) {
	if err != nil && ctx.Err() != nil {
		err = errors.Join(errStopped, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	switch {
	case err != nil:
		r.report.State, r.report.Reason = store.RunFailed, explain(err)
		r.Log.Warn("run failed", "run", r.row.ID, "pair", r.pair.ID, "error", err, "cause", errors.Unwrap(err))
	case r.report.State == store.RunRunning && r.row.Kind == store.RunPreview:
		r.report.State = store.RunPlanned
	case r.report.State == store.RunRunning:
		r.report.State = store.RunSucceeded
	}
	now := r.Now()
	for s := range r.book {
		if m, ok := r.book[s].(Meter); ok {
			r.report.side(plan.Side(s)).Requests = m.Requests()
		}
	}
	r.report.Seconds = now.Sub(started).Seconds()
	r.row.State, r.row.Reason, r.row.FinishedAt = r.report.State, r.report.Reason, &now
	r.row.Report = r.report.JSON()
	if _, endErr := r.Ledger.EndRun(ctx, r.fence, &r.pair, &r.row, now); endErr != nil {
		return r.report, fmt.Errorf("engine: store the end of the run: %w", endErr)
	}
	if r.req.Progress != nil {
		r.req.Progress(r.row)
	}
	if err != nil {
		return r.report, &RunError{Report: r.report, Cause: err}
	}
	return r.report, nil
}

// RunError is a run that ended as failed: its report was stored, and Cause
// says why (one of contact's errors where a provider was the reason).
type RunError struct {
	Report Report
	Cause  error
}

// Error gives the sentence for people.
func (e *RunError) Error() string { return e.Report.Reason }

// Unwrap gives the cause.
func (e *RunError) Unwrap() error { return e.Cause }

// Meter is a Book that counts the requests it has sent.
type Meter interface{ Requests() int64 }
