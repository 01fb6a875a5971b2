package contact

import "time"

// Account says who is connected.
type Account struct {
	ID    string // stable: another ID on the same connection is a new first run
	Name  string // shown behind "Connected"
	Email string
}

// Description says what one Book can hold and do, for one signed-in user.
type Description struct {
	Account Account
	// Fields are what the Book can hold, Writable what this user may write.
	Fields, Writable Fields
	// Capacity is how many elements a Set may hold; a Set without an entry
	// holds any number. MaxLen is the longest text of a field, in runes.
	Capacity, MaxLen map[Field]int
	// NameFallback is set where a record must have a surname (or full name):
	// the engine fills it with the company or the e-mail's local part.
	NameFallback bool
	// OrganizationExisting is set where a company is a record of its own: only
	// the name of one that exists can be written; others are left out.
	OrganizationExisting bool
	// Batch is the greatest number of mutations in one Write.
	Batch int
	// InFlight is how many requests may run at the same time. 0 means 2.
	InFlight int
	// Marker: created records carry our key and are found by it.
	Marker bool
	// Tombstones: Changes reports deletions. Otherwise the Book is swept.
	Tombstones bool
	// Conditional: Mutation.Version is honoured by the provider itself, not
	// emulated by reading first.
	Conditional bool
	// Trash: deleted records can be restored at the provider.
	Trash bool
	// Owner: records have an owner, so the scope "mine" means something.
	Owner bool
	// ReadOnly: this user may write nothing at all.
	ReadOnly bool
	// Grace is how long a created record may stay invisible.
	Grace time.Duration
	// Lossy names what people should know before they connect, one sentence
	// each ("Tryton keeps one text for the whole name.").
	Lossy []string
}
