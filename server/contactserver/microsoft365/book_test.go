package microsoft365

import (
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	"tandem/server/sandbox/graph"
)

// TestBook passes the suite, the service behaving well and not.
func TestBook(t *testing.T) {
	for name, q := range map[string]graph.Quirks{
		"well behaved":   {},
		"busy delta":     {EmptyPages: true, Replays: true, RemovedFirst: true},
		"expires by 400": {SyncStateNotFound: true},
		"trash readable": {TrashReadable: true, Silent: true},
		"own folder":     {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, graph.Options{Quirks: q, Directory: map[string]string{"boss@contoso.example": "The Boss"}})
			if name == "own folder" {
				w.values = map[string]string{fieldFolder: folderOwn}
			}
			b, _ := w.connected(t)
			booktest.Run(t, booktest.Options{
				Open:   func(*testing.T) contact.Book { return b },
				Second: func(t *testing.T) contact.Book { return w.open(t) },
				Raw:    w.raw,
				Foreign: func(t *testing.T, id contact.ID) func(*testing.T) {
					w.Set(tester, string(id), "personalNotes", "Private\nto me")
					w.Set(tester, string(id), "spouseName", "Robin")
					w.Set(tester, string(id), "imAddresses", []any{"sip:x@example.com"})
					return func(t *testing.T) {
						for _, want := range []string{`"Private\r\nto me"`, `"Robin"`, `sip:x@example.com`} {
							if now := w.raw(t, id); !strings.Contains(now, want) {
								t.Errorf("%s is gone from\n%s", want, now)
							}
						}
					}
				},
				PersonEdit: func(t *testing.T, id contact.ID, f contact.Field, v contact.Value) {
					if !w.Edit(tester, string(id), func(c contact.Contact) contact.Contact { return c.Set(f, v) }) {
						t.Fatal("the record is not there")
					}
				},
				Many: 12,
			})
		})
	}
}

// life creates, finds, lists, edits and deletes one record.
func life(t *testing.T, b *book) {
	t.Helper()
	c := b.Project(ann())
	made := write1(t, b, contact.Mutation{Op: contact.Create, Marker: "m-1", Contact: c, Mask: fields})
	if made.Outcome != contact.OK {
		t.Fatalf("the create answers %v %s %v", made.Outcome, made.Message, made.Cause)
	}
	if found, err := b.Find(t.Context(), contact.Query{Emails: c.Emails, Name: "ann kim miller", Phone: "+49 30 901820"}); err != nil || len(found) != 1 {
		t.Errorf("Find gives %d, %v", len(found), err)
	}
	if found, err := b.Find(t.Context(), contact.Query{Name: "ann kim miller"}); err != nil || len(found) != 1 {
		t.Errorf("Find by name gives %d, %v", len(found), err)
	}
	all, cursor := listed(t, b, nil)
	if len(all) != 1 || all[made.ID].Record.Contact.Name.Surname != "Miller" {
		t.Errorf("the listing holds %+v", all)
	}
	r := write1(t, b, contact.Mutation{Op: contact.Update, ID: made.ID, Version: made.Version, Mask: contact.FieldsOf(contact.Title, contact.MobilePhones, contact.WorkAddress, contact.Birth)})
	if r.Outcome != contact.OK {
		t.Fatalf("the update answers %v %s %v", r.Outcome, r.Message, r.Cause)
	}
	if all, cursor = listed(t, b, cursor); len(all) != 1 || all[made.ID].Record.Contact.Name.Title != "" {
		t.Errorf("the changes hold %+v", all)
	}
	if r = write1(t, b, contact.Mutation{Op: contact.Delete, ID: made.ID, Version: r.Version}); r.Outcome != contact.OK {
		t.Errorf("the delete answers %v %s %v", r.Outcome, r.Message, r.Cause)
	}
	if all, _ = listed(t, b, cursor); all[made.ID].Kind != contact.Deleted {
		t.Errorf("the changes hold %+v", all)
	}
}

// ann is a person with every field.
func ann() contact.Contact {
	return contact.Contact{
		Name:     contact.Name{Title: "Dr.", Given: "Ann", Given2: "Kim", Surname: "Miller", Generation: "Jr."},
		Nickname: "Annie", Organization: "Acme GmbH", Unit: "Sales", JobTitle: "Head of Sales", Website: "https://example.com/ann",
		Emails: []string{"ann.miller@example.com", "ann@home.example.org"},
		Phones: []contact.Phone{{Kind: contact.PhoneWork, Number: "+49 30 901820"}, {Kind: contact.PhoneMobile, Number: "+491711234567"}, {Kind: contact.PhoneHome, Number: "030 1"}},
		Addresses: []contact.Address{
			{Kind: contact.AddressWork, Street: "Hauptstr. 1\n2nd floor", Locality: "Berlin", Region: "Berlin", Postcode: "10115", Country: "Germany"},
			{Kind: contact.AddressHome, Locality: "Potsdam"},
		},
		Birth: contact.Date{Year: 1985, Month: 3, Day: 4}, Categories: []string{"CRM Contacts"},
	}
}
