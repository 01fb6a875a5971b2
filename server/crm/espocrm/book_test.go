package espocrm_test

import (
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	"tandem/server/provider"
	sandbox "tandem/server/sandbox/espocrm"
)

// TestBook passes the Book through the house's suite: both entities, both ways
// to sign in, both ways of keeping phone numbers.
func TestBook(t *testing.T) {
	for name, w := range map[string]world{
		"contacts, password":     {entity: provider.EntityContacts, judge: true},
		"contacts, API key":      {entity: provider.EntityContacts, apiKey: true, scope: provider.ScopeAll},
		"contacts, loose phones": {entity: provider.EntityContacts, options: sandbox.Options{LoosePhones: true, Versions: true}},
		"leads, password":        {entity: provider.EntityLeads, scope: provider.ScopeAll},
		"leads, API key":         {entity: provider.EntityLeads, apiKey: true, judge: true, options: sandbox.Options{PhoneExtensions: true}},
		"leads, small pages":     {entity: provider.EntityLeads, options: sandbox.Options{MaxPage: 3, NoTokens: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, w)
			booktest.Run(t, booktest.Options{
				Open:          w.open,
				Second:        w.open,
				Organizations: []string{"Acme GmbH", "Globex & Sons"},
				Required:      contact.FieldsOf(contact.Surname),
				Raw:           w.raw,
				Many:          8,
				Foreign: func(t *testing.T, id contact.ID) func(*testing.T) {
					w.crm.Set(w.kind(), string(id), map[string]any{"doNotCall": true, "cFavouriteColour": "blue"})
					return func(t *testing.T) {
						if raw := w.crm.Raw(w.kind(), string(id)); raw["doNotCall"] != true || raw["cFavouriteColour"] != "blue" {
							t.Errorf("what is not mapped now reads %v, %v", raw["doNotCall"], raw["cFavouriteColour"])
						}
					}
				},
				PersonEdit: func(t *testing.T, id contact.ID, f contact.Field, v contact.Value) {
					if !w.crm.Edit(w.kind(), string(id), func(c *contact.Contact) { *c = c.Set(f, v) }) {
						t.Errorf("the sandbox has no %q", id)
					}
				},
			})
		})
	}
}
