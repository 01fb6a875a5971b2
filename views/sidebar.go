package views

// Sidebar is the shell that Outlook frames. It is public and holds no data.
type Sidebar struct {
	// OfficeURL is office.js: Microsoft's address, or the demo's double.
	OfficeURL string
	// Script is the address of the add-in's module taskpane.js.
	Script string
}

// OfficeURL is where Microsoft serves office.js, the only place it may be
// loaded from.
const OfficeURL = "https://appsforoffice.microsoft.com/lib/1/hosted/office.js"

// Dialog is the end of the sign-in in the sidebar's dialog.
type Dialog struct {
	OfficeURL string
	// Script is the address of the add-in's module dialog.js.
	Script string
	// Code is handed to the sidebar by messageParent; "" where sign-in failed.
	Code string
	// Error is what happened and what to do, "" where it went well.
	Error string
}

// People is what the sidebar shows for one item.
type People struct {
	// Banners stand above: Reconnect needed, a halted run.
	Banners []Notice
	// Start is set for someone without connections: the first and only button,
	// with a ticket link to Connections > Contacts.
	Start *TicketLink
	// Empty says why nobody is shown ("Select a message to see its people.");
	// "" where People are shown.
	Empty  string
	People []Person
	// More is how many people of the item were left out.
	More int
	// Viewer's name and e-mail, for the foot.
	Name, Email string
}

// TicketLink is an address with a one-time ticket; it is renewed every
// TicketRenew seconds while it can be seen.
type TicketLink struct{ URL string }

// TicketRenew is the time after which a shown ticket is renewed, in seconds; a
// ticket lives 60 s.
const TicketRenew = 40

// Menu is the opened menu of the sidebar.
type Menu struct {
	Link TicketLink
	Name string // who is signed in
}

// PersonState is what the sidebar knows of a person.
type PersonState string

// The states of a person.
const (
	InSync         PersonState = "In sync"
	FoundNotSynced PersonState = "Found, not synced" // Reason says why: a colleague's record
	NotInCRM       PersonState = "Not in CRM"        // only after the CRM itself said so
	NotReachable   PersonState = "CRM not reachable"
	ConnectFirst   PersonState = "Connect your CRM"
)

// Person is one person of the item.
type Person struct {
	Name, Email string
	// Role is "Sender", "Recipient", "Organizer", "Attendee".
	Role           string
	Company, Title string
	Phone          string
	State          PersonState
	// Reason says more about the state in a sentence, "" for none.
	Reason string
	// CRM names the CRM and Record its record ("Contact", "Lead"); Open is its
	// address.
	CRM, Record, Open string
	// Others are further records of the same person.
	Others []Link
	// Checked is when the CRM was last asked.
	Checked Moment
}
