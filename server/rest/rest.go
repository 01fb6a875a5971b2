// Package rest is the one way out of the house: HTTP requests of all adapters
// pass through it. It guards the addresses that are dialled, retries what is
// safe to repeat with respect for Retry-After, limits requests in flight, caps
// what is read, and logs method, host and status but never a secret or a body.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
)

// Options are the same for the whole process.
type Options struct {
	// AllowPrivate are the networks that custom URLs may reach besides public
	// addresses; there plain http is allowed too.
	AllowPrivate []netip.Prefix
	// AllowLoopback lets the demo and tests reach this machine.
	AllowLoopback bool
	Log           *slog.Logger
	// UserAgent names the product.
	UserAgent string
}

// Auth adds credentials to a request. It is called for every attempt, and only
// for requests to the Client's own origin or a trusted one.
type Auth func(*http.Request) error

// Request is one request of an adapter.
type Request struct {
	Method string
	// URL is absolute, or relative to the Client's base.
	URL    string
	Header http.Header
	Body   []byte
	// Repeatable: sending it twice does no harm, so that it may be sent again
	// after a lost reply. GET, HEAD, PROPFIND, REPORT and OPTIONS always are.
	Repeatable bool
	// MaxBytes caps the body read, after decompression. 0 means 16 MiB.
	MaxBytes int64
}

// Response is an answer, read completely, of whatever status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// URL is where the answer came from, after redirects.
	URL *url.URL
}

// Doer is what adapters need of a Client.
type Doer interface {
	// Do sends r and reads the answer, whatever its status. Throttled (429) and
	// unavailable (503) requests are repeated after Retry-After as long as ctx
	// and the client's patience last. The error is a *contact.Error for the
	// connection as a whole: contact.ErrUnreachable, ErrCertificate, ErrBlocked,
	// ErrProtocol. See Sent.
	Do(ctx context.Context, r Request) (*Response, error)
}
