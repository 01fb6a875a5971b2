package enginetest

import (
	"fmt"
	"slices"

	"tandem/server/engine/plan"
)

// Place is one of the three things that a run touches.
type Place uint8

// The places.
const (
	AtLeft Place = iota
	AtRight
	AtLedger
)

// String is the place in a word.
func (p Place) String() string { return [...]string{"left", "right", "ledger"}[p] }

// Act is what a run does at a place.
type Act uint8

// The acts: five of a Book, four of the ledger.
const (
	Describe Act = iota
	ListPage
	SweepPage
	Get
	Find
	Write
	Begin
	Reserve
	Commit
	End
)

// String is the act in a word.
func (a Act) String() string {
	return [...]string{"describe", "page", "sweep", "get", "find", "write", "begin", "reserve", "commit", "end"}[a]
}

// Point is one I/O point of a run: the Nth time (from 1) that it does Act at
// Place. Left and right are counted apart, as they are listed at the same time.
type Point struct {
	Place Place
	Act   Act
	N     int
}

// String is "left write 2".
func (p Point) String() string { return fmt.Sprintf("%s %s %d", p.Place, p.Act, p.N) }

// Kind is a way to fail.
type Kind uint8

// The kinds of faults.
const (
	CrashBefore     Kind = iota // the process ends before the effect
	CrashAfter                  // and after it
	LostReply                   // the effect takes place, the answer is lost
	Throttled                   // 429: no effect
	Refused412                  // 412 for every mutation: no effect
	Failing                     // 500: no effect, which we cannot know
	FailedAfter                 // 500 after the effect
	SignedOut                   // 401: no effect
	Partial                     // half of the batch is carried out, the rest not run
	Late                        // the created record shows up only later
	LateLost                    // the same, and the answer is lost
	Truncated                   // a page is cut, and the stream ends
	Empty                       // a page comes empty
	Expired                     // the cursor is no longer known
	Paused                      // the run sleeps so long that another one takes its pair
	Colleague                   // another user of the same CRM syncs at that moment
	TypesSame                   // a person edits the scenario's field at that moment, in the CRM
	TypesSameThere              // in the address book
	TypesOther                  // another field, in the CRM
	TypesOtherThere             // in the address book
	TypesNew                    // a person adds somebody in the CRM
	TypesNewThere               // in the address book
	Removes                     // a person deletes the record in the CRM
	RemovesThere                // in the address book
	kinds
)

var kindNames = [kinds]string{
	"crash before", "crash after", "lost reply", "429", "412", "500", "500 after effect", "401", "partial batch",
	"late visibility", "late visibility and lost reply", "truncated page", "empty page", "expired cursor", "paused", "colleague syncs",
	"person edits same field left", "person edits same field right", "person edits other field left",
	"person edits other field right", "person adds left", "person adds right", "person deletes left", "person deletes right",
}

// String is the kind in words.
func (k Kind) String() string { return kindNames[k] }

// Kinds are all kinds of faults.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// ByPerson reports whether the kind is a person's act and not a failure.
func (k Kind) ByPerson() bool { return k >= TypesSame }

// side is where the person acts.
func (k Kind) side() plan.Side {
	switch k {
	case TypesSameThere, TypesOtherThere, TypesNewThere, RemovesThere:
		return plan.Right
	}
	return plan.Left
}

// Strikes reports whether the kind means anything for an act.
func (k Kind) Strikes(a Act) bool {
	local := a >= Begin
	switch k {
	case CrashBefore, CrashAfter, Paused, Colleague:
		return true
	case Failing, FailedAfter:
		return local || a == Write || k == Failing
	case LostReply, Throttled, SignedOut:
		return !local
	case Refused412, Partial, Late, LateLost:
		return a == Write
	case Truncated, Empty:
		return a == ListPage || a == SweepPage && k == Truncated
	case Expired:
		return a == ListPage
	}
	return slices.Contains([]Act{ListPage, Get, Find, Write, Reserve, Commit}, a)
}

// Fault is one failure at one point.
type Fault struct {
	Point Point
	Kind  Kind
}

// String is "lost reply at left write 2".
func (f Fault) String() string { return f.Kind.String() + " at " + f.Point.String() }
