// Package plan is the pure core: Plan = f(links, changes, settings). It does
// no I/O, reads no clock and draws no random number, so that every decision
// about somebody's contacts can be shown, counted, refused and tested before
// anything is written.
//
// Left is always the CRM, right is always the contacts server. A side is
// compared with Project(base), never with the base itself, and a side that did
// not change since the base is never written for its own sake: that is what
// keeps two normalising servers from writing to each other for ever.
package plan

import "tandem/server/contact"

// Side tells the two Books apart.
type Side uint8

// The two sides.
const (
	Left  Side = iota // the CRM
	Right             // the contacts server
)

// Other is the opposite side.
func (s Side) Other() Side { return 1 - s }

// String is "left" or "right", as in reports.
func (s Side) String() string { return [...]string{"left", "right"}[s] }

// Base is the value last agreed on with one side, per field, as that side gives
// it back. A field without an entry was never agreed on.
type Base map[contact.Field]contact.Value

// Link is the durable pair as the planner sees it.
type Link struct {
	ID   string
	Side [2]Half
	// CreatedSide is the side whose record we created; -1 where both existed.
	CreatedSide int8
	// Edited is set once a person edited the record that we created.
	Edited bool
	State  LinkState
}

// Half is one side of a Link.
type Half struct {
	ID      contact.ID
	Version contact.Version
	Base    Base
}

// LinkState tells whether a Link is at work.
type LinkState uint8

// The states of a Link.
const (
	Active          LinkState = iota
	RemovedLeft               // a person deleted the left record: never create it again
	RemovedRight              // a person deleted the right record: never create it again
	Never                     // a person chose "Never sync this person"
	Parked                    // waits for a person: written in three runs without an edit, or refused
	OutOfScope                // its left record left the scope: kept, waits for its return
	OutOfScopeRight           // the same for its right record
)

// Fate tells what became of a linked record since the last run.
type Fate uint8

// The fates of a record.
const (
	Unchanged Fate = iota // not listed, or listed with the same content
	Touched               // listed anew: Pair.Record is set
	Deleted               // a tombstone, or absent from a complete listing and confirmed missing by a direct read
	LeftScope
	Converted // Into is set where the provider says which record lives on
	Merged
)

// Pair is one Link of which at least one side was listed, with both sides as
// they are now. A side that is Unchanged and has no Record is taken for what its
// base says: an edit that stays on a side (one way, Ask me) does not show there,
// so both records should be read wherever something may be written.
type Pair struct {
	Link   Link
	Fate   [2]Fate
	Record [2]*contact.Record
	Into   [2]contact.ID
}

// Known is a record that did not change but shares a match key with one that
// did: a possible partner, or, where Linked is set, proof that the partner
// already has somebody.
type Known struct {
	Record contact.Record
	Linked bool
}

// Book is what the planner knows of one side.
type Book struct {
	Description contact.Description
	// Project is the Book's Project: pure.
	Project func(contact.Contact) contact.Contact
	// Listed is the size of a complete listing, -1 where only changes were
	// listed. Before is the size of the last complete listing, -1 where none.
	Listed, Before int
}

// Input is everything a Plan depends on.
type Input struct {
	Settings Settings
	Book     [2]Book
	// Pairs are the linked records to look at.
	Pairs []Pair
	// Fresh are listed records without a Link, Known possible partners.
	Fresh [2][]contact.Record
	Known [2][]Known
	// Refused are record IDs that a person or a remembered deletion excludes
	// from linking and creating, with the reason to show.
	Refused [2]map[contact.ID]Reason
	// First marks the first run after a connect, a reset, or a change of
	// direction, entity or scope: links, creates, fills blanks, never deletes.
	First bool
	// SettingsChanged is set where a change of settings explains many updates.
	SettingsChanged bool
	// Links is the number of active Links before this run.
	Links int
	// Confirmed is set once a person has seen the plan and said Yes: the guard
	// and the question before a first write to the CRM do not halt it again.
	Confirmed bool
	// Shown is what that person saw: a plan that does clearly more is asked about
	// again. Nil is a Yes to whatever it is, as a command gives it.
	Shown *[2]Count
}

// Kind is what an Op does.
type Kind uint8

// The kinds of Op.
const (
	Create Kind = iota // creates Contact on Side and links it with Source
	Update             // writes Mask of Contact to Side
	Delete             // deletes (moves to the trash) on Side, then unlinks
	LinkUp             // links two records that both exist; nothing is sent
	Rebase             // nothing is sent: bases and versions move on
	Unlink             // nothing is sent: the Link is dropped or gets State
	Relink             // nothing is sent: a half of the Link gets a new ID
)

var kindNames = [...]string{"create", "update", "delete", "link", "rebase", "unlink", "relink"}

// String is the kind in a word.
func (k Kind) String() string { return kindNames[k] }

// Op is one step of a Plan. One pair may need several, which are adjacent and
// in order: a LinkUp, Relink or Rebase first, then an Update of the left, then of the
// right side. Each presumes that the one before it is done: where one fails, the
// rest of the pair waits for the next run. Updates after a LinkUp have no Link
// yet; they are told by the IDs.
type Op struct {
	Kind Kind
	// Side is the side that is written (Create, Update, Delete, Relink).
	Side Side
	// Link is the Link at hand, "" where it is made by this Op. Ops of one pair
	// are adjacent.
	Link string
	// Half holds ID, Version and the base each side has once this Op is done
	// (for Create without the new ID). The written side's Version is the one
	// that the write depends on; its base is replaced by Back once the record
	// was read back. A Half with an ID and no Version has content that nobody
	// has seen yet: both records are read in the next run.
	Half [2]Half
	// CreatedSide and Edited are what the Link gets.
	CreatedSide int8
	Edited      bool
	State       LinkState // Unlink: what the Link becomes; Active means dropped
	// Contact and Mask are what is written.
	Contact contact.Contact
	Mask    contact.Fields
	// Pending are fields that a later Op of the same pair writes: until then
	// their bases stay what they were.
	Pending contact.Fields
	// Before is the written record as it is now: the before-image. For Create
	// it is the source record.
	Before contact.Contact
	Reason Reason
	// Name is the person's name for reports.
	Name string
}

// NoteKind is what a Note is about.
type NoteKind uint8

// The kinds of Note.
const (
	Conflict   NoteKind = iota // both sides changed a field differently
	Difference                 // the sides differ since the first run and stay so
	Review                     // ambiguous: a person decides
	Excluded                   // not in sync, with the reason
	Overflow                   // a side has no room for a value that the other keeps
)

var noteNames = [...]string{"conflict", "difference", "review", "excluded", "overflow"}

// String is the kind in a word.
func (k NoteKind) String() string { return noteNames[k] }

// Note is something a Plan tells people without doing anything about it.
type Note struct {
	Kind   NoteKind
	Link   string
	ID     [2]contact.ID // "" where a side has no record
	Field  contact.Field // Conflict, Difference, Overflow
	Value  [2]contact.Value
	Winner Side // Conflict: whose value stands
	Reason Reason
	// Candidates are the other side's records for a Review.
	Candidates []contact.ID
	Name       string
}

// Reason says in a closed vocabulary why something is or is not done.
type Reason string

// The reasons.
const (
	ReasonNew           Reason = "new"
	ReasonEdited        Reason = "edited"
	ReasonFilled        Reason = "filled a blank"
	ReasonDeleted       Reason = "deleted on the other side"
	ReasonMarker        Reason = "same marker"
	ReasonEmail         Reason = "same e-mail"
	ReasonNamePhone     Reason = "same name and phone"
	ReasonNameCompany   Reason = "same name and company"
	ReasonAmbiguous     Reason = "several possible partners"
	ReasonTaken         Reason = "the possible partner is already in sync with another record"
	ReasonDuplicate     Reason = "the same person appears more than once on this side"
	ReasonRole          Reason = "a shared address such as info@ with a different name"
	ReasonTooLittle     Reason = "too little data: a name and an e-mail or a phone are needed"
	ReasonPrivate       Reason = "marked private"
	ReasonNotInCategory Reason = "not in the category CRM Contacts"
	ReasonRemoved       Reason = "removed by you"
	ReasonNever         Reason = "never sync this person"
	ReasonReadOnly      Reason = "this record may not be changed"
	ReasonLeftScope     Reason = "no longer in the scope"
	ReasonConverted     Reason = "the lead was converted"
	ReasonDirection     Reason = "the direction does not create here"
	ReasonFirstRun      Reason = "differs since the first run"
	ReasonKept          Reason = "kept, because it was not created by us or was edited"
	ReasonTooLong       Reason = "too long for the other side"
	ReasonOneWay        Reason = "edited at the target; stays until the source changes it"
	ReasonCapacity      Reason = "the other side has no room for it"
	ReasonBoth          Reason = "edited on both sides"
	ReasonAsk           Reason = "edited on both sides: waits for your decision"
	ReasonMerged        Reason = "merged into another record"
	ReasonReturned      Reason = "is back"
	ReasonParked        Reason = "waits for you: it could not be brought to rest"
)

// Halt says why a Plan must not be carried out before a person confirms.
type Halt string

// The reasons to halt. The report shows them as they stand.
const (
	HaltDeletes  Halt = "too many deletions"
	HaltEmptied  Halt = "one side is empty"
	HaltShrunken Halt = "a listing is much shorter than the last one"
	HaltUpdates  Halt = "more than half of the linked contacts would be rewritten"
	HaltFirst    Halt = "the first run would write to the CRM"
)

// Count is what a Plan does to one side.
type Count struct{ Created, Updated, Deleted, Unchanged int }

// Plan is what a run would do.
type Plan struct {
	Ops    []Op
	Notes  []Note
	Count  [2]Count
	Linked int
	// Halt is set where a person has to confirm first; Detail is a sentence
	// with the figures.
	Halt   Halt
	Detail string
}
