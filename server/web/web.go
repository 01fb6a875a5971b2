// Package web is everything a browser talks to: the page "Automatic sync" on
// the application's host and the sidebar on the host that Outlook frames.
// routes.go shows every URL on one page; each page has a file of its own whose
// handlers are alike: load, parse, check, store, answer.
//
// The page signs in with a cookie, the sidebar with a bearer token in memory.
// State changes only by POST, and a POST from another origin is refused.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tandem/server/auth"
	"tandem/server/connect"
	"tandem/server/jobs"
	"tandem/store"
	"tandem/views"
)

// Options are what the pages are made of.
type Options struct {
	Store   *store.Store
	Auth    *auth.Service
	Connect *connect.Service
	Jobs    *jobs.Service
	// BaseURL is the page's origin, AddinURL the sidebar's.
	BaseURL, AddinURL string
	// SignInName names who signs people in ("your organization").
	SignInName string
	// Demo serves a double of Office.js, which OfficeURL then names; "" means
	// Microsoft's. Frames are further origins that may frame the sidebar: the
	// demo's mailbox is a stand-in.
	Demo      bool
	OfficeURL string
	Frames    []string
	// Contacts is the contacts server that the dropdown begins with; "" means
	// that everybody chooses.
	Contacts string
	Now      func() time.Time
	Log      *slog.Logger
}

// Web answers requests.
type Web struct {
	Options
	echo   *echo.Echo
	lookup *lookups
	// streams ends when the process is told to stop: an open stream must not
	// hold up the shutdown.
	streams context.Context
	end     context.CancelFunc
}

// New makes the handler of both hosts.
func New(o Options) *Web {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OfficeURL == "" {
		o.OfficeURL = views.OfficeURL
	}
	if o.AddinURL == "" {
		o.AddinURL = o.BaseURL
	}
	if o.SignInName == "" {
		o.SignInName = "your organization"
	}
	w := &Web{Options: o, echo: echo.New(), lookup: newLookups(o.Now)}
	w.streams, w.end = context.WithCancel(context.Background())
	w.echo.HideBanner, w.echo.HidePort = true, true
	w.echo.HTTPErrorHandler = w.fail
	w.echo.Use(w.log, w.recover, w.headers, w.sameOrigin, limits)
	w.routes()
	return w
}

// ServeHTTP implements http.Handler.
func (w *Web) ServeHTTP(res http.ResponseWriter, req *http.Request) { w.echo.ServeHTTP(res, req) }

// Routes lists every route, for the matrix that closes them to strangers.
func (w *Web) Routes() []*echo.Route { return w.echo.Routes() }

// Close ends open streams.
func (w *Web) Close() { w.end() }

// host is the host of an origin.
func host(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
