package store

// Layer is where a setting comes from.
type Layer string

// The layers, from the widest to the narrowest.
const (
	LayerDefault Layer = "default"
	LayerGlobal  Layer = "global"
	LayerProfile Layer = "profile"
	LayerUser    Layer = "user"
)

// The names of the settings. Values are the words of the command line.
const (
	SettingCRM            = "crm"       // provider ID; global only
	SettingCRMURL         = "crm-url"   // the organization's Custom URL; global only
	SettingDirection      = "direction" // crm-to-contacts, contacts-to-crm, two-way
	SettingEntity         = "entity"    // contacts, leads
	SettingScope          = "scope"     // mine, all
	SettingMine           = "mine"      // category, all: which of my contacts go to the CRM
	SettingConflict       = "conflict"  // crm, contacts, newest, ask
	SettingDeleteCRM      = "delete-crm"
	SettingDeleteContacts = "delete-contacts"
	SettingInterval       = "interval" // minutes, 5 to 1440
	SettingCountry        = "country"  // default country for phone numbers
)

// Effective is the value of a setting that applies to one user.
type Effective struct {
	Value string
	// From is the layer it comes from.
	From Layer
	// Open: the user may set it. Otherwise "Set by your organization".
	Open bool
}
