package memory_test

import (
	"strings"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	"tandem/server/contact/memory"
)

// profiles are servers of very different abilities; each passes the suite.
func profiles() map[string]memory.Options {
	all := memory.Everything()
	poor := all
	poor.Marker, poor.Tombstones, poor.Conditional, poor.Trash, poor.Owner = false, false, false, false, false
	poor.Batch = 1
	poor.Fields &^= contact.NameParts | contact.FieldsOf(contact.Birth, contact.Faxes, contact.Nickname)
	poor.Writable = poor.Fields.Without(contact.Unit)

	crm := all
	crm.Fields = crm.Fields.Without(contact.FullName, contact.Nickname, contact.HomeAddress, contact.OtherAddress)
	crm.Writable = crm.Fields
	crm.Capacity = map[contact.Field]int{contact.Emails: 2, contact.WorkPhones: 1, contact.MobilePhones: 1}
	crm.MaxLen = map[contact.Field]int{contact.JobTitle: 100, contact.Surname: 80, contact.Given: 40}
	crm.NameFallback, crm.OrganizationExisting = true, true
	crm.Lossy = []string{"Only two e-mail addresses are kept."}

	shared := all
	shared.ReadOnly = true
	return map[string]memory.Options{
		"all":  {},
		"poor": {Description: poor, PageSize: 2, Taciturn: true},
		"crm":  {Description: crm, PageSize: 3, UniqueEmail: true, Companies: []string{"Acme", "Bolt Ltd"}, Now: time.Now, Mine: true},
		"normalising": {Description: all, Normalize: func(c contact.Contact) contact.Contact {
			c.Emails = lower(c.Emails)
			c.Notes = strings.TrimSpace(c.Notes)
			if c.Birth.Year == 0 {
				c.Birth = contact.Date{}
			}
			return c
		}},
		"readonly": {Description: shared},
	}
}

func lower(in []string) []string {
	var out []string
	for _, s := range in {
		out = append(out, strings.ToLower(s))
	}
	return out
}

func TestConformance(t *testing.T) {
	for name, o := range profiles() {
		t.Run(name, func(t *testing.T) {
			book := memory.New(o)
			options := booktest.Options{
				Open: func(*testing.T) contact.Book { return book },
				PersonEdit: func(_ *testing.T, id contact.ID, f contact.Field, v contact.Value) {
					book.Edit(id, func(c *contact.Contact) { *c = c.Set(f, v) })
				},
				Organizations: o.Companies,
			}
			if !o.Description.ReadOnly {
				options.Second = func(*testing.T) contact.Book { return book.As(contact.Account{ID: "memory", Name: "Memory"}) }
			}
			t.Cleanup(func() {
				if left := book.All(); len(left) > 0 {
					t.Errorf("the suite left %d records behind", len(left))
				}
				t.Logf("%d requests", book.Requests())
			})
			booktest.Run(t, options)
		})
	}
}
