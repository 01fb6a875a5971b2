package views

// Activity is the page of all runs.
type Activity struct {
	Page
	Runs []RunLine
	// Older is the address of the next page, "" for none.
	Older string
}

// RunLine is one run in a list.
type RunLine struct {
	ID string
	// Kind is "Sync", "Preview", "Reset", "Undo"; Trigger who began it
	// ("Started by you", "Automatic").
	Kind, Trigger string
	// State is "Queued", "Running", "Planned", "Succeeded", "Halted" or
	// "Failed"; Tone goes with it.
	State string
	Tone  Tone
	When  Moment
	Took  string // "4 s", "" while running
	// Text is the outcome in a line ("12 created, 3 updated"); the sentence of
	// the reason where it halted or failed.
	Text string
}

// SideCount is what a run did, or would do, to one side.
type SideCount struct {
	Name                                 string // the provider's name
	Created, Updated, Deleted, Unchanged int
}

// Run is the page of one run: its counts and its rows. For a preview it is
// the result, with Confirm.
type Run struct {
	Page
	Line   RunLine
	Counts [2]SideCount
	Linked int
	// Reason is the sentence of a halted or failed run, "" else.
	Reason string
	// Progress is set while it runs.
	Progress *Progress
	// Halt is set while it waits for a person.
	Halt *Halt
	// Apply offers "Sync contacts now" below a preview.
	Apply bool
	// Would is set where nothing was written: the counts and rows are what would
	// be done.
	Would bool
	// CanUndo offers Undo of this run (30 days).
	CanUndo bool
	// Filters choose the kind of rows; the first is "" for all.
	Filters []Filter
	Rows    []Row
	// Bulk are buttons for all rows of the current filter; they post to
	// ItemsPath with do and kind.
	Bulk []Act
	// Kind is the current filter.
	Kind string
	// More is the address of the next rows, "" for none.
	More string
	// Report is the address of all rows as a file, "" for none.
	Report string
}

// Filter is one kind of rows with its number.
type Filter struct {
	Kind, Label string
	Count       int
}

// Row is one line of a run's report: one person.
type Row struct {
	ID string
	// Kind is what the row is about, as a word for the badge: "Created" ("To
	// create" where nothing was written), "Updated", "Deleted", "Linked",
	// "Conflict", "Differs", "Review", "Not in sync", "Failed", "No room".
	Kind string
	Tone Tone
	Name string
	// Where says on which side ("in iCloud"), "" for none; Reason why.
	Where, Reason string
	// Changes are the fields with their values before and after.
	Changes []Change
	// Both are fields whose values differ between the sides.
	Both []Both
	// Candidates are the possible partners of a review, to choose one of.
	Candidates []Option
	// Acts are the buttons; they post to ItemPath with do.
	Acts []Act
	// Resolved says how it was settled, "" while open.
	Resolved string
	// Open leads to the record in the CRM, "" for none.
	Open string
}

// Change is one field before and after. An empty text is shown as "(empty)".
type Change struct{ Field, Before, After string }

// Both is one field with the values of both sides.
type Both struct {
	Field       string
	Left, Right string
	// Winner is "left" or "right" for the value that stands, "" where each
	// side kept its own.
	Winner string
}

// Act is one button of a row: do=Do.
type Act struct {
	Do, Label string
	Primary   bool
}
