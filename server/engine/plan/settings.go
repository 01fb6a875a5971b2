package plan

import "tandem/server/contact"

// Direction is the Sync direction.
type Direction string

// The three directions.
const (
	ContactsToCRM Direction = "contacts-to-crm" // One way (contacts to CRM)
	CRMToContacts Direction = "crm-to-contacts" // One way (CRM to contacts)
	TwoWay        Direction = "two-way"         // Two way
)

// Writes reports whether the direction writes to side.
func (d Direction) Writes(s Side) bool {
	return d == TwoWay || d == CRMToContacts && s == Right || d == ContactsToCRM && s == Left
}

// ConflictRule says which value stands where both sides changed a field.
type ConflictRule string

// The conflict rules. Newest falls back to CRMWins where a side has no time.
const (
	CRMWins      ConflictRule = "crm"
	ContactsWins ConflictRule = "contacts"
	NewestWins   ConflictRule = "newest"
	AskMe        ConflictRule = "ask"
)

// DeletionRule says what happens on one side when the other side's record was
// deleted.
type DeletionRule string

// The deletion rules. Trash deletes only what we created and nobody edited.
const (
	Keep       DeletionRule = "keep"
	Trash      DeletionRule = "trash"
	DeleteRule DeletionRule = "delete"
)

// Settings are the effective settings of one user as far as a Plan depends on
// them.
type Settings struct {
	Direction Direction
	// Lead is set where the CRM entity to sync is Leads.
	Lead     bool
	Conflict ConflictRule
	// OnDelete is, per side, what happens there when the other side's record
	// was deleted. Default: Left Keep, Right Trash.
	OnDelete [2]DeletionRule
	// AllMine: all of the address book goes to the CRM, not only the category.
	AllMine bool
	// Category is ours: "CRM Contacts" or "CRM Leads".
	Category string
	Norm     contact.Norm
	// Map is the direction of each field, a subset of Direction. A field
	// without an entry is not synchronised.
	Map map[contact.Field]Direction
}

// DefaultMap is the default field map (two-way unless said otherwise).
func DefaultMap(lead bool) map[contact.Field]Direction {
	m := map[contact.Field]Direction{}
	for _, f := range []contact.Field{
		contact.Title, contact.Given, contact.Given2, contact.Surname, contact.Generation, contact.FullName,
		contact.Organization, contact.Unit, contact.JobTitle, contact.Emails, contact.WorkPhones,
		contact.MobilePhones, contact.Faxes, contact.WorkAddress, contact.Website,
	} {
		m[f] = TwoWay
	}
	m[contact.HomePhones] = CRMToContacts
	m[contact.Birth] = CRMToContacts
	return m
}

// Defaults are the settings a new user starts with.
func Defaults() Settings {
	return Settings{
		Direction: CRMToContacts,
		Conflict:  CRMWins,
		OnDelete:  [2]DeletionRule{Left: Keep, Right: Trash},
		Category:  "CRM Contacts",
		Map:       DefaultMap(false),
	}
}
