package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"tandem/server/auth"
	"tandem/server/contact"
	"tandem/store"
	"tandem/views"
)

// render answers with a page. It is rendered completely before the first byte
// is sent, so that a failing template gives an error page, not half a page.
func render(c echo.Context, status int, page templ.Component) error {
	buf := templ.GetBuffer()
	defer templ.ReleaseBuffer(buf)
	if err := page.Render(c.Request().Context(), buf); err != nil {
		return err
	}
	return c.HTMLBlob(status, buf.Bytes())
}

// Problem is an answer that is not the page asked for: what happened, and what
// to do.
type Problem struct {
	Status     int
	Text, Todo string
	Cause      error
}

// Error implements error.
func (p *Problem) Error() string { return p.Text }

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Cause }

func problem(status int, text, todo string) error {
	return &Problem{Status: status, Text: text, Todo: todo}
}

var errNotFound = problem(http.StatusNotFound, "There is no such page, or it is not yours.", "Check the address, or go back.")

// explain translates every error once, at this wall: the user reads a sentence
// we wrote, the log has the cause.
func explain(err error) *Problem {
	var p *Problem
	var h *echo.HTTPError
	var known *contact.Error
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, store.ErrNotFound):
		return explain(errNotFound)
	case errors.As(err, &known):
		return &Problem{http.StatusBadGateway, known.Error(), "Try again in a moment.", err}
	case errors.Is(err, auth.ErrIssuer):
		return &Problem{http.StatusBadGateway, auth.ErrIssuer.Error(), "", err}
	case errors.As(err, &h) && h.Code == http.StatusNotFound:
		return explain(errNotFound)
	case errors.As(err, &h) && h.Code < http.StatusInternalServerError:
		return &Problem{h.Code, "This request cannot be answered.", "Go back and try again.", err}
	}
	return &Problem{http.StatusInternalServerError, "Something went wrong on our side.", "Nothing is lost. Try again in a moment.", err}
}

// fail answers every error.
func (w *Web) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := explain(err)
	gone := c.Request().Context().Err() != nil // nobody waits for the answer any more
	if p.Status >= http.StatusInternalServerError && !gone {
		w.Log.Error("request failed", "route", c.Path(), "status", p.Status, "error", p.Cause, "cause", errors.Unwrap(p.Cause))
	}
	h := c.Response().Header()
	if policy := h.Get("Content-Security-Policy"); policy == "" || policy == closedPolicy {
		h.Set("Content-Security-Policy", pagePolicy)
	}
	page := views.Error{Page: w.frame(c, views.TabNone, errorTitle(p.Status), ""), Status: p.Status, Text: p.Text, Todo: p.Todo,
		Action: &views.Link{Label: "Go to Tandem", URL: views.RouteHome}}
	if err := render(c, p.Status, views.ErrorPage(page)); err != nil {
		if !gone {
			w.Log.Error("error page not rendered", "error", err)
		}
		_ = c.NoContent(p.Status)
	}
}

func errorTitle(status int) string {
	switch {
	case status == http.StatusNotFound:
		return "Page not found"
	case status == http.StatusForbidden:
		return "Not allowed"
	case status == http.StatusUnauthorized:
		return "Signed out"
	case status >= http.StatusInternalServerError:
		return "Something went wrong"
	}
	return "That did not work"
}

// log writes one line for each request: the route's pattern, never the address
// with its identifiers and secrets.
func (w *Web) log(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		w.Log.LogAttrs(c.Request().Context(), slog.LevelDebug, "request", slog.String("method", c.Request().Method),
			slog.String("route", c.Path()), slog.Int("status", c.Response().Status), slog.Duration("took", time.Since(begun)))
		return nil
	}
}

// recover turns a panic into an error page.
func (w *Web) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				what := fmt.Sprintf("%T", p) // its text might hold contact data
				if e, ok := p.(runtime.Error); ok {
					what = e.Error()
				}
				w.Log.Error("panic", "route", c.Path(), "panic", what, "stack", string(debug.Stack()))
				err = problem(http.StatusInternalServerError, "Something went wrong on our side.", "Nothing is lost. Try again in a moment.")
			}
		}()
		return next(c)
	}
}

// seeOther answers a POST with the page to show now.
func seeOther(c echo.Context, path string) error { return c.Redirect(http.StatusSeeOther, path) }

// htmx says whether the request was made by htmx.
func htmx(c echo.Context) bool { return c.Request().Header.Get("HX-Request") == "true" }
