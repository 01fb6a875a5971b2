package views

// Setting is one setting as one user, one profile or the organization sees it.
// Its Name is also its name in the form.
type Setting struct {
	// Name is the store's word ("direction"), Label what people read.
	Name, Label, Help string
	Value             string
	// Options make it a choice; without them it is typed text.
	Options []Option
	// Number makes a typed setting a number between Min and Max, with a Unit.
	Number   bool
	Min, Max int
	Unit     string
	// From says where the value comes from ("Default", "Global settings",
	// "Sync profile Sales", "Your own choice").
	From string
	// Open: this user may set it. Otherwise it is disabled with "Set by your
	// organization". Handlers ignore what is sent for a closed setting.
	Open bool
	// Locked is the state of the administrators' lock.
	Locked bool
	// Error is a fault of what was typed.
	Error string
}

// Settings is the page Sync settings > Contacts.
type Settings struct {
	Page
	// The settings, by their place on the page. Mine is shown where the
	// direction writes to the CRM. A Setting without a Name is left out.
	Direction, Entity, Mine             Setting
	Conflict, DeleteCRM, DeleteContacts Setting
	Scope, Interval, Country            Setting
	// MineCounts says beside each option of Mine how many contacts it means,
	// by value; "" where unknown.
	MineCounts map[string]string
	// MoreOpen shows More settings opened: something in there has an error.
	MoreOpen bool
	// Left and Right are the names of the two providers, for the field map.
	Left, Right string
	Map         []MapRow
}

// MapRow is one line of the field map.
type MapRow struct {
	Field string // "E-mail"
	// Direction is "two-way", "crm-to-contacts", "contacts-to-crm", or "" where
	// the field is not synchronised.
	Direction string
	// Note explains an exception, "" for none.
	Note string
}

// Global is the page Global settings, for administrators.
type Global struct {
	Page
	// CRM (Options: the menu, with "" for "Not chosen") and CRMURL are the
	// organization's; they have no lock.
	CRM, CRMURL Setting
	// Settings apply to all users; each has a lock.
	Settings []Setting
}

// Profiles is the page Sync profiles, for administrators.
type Profiles struct {
	Page
	Profiles []ProfileLine
	// NewName and NewError bring back what was typed for a new profile.
	NewName, NewError string
	Users             []UserLine
}

// ProfileLine is one sync profile in the list.
type ProfileLine struct {
	ID, Name string
	Users    int
	// Overrides names what the profile sets ("Sync direction, Scope").
	Overrides []string
}

// UserLine is one user of the organization.
type UserLine struct {
	ID, Name, Email string
	// Role is "Administrator" or "User"; ProfileID and Profile the assigned
	// sync profile, "" for none.
	Role, ProfileID, Profile string
	// State says how their connections stand ("Connected", "Reconnect needed",
	// "Not connected"); Tone goes with it.
	State string
	Tone  Tone
}

// Profile is the page of one sync profile.
type Profile struct {
	Page
	ID, Name  string
	NameError string
	// Settings: a Value of "" takes the global value, which Help names.
	Settings []Setting
	// Users are all users; those whose ProfileID is ID have this profile.
	Users []UserLine
}
