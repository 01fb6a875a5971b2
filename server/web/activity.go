package web

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"tandem/store"
	"tandem/views"
)

// runsPerPage and rowsPerPage are how much one page shows.
const (
	runsPerPage = 30
	rowsPerPage = 100
)

// activity is the page of all runs.
func (w *Web) activity(c echo.Context) error {
	skip, _ := strconv.Atoi(c.QueryParam("before"))
	skip = max(0, skip)
	runs, err := w.Store.Runs(c.Request().Context(), user(c).ID, skip, runsPerPage+1)
	if err != nil {
		return err
	}
	v := views.Activity{Page: w.frame(c, views.TabActivity, "Activity", "What each run did, and why.")}
	if len(runs) > runsPerPage {
		runs = runs[:runsPerPage]
		v.Older = views.RouteActivity + "?before=" + strconv.Itoa(skip+runsPerPage)
	}
	for _, r := range runs {
		v.Runs = append(v.Runs, w.runLine(r))
	}
	return render(c, http.StatusOK, views.ActivityPage(v))
}

// run is the page of one run; for a preview it is the result.
func (w *Web) run(c echo.Context) error {
	ctx, u := c.Request().Context(), user(c)
	r, err := w.Store.RunOf(ctx, u.ID, c.Param("run"))
	if err != nil {
		return err
	}
	pair, err := w.Store.PairOf(ctx, u.ID, r.PairID)
	if err != nil {
		return err
	}
	names, err := w.sideNames(ctx, u, pair)
	if err != nil {
		return err
	}
	rep := report(r)
	v := views.Run{Line: w.runLine(r), Counts: counts(rep), Linked: rep.Linked, Reason: r.Reason, Kind: c.QueryParam("kind")}
	v.Page = w.frame(c, views.TabActivity, v.Line.Kind+", "+v.Line.When.Full, "")
	for i := range v.Counts {
		v.Counts[i].Name = names[i]
	}
	if open(r) {
		p := w.progressView(r)
		p.Refresh = views.RunPath(r.ID)
		v.Progress = &p
		return render(c, http.StatusOK, views.RunPage(v))
	}
	if r.State == store.RunHalted {
		v.Halt = w.halt(r, [2]*store.Connection{})
		v.Halt.Counts = v.Counts
	}
	v.Apply = r.State == store.RunPlanned
	v.Would = v.Apply || v.Halt != nil
	kinds, err := w.Store.CountItems(ctx, u.ID, r.ID)
	if err != nil {
		return err
	}
	v.Filters = filters(kinds, v.Would)
	if !v.Would {
		v.Bulk = bulk(v.Kind, kinds[v.Kind])
	}
	v.CanUndo = w.canUndo(r)
	after, _ := strconv.Atoi(c.QueryParam("after"))
	query := store.ItemQuery{RunID: r.ID, Offset: max(0, after), Limit: rowsPerPage + 1}
	if v.Kind != "" {
		query.Kinds = []string{v.Kind}
	}
	items, err := w.Store.Items(ctx, u.ID, query)
	if err != nil {
		return err
	}
	if len(items) > rowsPerPage {
		items = items[:rowsPerPage]
		q := url.Values{"kind": {v.Kind}, "after": {strconv.Itoa(max(0, after) + rowsPerPage)}}
		v.More = views.RunPath(r.ID) + "?" + q.Encode()
	}
	for _, item := range items {
		row, err := row(item, names, v.Would)
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, row)
	}
	return render(c, http.StatusOK, views.RunPage(v))
}

// kindLabels are the kinds of rows in the order of the filters; would is the
// word where nothing was written.
var kindLabels = []struct {
	kind, label, badge, would string
	tone                      views.Tone
}{
	{"created", "Created", "Created", "To create", views.Success}, {"updated", "Updated", "Updated", "To update", views.Info},
	{"deleted", "Deleted", "Deleted", "To delete", views.Warning}, {"linked", "Linked", "Linked", "To link", views.Info},
	{"unlinked", "Unlinked", "Unlinked", "To unlink", views.Info},
	{"conflict", "Conflicts", "Conflict", "", views.Warning}, {"difference", "Differences", "Differs", "", views.Info},
	{"review", "Review", "Review", "", views.Warning}, {"excluded", "Not in sync", "Not in sync", "", views.Info},
	{"overflow", "No room", "No room", "", views.Info}, {"failed", "Failed", "Failed", "", views.Danger},
}

func filters(kinds map[string]int, would bool) []views.Filter {
	all := 0
	for _, n := range kinds {
		all += n
	}
	out := []views.Filter{{Label: "All", Count: all}}
	for _, k := range kindLabels {
		if would && k.would != "" {
			k.label = k.would
		}
		if n := kinds[k.kind]; n > 0 {
			out = append(out, views.Filter{Kind: k.kind, Label: k.label, Count: n})
		}
	}
	return out
}
