package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"tandem/server/contact"
)

var (
	errTooLarge  = errors.New("the answer is larger than allowed")
	errRedirects = errors.New("too many redirects")
	errIdle      = errors.New("the answer stopped coming")
)

// crossing says that a write would have gone to an origin that is not trusted.
type crossing struct{ to *url.URL }

func (c *crossing) Error() string { return "a write was led to another origin: " + c.to.Host }

// carried are the headers that may go to an origin that is not trusted. All
// others may be credentials of some API.
var carried = []string{"Accept", "Accept-Language", "Content-Type", "Depth", "Prefer"}

// follow sends r to u and follows redirects by rules of its own: at most five,
// the method is kept on 301, 302, 307 and 308 (RFC 4918 methods would be
// destroyed by becoming GET), 303 becomes GET, credentials stay with trusted
// origins and so do writes. sent tells whether a request may have reached a
// server.
func (c *Client) follow(ctx context.Context, r Request, u *url.URL) (res *Response, sent bool, err error) {
	method, body := r.Method, r.Body
	for hop := 0; ; hop++ {
		if hop > maxRedirects {
			return nil, sent, errRedirects
		}
		trusted := c.trusts(u)
		if !trusted && !always[method] {
			return nil, sent, &crossing{u}
		}
		res, s, err := c.exchange(ctx, r, method, u, body, trusted)
		sent = sent || s
		if err != nil {
			return nil, sent, err
		}
		next, err := redirect(res, u)
		if err != nil {
			return nil, false, err
		}
		if next == nil {
			res.Bare = !trusted && c.auth != nil
			return res, sent, nil
		}
		if res.Status == http.StatusSeeOther && method != http.MethodHead {
			method, body = http.MethodGet, nil
		}
		// The server answered without carrying out this request.
		sent, u = false, next
	}
}

// redirect is where an answer leads to, or nil where it stands for itself.
func redirect(res *Response, from *url.URL) (*url.URL, error) {
	switch res.Status {
	case 301, 302, 303, 307, 308:
	default:
		return nil, nil
	}
	location := res.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	next, err := from.Parse(location)
	if err != nil {
		return nil, urlFault("the location cannot be read")
	}
	next.Fragment, next.RawFragment = "", ""
	return next, checkURL(next)
}

// exchange sends one request and reads its answer.
func (c *Client) exchange(ctx context.Context, r Request, method string, u *url.URL, body []byte, trusted bool) (res *Response, sent bool, err error) {
	leave, err := c.transport.enter(ctx, u.Host)
	if err != nil {
		return nil, false, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	var asked, got atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	})
	// A copy of the URL, because transports may keep the request.
	to := *u
	req, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	if err := c.dress(req, r.Header, trusted); err != nil {
		return nil, false, err
	}
	start := time.Now()
	c.requests.Add(1)
	answer, err := c.transport.wire.RoundTrip(req)
	if err != nil {
		c.log(ctx, method, u, 0, start, err)
		return nil, reached(err, asked.Load(), got.Load()), err
	}
	defer answer.Body.Close()
	content, err := read(answer.Body, r.MaxBytes, cancel)
	c.log(ctx, method, u, answer.StatusCode, start, err)
	if err != nil {
		return nil, true, err
	}
	return &Response{Status: answer.StatusCode, Header: answer.Header, Body: content, URL: &to}, true, nil
}

// dress puts the headers on.
func (c *Client) dress(req *http.Request, header http.Header, trusted bool) error {
	req.Header.Set("User-Agent", c.transport.options.UserAgent)
	if !trusted {
		for _, k := range carried {
			if v := header.Values(k); len(v) > 0 {
				req.Header[k] = v
			}
		}
		return nil
	}
	for k, v := range header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	if c.auth == nil {
		return nil
	}
	err := c.auth(req)
	var done *contact.Error
	if err != nil && !errors.As(err, &done) {
		// Never repeated: a failing token endpoint must not be stormed.
		return &contact.Error{Kind: contact.ErrUnreachable, Cause: err,
			Message: "Signing in at " + req.URL.Hostname() + " failed. Try again later."}
	}
	return err
}

// log writes what may be known of an exchange: no path, no header, no body.
func (c *Client) log(ctx context.Context, method string, u *url.URL, status int, start time.Time, err error) {
	args := []any{"method", method, "host", u.Host, "status", status, "duration", time.Since(start)}
	if err != nil {
		args = append(args, "fault", fault(err))
	}
	c.transport.log.DebugContext(ctx, "request", args...)
}

// reached tells whether a failed request may have reached the server: not if
// no connection was ever had for it.
func reached(err error, asked, got bool) bool {
	if asked {
		return got
	}
	var op *net.OpError
	var dns *net.DNSError
	return !(errors.As(err, &op) && op.Op == "dial") && !errors.As(err, &dns)
}

// read reads a body up to max bytes after decompression. It gives up where
// nothing comes for idleTimeout, however long the whole may take.
func read(body io.Reader, max int64, cancel func()) ([]byte, error) {
	if max <= 0 {
		max = maxBody
	}
	var idle atomic.Bool
	timer := time.AfterFunc(idleTimeout, func() { idle.Store(true); cancel() })
	defer timer.Stop()
	var buf bytes.Buffer
	piece := make([]byte, 32<<10)
	for {
		n, err := body.Read(piece)
		timer.Reset(idleTimeout)
		buf.Write(piece[:n])
		switch {
		case int64(buf.Len()) > max:
			return nil, errTooLarge
		case err == io.EOF:
			return buf.Bytes(), nil
		case err != nil && idle.Load():
			return nil, errIdle
		case err != nil:
			return nil, err
		}
	}
}

// Basic signs in with user name and password (RFC 7617).
func Basic(username, password string) Auth {
	return func(r *http.Request) error { r.SetBasicAuth(username, password); return nil }
}

// Bearer signs in with a token (RFC 6750), asked for before every attempt.
func Bearer(token func(context.Context) (string, error)) Auth {
	return func(r *http.Request) error {
		t, err := token(r.Context())
		if err == nil {
			r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(t))
		}
		return err
	}
}
