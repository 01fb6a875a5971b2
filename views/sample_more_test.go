package views_test

import "tandem/views"

var directions = []views.Option{
	{Value: "contacts-to-crm", Label: "One way (contacts to CRM)", Hint: "Your address book fills the CRM. Nothing is written to your contacts."},
	{Value: "crm-to-contacts", Label: "One way (CRM to contacts)", Hint: "The CRM fills your address book. Nothing is written to the CRM."},
	{Value: "two-way", Label: "Two way", Hint: "Changes travel both ways."},
}

func settings(direction string, open bool) views.Settings {
	from := "Your own choice"
	if !open {
		from = "Sync profile Sales"
	}
	choice := func(name, label, value string, o ...views.Option) views.Setting {
		return views.Setting{Name: name, Label: label, Value: value, Options: o, From: from, Open: open}
	}
	s := views.Settings{
		Page:      frame("Sync settings", views.TabSettings),
		Direction: choice("direction", "Sync direction", direction, directions...),
		Entity:    choice("entity", "CRM entity to sync", "contacts", views.Option{Value: "contacts", Label: "Contacts"}, views.Option{Value: "leads", Label: "Leads"}),
		Mine: choice("mine", "Which of my contacts go to the CRM", "category",
			views.Option{Value: "category", Label: "Those in the category CRM Contacts", Hint: "You choose each person by the category."},
			views.Option{Value: "all", Label: "All of my address book", Hint: "Items marked private never go."}),
		Conflict:       choice("conflict", "When both sides changed the same field", "crm", views.Option{Value: "crm", Label: "The CRM wins"}, views.Option{Value: "ask", Label: "Ask me"}),
		DeleteCRM:      choice("delete-crm", "When I delete a contact from my address book", "keep", views.Option{Value: "keep", Label: "Keep it in the CRM"}),
		DeleteContacts: choice("delete-contacts", "When a record is deleted in the CRM", "trash", views.Option{Value: "trash", Label: "Move our copy to the trash"}),
		Scope:          choice("scope", "Whose records", "mine", views.Option{Value: "mine", Label: "My own records"}, views.Option{Value: "all", Label: "All records I may see"}),
		Interval:       views.Setting{Name: "interval", Label: "Automatic sync every", Value: "10", Number: true, Min: 5, Max: 1440, Unit: "minutes", From: "Default", Open: true},
		Country:        choice("country", "Default country for phone numbers", "DE", views.Option{Value: "DE", Label: "Germany"}, views.Option{Value: "FR", Label: "France"}),
		MineCounts:     map[string]string{"category": "12 contacts", "all": "1,204 contacts"},
		Left:           "EspoCRM", Right: "iCloud",
		Map: []views.MapRow{
			{Field: "First name", Direction: "two-way"}, {Field: "E-mail", Direction: "two-way"},
			{Field: "Home phone", Direction: "crm-to-contacts", Note: "Private numbers do not leave your address book."},
			{Field: "Notes", Note: "Never, so that private notes stay private."},
		},
	}
	if open {
		s.Notices = []views.Notice{{Tone: views.Success, Text: "Settings saved."}}
		s.Interval.Value, s.Interval.Error, s.MoreOpen = "3", "Enter a number from 5 to 1440.", true
	}
	return s
}

var global = views.Global{
	Page:   frame("Global settings", views.TabGlobal),
	CRM:    views.Setting{Name: "crm", Label: "CRM", Value: "espocrm", Options: []views.Option{{Label: "Not chosen: each user chooses"}, {Value: "espocrm", Label: "EspoCRM"}, {Value: "tryton", Label: "Tryton"}}},
	CRMURL: views.Setting{Name: "crm-url", Label: "Custom URL", Value: "https://crm.example.com", Help: "Used by everyone who leaves the Custom URL blank."},
	Settings: []views.Setting{
		{Name: "direction", Label: "Sync direction", Value: "crm-to-contacts", Options: directions, Locked: true},
		{Name: "entity", Label: "CRM entity to sync", Value: "contacts", Options: []views.Option{{Value: "contacts", Label: "Contacts"}, {Value: "leads", Label: "Leads"}}},
		{Name: "interval", Label: "Automatic sync every", Value: "10", Number: true, Min: 5, Max: 1440, Unit: "minutes"},
	},
}

var users = []views.UserLine{
	{ID: "u1", Name: "Anna Berg", Email: "anna@example.com", Role: "Administrator", State: "Connected", Tone: views.Success},
	{ID: "u2", Name: "Ben Duarte", Email: "ben@example.com", Role: "User", ProfileID: "p1", Profile: "Sales", State: "Reconnect needed", Tone: views.Warning},
	{ID: "u3", Name: "Chiara Effenberg-Montgomery", Email: "chiara.effenberg-montgomery@subsidiary.example.com", Role: "User", State: "Not connected"},
}

var profiles = views.Profiles{
	Page:     frame("Sync profiles", views.TabProfiles),
	Profiles: []views.ProfileLine{{ID: "p1", Name: "Sales", Users: 1, Overrides: []string{"Sync direction", "Whose records"}}, {ID: "p2", Name: "Support"}},
	NewName:  "Sales", NewError: "There is already a profile with this name.", Users: users,
}

var profile = views.Profile{
	Page: frame("Sync profile Sales", views.TabProfiles), ID: "p1", Name: "Sales", Users: users,
	Settings: []views.Setting{
		{Name: "direction", Label: "Sync direction", Value: "two-way", Options: append([]views.Option{{Label: "Use global settings (One way (CRM to contacts))"}}, directions...), Locked: true},
		{Name: "interval", Label: "Automatic sync every", Number: true, Min: 5, Max: 1440, Unit: "minutes", Help: "Leave it blank to use the global settings (10 minutes)."},
	},
}

var runs = []views.RunLine{
	{ID: "r1", Kind: "Sync", Trigger: "Automatic", State: "Succeeded", Tone: views.Success, When: when("3 minutes ago"), Took: "4 s", Text: "12 created, 3 updated"},
	{ID: "r2", Kind: "Sync", Trigger: "Started by you", State: "Halted", Tone: views.Warning, When: when("1 hour ago"), Took: "2 s", Text: "More than 10 % of the linked contacts would be deleted in iCloud."},
	{ID: "r3", Kind: "Preview", Trigger: "Started by you", State: "Planned", Tone: views.Info, When: when("20 November, 09:12"), Took: "9 s", Text: "1,204 to create, 12 to update"},
}

var counts = [2]views.SideCount{{Name: "EspoCRM", Updated: 3, Unchanged: 1204}, {Name: "iCloud", Created: 12, Unchanged: 1195}}

var run = views.Run{
	Page: frame("Sync, 22 November 2026, 10:00", views.TabActivity), Line: runs[0], Counts: counts, Linked: 31, CanUndo: true, Report: views.ReportPath("r1"),
	Filters: []views.Filter{{Label: "All", Count: 6}, {Kind: "created", Label: "Created", Count: 1}, {Kind: "conflict", Label: "Conflicts", Count: 1}, {Kind: "difference", Label: "Differs since the first run", Count: 1}, {Kind: "excluded", Label: "Not in sync", Count: 1}},
	Bulk:    []views.Act{{Do: "take-crm", Label: "Take the CRM's for all"}, {Do: "keep-mine", Label: "Keep mine for all"}},
	Rows: []views.Row{
		{ID: "i1", Kind: "Created", Tone: views.Success, Name: "Mona Okafor", Where: "in iCloud", Changes: []views.Change{{Field: "E-mail", After: "mona@example.net"}, {Field: "Business phone", After: "+49 30 1234567"}}, Open: "https://crm.example.com/#Contact/view/1"},
		{ID: "i2", Kind: "Conflict", Tone: views.Warning, Name: "Noor El-Amin", Reason: "both sides changed it; the CRM won", Both: []views.Both{{Field: "Job title", Left: "Head of Sales", Right: "VP Sales", Winner: "left"}}, Acts: []views.Act{{Do: "restore", Label: "Restore the other value"}}},
		{ID: "i3", Kind: "Differs", Tone: views.Info, Name: "Óscar Pérez", Reason: "differs since the first run", Both: []views.Both{{Field: "Mobile", Left: "+34 600 111 222", Right: ""}}, Acts: []views.Act{{Do: "take-crm", Label: "Take the CRM's"}, {Do: "keep-mine", Label: "Keep mine"}}},
		{ID: "i4", Kind: "Review", Tone: views.Warning, Name: "Pat Quinn", Reason: "several possible partners", Candidates: []views.Option{{Value: "c1", Label: "Pat Quinn", Hint: "Acme, pat@acme.example"}, {Value: "c2", Label: "Patricia Quinn", Hint: "Globex"}}, Acts: []views.Act{{Do: "link", Label: "Link to the chosen one", Primary: true}, {Do: "never", Label: "Never sync this person"}}},
		{ID: "i5", Kind: "Not in sync", Name: "info@example.org", Reason: "too little data: a name and an e-mail or a phone are needed"},
		{ID: "i6", Kind: "Failed", Tone: views.Danger, Name: "Rosa <b>Stern</b>", Where: "in EspoCRM", Reason: "EspoCRM refused it: Last name is required.", Resolved: "Tried again in the next run."},
	},
	More: "/activity/r1?after=i6",
}

var preview = views.Run{
	Page: frame("Preview, 20 November 2026, 09:12", views.TabActivity), Line: runs[2], Counts: counts, Linked: 31, Apply: true, Would: true, Report: views.ReportPath("r3"),
	Filters: []views.Filter{{Label: "All", Count: 0}}, Rows: run.Rows[:1],
}

var help = views.Help{
	Page:     views.Page{Title: "Connecting iCloud", Viewer: viewer},
	Sections: []views.HelpSection{{Heading: "An app-specific password", Paragraphs: []string{"iCloud does not accept your Apple password here."}, Steps: []string{"Sign in at account.apple.com.", "Open App-Specific Passwords and create one.", "Type it into the form."}}},
	Topics:   []views.Link{{Label: "Connecting EspoCRM", URL: "/help/espocrm"}},
	More:     &views.Link{Label: "Apple's page about app-specific passwords", URL: "https://support.apple.com/102654", External: true},
}

var people = views.People{
	Banners: []views.Notice{{Tone: views.Warning, Title: "Reconnect needed.", Text: "EspoCRM no longer accepts the saved password.", Action: &views.Link{Label: "Connect again", URL: "https://app.example.com/continue?ticket=t"}}},
	People: []views.Person{
		{Name: "Mona Okafor", Email: "mona@example.net", Role: "Sender", Title: "Head of Purchasing", Company: "Okafor Shipping Ltd", Phone: "+49 (30) 123-4567", State: views.InSync, CRM: "EspoCRM", Record: "Contact", Open: "https://crm.example.com/#Contact/view/1", Reason: "Changes travel from EspoCRM to your contacts.", Checked: when("2 minutes ago")},
		{Name: "Noor El-Amin", Email: "noor@example.net", Role: "Recipient", Company: "Globex", State: views.FoundNotSynced, Reason: "The record belongs to Ben Duarte; you sync only your own.", CRM: "EspoCRM", Record: "Contact", Open: "https://crm.example.com/#Contact/view/2", Others: []views.Link{{Label: "Lead: Noor El-Amin", URL: "https://crm.example.com/#Lead/view/9"}}},
		{Email: "a.very.long.address.of.somebody@department.example.org", Role: "Recipient", State: views.NotInCRM},
		{Name: "Pat Quinn", Email: "pat@example.org", Role: "Recipient", State: views.NotReachable, Reason: "EspoCRM did not answer in time. Try again in a minute."},
	},
}
