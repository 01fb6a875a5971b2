package views

// Connections is the page Connections > Contacts.
type Connections struct {
	Page
	CRM      Side
	Contacts Side
	Sync     Sync
}

// Side is one of the two sections: the CRM or "Contacts server details".
type Side struct {
	// Key is "crm" or "contacts".
	Key string
	// Providers is the dropdown, in menu order. Leave it empty where there is
	// nothing to choose: the organization has chosen its CRM.
	Providers []Option
	// Chosen is the ID of the provider whose form is shown; "" shows the
	// dropdown alone.
	Chosen string
	// Form connects to the chosen provider. It is shown while not connected,
	// and below "Reconnect needed". Nil where nothing is chosen.
	Form *ConnectForm
	// Connection is set while connected or in need of reconnecting.
	Connection *Connection
}

// Connection is one user's account at one provider.
type Connection struct {
	// Provider is its name (EspoCRM); Account the account's name or e-mail;
	// Address the host or the address book, "" for none.
	Provider, Account, Address string
	// Since is when it was connected.
	Since Moment
	// Reconnect is the sentence shown with "Reconnect needed"; "" where the
	// connection works.
	Reconnect string
	// Notes are sentences about the connection ("Deleted contacts cannot be
	// restored there.").
	Notes []string
}

// ConnectForm asks for what one provider needs. It posts to
// ConnectPath(Side.Key) with provider and method.
type ConnectForm struct {
	// Provider and Name are the provider's ID and name.
	Provider, Name string
	// Help is a sentence above the fields, HelpURL the provider's page about it.
	Help, HelpURL string
	// Error is a fault of the whole form: what happened and what to do.
	Error string
	// Ways are the ways to sign in, the recommended one first. The first is
	// shown open, unless another one holds an error.
	Ways []ConnectWay
}

// ConnectWay is one way to sign in to a provider.
type ConnectWay struct {
	// Method is "form" or "oauth".
	Method string
	// URL is the address field; nil where the provider needs none.
	URL *URLField
	// Fields are the form's fields; none for a plain redirect.
	Fields []Field
	// Attempt continues a form whose first step succeeded: the provider asks
	// one more thing (which address book). "" in the first step.
	Attempt string
	// Typed marks a form that comes back with an error: it is shown open.
	Typed bool
}

// URLField asks for the server's address: custom_url_on and custom_url. With
// Checkbox it is the box "Custom URL" with a field that appears with it,
// without it a plain field.
type URLField struct {
	Checkbox, Checked bool
	Required          bool
	Label             string // without Checkbox: "Server address"
	Value             string
	Placeholder       string
	Help              string // "Leave it blank if unsure."
	Error             string
}

// Field is one field of a form. Its name on the wire is "f." + Name. Secret
// fields never show a Value.
type Field struct {
	Name, Label, Help, Placeholder, Value string
	Error                                 string
	Required, Secret                      bool
	// Options make it a choice.
	Options []Option
	// OnlyIf shows the field only while another one has a value ("auth=password").
	OnlyIf string
	// Autocomplete is the HTML token, "" for "off".
	Autocomplete string
}

// Sync is the section below the two sides.
type Sync struct {
	// Missing is "crm" or "contacts" where that side must be connected first,
	// MissingLabel the button ("Connect to EspoCRM"). "" once both are connected.
	Missing, MissingLabel string
	// Paused is a sentence where syncing waits ("Reconnect needed"), "" else.
	Paused string
	// Summary says in a line what is in step with what ("EspoCRM contacts to
	// iCloud, one way").
	Summary string
	// Auto is the state of "Enable automatic contacts sync"; AutoEvery its
	// interval ("every 10 minutes").
	Auto      bool
	AutoEvery string
	// Last is the last run, nil before the first; Next when the next one comes.
	Last *RunLine
	Next Moment
	// Progress is set while a run is under way.
	Progress *Progress
	// Halt is set where a run waits for a person.
	Halt *Halt
	// Reset is what the dialog of "Reset contacts sync" says.
	Reset Reset
	// CanUndoReset offers "Undo reset" (30 days).
	CanUndoReset bool
	// CanSweep offers "Check for deletions now" (providers without tombstones).
	CanSweep bool
}

// Progress is a run under way.
type Progress struct {
	// Text says what is being done ("Reading EspoCRM").
	Text string
	// Done and Total give the bar; a Total of 0 is a bar without an end.
	Done, Total int
	// Waiting is a sentence where the provider asks to wait, "" else.
	Waiting string
	// Finished is the last message of a stream: Text is the outcome.
	Finished bool
	// Refresh is the page to take anew once the stream ends.
	Refresh string
}

// Halt is a run that stopped before its first write and waits for Yes.
type Halt struct {
	Run string // its ID, sent as run
	// Title ("Waiting for your Yes", "Stopped before writing"), Text the
	// sentence with the figures.
	Title, Text string
	Counts      [2]SideCount
	// Confirm is the button ("Yes, sync contacts").
	Confirm string
}

// Reset is the dialog of "Reset contacts sync".
type Reset struct {
	// Links is the number of links to forget, Removed how many contacts that
	// the user had deleted would come back.
	Links, Removed int
}
