package web

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tandem/server/engine"
	"tandem/server/engine/plan"
	"tandem/server/provider"
	"tandem/store"
	"tandem/views"
)

// directionWords are the labels of the Sync direction.
var directionWords = map[string]string{
	string(plan.ContactsToCRM): "One way (contacts to CRM)",
	string(plan.CRMToContacts): "One way (CRM to contacts)",
	string(plan.TwoWay):        "Two way",
}

// pair is the user's pair for the entity that applies to them. It answers
// store.ErrNotConnected until both sides are connected.
func (w *Web) pair(ctx context.Context, u store.User) (store.Pair, map[string]store.Effective, error) {
	settings, err := w.Store.Effective(ctx, u.ID)
	if err != nil {
		return store.Pair{}, nil, err
	}
	var ids [2]string
	for i, side := range []provider.Side{provider.CRM, provider.Contacts} {
		conn, err := w.Connect.Current(ctx, u.ID, side)
		if errors.Is(err, store.ErrNotFound) {
			return store.Pair{}, settings, store.ErrNotConnected
		} else if err != nil {
			return store.Pair{}, settings, err
		}
		ids[i] = conn.ID
	}
	p, err := w.Store.EnsurePair(ctx, u.ID, ids[0], ids[1], settings[store.SettingEntity].Value)
	return p, settings, err
}

// syncView is the section below the two sides.
func (w *Web) syncView(ctx context.Context, u store.User, conn [2]*store.Connection) (views.Sync, error) {
	var v views.Sync
	for i, side := range []provider.Side{provider.CRM, provider.Contacts} {
		if conn[i] == nil {
			v.Missing, v.MissingLabel = string(side), w.connectLabel(ctx, u, side)
			return v, nil
		}
		if conn[i].State == store.StateReconnect && v.Paused == "" {
			v.Paused = "Syncing waits until " + w.providerName(*conn[i]) + " is connected again. Nothing is lost."
		}
	}
	pair, settings, err := w.pair(ctx, u)
	if err != nil {
		return v, err
	}
	v.Summary = w.summary(conn, settings)
	v.Auto = pair.Auto
	v.AutoEvery = "every " + settings[store.SettingInterval].Value + " minutes"
	v.CanSweep = pair.FirstDone
	if pair.NextAt != nil && pair.Auto {
		v.Next = views.At(*pair.NextAt, w.Now())
	}
	runs, err := w.Store.Runs(ctx, u.ID, 0, 10)
	if err != nil {
		return v, err
	}
	for _, run := range runs {
		if run.PairID != pair.ID {
			continue
		}
		if open(run) {
			p := w.progressView(run)
			v.Progress = &p
			continue
		}
		if v.Last == nil && run.Kind != store.RunPreview {
			line := w.runLine(run)
			v.Last = &line
			if run.State == store.RunHalted && v.Progress == nil {
				v.Halt = w.halt(run, conn)
				line.Text = "See what it would change" // the box above says why it waits
			}
		}
	}
	if v.Reset, err = w.resetView(ctx, pair); err != nil {
		return v, err
	}
	_, err = w.Store.LastReset(ctx, u.ID, pair.ID)
	if v.CanUndoReset = err == nil; errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return v, err
}

// resetView counts what a reset would forget.
func (w *Web) resetView(ctx context.Context, pair store.Pair) (r views.Reset, err error) {
	if r.Links, err = w.Store.CountLinks(ctx, pair.ID, uint8(plan.Active)); err != nil {
		return r, err
	}
	for _, state := range []plan.LinkState{plan.RemovedLeft, plan.RemovedRight} {
		n, err := w.Store.CountLinks(ctx, pair.ID, uint8(state))
		if err != nil {
			return r, err
		}
		r.Removed += n
	}
	return r, nil
}

// connectLabel is the button for the side that is missing.
func (w *Web) connectLabel(ctx context.Context, u store.User, side provider.Side) string {
	if side == provider.Contacts {
		return "Connect your contacts server"
	}
	settings, err := w.Store.Effective(ctx, u.ID)
	if err == nil {
		if p, ok := w.Connect.Provider(side, settings[store.SettingCRM].Value); ok {
			return "Connect to " + p.Name
		}
	}
	return "Connect your CRM"
}

func (w *Web) providerName(c store.Connection) string {
	if p, ok := w.Connect.Provider(provider.Side(c.Side), c.Provider); ok {
		return p.Name
	}
	return c.Provider
}

func (w *Web) summary(conn [2]*store.Connection, s map[string]store.Effective) string {
	entity := s[store.SettingEntity].Value
	return fmt.Sprintf("%s: %s %s and %s", directionWords[s[store.SettingDirection].Value],
		w.providerName(*conn[0]), entity, w.providerName(*conn[1]))
}

// open says whether a run waits or is under way.
func open(r store.Run) bool { return r.State == store.RunQueued || r.State == store.RunRunning }

// progressView is a run under way as people read it.
func (w *Web) progressView(r store.Run) views.Progress {
	p := views.Progress{Done: r.Done, Total: r.Total, Refresh: views.RouteConnections}
	switch {
	case r.State == store.RunQueued:
		p.Text = "Waiting for its turn"
	case r.Phase == "writing":
		p.Text = "Bringing contacts in step"
	case r.Phase == "recovering":
		p.Text = "Finding what was left by an interruption"
	default:
		p.Text = "Reading both sides"
	}
	if !open(r) {
		p.Finished, p.Text = true, outcome(r)
	}
	return p
}

// report is a run's stored report.
func report(r store.Run) engine.Report {
	rep, err := engine.ParseReport(r.Report)
	if err != nil {
		return engine.Report{}
	}
	return rep
}

// halt is a run that waits for a person.
func (w *Web) halt(r store.Run, conn [2]*store.Connection) *views.Halt {
	rep := report(r)
	h := &views.Halt{Run: r.ID, Title: "Stopped before writing", Text: r.Reason, Confirm: "Yes, sync contacts", Counts: counts(rep)}
	switch rep.Halt {
	case string(plan.HaltFirst):
		h.Title = "Waiting for your Yes"
	case string(engine.HaltUndo):
		h.Title, h.Confirm = "Take this run back?", "Yes, take it back"
	}
	for i := range h.Counts {
		if conn[i] != nil {
			h.Counts[i].Name = w.providerName(*conn[i])
		}
	}
	return h
}

func counts(r engine.Report) [2]views.SideCount {
	side := func(s engine.SideReport, name string) views.SideCount {
		return views.SideCount{Name: name, Created: s.Created, Updated: s.Updated, Deleted: s.Deleted, Unchanged: s.Unchanged}
	}
	return [2]views.SideCount{side(r.Left, "CRM"), side(r.Right, "Contacts server")}
}

// stateWords are how a run stands, as people read it.
var stateWords = map[store.RunState]struct {
	text string
	tone views.Tone
}{
	store.RunQueued: {"Queued", views.Info}, store.RunRunning: {"Running", views.Info},
	store.RunPlanned: {"Planned", views.Info}, store.RunSucceeded: {"Succeeded", views.Success},
	store.RunHalted: {"Halted", views.Warning}, store.RunFailed: {"Failed", views.Danger},
}

var kindWords = map[store.RunKind]string{
	store.RunPreview: "Preview", store.RunSync: "Sync", store.RunReset: "Reset", store.RunUndo: "Undo",
}

var triggerWords = map[string]string{"manual": "Started by you", "automatic": "Automatic", "command": "Started by a command"}

func (w *Web) runLine(r store.Run) views.RunLine {
	s := stateWords[r.State]
	l := views.RunLine{
		ID: r.ID, Kind: kindWords[r.Kind], Trigger: triggerWords[r.Trigger], State: s.text, Tone: s.tone,
		When: views.At(r.CreatedAt, w.Now()), Text: outcome(r),
	}
	if r.StartedAt != nil && r.FinishedAt != nil {
		l.Took = took(r.FinishedAt.Sub(*r.StartedAt))
	}
	return l
}

func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return "under a second"
	case d < time.Minute:
		return strconv.Itoa(int(d.Round(time.Second)/time.Second)) + " s"
	}
	return strconv.Itoa(int(d.Round(time.Minute)/time.Minute)) + " min"
}

// outcome says in a line how a run ended.
func outcome(r store.Run) string {
	if r.Reason != "" {
		return r.Reason
	}
	if open(r) {
		return ""
	}
	rep := report(r)
	var parts []string
	add := func(n int, word string) {
		if n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+word)
		}
	}
	add(rep.Left.Created+rep.Right.Created, "created")
	add(rep.Left.Updated+rep.Right.Updated, "updated")
	add(rep.Left.Deleted+rep.Right.Deleted, "deleted")
	add(rep.Linked, "linked")
	add(rep.Conflicts, "in conflict")
	add(rep.Difference, "differ")
	add(rep.Review, "to review")
	add(rep.Excluded, "not in sync")
	add(rep.Failed, "failed")
	if len(parts) == 0 {
		return "Everything is in step: nothing to do."
	}
	text := parts[0]
	for _, p := range parts[1:] {
		text += ", " + p
	}
	return text
}
