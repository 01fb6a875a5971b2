package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tandem/server/engine"
	"tandem/server/jobs"
	"tandem/store"
	"tandem/views"
)

// undoFor is how long a run can be taken back: as long as its lines are kept.
const undoFor = 30 * 24 * time.Hour

// canUndo says whether a run wrote something that can be taken back.
func (w *Web) canUndo(r store.Run) bool {
	rep := report(r)
	wrote := rep.Left.Created + rep.Left.Updated + rep.Left.Deleted + rep.Right.Created + rep.Right.Updated + rep.Right.Deleted
	return r.State != store.RunHalted && !open(r) && r.Kind != store.RunPreview && wrote > 0 && w.Now().Sub(r.CreatedAt) < undoFor
}

// undoRun is "Undo this run": it is shown first, and carried out after a Yes.
func (w *Web) undoRun(c echo.Context) error {
	ctx, u := c.Request().Context(), user(c)
	r, err := w.Store.RunOf(ctx, u.ID, c.Param("run"))
	if err != nil {
		return err
	}
	if !w.canUndo(r) {
		return problem(http.StatusConflict, "This run cannot be taken back.", "It wrote nothing, or is older than 30 days.")
	}
	undo, err := w.Jobs.Enqueue(ctx, jobs.Ask{PairID: r.PairID, Kind: store.RunUndo, Trigger: "manual", Task: engine.Task{Run: r.ID}})
	if err != nil {
		return err
	}
	return seeOther(c, views.RunPath(undo.ID))
}

// The acts on a conflict or difference.
const (
	doTakeCRM  = "take-crm"
	doTakeMine = "take-mine"
	doKeep     = "keep"
)

// settleItem is a button of one line, settleItems that for all lines of a kind.
func (w *Web) settleItem(c echo.Context) error {
	item, err := w.Store.Item(c.Request().Context(), user(c).ID, c.Param("id"))
	if err != nil {
		return err
	}
	if item.RunID != c.Param("run") {
		return errNotFound
	}
	if err := w.settle(c, []store.Item{item}); err != nil {
		return err
	}
	return seeOther(c, views.RunKindPath(item.RunID, c.FormValue("kind")))
}

func (w *Web) settleItems(c echo.Context) error {
	ctx, u, kind := c.Request().Context(), user(c), c.FormValue("kind")
	r, err := w.Store.RunOf(ctx, u.ID, c.Param("run"))
	if err != nil {
		return err
	}
	items, err := w.Store.Items(ctx, u.ID, store.ItemQuery{RunID: r.ID, Kinds: []string{kind}, Open: true, Limit: 10_000})
	if err != nil {
		return err
	}
	if err := w.settle(c, items); err != nil {
		return err
	}
	return seeOther(c, views.RunKindPath(r.ID, kind))
}

// settle carries out what a person decided about conflicts and differences.
func (w *Web) settle(c echo.Context, items []store.Item) error {
	ctx, u := c.Request().Context(), user(c)
	task := engine.Task{Take: map[string]string{doTakeCRM: "left", doTakeMine: "right"}[c.FormValue("do")]}
	pair := ""
	for _, item := range items {
		if item.Kind != "conflict" && item.Kind != "difference" {
			continue
		}
		if c.FormValue("do") == doKeep {
			if err := w.resolve(ctx, u.ID, item.ID); err != nil {
				return err
			}
			continue
		}
		pair = item.PairID
		task.Items = append(task.Items, item.ID)
	}
	if task.Take == "" || len(task.Items) == 0 {
		return nil
	}
	_, err := w.Jobs.Enqueue(ctx, jobs.Ask{PairID: pair, Kind: store.RunUndo, Trigger: "manual", Confirmed: true, Task: task})
	return err
}

func (w *Web) resolve(ctx context.Context, userID, id string) error {
	if err := w.Store.ResolveItem(ctx, userID, id); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil // of two clicks one counts
}

// acts are the buttons of a line that waits for a person.
func acts(item store.Item, winner string) []views.Act {
	if item.Resolved != nil {
		return nil
	}
	switch {
	case item.Kind == "difference":
		return []views.Act{{Do: doTakeCRM, Label: "Take the CRM's"}, {Do: doTakeMine, Label: "Take mine"}, {Do: doKeep, Label: "Leave both"}}
	case item.Kind == "conflict" && winner == "left":
		return []views.Act{{Do: doTakeMine, Label: "Restore mine"}, {Do: doKeep, Label: "Leave it"}}
	case item.Kind == "conflict" && winner == "right":
		return []views.Act{{Do: doTakeCRM, Label: "Restore the CRM's"}, {Do: doKeep, Label: "Leave it"}}
	case item.Kind == "conflict":
		return []views.Act{{Do: doTakeCRM, Label: "Take the CRM's"}, {Do: doTakeMine, Label: "Take mine"}}
	}
	return nil
}

// bulk are the buttons for all lines of a kind.
func bulk(kind string, n int) []views.Act {
	if n == 0 {
		return nil
	}
	switch kind {
	case "difference":
		return []views.Act{{Do: doTakeCRM, Label: "Take the CRM's for all"}, {Do: doKeep, Label: "Leave all"}}
	case "conflict":
		return []views.Act{{Do: doKeep, Label: "Leave all"}}
	}
	return nil
}
