// Package views renders every page and fragment that a browser gets from us.
//
// A page is a function of its view model: a plain struct in this package with
// texts, numbers and addresses, never a database row and never an adapter's
// type. Handlers build the model and render the component of the same name;
// they write no HTML. All texts are escaped by templ; nothing is inserted raw,
// and no page holds an inline script or style, so that the strictest
// Content-Security-Policy holds (script-src 'self', style-src 'self').
//
// Every address that a page links or posts to is named in paths.go; the router
// uses the same names. The comment at each path says which fields its form
// sends. Pages work without JavaScript (forms post and get a redirect); htmx
// makes them smoother by taking <main> out of the same full answer, so a
// handler never needs to know whether htmx asked, with one exception: see
// RouteConnect.
//
// The components with a capital letter are the ones to render:
//
//	ConnectionsPage  SettingsPage  GlobalPage  ProfilesPage  ProfilePage
//	ActivityPage  RunPage  SignInPage  ContinuePage  SetupPage  LeavePage
//	ConfirmPage  HelpPage  ErrorPage  DialogPage  SidebarPage
//	and the fragments ProgressFragment  PeopleFragment  MenuFragment
//
// Texts that come from settings keep the words of the product: "Sync
// direction", "CRM entity to sync", "Set by your organization".
package views

//go:generate go tool templ generate -path .
