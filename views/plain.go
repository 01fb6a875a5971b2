package views

// SignIn is the page before everything.
type SignIn struct {
	Page
	// To is where to go afterwards.
	To string
	// Provider names who signs people in ("Microsoft", "your organization").
	Provider string
}

// Continue is where the ticket of the sidebar leads: one button.
type Continue struct {
	Page
	// Name is who the ticket is for; Ticket travels back in the form.
	Name, Email, Ticket string
}

// Setup asks the first administrator for the code printed at the start.
type Setup struct {
	Page
	Error string
}

// Leave hands over to a provider's own sign-in by a link.
type Leave struct {
	Page
	Provider string // its name
	URL      string // the authorization request
}

// Confirm asks before something is done, where no dialog could be shown.
type Confirm struct {
	Page
	Text []string
	// Post is where Yes posts to; Yes its label; Danger colours it.
	Post, Yes string
	Danger    bool
	// Back is where Cancel leads.
	Back string
	// KeepRemoved shows the ticked box keep_removed with this label, "" for none.
	KeepRemoved string
}

// Help is one help page, or with Topics the overview.
type Help struct {
	Page
	Sections []HelpSection
	Topics   []Link
	// More is the provider's own page, nil for none.
	More *Link
}

// HelpSection is a heading with paragraphs and numbered steps.
type HelpSection struct {
	Heading    string
	Paragraphs []string
	Steps      []string
}

// Error is a page that says what happened and what to do.
type Error struct {
	Page
	// Status is the HTTP status, Text what happened, Todo what to do.
	Status     int
	Text, Todo string
	Action     *Link
}
