package views

import "net/url"

// Routes of the page (the tab), as echo patterns. GET unless said otherwise.
// "Fields" are the names that a form sends. Every POST answers with 303 to a
// page, or with 422 and the same page where something typed was wrong. There
// are no CSRF fields: the server refuses cross-origin posts by their headers.
const (
	RouteHome     = "/"                     // to RouteConnections
	RouteAutoSync = "/auto-sync"            // where the sidebar leads to: to RouteConnections
	RouteConnTab  = "/connections"          // to RouteConnections
	RouteConnPage = "/connections/contacts" // ConnectionsPage. Query: crm, contacts = provider whose form is shown

	// RouteConnect, POST. side is "crm" or "contacts". Fields: provider, method
	// ("form" or "oauth"), custom_url_on ("on"), custom_url, and each form field
	// as "f." + its name; where a choice is asked afterwards also attempt.
	// A redirect to a provider is answered by the header HX-Redirect where the
	// request has the header HX-Request, else by LeavePage: a 303 would be
	// stopped by form-action.
	RouteConnect       = "/connections/contacts/:side"
	RouteDisconnect    = "/connections/contacts/:side/disconnect" // GET: ConfirmPage; POST: no fields
	RouteOAuthCallback = "/connect/:provider/callback"            // the provider sends the browser back here

	RouteSyncNow      = "/sync/now"      // POST, no fields
	RouteSyncPreview  = "/sync/preview"  // POST, no fields; 303 to the run
	RouteSyncReset    = "/sync/reset"    // GET: ConfirmPage; POST. Fields: keep_removed ("on")
	RouteSyncUndo     = "/sync/undo"     // POST, no fields: Undo reset
	RouteSyncAuto     = "/sync/auto"     // POST. Fields: on ("on" or absent)
	RouteSyncSweep    = "/sync/sweep"    // POST, no fields: Check for deletions now
	RouteSyncConfirm  = "/sync/confirm"  // POST. Fields: run
	RouteSyncProgress = "/sync/progress" // SSE: ProgressFragment as unnamed messages, then the event "done"

	RouteSettings     = "/settings"          // to RouteSettingsPage
	RouteSettingsPage = "/settings/contacts" // GET, POST: SettingsPage. Fields: the names of the settings
	RouteGlobal       = "/global-settings"   // GET, POST: GlobalPage. Fields: the names of the settings; lock = name, repeated
	RouteProfiles     = "/profiles"          // ProfilesPage; POST creates. Fields: name
	RouteAssign       = "/profiles/assign"   // POST. Fields: user (repeated), profile ("" for none)
	RouteProfile      = "/profiles/:id"      // GET, POST: ProfilePage. Fields: name; settings ("" takes the global value); lock, repeated
	RouteProfileGone  = "/profiles/:id/delete"

	RouteActivity = "/activity"                 // ActivityPage. Query: before
	RouteRun      = "/activity/:run"            // RunPage. Query: kind, after
	RouteItem     = "/activity/:run/items/:id"  // POST. Fields: do, candidate, kind (the filter to go back to)
	RouteItems    = "/activity/:run/items"      // POST: the same for all of a kind. Fields: do, kind
	RouteUndo     = "/activity/:run/undo"       // POST, no fields
	RouteReport   = "/activity/:run/report.csv" // the rows as a file

	RouteSignIn         = "/sign-in"          // SignInPage. Query: to. POST begins: fields to
	RouteSignInCallback = "/sign-in/callback" // the OpenID Connect provider sends the browser back here
	RouteSignOut        = "/sign-out"         // POST, no fields
	RouteContinue       = "/continue"         // GET: ContinuePage (query: ticket); POST. Fields: ticket
	RouteSetup          = "/setup"            // GET, POST: SetupPage. Fields: code
	RouteHelp           = "/help"             // HelpPage, the overview
	RouteHelpTopic      = "/help/:topic"      // HelpPage of a provider or a subject
)

// Routes of the sidebar, on the host that Outlook frames. There are no
// cookies: all but the first four need the bearer token.
const (
	RouteSidebar    = "/sidebar"             // SidebarPage: public, holds no data
	RouteDialog     = "/sidebar/dialog"      // begins the sign-in in a dialog. Query: challenge (S256 of the pane's verifier)
	RouteDialogDone = "/sidebar/dialog/done" // DialogPage with the one-time code, for messageParent
	RouteToken      = "/sidebar/token"       // POST JSON {code, verifier}; answers {token, expires_in}
	RoutePeople     = "/sidebar/people"      // POST: PeopleFragment. Fields: email, name, role, repeated and in step; mode (read, compose), item (message, appointment, none), more (how many were left out)
	RouteMenu       = "/sidebar/menu"        // POST: MenuFragment with a fresh ticket
	RouteLeave      = "/sidebar/sign-out"    // POST, no fields: ends the token
)

// RouteConnections is RouteConnPage by the name of its tab.
const RouteConnections = RouteConnPage

// ConnectPath is where the connect form of side ("crm" or "contacts") posts to.
func ConnectPath(side string) string { return RouteConnPage + "/" + url.PathEscape(side) }

// DisconnectPath is where Disconnect of side posts to.
func DisconnectPath(side string) string { return ConnectPath(side) + "/disconnect" }

// RunPath is the page of one run.
func RunPath(run string) string { return RouteActivity + "/" + url.PathEscape(run) }

// RunKindPath is the page of one run with only the rows of kind.
func RunKindPath(run, kind string) string {
	if kind == "" {
		return RunPath(run)
	}
	return RunPath(run) + "?kind=" + url.QueryEscape(kind)
}

// ItemPath is where the buttons of one row post to.
func ItemPath(run, item string) string { return ItemsPath(run) + "/" + url.PathEscape(item) }

// ItemsPath is where a button for all rows of a kind posts to.
func ItemsPath(run string) string { return RunPath(run) + "/items" }

// ReportPath is the file with the rows of a run.
func ReportPath(run string) string { return RunPath(run) + "/report.csv" }

// UndoPath is where Undo of a run posts to.
func UndoPath(run string) string { return RunPath(run) + "/undo" }

// ProfilePath is the page of one sync profile.
func ProfilePath(id string) string { return RouteProfiles + "/" + url.PathEscape(id) }

// ProfileDeletePath is where Delete of a sync profile posts to (GET asks first).
func ProfileDeletePath(id string) string { return ProfilePath(id) + "/delete" }

// HelpPath is the help page about topic.
func HelpPath(topic string) string { return RouteHelp + "/" + url.PathEscape(topic) }

// SignInPath is the sign-in page that leads back to the page to afterwards.
func SignInPath(to string) string {
	if to == "" {
		return RouteSignIn
	}
	return RouteSignIn + "?to=" + url.QueryEscape(to)
}

// ContinuePath is the address that a ticket travels in.
func ContinuePath(ticket string) string { return RouteContinue + "?ticket=" + url.QueryEscape(ticket) }
