package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"tandem/server/config"
	"tandem/server/engine"
	"tandem/store"
)

type previewCmd struct {
	userFlag
	JSON bool `name:"json" help:"Print the report as JSON."`
}

// Run shows what a sync would do.
func (c *previewCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	return foreground(ctx, p, cfg, log, c.userFlag, store.Run{Kind: store.RunPreview}, false, c.JSON)
}

type syncCmd struct {
	userFlag
	Yes   bool `help:"Carry out what would wait for a person's Yes."`
	Sweep bool `help:"Check for deletions now."`
	JSON  bool `name:"json" help:"Print the report as JSON."`
}

// Run syncs in the foreground.
func (c *syncCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	return foreground(ctx, p, cfg, log, c.userFlag, store.Run{Kind: store.RunSync, Confirmed: c.Yes}, c.Sweep, c.JSON)
}

// busyPoll is how often a command looks whether the run before it has ended.
const busyPoll = 500 * time.Millisecond

func foreground(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger, f userFlag, run store.Run, sweep, asJSON bool) error {
	r, err := open(ctx, p, cfg, log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	user, err := f.find(ctx, r.Store)
	if err != nil {
		return err
	}
	pair, err := r.Pair(ctx, user.ID)
	if err != nil {
		return notConnected(err, f.User)
	}
	settings, err := r.Settings(ctx, user.ID)
	if err != nil {
		return err
	}
	run.PairID, run.Trigger = pair.ID, "command"
	if err := r.Store.CreateRun(ctx, &run); err != nil {
		return err
	}
	show, done := bar(p.Stderr)
	report, err := waitTurn(ctx, p.Stderr, func() (engine.Report, error) {
		return r.Engine.Run(ctx, engine.Request{Run: run, Settings: settings, Sweep: sweep, Progress: show})
	})
	done()
	var ended *engine.RunError
	if err != nil && !errors.As(err, &ended) {
		if errors.Is(err, store.ErrFenced) {
			return errors.New("another run has taken over; this one stopped without harm")
		}
		return err
	}
	return tell(p.Stdout, report, asJSON)
}

// waitTurn waits until the run before has ended, or shows no sign of life.
func waitTurn(ctx context.Context, w io.Writer, begin func() (engine.Report, error)) (engine.Report, error) {
	told := false
	for {
		report, err := begin()
		if !errors.Is(err, store.ErrBusy) {
			return report, err
		}
		if !told {
			fmt.Fprintln(w, "A run of this user is under way; waiting for it to end.")
			told = true
		}
		select {
		case <-ctx.Done():
			return report, ctx.Err()
		case <-time.After(busyPoll):
		}
	}
}

// reportJSON is the report that --json prints: these keys and no others, so that
// scripts can lean on them.
type reportJSON struct {
	State     store.RunState    `json:"state"`
	Reason    string            `json:"reason"`
	Left      engine.SideReport `json:"left"`
	Right     engine.SideReport `json:"right"`
	Linked    int               `json:"linked"`
	Conflicts int               `json:"conflicts"`
	Review    int               `json:"review"`
	Excluded  int               `json:"excluded"`
	Failed    int               `json:"failed"`
	Seconds   float64           `json:"seconds"`
}

// tell prints the report. The exit status is 0 for planned and succeeded only.
func tell(w io.Writer, r engine.Report, asJSON bool) error {
	if asJSON {
		err := json.NewEncoder(w).Encode(reportJSON{
			State: r.State, Reason: r.Reason, Left: r.Left, Right: r.Right, Linked: r.Linked,
			Conflicts: r.Conflicts, Review: r.Review, Excluded: r.Excluded, Failed: r.Failed, Seconds: r.Seconds,
		})
		if err != nil {
			return err
		}
	} else {
		fmt.Fprintf(w, "%s\n", r.State)
		if r.Reason != "" {
			fmt.Fprintln(w, r.Reason)
		}
		for _, s := range []struct {
			name string
			engine.SideReport
		}{{"CRM", r.Left}, {"contacts server", r.Right}} {
			fmt.Fprintf(w, "%-16s %d created, %d updated, %d deleted, %d unchanged (%d requests)\n",
				s.name+":", s.Created, s.Updated, s.Deleted, s.Unchanged, s.Requests)
		}
		fmt.Fprintf(w, "%-16s %d linked, %d conflicts, %d differences, %d to review, %d excluded, %d failed\n",
			"in all:", r.Linked, r.Conflicts, r.Difference, r.Review, r.Excluded, r.Failed)
		if r.State == store.RunHalted {
			fmt.Fprintln(w, "Look at it with tandem preview, and carry it out with tandem sync --yes.")
		}
	}
	if r.State != store.RunPlanned && r.State != store.RunSucceeded {
		return errStatus(1)
	}
	return nil
}

// bar shows progress on a terminal, and nothing elsewhere.
func bar(w io.Writer) (show func(store.Run), done func()) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, func() {}
	}
	b := progressbar.NewOptions(-1, progressbar.OptionSetWriter(f), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
	return func(r store.Run) {
		b.Describe(r.Phase)
		if r.Total > 0 {
			b.ChangeMax(r.Total)
		}
		_ = b.Set(r.Done) // a terminal that went away stops no run
	}, func() { _ = b.Finish() }
}
