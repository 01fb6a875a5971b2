package web

import (
	"tandem/store"
	"tandem/views"
)

// settingWords are the settings as people read them: label, help and the
// labels of their values.
var settingWords = map[string]struct {
	label, help string
	options     []views.Option
}{
	store.SettingDirection: {"Sync direction", "", []views.Option{
		{Value: "contacts-to-crm", Label: "One way (contacts to CRM)", Hint: "The CRM follows your contacts. Your contacts are never written."},
		{Value: "crm-to-contacts", Label: "One way (CRM to contacts)", Hint: "Your contacts follow the CRM. The CRM is never written."},
		{Value: "two-way", Label: "Two way", Hint: "An edit on either side reaches the other one."},
	}},
	store.SettingEntity: {"CRM entity to sync", "", []views.Option{
		{Value: "contacts", Label: "Contacts"}, {Value: "leads", Label: "Leads"},
	}},
	store.SettingScope: {"Whose CRM records", "", []views.Option{
		{Value: "mine", Label: "Mine", Hint: "Only records that belong to you."},
		{Value: "all", Label: "All that I may see"},
	}},
	store.SettingMine: {"Which of my contacts go to the CRM", "Contacts marked private never go.", []views.Option{
		{Value: "category", Label: "Those in the category CRM Contacts", Hint: "Put a contact in this category, and it goes to the CRM."},
		{Value: "all", Label: "All of my contacts", Hint: "Colleagues will see every one of them in the CRM."},
	}},
	store.SettingConflict: {"Both sides changed the same field", "The other value is kept under Activity.", []views.Option{
		{Value: "crm", Label: "The CRM wins"}, {Value: "contacts", Label: "My contacts win"},
		{Value: "newest", Label: "The newest wins", Hint: "The CRM wins where a side tells no time."},
		{Value: "ask", Label: "Ask me"},
	}},
	store.SettingDeleteContacts: {"Deleted in the CRM", "What happens to your contact.", []views.Option{
		{Value: "keep", Label: "Keep it"},
		{Value: "trash", Label: "Move it to the trash", Hint: "Only a contact that Tandem created and nobody edited since. Others are kept."},
		{Value: "delete", Label: "Delete it"},
	}},
	store.SettingDeleteCRM: {"Deleted in my contacts", "What happens to the CRM record.", []views.Option{
		{Value: "keep", Label: "Keep it", Hint: "It stays in the CRM and does not come back to your contacts."},
		{Value: "trash", Label: "Move it to the trash", Hint: "Only a record that Tandem created and nobody edited since. Others are kept."},
		{Value: "delete", Label: "Delete it"},
	}},
	store.SettingInterval: {"Automatic sync every", "", nil},
	store.SettingCountry:  {"Default country", "For phone numbers without a country code: two letters, for example DE.", nil},
	store.SettingCRM:      {"CRM", "Everybody connects to this one. Until it is chosen, the first user sees a list.", nil},
	store.SettingCRMURL:   {"Custom URL", "The address of your CRM. Users may leave the Custom URL blank then.", nil},
}

// layerWords say where a value comes from.
var layerWords = map[store.Layer]string{
	store.LayerDefault: "Default", store.LayerGlobal: "Global settings",
	store.LayerProfile: "Sync profile", store.LayerUser: "Your own choice",
}

// setting is one setting with a value, to be shown open.
func setting(name, value string) views.Setting {
	words := settingWords[name]
	s := views.Setting{Name: name, Label: words.label, Help: words.help, Value: value, Options: words.options, Open: true}
	if name == store.SettingInterval {
		s.Number, s.Min, s.Max, s.Unit = true, 5, 1440, "minutes"
	}
	return s
}
