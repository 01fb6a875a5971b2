package carddav

import (
	"container/list"
	"sync"
	"time"

	"tandem/server/contact"
)

// cacheBytes is how much text of cards a Book remembers, so that a card that
// was just read need not be read again before it is patched.
const cacheBytes = 8 << 20

// cache keeps the texts of the cards that were read last, with their versions.
type cache struct {
	mu    sync.Mutex
	limit int // octets
	used  int
	order *list.List // of *cached, latest first
	byID  map[contact.ID]*list.Element
}

type cached struct {
	id      contact.ID
	version contact.Version
	text    string
	read    time.Time
}

func newCache(limit int) *cache {
	return &cache{limit: limit, order: list.New(), byID: map[contact.ID]*list.Element{}}
}

// put remembers a card; one without a version cannot be recognised later.
func (c *cache) put(id contact.ID, version contact.Version, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(id)
	if version == "" || len(text) > c.limit/4 {
		return
	}
	c.byID[id] = c.order.PushFront(&cached{id, version, text, time.Now()})
	for c.used += len(text); c.used > c.limit; {
		c.drop(c.order.Back().Value.(*cached).id)
	}
}

// get gives the text of a card at that very version, and when it was read.
func (c *cache) get(id contact.ID, version contact.Version) (text string, read time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byID[id]
	if !ok || version == "" || e.Value.(*cached).version != version {
		return "", time.Time{}, false
	}
	return e.Value.(*cached).text, e.Value.(*cached).read, true
}

func (c *cache) forget(id contact.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(id)
}

func (c *cache) drop(id contact.ID) {
	if e, ok := c.byID[id]; ok {
		c.used -= len(e.Value.(*cached).text)
		c.order.Remove(e)
		delete(c.byID, id)
	}
}
