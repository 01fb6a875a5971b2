package rest

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// The limits of one exchange.
const (
	dialTimeout     = 10 * time.Second
	tlsTimeout      = 10 * time.Second
	headerTimeout   = 60 * time.Second // from the request to the answer's header
	idleTimeout     = 30 * time.Second // between two pieces of an answer's body
	exchangeTimeout = 5 * time.Minute  // one attempt as a whole
	maxHeaderBytes  = 64 << 10
	maxBody         = 16 << 20
	maxRedirects    = 5
	defaultPatience = 2 * time.Minute
	defaultInFlight = 100
)

// Transport is shared by all Clients of the process: one pool of connections.
// It is safe for concurrent use.
type Transport struct {
	options Options
	log     *slog.Logger
	wire    http.RoundTripper

	mu    sync.Mutex
	hosts map[string]*slots
}

// New makes the process's Transport.
func New(o Options) *Transport {
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	if o.InFlight <= 0 {
		o.InFlight = defaultInFlight
	}
	t := &Transport{options: o, log: o.Log, wire: o.Wire, hosts: make(map[string]*slots)}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if t.wire == nil {
		g := guard{private: o.AllowPrivate, loopback: o.AllowLoopback}
		t.wire = byScheme{secure: pool(g, true), plain: pool(g, false)}
	}
	return t
}

// pool makes one http.Transport whose every dial passes the guard. There is one
// for each scheme, because a dialler does not know the scheme it works for.
func pool(g guard, secure bool) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Control: g.control(secure)}
	return &http.Transport{
		Proxy:                  nil, // a proxy would dial in our place, past the guard
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    32,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// byScheme sends a request by the pool of its scheme.
type byScheme struct{ secure, plain *http.Transport }

func (b byScheme) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return b.secure.RoundTrip(r)
	}
	return b.plain.RoundTrip(r)
}

// slots are the requests in flight to one host.
type slots struct {
	free  chan struct{}
	users int
}

// enter waits for a free place among the requests to host.
func (t *Transport) enter(ctx context.Context, host string) (leave func(), err error) {
	t.mu.Lock()
	s := t.hosts[host]
	if s == nil {
		s = &slots{free: make(chan struct{}, t.options.InFlight)}
		t.hosts[host] = s
	}
	s.users++
	t.mu.Unlock()

	forget := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if s.users--; s.users == 0 {
			delete(t.hosts, host)
		}
	}
	select {
	case s.free <- struct{}{}:
		return func() { <-s.free; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}
