package contact

import (
	"context"
	"iter"
	"time"
)

// ID is a record's identifier as its provider spells it. Opaque, case matters.
type ID string

// Version is the provider's own token for "this content". Opaque; "" means
// that the provider gave none, which is unknown and equal to nothing.
type Version string

// Cursor marks a place in a Book's stream of changes. It is owned by the
// adapter, carries a format number of its own, and holds no secret.
type Cursor []byte

// Record is a Contact as found in a Book.
type Record struct {
	ID      ID
	Version Version
	Contact Contact
	// Read is the set of fields that were really read. A field outside it is
	// unknown, not empty.
	Read Fields
	// Marker is our own key, where this record carries one.
	Marker string
	// Modified and Created are the provider's times; zero where it has none.
	Modified, Created time.Time
	// Private is set for records their owner marked private: never synced.
	Private bool
	// Mine reports that the record belongs to the signed-in user. It is
	// meaningful only where Description.Owner is set.
	Mine bool
	// ReadOnly is set where this user may not change this record.
	ReadOnly bool
	// URL opens the record in its provider's own pages, "" where there is none.
	URL string
}

// ChangeKind tells what happened to a record.
type ChangeKind uint8

// What may have happened to a record. Only Deleted says that it is gone.
const (
	Changed   ChangeKind = iota // created or edited: Record is set
	Deleted                     // the provider says that the record is gone
	Merged                      // it lives on as Into
	Converted                   // a lead became the contact Into ("" where unknown)
	LeftScope                   // reassigned, hidden or filtered away; never a deletion
)

// Change is one element of a Book's stream of changes.
type Change struct {
	Kind   ChangeKind
	ID     ID
	Record Record // only for Changed
	Into   ID     // only for Merged and Converted
}

// Page is a part of a stream of changes.
type Page struct {
	Changes []Change
	// Full marks every page of a stream that lists everything there is, also
	// when a cursor was given and the server answered with a full listing.
	// Only then, and only once Next came, does absence mean anything.
	Full bool
	// Next is set on the last page alone. It may be stored only after every
	// page has been applied. A stream that ends without Next and without an
	// error did not complete.
	Next Cursor
}

// Query asks for records. Conditions that are set must all hold; Emails holds
// where any of them equals any e-mail of the record, ignoring case.
type Query struct {
	Marker string
	Emails []string
	Name   string // whole name, as Name.Text gives it, ignoring case
	Phone  string // digits are compared
	// Anyone widens the search beyond the Book's scope to every record that
	// the signed-in user may see.
	Anyone bool
	Limit  int // 0 means 20
}

// Op is what a Mutation does.
type Op uint8

// The operations.
const (
	Create Op = iota
	Update
	Delete
)

// String is the operation in a word.
func (o Op) String() string { return [...]string{"create", "update", "delete"}[o] }

// Mutation is one write.
type Mutation struct {
	Op Op
	ID ID // Update and Delete
	// Version makes Update and Delete conditional: the record must still have
	// this version, else the answer is Conflict. "" is unconditional.
	Version Version
	// Marker is carried by a created record where Description.Marker is set.
	// A Create that is repeated with the same Marker never makes a second
	// record: it answers OK with the first one's ID, or Duplicate.
	Marker string
	// Contact holds the new values, Mask the fields to write. A masked field
	// that is empty is cleared; a field outside Mask is left as it is. For
	// Create, fields outside Mask stay unset.
	Contact Contact
	Mask    Fields
	// AllowDuplicate passes the provider's duplicate rule, after a person
	// has said so.
	AllowDuplicate bool
}

// Outcome tells how one Mutation ended.
type Outcome uint8

// The outcomes of a Mutation.
const (
	OK        Outcome = iota
	Conflict          // the record has another Version: read, merge, try again
	Duplicate         // the provider's duplicate rule; Existing where known
	Gone              // the record does not exist any more
	ReadOnly          // locked, converted, in approval
	Invalid           // refused for its content; Field and Message say why
	Forbidden         // this user may not, for this record only
	Retry             // throttled or failing, and certainly not applied
	Unknown           // sent, and no answer: look for it before any repetition
	NotRun            // the batch stopped before this one
)

var outcomeNames = [...]string{"ok", "conflict", "duplicate", "gone", "read-only", "invalid", "forbidden", "retry", "unknown", "not-run"}

// String is the outcome in a word.
func (o Outcome) String() string { return outcomeNames[o] }

// Result answers one Mutation.
type Result struct {
	Outcome Outcome
	ID      ID
	// Version is the record's version after the write. "" means that the
	// provider gave none, or may have altered what was sent: read it again.
	Version Version
	// Record is set where the answer carried the record as it is now stored.
	Record *Record
	// Existing names the records that a Duplicate stumbled over, where known.
	Existing []ID
	// Field and HasField name what was refused; Message is a sentence for
	// people without contact data. Cause is for the log.
	Field    Field
	HasField bool
	Message  string
	Cause    error
	// RetryAfter is how long to wait, where the provider said so.
	RetryAfter time.Duration
}

// Book is one side of a sync: what one signed-in user may see of one entity of
// one provider. It is safe for concurrent use. Every method returns one of this
// package's errors (see Error) for trouble with the connection as a whole.
type Book interface {
	// Describe says who is connected and what this Book can hold and do.
	// It depends on the user's permissions and edition, not only on the
	// provider. It may ask the provider once and remember the answer.
	Describe(ctx context.Context) (Description, error)
	// Changes yields pages of what changed since cursor; a nil cursor yields
	// everything. A record may appear more than once; the last one counts.
	// It yields ErrCursorExpired when only a complete listing can help.
	Changes(ctx context.Context, cursor Cursor) iter.Seq2[Page, error]
	// Get reads records by ID, any number of them. IDs that do not exist are
	// reported in missing; IDs that exist but may not be seen are in neither.
	Get(ctx context.Context, ids []ID) (found []Record, missing []ID, err error)
	// Find looks records up: for recovery after a lost reply, and for matching.
	Find(ctx context.Context, q Query) ([]Record, error)
	// Write applies at most Description.Batch mutations and answers each, in
	// order. The error is for the connection as a whole; with an error the
	// results that are known are returned too, the others being NotRun or Unknown.
	Write(ctx context.Context, m []Mutation) ([]Result, error)
	// Project is what c looks like after this Book stored it and gave it back:
	// fields it lacks dropped, capacities cut, text normalised. It is pure,
	// and Project(Project(c)) equals Project(c).
	Project(c Contact) Contact
}

// Stamp is a record's ID and Version, without its content.
type Stamp struct {
	ID      ID
	Version Version
}

// Sweeper is a Book without tombstones that can list the IDs of everything
// there is more cheaply than by reading it. The listing is complete only if
// the sequence ends without an error.
type Sweeper interface {
	Sweep(ctx context.Context) iter.Seq2[[]Stamp, error]
}
