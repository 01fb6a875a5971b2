package web

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"tandem/server/engine"
	"tandem/server/jobs"
	"tandem/store"
	"tandem/views"
)

// ask enqueues a run of the user's own pair.
func (w *Web) ask(c echo.Context, ask jobs.Ask) (store.Run, error) {
	ctx := c.Request().Context()
	pair, _, err := w.pair(ctx, user(c))
	if errors.Is(err, store.ErrNotConnected) {
		return store.Run{}, nil
	} else if err != nil {
		return store.Run{}, err
	}
	ask.PairID, ask.Trigger = pair.ID, "manual"
	return w.Jobs.Enqueue(ctx, ask)
}

// syncNow is "Sync contacts now".
func (w *Web) syncNow(c echo.Context) error {
	if _, err := w.ask(c, jobs.Ask{Kind: store.RunSync}); err != nil {
		return err
	}
	return seeOther(c, views.RouteConnections)
}

// syncSweep is "Check for deletions now".
func (w *Web) syncSweep(c echo.Context) error {
	if _, err := w.ask(c, jobs.Ask{Kind: store.RunSync, Sweep: true}); err != nil {
		return err
	}
	return seeOther(c, views.RouteConnections)
}

// syncPreview is "Preview changes": its page shows the result.
func (w *Web) syncPreview(c echo.Context) error {
	run, err := w.ask(c, jobs.Ask{Kind: store.RunPreview})
	if err != nil {
		return err
	}
	if run.ID == "" {
		return seeOther(c, views.RouteConnections)
	}
	return seeOther(c, views.RunPath(run.ID))
}

// syncConfirm is the Yes to a halted run. What was shown is planned anew: what
// changed meanwhile is taken into account.
func (w *Web) syncConfirm(c echo.Context) error {
	run, err := w.Store.RunOf(c.Request().Context(), user(c).ID, c.FormValue("run"))
	if err != nil {
		return err
	}
	if run.Kind == store.RunUndo && run.State == store.RunHalted {
		task, err := engine.DecodeTask(run.Task)
		if err != nil {
			return err
		}
		undo, err := w.Jobs.Enqueue(c.Request().Context(), jobs.Ask{PairID: run.PairID, Kind: store.RunUndo, Trigger: "manual", Confirmed: true, Task: task})
		if err != nil {
			return err
		}
		return seeOther(c, views.RunPath(undo.ID))
	}
	if run.State != store.RunHalted && run.Kind != store.RunPreview {
		return seeOther(c, views.RouteConnections)
	}
	if current, err := w.stillShown(c, run); err != nil || !current {
		return err
	}
	if _, err := w.ask(c, jobs.Ask{Kind: store.RunSync, Confirmed: true, Task: engine.Task{Shown: report(run).Counts()}}); err != nil {
		return err
	}
	return seeOther(c, views.RouteConnections)
}

// stillShown says whether a Yes to this run is one to what would be done now. A
// Yes lifts the guard, so one to an older run, or to another pair, counts for
// nothing: the answer says what to do instead. Of two clicks one counts.
func (w *Web) stillShown(c echo.Context, run store.Run) (bool, error) {
	ctx, u := c.Request().Context(), user(c)
	pair, _, err := w.pair(ctx, u)
	if errors.Is(err, store.ErrNotConnected) {
		return false, seeOther(c, views.RouteConnections)
	} else if err != nil {
		return false, err
	}
	last, err := w.Store.LatestRun(ctx, u.ID, pair.ID, store.RunSync, store.RunUndo, store.RunReset)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return false, err
	case run.PairID != pair.ID:
		return false, problem(http.StatusConflict, "Your connections or settings have changed since, so this is no longer what would be done.", "Choose Preview changes to see what would be done now.")
	case err != nil || last.ID == run.ID || last.CreatedAt.Before(run.CreatedAt):
		return true, nil
	case open(last) && last.Confirmed:
		return false, seeOther(c, views.RouteConnections)
	}
	return false, problem(http.StatusConflict, "There has been another run since, so this is no longer what would be done.", "Look at the latest run under Activity, or choose Preview changes to see what would be done now.")
}

// syncAuto is "Enable automatic contacts sync".
func (w *Web) syncAuto(c echo.Context) error {
	pair, _, err := w.pair(c.Request().Context(), user(c))
	if errors.Is(err, store.ErrNotConnected) {
		return seeOther(c, views.RouteConnections)
	} else if err != nil {
		return err
	}
	if err := w.Jobs.SetAuto(c.Request().Context(), pair, c.FormValue("on") == "on"); err != nil {
		return err
	}
	return seeOther(c, views.RouteConnections)
}

// resetPage asks before a reset, where the page's dialog could not.
func (w *Web) resetPage(c echo.Context) error {
	ctx, u := c.Request().Context(), user(c)
	pair, _, err := w.pair(ctx, u)
	if errors.Is(err, store.ErrNotConnected) {
		return seeOther(c, views.RouteConnections)
	} else if err != nil {
		return err
	}
	counts, err := w.resetView(ctx, pair)
	if err != nil {
		return err
	}
	v := views.Confirm{
		Page: w.frame(c, views.TabConnections, "Reset contacts sync?", ""),
		Text: []string{
			fmt.Sprintf("Tandem forgets how %d contacts belong together, and finds out anew with the next sync.", counts.Links),
			"No contact is changed on either side. You can undo the reset for 30 days.",
		},
		Post: views.RouteSyncReset, Yes: "Yes", Danger: true, Back: views.RouteConnections,
	}
	if counts.Removed > 0 {
		v.KeepRemoved = fmt.Sprintf("Keep the %d contacts that you had deleted removed", counts.Removed)
	}
	return render(c, http.StatusOK, views.ConfirmPage(v))
}

// reset is the Yes of "Reset contacts sync".
func (w *Web) reset(c echo.Context) error {
	ctx, u := c.Request().Context(), user(c)
	pair, _, err := w.pair(ctx, u)
	if errors.Is(err, store.ErrNotConnected) {
		return seeOther(c, views.RouteConnections)
	} else if err != nil {
		return err
	}
	if err := w.Store.Reset(ctx, u.ID, pair.ID, c.FormValue("keep_removed") == "on"); err != nil {
		return err
	}
	return seeOther(c, views.RouteConnections+"?done=reset")
}

// undoReset takes a reset back.
func (w *Web) undoReset(c echo.Context) error {
	ctx, u := c.Request().Context(), user(c)
	pair, _, err := w.pair(ctx, u)
	if err != nil {
		return err
	}
	if err := w.Store.UndoReset(ctx, u.ID, pair.ID); err != nil {
		return err
	}
	return seeOther(c, views.RouteConnections+"?done=undone")
}
