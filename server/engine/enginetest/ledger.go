package enginetest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"tandem/server/engine"
	"tandem/store"
)

// Ledger is an engine.Ledger in memory: as strict as the store about fences,
// claims and transactions, without its encryption. It passes storetest's suite.
// Its identifiers are counted, so that the same run twice gives the same rows.
type Ledger struct {
	// Now is the clock for what the engine gives no time for; nil means time.Now.
	Now func() time.Time

	mu          sync.Mutex
	serial      int
	pairs       map[string]*store.Pair
	connections map[string]store.Connection
	runs        map[string]store.Run
	links       map[string]map[string]store.Link // by pair
	intents     map[string]map[string]store.Intent
	claims      map[claimKey]store.Claim
	seen        map[realm]map[string]store.Seen
	items       map[string][]store.Item // by pair
}

// claimKey is what a claim stands under.
type claimKey struct{ organization, crm, entity, key string }

// realm is the records of one entity at one connection.
type realm struct{ connection, entity string }

var _ engine.Ledger = (*Ledger)(nil)

// NewLedger makes an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{
		pairs: map[string]*store.Pair{}, connections: map[string]store.Connection{}, runs: map[string]store.Run{},
		links: map[string]map[string]store.Link{}, intents: map[string]map[string]store.Intent{},
		claims: map[claimKey]store.Claim{}, seen: map[realm]map[string]store.Seen{}, items: map[string][]store.Item{},
	}
}

// Join makes a user of an organization with both connections, which know the
// user by name, and their pair for contacts.
func (l *Ledger) Join(organization, user string, secret []byte) store.Pair {
	crm := store.Connection{ID: l.NewID(), Side: store.SideCRM, Provider: "espocrm", BaseURL: "https://crm.example.org"}
	book := store.Connection{ID: l.NewID(), Side: store.SideContacts, Provider: "carddav", BaseURL: "https://dav.example.org"}
	p := store.Pair{ID: l.NewID(), OrganizationID: organization, UserID: user, LeftID: crm.ID, RightID: book.ID,
		Entity: "contacts", LeftSize: -1, RightSize: -1}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range []store.Connection{crm, book} {
		c.OrganizationID, c.UserID, c.AccountID, c.State = organization, user, user, store.StateConnected
		c.Secret = bytes.Clone(secret)
		l.connections[c.ID] = c
	}
	l.pairs[p.ID] = &p
	l.links[p.ID], l.intents[p.ID] = map[string]store.Link{}, map[string]store.Intent{}
	return copyPair(p)
}

// Pair reads a pair.
func (l *Ledger) Pair(_ context.Context, pairID string) (store.Pair, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.pairs[pairID]
	if !ok {
		return store.Pair{}, store.ErrNotFound
	}
	return copyPair(*p), nil
}

// Connection reads a connection.
func (l *Ledger) Connection(_ context.Context, id string) (store.Connection, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.connections[id]
	if !ok {
		return store.Connection{}, store.ErrNotFound
	}
	c.Secret = bytes.Clone(c.Secret)
	return c, nil
}

// BeginRun takes the pair for run.
func (l *Ledger) BeginRun(_ context.Context, pairID string, run *store.Run, now time.Time, stale time.Duration) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.pairs[pairID]
	if !ok {
		return 0, store.ErrNotFound
	}
	if p.Beat != nil && now.Sub(*p.Beat) < stale {
		p.Dirty = true
		return 0, store.ErrBusy
	}
	if old, ok := l.runs[p.RunID]; ok && p.RunID != run.ID && old.State == store.RunRunning {
		old.State, old.FinishedAt = store.RunFailed, &now
		l.runs[p.RunID] = old
	}
	if run.ID == "" {
		run.ID = l.newID()
	}
	if run.CreatedAt.IsZero() {
		run.CreatedAt = now
	}
	run.OrganizationID, run.PairID, run.UserID = p.OrganizationID, p.ID, p.UserID
	run.State, run.StartedAt, run.FinishedAt = store.RunRunning, &now, nil
	p.Fence++
	p.Dirty, p.RunID, p.Beat = false, run.ID, &now
	l.runs[run.ID] = *run
	return p.Fence, nil
}

// Beat is the run's sign of life.
func (l *Ledger) Beat(_ context.Context, pairID string, fence int64, run *store.Run, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.hold(pairID, fence)
	if err != nil {
		return err
	}
	p.Beat = &now
	if run != nil {
		row := l.runs[run.ID]
		row.Phase, row.Done, row.Total = run.Phase, run.Done, run.Total
		l.runs[run.ID] = row
	}
	return nil
}

// EndRun stores the finished run and the pair's new state.
func (l *Ledger) EndRun(_ context.Context, fence int64, pair *store.Pair, run *store.Run, now time.Time) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.hold(pair.ID, fence)
	if err != nil {
		return false, err
	}
	p.LeftCursor, p.RightCursor = bytes.Clone(pair.LeftCursor), bytes.Clone(pair.RightCursor)
	p.LeftSize, p.RightSize = pair.LeftSize, pair.RightSize
	p.FirstDone, p.SettingsKey, p.SweptAt = pair.FirstDone, pair.SettingsKey, copyTime(pair.SweptAt)
	p.RunID, p.Beat = "", nil
	if run.FinishedAt == nil {
		run.FinishedAt = &now
	}
	run.OrganizationID, run.PairID, run.UserID = p.OrganizationID, p.ID, p.UserID
	l.runs[run.ID] = *run
	pair.RunID, pair.Beat, pair.Dirty = "", nil, p.Dirty
	return p.Dirty, nil
}

// AllItems are the lines of all reports of a pair, oldest first.
func (l *Ledger) AllItems(pair store.Pair) ([]store.Item, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.items[pair.ID]), nil
}

// Reset forgets a pair's links, cursors and intents, as "Reset contacts sync"
// does without "keep them removed".
func (l *Ledger) Reset(pair store.Pair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.pairs[pair.ID]
	p.LeftCursor, p.RightCursor, p.FirstDone, p.LeftSize, p.RightSize, p.SweptAt = nil, nil, false, -1, -1, nil
	l.links[p.ID], l.intents[p.ID] = map[string]store.Link{}, map[string]store.Intent{}
	for k := range l.seen {
		if k.connection == p.LeftID || k.connection == p.RightID {
			delete(l.seen, k)
		}
	}
}

// NewID counts; the identifiers have the form of a UUID.
func (l *Ledger) NewID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newID()
}

func (l *Ledger) newID() string {
	l.serial++
	return fmt.Sprintf("00000000-0000-7000-8000-%012x", l.serial)
}

// hold checks the fence.
func (l *Ledger) hold(pairID string, fence int64) (*store.Pair, error) {
	p, ok := l.pairs[pairID]
	if !ok || p.Fence != fence {
		return nil, store.ErrFenced
	}
	return p, nil
}

func (l *Ledger) now() time.Time {
	if l.Now == nil {
		return time.Now()
	}
	return l.Now()
}

func copyPair(p store.Pair) store.Pair {
	p.LeftCursor, p.RightCursor = bytes.Clone(p.LeftCursor), bytes.Clone(p.RightCursor)
	p.Beat, p.SweptAt = copyTime(p.Beat), copyTime(p.SweptAt)
	return p
}

func copyTime(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	c := *t
	return &c
}

func copyLink(k store.Link) store.Link {
	k.LeftBase, k.RightBase = bytes.Clone(k.LeftBase), bytes.Clone(k.RightBase)
	return k
}

// sorted are the values of rows in the order of their IDs.
func sorted[T any](rows map[string]T) []T {
	out := make([]T, 0, len(rows))
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, rows[id])
	}
	return out
}
