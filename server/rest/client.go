package rest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"tandem/server/contact"
)

// Transport is shared by all Clients of the process: one pooled transport.
type Transport struct {
	options Options
	http    *http.Client
}

// New makes the process's Transport.
func New(o Options) *Transport {
	return &Transport{options: o, http: &http.Client{}}
}

// Client sends the requests of one connection to one origin.
type Client struct {
	transport *Transport
	base      *url.URL
	auth      Auth
	requests  *atomic.Int64
}

// Client makes a Client for base. requests counts what is sent; it may be nil.
func (t *Transport) Client(base string, auth Auth, requests *atomic.Int64) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, &contact.Error{Kind: contact.ErrBaseURL, Field: "url", Cause: err}
	}
	if requests == nil {
		requests = new(atomic.Int64)
	}
	return &Client{transport: t, base: u, auth: auth, requests: requests}, nil
}

// Base is the Client's base URL.
func (c *Client) Base() *url.URL { u := *c.base; return &u }

// Requests is how many requests were sent, repetitions included.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Do implements Doer.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	ref, err := url.Parse(r.URL)
	if err != nil {
		return nil, &contact.Error{Kind: contact.ErrProtocol, Cause: err}
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, c.base.ResolveReference(ref).String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if c.auth != nil {
		if err := c.auth(req); err != nil {
			return nil, err
		}
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	c.requests.Add(1)
	res, err := c.transport.http.Do(req)
	if err != nil {
		return nil, &contact.Error{Kind: contact.ErrUnreachable, Cause: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, &contact.Error{Kind: contact.ErrUnreachable, Cause: err}
	}
	return &Response{Status: res.StatusCode, Header: res.Header, Body: body, URL: res.Request.URL}, nil
}
