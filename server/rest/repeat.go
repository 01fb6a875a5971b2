package rest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tandem/server/contact"
)

const (
	maxAttempts  = 3 // after network errors and failing gateways
	maxThrottled = 8 // after 429 and 503
	maxWait      = time.Hour
)

// repeat sends r until it is answered, as often as that is safe.
func (c *Client) repeat(ctx context.Context, r Request, u *url.URL) (*Response, error) {
	repeatable := r.Repeatable || always[r.Method]
	deadline := time.Now().Add(c.transport.options.Patience)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	everSent, failures, throttled := false, 0, 0
	for {
		if at := c.closedUntil(); at.After(deadline) {
			return nil, wrap(waitTooLong(http.StatusTooManyRequests, u, at), everSent)
		} else if err := sleepUntil(ctx, at); err != nil {
			return nil, wrap(translate(err, u), everSent)
		}
		res, sent, err := c.follow(ctx, r, u)
		if err != nil {
			everSent = everSent || sent
			failures++
			again := !everSent || repeatable
			wait := time.Now().Add(backoff(failures, 200*time.Millisecond))
			if !again || !passing(err) || failures >= maxAttempts || ctx.Err() != nil || wait.After(deadline) {
				return nil, wrap(translate(err, u), everSent)
			}
			if err := sleepUntil(ctx, wait); err != nil {
				return nil, wrap(translate(err, u), everSent)
			}
			continue
		}
		after, told := RetryAfter(res.Header.Get("Retry-After"), time.Now())
		switch status := res.Status; {
		case status == http.StatusTooManyRequests,
			status == http.StatusServiceUnavailable && (repeatable || told):
			throttled++
			everSent = everSent || status == http.StatusServiceUnavailable && !told
			wait := time.Now().Add(backoff(throttled, time.Second))
			if told {
				wait = time.Now().Add(after)
				c.close(wait)
			}
			if wait.After(deadline) || throttled >= maxThrottled {
				return nil, wrap(waitTooLong(status, u, wait), everSent)
			}
			if err := sleepUntil(ctx, wait); err != nil {
				return nil, wrap(translate(err, u), everSent)
			}
		case (status == http.StatusBadGateway || status == http.StatusGatewayTimeout) && repeatable:
			everSent = true
			failures++
			wait := time.Now().Add(backoff(failures, time.Second))
			if failures >= maxAttempts || wait.After(deadline) || sleepUntil(ctx, wait) != nil {
				return res, nil
			}
		default:
			return res, nil
		}
	}
}

// close keeps every request of this connection back until at.
func (c *Client) close(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.notBefore) {
		c.notBefore = at
	}
}

func (c *Client) closedUntil() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notBefore
}

// RetryAfter reads the header of that name: seconds, or an HTTP date (RFC 9110
// section 10.2.3). told is false where it is missing, unreadable or not in the
// future. Waits are capped at one hour.
func RetryAfter(value string, now time.Time) (wait time.Duration, told bool) {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		switch {
		case !(seconds > 0): // also NaN
			return 0, false
		case seconds > maxWait.Seconds():
			return maxWait, true
		}
		return time.Duration(seconds * float64(time.Second)), true
	}
	if strings.Trim(value, "0123456789") == "" && value != "" {
		return maxWait, true
	}
	at, err := http.ParseTime(value)
	if err != nil || !at.After(now) {
		return 0, false
	}
	return min(at.Sub(now), maxWait), true
}

// backoff doubles from unit up to thirty seconds, with jitter of a half, so
// that connections that failed together do not come back together.
func backoff(n int, unit time.Duration) time.Duration {
	d := min(unit<<min(n-1, 10), 30*time.Second)
	return d/2 + rand.N(d)
}

func sleepUntil(ctx context.Context, at time.Time) error {
	d := time.Until(at)
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func waitTooLong(status int, u *url.URL, at time.Time) *contact.Error {
	if status == http.StatusTooManyRequests {
		return &contact.Error{Kind: contact.ErrQuota, RetryAt: at,
			Message: u.Hostname() + " limits how many requests it accepts. The sync goes on later by itself."}
	}
	return &contact.Error{Kind: contact.ErrUnavailable, RetryAt: at,
		Message: u.Hostname() + " is not available at the moment. The sync goes on later by itself."}
}

// maybeSent marks errors of requests that may have reached the server.
type maybeSent struct{ cause error }

func (m *maybeSent) Error() string {
	if m.cause == nil {
		return "the request may have reached the server"
	}
	return m.cause.Error()
}
func (m *maybeSent) Unwrap() error { return m.cause }

func wrap(e *contact.Error, sent bool) error {
	if sent {
		e.Cause = &maybeSent{e.Cause}
	}
	return e
}

// Sent tells whether the request that failed with err may have reached the
// server: a write may then have been carried out, and must be looked for
// before it is repeated.
func Sent(err error) bool {
	var m *maybeSent
	return errors.As(err, &m)
}
