package rest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tandem/server/contact"
)

// Client sends the requests of one connection to one origin. It is safe for
// concurrent use.
type Client struct {
	transport *Transport
	base      *url.URL
	auth      Auth
	requests  *atomic.Int64

	mu        sync.Mutex
	trusted   map[string]bool
	notBefore time.Time // what Retry-After told this connection
}

// Client makes a Client for base. requests counts what is sent; it may be nil.
// The error is a *contact.Error of kind ErrBaseURL.
func (t *Transport) Client(base string, auth Auth, requests *atomic.Int64) (*Client, error) {
	u, err := url.Parse(base)
	if err == nil {
		err = checkURL(u)
	}
	if err != nil {
		return nil, &contact.Error{Kind: contact.ErrBaseURL, Field: "url", Cause: err,
			Message: "This is not a web address. It should look like https://server.example.com."}
	}
	u.RawQuery, u.Fragment, u.RawFragment = "", "", ""
	if requests == nil {
		requests = new(atomic.Int64)
	}
	return &Client{transport: t, base: u, auth: auth, requests: requests, trusted: map[string]bool{Origin(u): true}}, nil
}

// Base is the Client's base URL.
func (c *Client) Base() *url.URL { u := *c.base; return &u }

// Requests is how many requests were sent, repetitions and redirects included.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Trust lets credentials and writes go to another origin too: scheme, host and
// port of a URL. Callers decide by rules of their own, never because an answer
// said so. Unusable text is ignored, and so is http where the base is https.
func (c *Client) Trust(origin string) {
	u, err := url.Parse(origin)
	if err != nil || checkURL(u) != nil || c.base.Scheme == "https" && u.Scheme != "https" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trusted[Origin(u)] = true
}

func (c *Client) trusts(u *url.URL) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trusted[Origin(u)]
}

// Resolve makes the absolute URL of a Request's URL; see Request.URL. The
// error is a *contact.Error of kind ErrProtocol.
func (c *Client) Resolve(ref string) (*url.URL, error) {
	text := ref
	lower := strings.ToLower(ref)
	relative := !strings.HasPrefix(ref, "/") && !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://")
	switch {
	case relative && (ref == "" || ref[0] == '?'):
		text = c.base.String() + ref
	case relative:
		text = strings.TrimRight(c.base.String(), "/") + "/" + ref
	}
	u, err := url.Parse(text)
	if err == nil {
		u = c.base.ResolveReference(u)
		u.Fragment, u.RawFragment = "", ""
		err = checkURL(u)
	}
	if err != nil {
		return nil, &contact.Error{Kind: contact.ErrProtocol, Cause: err,
			Message: "The server named an address that cannot be used."}
	}
	return u, nil
}

// Origin is scheme, host and port of u as credentials see them (RFC 6454):
// lower case, the default port spelled out.
func Origin(u *url.URL) string {
	port := u.Port()
	scheme := strings.ToLower(u.Scheme)
	if port == "" {
		if port = "80"; scheme == "https" {
			port = "443"
		}
	}
	return scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Hostname()), ".") + ":" + port
}

type urlFault string

func (f urlFault) Error() string { return string(f) }

// checkURL refuses what is no plain http(s) address.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return urlFault("the scheme is neither https nor http")
	case u.User != nil:
		return urlFault("the address holds credentials")
	case u.Hostname() == "" || u.Opaque != "":
		return urlFault("the address names no host")
	case strings.ContainsAny(u.Host, " \\\t\r\n\x00"):
		return urlFault("the host holds characters that no host has")
	}
	return nil
}

// always are the methods that change nothing (RFC 9110 section 9.2.1, RFC 4918,
// RFC 3253).
var always = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodOptions: true, "PROPFIND": true, "REPORT": true,
}

// Do implements Doer.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	u, err := c.Resolve(r.URL)
	if err != nil {
		return nil, err
	}
	return c.repeat(ctx, r, u)
}
