package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tandem/store"
	"tandem/views"
)

// progressEvery is how often a stream looks at the run's row. It is read, not
// signalled, because the run may go on in another process.
const progressEvery = 500 * time.Millisecond

// progress streams how the user's latest run goes on, until it has ended.
func (w *Web) progress(c echo.Context) error {
	ctx, u := c.Request().Context(), user(c)
	if _, err := w.latest(c, u); errors.Is(err, store.ErrNotFound) {
		return c.NoContent(http.StatusNoContent)
	} else if err != nil {
		return err
	}
	res := c.Response()
	res.Header().Set("Content-Type", "text/event-stream")
	res.Header().Set("X-Accel-Buffering", "no")
	res.WriteHeader(http.StatusOK)
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	last := ""
	for {
		run, err := w.latest(c, u)
		if err != nil {
			return nil // the stream ends; the page shows the outcome when taken anew
		}
		var page bytes.Buffer
		p := w.progressView(run)
		if err := views.ProgressFragment(p).Render(ctx, &page); err != nil {
			return err
		}
		if text := page.String(); text != last {
			last = text
			if err := event(res, "", text); err != nil {
				return nil
			}
		}
		if p.Finished {
			return event(res, "done", "done")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.streams.Done():
			return nil
		case <-tick.C:
		}
	}
}

// latest is the run to show: the one named by the query, else the user's run
// under way, else the last one.
func (w *Web) latest(c echo.Context, u store.User) (store.Run, error) {
	ctx := c.Request().Context()
	if id := c.QueryParam("run"); id != "" {
		return w.Store.RunOf(ctx, u.ID, id)
	}
	runs, err := w.Store.Runs(ctx, u.ID, 0, 5)
	if err != nil {
		return store.Run{}, err
	}
	for _, r := range runs {
		if open(r) {
			return r, nil
		}
	}
	if len(runs) == 0 {
		return store.Run{}, store.ErrNotFound
	}
	return runs[0], nil
}

// event sends one server-sent event.
func event(res *echo.Response, name, data string) error {
	if name != "" {
		if _, err := fmt.Fprintf(res, "event: %s\n", name); err != nil {
			return err
		}
	}
	for line := range strings.Lines(data) {
		if _, err := fmt.Fprintf(res, "data: %s\n", strings.TrimRight(line, "\r\n")); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprint(res, "\n"); err != nil {
		return err
	}
	res.Flush()
	return nil
}
