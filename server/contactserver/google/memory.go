package google

import (
	"context"
	"sync"
	"time"

	"tandem/server/contact"
)

// remembered is how long own writes are remembered: long enough for every list
// to have caught up.
const remembered = time.Hour

// memory is what this process wrote of late, by account. Books come and go with
// every run; lists may lag behind for longer than that.
type memory struct {
	mu       sync.Mutex
	accounts map[string]*ownWrites
}

func newMemory() *memory { return &memory{accounts: map[string]*ownWrites{}} }

// of gives one account's writes. Accounts without any are dropped.
func (m *memory) of(account string) *ownWrites {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, w := range m.accounts {
		if id != account && w.idle() {
			delete(m.accounts, id)
		}
	}
	w := m.accounts[account]
	if w == nil {
		w = &ownWrites{turn: make(chan struct{}, 1), last: map[contact.ID]ownWrite{}}
		m.accounts[account] = w
	}
	return w
}

// ownWrites are one account's.
type ownWrites struct {
	// turn is held while something is written: Google wants the writes of one
	// user one after another.
	turn chan struct{}

	mu   sync.Mutex
	last map[contact.ID]ownWrite
}

// ownWrite is the last write to one record.
type ownWrite struct {
	version contact.Version
	updated time.Time // by Google's clock
	at      time.Time // by ours
	gone    bool
}

// take waits for the turn to write.
func (o *ownWrites) take(ctx context.Context) (leave func(), err error) {
	select {
	case o.turn <- struct{}{}:
		return func() { <-o.turn }, ctx.Err()
	case <-ctx.Done():
		return func() {}, ctx.Err()
	}
}

// wrote remembers a write.
func (o *ownWrites) wrote(r contact.Record) {
	o.put(r.ID, ownWrite{version: r.Version, updated: r.Modified, at: time.Now()})
}

// removed remembers a deletion.
func (o *ownWrites) removed(id contact.ID) { o.put(id, ownWrite{at: time.Now(), gone: true}) }

func (o *ownWrites) put(id contact.ID, w ownWrite) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last[id] = w
}

// recent are the writes that lists may not show yet.
func (o *ownWrites) recent() map[contact.ID]ownWrite {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make(map[contact.ID]ownWrite, len(o.last))
	for id, w := range o.last {
		if time.Since(w.at) > remembered {
			delete(o.last, id)
		} else {
			out[id] = w
		}
	}
	return out
}

func (o *ownWrites) idle() bool { return len(o.recent()) == 0 && len(o.turn) == 0 }

// behind says whether a listed record is older than what was written here.
func (w ownWrite) behind(r contact.Record) bool {
	return w.gone || r.Version != w.version && (r.Modified.IsZero() || w.updated.IsZero() || r.Modified.Before(w.updated))
}
