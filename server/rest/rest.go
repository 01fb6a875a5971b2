// Package rest is the one way out of the house: HTTP requests of all adapters
// pass through it. It guards the addresses that are dialled, retries what is
// safe to repeat with respect for Retry-After, limits requests in flight, caps
// what is read, and logs method, host and status but never a secret or a body.
//
// Promises that adapters and the engine lean on:
//   - A connection is only made to a public address by https, to an address in
//     Options.AllowPrivate by https or http, and, with AllowLoopback, to this
//     machine. The resolved address is checked at every dial.
//   - Credentials go to the Client's own origin and to origins given to Trust,
//     never elsewhere, whatever a redirect or an answer says. Writes are not
//     redirected to another origin at all, since their bodies hold contact data.
//   - A request that is not repeatable is sent at most once, unless the server
//     said that it refused it (429, or 503 with Retry-After).
//   - No server is called earlier than its Retry-After (RFC 9110 section
//     10.2.3) told this Client, in seconds or as a date, up to one hour.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"
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
	// Patience is how long one request may wait for a throttling or failing
	// server before it gives up with RetryAt. 0 means two minutes.
	Patience time.Duration
	// InFlight is how many requests to one host may run at the same time in
	// the whole process. 0 means 100.
	InFlight int
	// Wire replaces the network, in tests.
	Wire http.RoundTripper
}

// Auth adds credentials to a request. It is called for every attempt, and only
// for requests to the Client's own origin or a trusted one.
type Auth func(*http.Request) error

// Request is one request of an adapter.
type Request struct {
	Method string
	// URL is absolute, or relative to the Client's base. Without a leading
	// slash it is appended to the base's path: base "https://h/crm" and
	// "api/v1/x" make https://h/crm/api/v1/x. With one it replaces the path.
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
	// Bare is set where no credentials were sent because URL is of an origin
	// that is not trusted; a 401 then says nothing about the password.
	Bare bool
}

// OK reports whether the status is one of success (200 to 299).
func (r *Response) OK() bool { return r.Status >= 200 && r.Status < 300 }

// Doer is what adapters need of a Client.
type Doer interface {
	// Do sends r and reads the answer, whatever its status. Throttled (429) and
	// unavailable (503) requests are repeated after Retry-After as long as ctx
	// and the client's patience last. The error is a *contact.Error for the
	// connection as a whole: contact.ErrUnreachable, ErrCertificate, ErrBlocked,
	// ErrBaseURL, ErrProtocol, and, where patience ran out, ErrQuota (429) and
	// ErrUnavailable (503) with RetryAt. See Sent.
	Do(ctx context.Context, r Request) (*Response, error)
}
