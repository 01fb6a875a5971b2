package google

import (
	"sync"

	"tandem/server/contact"
)

// peopleKept is how many people of a run are kept, so that an update of what
// was just read need not read it again.
const peopleKept = 2000

// people are those last read, by ID. The oldest goes first.
type people struct {
	mu    sync.Mutex
	byID  map[contact.ID]person
	order []contact.ID
}

func newPeople() *people { return &people{byID: map[contact.ID]person{}} }

func (c *people) put(id contact.ID, p person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.byID[id]; !known {
		c.order = append(c.order, id)
	}
	c.byID[id] = p
	if len(c.order) > peopleKept {
		delete(c.byID, c.order[0])
		c.order = c.order[1:]
	}
}

// get gives a person of that very version.
func (c *people) get(id contact.ID, v contact.Version) (person, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.byID[id]
	s := p.contactSource(string(id))
	return p, ok && v != "" && s != nil && contact.Version(s.Etag) == v
}

func (c *people) drop(id contact.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.byID[id]; known {
		c.byID[id] = person{} // its place in the order stays
	}
}
