package views_test

import (
	"github.com/a-h/templ"

	"tandem/views"
)

// states are the pages in the states that people meet. They are compared with
// testdata/golden and can be written out to be looked at (see TestGolden).
var states = map[string]templ.Component{
	"connections-new": views.ConnectionsPage(connectionsNew()),
	"connections-error": views.ConnectionsPage(with(connectionsNew(), func(c *views.Connections) {
		c.Notices = nil
		w := &c.CRM.Form.Ways[0]
		w.URL.Value, w.URL.Error = "https://crm.example.com", "This address answers with a web page that is not EspoCRM. Check the address, without /#Login at its end."
		w.Fields[1].Value = "anna"
		w.Fields[2].Error = "EspoCRM does not accept this user name and password. Check both, or use an API key."
		c.Contacts = views.Side{Key: "contacts", Providers: contactsServers, Chosen: "fastmail", Form: fastmail}
	})),
	"connections-ready": views.ConnectionsPage(connectionsReady()),
	"connections-running": views.ConnectionsPage(with(connectionsReady(), func(c *views.Connections) {
		c.Sync.Progress = &views.Progress{Text: "Writing to iCloud", Done: 1200, Total: 4000, Refresh: views.RouteConnections, Waiting: "iCloud asks to wait; it goes on at 10:42."}
	})),
	"connections-halted": views.ConnectionsPage(with(connectionsReady(), func(c *views.Connections) {
		c.Sync.Halt = halt
		c.Sync.Last.State, c.Sync.Last.Tone, c.Sync.Last.Text = "Halted", views.Warning, "Waiting for your Yes"
	})),
	"connections-reconnect": views.ConnectionsPage(with(connectionsReady(), func(c *views.Connections) {
		c.CRM.Connection.Reconnect = "EspoCRM no longer accepts the saved password. Connect again; nothing is lost."
		c.CRM.Form = espo()
		c.Sync.Paused = "Syncing waits until EspoCRM is connected again."
	})),
	"settings":        views.SettingsPage(settings("two-way", true)),
	"settings-locked": views.SettingsPage(settings("crm-to-contacts", false)),
	"global":          views.GlobalPage(global),
	"profiles":        views.ProfilesPage(profiles),
	"profile":         views.ProfilePage(profile),
	"activity":        views.ActivityPage(views.Activity{Page: frame("Activity", views.TabActivity), Runs: runs, Older: "/activity?before=r3"}),
	"activity-empty":  views.ActivityPage(views.Activity{Page: frame("Activity", views.TabActivity)}),
	"run":             views.RunPage(run),
	"preview":         views.RunPage(preview),
	"sign-in":         views.SignInPage(views.SignIn{Page: views.Page{Title: "Sign in"}, To: "/activity", Provider: "Microsoft"}),
	"continue":        views.ContinuePage(views.Continue{Page: views.Page{Title: "Automatic sync"}, Name: "Anna Berg", Email: "anna@example.com", Ticket: "t-1"}),
	"setup":           views.SetupPage(views.Setup{Page: views.Page{Title: "Set up"}, Error: "This is not the code. It is in the server's output, after \"set-up code\"."}),
	"leave":           views.LeavePage(views.Leave{Page: views.Page{Title: "Connect Fastmail", Viewer: viewer}, Provider: "Fastmail", URL: "https://auth.example.com/authorize?state=1&x=2"}),
	"confirm":         views.ConfirmPage(views.Confirm{Page: frame("Reset contacts sync?", views.TabConnections), Text: views.ResetText(views.Reset{Links: 1204, Removed: 3}), Post: views.RouteSyncReset, Yes: "Yes", Danger: true, Back: views.RouteConnections, KeepRemoved: "Keep them removed"}),
	"help":            views.HelpPage(help),
	"error":           views.ErrorPage(views.Error{Page: views.Page{Title: "Not found", Viewer: viewer}, Status: 404, Text: "There is no page at this address.", Todo: "It may have been removed, or the link is incomplete.", Action: &views.Link{Label: "To Connections", URL: views.RouteConnections}}),
	"sidebar":         views.SidebarPage(views.Sidebar{Script: "/addin/1/taskpane.js"}),
	"sidebar-people":  views.PeopleFragment(people),
	"sidebar-start":   views.PeopleFragment(views.People{Start: &views.TicketLink{URL: "https://app.example.com/continue?ticket=t"}, People: []views.Person{{Name: "Mona Okafor", Email: "mona@example.net", Role: "Sender", State: views.ConnectFirst}}}),
	"sidebar-empty":   views.PeopleFragment(views.People{Empty: "Select a message or an event to see its people."}),
	"menu":            views.MenuFragment(views.Menu{Link: views.TicketLink{URL: "https://app.example.com/continue?ticket=t"}, Name: "Anna Berg"}),
	"dialog":          views.DialogPage(views.Dialog{Script: "/addin/1/dialog.js", Code: "code"}),
	"progress-done":   views.ProgressFragment(views.Progress{Text: "12 created, 3 updated", Finished: true}),
}

func with(c views.Connections, change func(*views.Connections)) views.Connections {
	change(&c)
	return c
}

var viewer = &views.Viewer{Name: "Anna Berg", Email: "anna@example.com", Admin: true}

func frame(title string, tab views.Tab) views.Page {
	return views.Page{Title: title, Tab: tab, Viewer: viewer}
}

func when(text string) views.Moment {
	return views.Moment{Text: text, Full: "22 November 2026, 10:00 UTC", ISO: "2026-11-22T10:00:00Z"}
}

var contactsServers = []views.Option{
	{Value: "m365", Label: "Microsoft 365"}, {Value: "google", Label: "Google"}, {Value: "icloud", Label: "iCloud"},
	{Value: "fastmail", Label: "Fastmail"}, {Value: "nextcloud", Label: "Nextcloud"}, {Value: "carddav", Label: "Other CardDAV server"},
}

func espo() *views.ConnectForm {
	return &views.ConnectForm{
		Provider: "espocrm", Name: "EspoCRM",
		Ways: []views.ConnectWay{{Method: "form",
			URL: &views.URLField{Checkbox: true, Checked: true, Placeholder: "https://crm.example.com", Help: "Where you open EspoCRM in the browser. Leave it blank if unsure: your organization's address is taken."},
			Fields: []views.Field{
				{Name: "auth", Label: "Sign in with", Required: true, Value: "password", Options: []views.Option{{Value: "password", Label: "User name and password"}, {Value: "api-key", Label: "API key"}}},
				{Name: "username", Label: "User name", Required: true, Autocomplete: "username", OnlyIf: "auth=password"},
				{Name: "password", Label: "Password", Required: true, Secret: true, Autocomplete: "current-password", OnlyIf: "auth=password"},
				{Name: "api-key", Label: "API key", Required: true, Secret: true, OnlyIf: "auth=api-key", Help: "An administrator of EspoCRM makes it under API Users."},
			}}},
	}
}

var fastmail = &views.ConnectForm{
	Provider: "fastmail", Name: "Fastmail",
	Help: "Fastmail can be connected by signing in there, or with an app password.", HelpURL: "https://www.fastmail.help/hc/en-us/articles/360058752854",
	Ways: []views.ConnectWay{
		{Method: "oauth"},
		{Method: "form", Fields: []views.Field{
			{Name: "username", Label: "E-mail address", Required: true, Autocomplete: "username"},
			{Name: "password", Label: "App password", Required: true, Secret: true},
		}},
	},
}

func connectionsNew() views.Connections {
	p := frame("Automatic sync", views.TabConnections)
	p.Lead = "Connect your CRM and your contacts server, and contacts stay in step."
	p.Notices = []views.Notice{{Tone: views.Info, Title: "Welcome.", Text: "Nothing is written before you have connected both sides and asked for it."}}
	return views.Connections{
		Page:     p,
		CRM:      views.Side{Key: "crm", Providers: []views.Option{{Value: "espocrm", Label: "EspoCRM"}, {Value: "tryton", Label: "Tryton"}}, Chosen: "espocrm", Form: espo()},
		Contacts: views.Side{Key: "contacts", Providers: contactsServers},
		Sync:     views.Sync{Missing: "crm", MissingLabel: "Connect to EspoCRM"},
	}
}

func connectionsReady() views.Connections {
	p := frame("Automatic sync", views.TabConnections)
	p.Notices = []views.Notice{{Tone: views.Success, Text: "iCloud is connected."}}
	return views.Connections{
		Page:     p,
		CRM:      views.Side{Key: "crm", Connection: &views.Connection{Provider: "EspoCRM", Account: "Anna Berg", Address: "crm.example.com", Since: when("2 days ago")}},
		Contacts: views.Side{Key: "contacts", Connection: &views.Connection{Provider: "iCloud", Account: "anna@icloud.com", Address: "Contacts", Since: when("just now"), Notes: []string{"iCloud has no trash: what is deleted there is kept 30 days in Tandem with Restore."}}},
		Sync: views.Sync{
			Summary: "Contacts go from EspoCRM to iCloud, one way.", AutoEvery: "every 10 minutes", Auto: true,
			Last: lastRun(), Next: when("in 7 minutes"), Reset: views.Reset{Links: 1204, Removed: 3}, CanSweep: true, CanUndoReset: true,
		},
	}
}

// lastRun is a copy: some states change it.
func lastRun() *views.RunLine {
	r := runs[0]
	return &r
}

var halt = &views.Halt{
	Run: "r4", Title: "Waiting for your Yes", Text: "This first run would create 214 contacts in EspoCRM, where your colleagues see them.",
	Counts: [2]views.SideCount{{Name: "EspoCRM", Created: 214, Unchanged: 31}, {Name: "iCloud", Created: 1204, Updated: 12}}, Confirm: "Yes, sync contacts",
}
