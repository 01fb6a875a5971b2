// Package memory is the reference Book: it keeps its records in memory and
// shows, in the fewest lines, what every adapter has to promise. Tests use it
// as both sides of a sync; its options turn it into a poor server (no markers,
// no tombstones, small capacities, a normalising mind of its own).
//
// It is not a double for faults: lost replies, late visibility and truncated
// listings are wrapped around it by enginetest.
package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tandem/server/contact"
)

// Options say what kind of server a Book is. The zero Options are a server
// that can do everything.
type Options struct {
	// Description is what the Book says of itself and lives up to. Where its
	// Fields are empty, Everything() is used.
	Description contact.Description
	// PageSize is the number of records per page of Changes. 0 means 100.
	PageSize int
	// Normalize is what this server does to every contact it is given, after
	// fields and capacities were cut. It must be pure and idempotent.
	Normalize func(contact.Contact) contact.Contact
	// Companies are those that exist, where Description.OrganizationExisting.
	Companies []string
	// UniqueEmail refuses a second record with an e-mail that one has already
	// (outcome Duplicate), unless AllowDuplicate is set.
	UniqueEmail bool
	// Required fields may not be empty: outcome Invalid.
	Required contact.Fields
	// Taciturn answers writes with neither Version nor Record, like a server
	// that may have altered what was sent.
	Taciturn bool
	// Mine lists only the records of the signed-in user.
	Mine bool
	// Now tells the time for Created and Modified. nil leaves them zero.
	Now func() time.Time
}

// Everything describes a server that holds all fields and has all abilities.
func Everything() contact.Description {
	return contact.Description{
		Account: contact.Account{ID: "memory", Name: "Memory", Email: "memory@example.com"},
		Fields:  contact.AllFields, Writable: contact.AllFields,
		Batch: 20, Marker: true, Tombstones: true, Conditional: true, Trash: true, Owner: true,
	}
}

// Book is a contact.Book and contact.Sweeper in memory. It is safe for
// concurrent use. Its further methods act as a person would, beside the sync.
type Book struct {
	o        Options
	user     string
	store    *store
	requests *atomic.Int64
}

// store is what several users' Books share.
type store struct {
	mu      sync.Mutex
	records map[contact.ID]*record
	markers map[string]*record
	serial  int   // makes IDs
	seq     int64 // grows with every change; a cursor is a seq
	oldest  int64 // cursors before this one have expired
}

// record is one entry, also after its end: then it is the tombstone.
type record struct {
	contact.Record
	owner  string
	seq    int64               // of the last change
	end    *contact.Change     // set once it is gone
	hidden bool                // exists, but may not be seen
	left   map[string]struct{} // users whose scope it left
}

var (
	_ contact.Book    = (*Book)(nil)
	_ contact.Sweeper = (*Book)(nil)
)

// New makes an empty Book.
func New(o Options) *Book {
	if o.Description.Fields == 0 {
		o.Description = Everything()
	}
	o.Description.Batch = max(o.Description.Batch, 1)
	o.PageSize = cmp.Or(o.PageSize, 100)
	return &Book{
		o: o, user: o.Description.Account.ID, requests: new(atomic.Int64),
		store: &store{records: map[contact.ID]*record{}, markers: map[string]*record{}},
	}
}

// As is the same server seen by another signed-in user.
func (b *Book) As(account contact.Account) *Book {
	other := *b
	other.o.Description.Account = account
	other.user, other.requests = account.ID, new(atomic.Int64)
	return &other
}

// Requests counts the requests that this Book has answered so far: each page
// of Changes or Sweep, each Get, Find and Write.
func (b *Book) Requests() int64 { return b.requests.Load() }

// Describe answers from the Options.
func (b *Book) Describe(ctx context.Context) (contact.Description, error) {
	return b.o.Description, fault(ctx)
}

// Project drops what the Book does not hold, cuts sets to their capacity and
// normalises.
func (b *Book) Project(c contact.Contact) contact.Contact {
	d := b.o.Description
	name := c.Name
	c = c.Only(d.Fields.Without(contact.FullName))
	if d.Fields.Has(contact.FullName) {
		c.Name.Full = name.Full
		if d.Fields&contact.NameParts == 0 || name.Full == "" {
			c.Name.Full = name.Text()
		}
	}
	for f := range d.Fields.All() {
		if f.Shape() != contact.Set {
			continue
		}
		v := slices.DeleteFunc(slices.Clone(c.Value(f)), func(s string) bool { return s == "" })
		if most, ok := d.Capacity[f]; ok && len(v) > most {
			v = v[:most]
		}
		c = c.Set(f, v)
	}
	if b.o.Normalize != nil {
		c = b.o.Normalize(c)
	}
	return c
}

// touch notes a change of r: a new place in the stream, a new version.
func (b *Book) touch(r *record) {
	b.store.seq++
	r.seq = b.store.seq
	r.Version = contact.Version("v" + strconv.FormatInt(r.seq, 10))
	if b.o.Now != nil {
		r.Modified = b.o.Now()
	}
}

// view is r as this Book's user reads it.
func (b *Book) view(r *record) contact.Record {
	out := r.Record
	out.Contact = clone(r.Contact)
	out.Read = b.o.Description.Fields
	out.Mine = r.owner == b.user
	return out
}

// clone is c with slices of its own.
func clone(c contact.Contact) contact.Contact {
	c.Emails, c.Phones = slices.Clone(c.Emails), slices.Clone(c.Phones)
	c.Addresses, c.Categories = slices.Clone(c.Addresses), slices.Clone(c.Categories)
	return c
}

// fault is the error of a request whose context has ended.
func fault(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return &contact.Error{Kind: contact.ErrUnreachable, Message: "The request was given up.", Cause: fmt.Errorf("memory: %w", ctx.Err())}
}
