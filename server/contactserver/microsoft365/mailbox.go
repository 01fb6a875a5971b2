package microsoft365

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"tandem/server/contact"
)

// What Microsoft documents for one application and one mailbox: 10,000 requests
// in ten minutes, four at a time. Every part of a batch is a request, and so is
// one that is refused. We stay a little below, because what another process or
// an earlier life of this one has sent is not known here.
const (
	window   = 10 * time.Minute
	budget   = 9_900
	lanes    = 4
	maxParts = 20 // of one batch
	fewParts = lanes
	patience = 2 * time.Minute // how long a request may wait for its turn
)

// mailbox plans the requests to one mailbox, for all of this process's Books of
// it: the limits are kept by waiting beforehand, not by being refused.
type mailbox struct {
	lanes *semaphore.Weighted

	mu     sync.Mutex
	spent  []spending // in the present window, oldest first
	total  int        // of spent
	closed time.Time  // what a Retry-After told
	few    time.Time  // until then batches are small
}

// spending is the requests of one moment.
type spending struct {
	at time.Time
	n  int
}

// reserve takes n requests of the budget, or says when that many are free.
func (m *mailbox) reserve(n int) (at time.Time, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for len(m.spent) > 0 && now.Sub(m.spent[0].at) >= window {
		m.total -= m.spent[0].n
		m.spent = m.spent[1:]
	}
	if now.Before(m.closed) {
		return m.closed, false
	}
	if m.total+n > budget {
		free := budget - m.total
		for _, s := range m.spent {
			if free += s.n; free >= n {
				return s.at.Add(window), false
			}
		}
	}
	m.add(now, n)
	return now, true
}

// add notes requests. The caller holds the lock.
func (m *mailbox) add(now time.Time, n int) {
	m.total += n
	if last := len(m.spent) - 1; last >= 0 && now.Sub(m.spent[last].at) < time.Second {
		m.spent[last].n += n
		return
	}
	m.spent = append(m.spent, spending{now, n})
}

// repeated notes requests that were sent again on the way.
func (m *mailbox) repeated(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(time.Now(), n)
}

// close keeps all requests back until at.
func (m *mailbox) close(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at.After(m.closed) {
		m.closed = at
	}
}

// parts is how many parts the next batch may have. Whoever was throttled inside
// a batch sends as many as run at a time, for one window.
func (m *mailbox) parts() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Now().Before(m.few) {
		return fewParts
	}
	return maxParts
}

func (m *mailbox) shrink() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.few = time.Now().Add(window)
}

// turn waits until n requests may be sent as one. Where that is too far away,
// the error is ErrQuota with RetryAt.
func (m *mailbox) turn(ctx context.Context, n int) (done func(), err error) {
	width := int64(min(n, lanes))
	if err := m.lanes.Acquire(ctx, width); err != nil {
		return nil, interrupted(err)
	}
	deadline := time.Now().Add(patience)
	for {
		at, ok := m.reserve(n)
		if ok {
			return func() { m.lanes.Release(width) }, nil
		}
		err := error(nil)
		if at.After(deadline) {
			err = quota(at)
		} else if e := sleep(ctx, time.Until(at)); e != nil {
			err = interrupted(e)
		}
		if err != nil {
			m.lanes.Release(width)
			return nil, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func interrupted(cause error) error {
	return &contact.Error{Kind: contact.ErrUnreachable, Cause: cause, Message: "The request to Microsoft 365 was interrupted."}
}

func quota(at time.Time) error {
	return &contact.Error{Kind: contact.ErrQuota, RetryAt: at,
		Message: "Microsoft 365 takes a limited number of requests for one mailbox in ten minutes, and they are used up. The sync goes on later by itself."}
}

// mailboxes are those that this process has to do with.
type mailboxes struct {
	mu    sync.Mutex
	byID  map[string]*mailbox
	swept time.Time
}

func newMailboxes() *mailboxes { return &mailboxes{byID: map[string]*mailbox{}} }

// of is the mailbox of an account; one that is not known is nobody else's.
func (m *mailboxes) of(account string) *mailbox {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep()
	box := m.byID[account]
	if box == nil {
		box = &mailbox{lanes: semaphore.NewWeighted(lanes)}
		if account != "" {
			m.byID[account] = box
		}
	}
	return box
}

// sweep forgets mailboxes of which nothing has to be remembered any more.
func (m *mailboxes) sweep() {
	now := time.Now()
	if now.Sub(m.swept) < window {
		return
	}
	m.swept = now
	for account, box := range m.byID {
		if box.idle(now) {
			delete(m.byID, account)
		}
	}
}

func (m *mailbox) idle(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := len(m.spent) - 1
	return (last < 0 || now.Sub(m.spent[last].at) >= window) && !now.Before(m.closed) && !now.Before(m.few)
}
