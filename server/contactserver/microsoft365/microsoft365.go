// Package microsoft365 is the adapter for Outlook's own contacts: Microsoft 365
// and Outlook.com, through Microsoft Graph v1.0.
//
// What shapes it, as Microsoft documents it or its users have reported it:
//   - Reading is a delta query on one folder: pages of at most 200, empty ones
//     among them, records more than once, tombstones even in the first round. A
//     record that moved to another folder looks deleted, so the end of a round
//     looks up what is gone and tells a move (LeftScope) from a deletion.
//   - Identifiers are the immutable ones, which must be asked for with every
//     request; others change when a contact is moved.
//   - Neither our marker nor Outlook's "Private" is visible in a delta query. The
//     marker is a single-value extended property, found by a filter.
//   - A create may have been carried out although its answer was lost: one that
//     is not certainly the first under its marker is looked up before it is sent.
//   - An update carries the mapped properties that differ, and always the display
//     name, which the service otherwise makes anew. Hence it is decided on the
//     record as it is, read in one batch where it is not at hand, and conditional
//     on its ETag, which is passed on as it was given.
//   - Names of e-mail addresses are the service's and the person's: they are kept
//     and neither compared nor synchronised. Notes stay out, even of what is read:
//     they are private.
//   - A mailbox takes four requests at a time and 10,000 in ten minutes from an
//     application; see mailbox.
package microsoft365

import (
	"context"
	"fmt"

	"tandem/server/contact"
	"tandem/server/provider"
)

// ID and Name are the provider's in the menu.
const (
	ID   = "microsoft365"
	Name = "Microsoft 365 / Outlook.com"
)

// The scopes asked for, the least that serves:
//   - openid and profile give the ID token, by which the answer is bound to this
//     attempt to connect; offline_access the refresh token.
//   - Contacts.ReadWrite is the person's own contacts and nobody else's. Most
//     tenants ask their administrator for it.
//   - User.Read gives the account's name and its object ID, by which "the same
//     account again" is known. The ID in the token would differ from application
//     to application, so that a new registration would be a new first run for
//     everybody. People may allow it by themselves.
var scopes = []string{"openid", "profile", "offline_access", "Contacts.ReadWrite", "User.Read"}

// Config is what an administrator sets: MICROSOFT_CLIENT_ID,
// MICROSOFT_CLIENT_SECRET and MICROSOFT_ENDPOINT. See Endpoint.
type Config struct {
	ClientID, ClientSecret, Endpoint string
}

// Microsoft's pages: how an application is registered, and how an administrator
// approves one.
const (
	registerURL = "https://learn.microsoft.com/en-us/entra/identity-platform/quickstart-register-app"
	approveURL  = "https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/grant-admin-consent"
)

// Provider is the entry in the menu of contacts servers. Where no application
// is registered, or the endpoint is none, it has no Methods, and Help says what
// the administrator has to do.
func Provider(c Config) provider.Provider {
	p := provider.Provider{
		ID: ID, Name: Name, Side: provider.Contacts, URL: provider.URLNever, HelpURL: registerURL,
		Connect: func(context.Context, provider.Access) (provider.Connected, error) {
			return provider.Connected{}, notSetUp()
		},
		Open: func(context.Context, provider.Access) (contact.Book, error) { return nil, notSetUp() },
	}
	at, err := Endpoint(c.Endpoint)
	switch {
	case c.ClientID == "":
		p.Help = "Ask your administrator: Microsoft 365 has to be set up for this service once. They register an application in Microsoft Entra, allow it Contacts.ReadWrite and User.Read, and enter its ID and secret here (MICROSOFT_CLIENT_ID, MICROSOFT_CLIENT_SECRET)."
		return p
	case err != nil:
		p.Help = fmt.Sprintf("Ask your administrator: the setting MICROSOFT_ENDPOINT is wrong. %v", err)
		return p
	}
	boxes := newMailboxes()
	p.Methods = []provider.Method{provider.OAuth}
	p.Help = "You are led to Microsoft to sign in. If it says that an administrator has to approve this service, ask yours; that is needed once for your whole organization."
	p.HelpURL, p.DefaultURL = approveURL, at.Graph
	p.Fields = []provider.Field{{
		Name: fieldFolder, Label: "Folder for CRM contacts", Default: folderDefault,
		Help: "Contacts in a folder of their own are easy to tell apart, but phones and other programs may not show them.",
		Options: []provider.Option{
			{Value: folderDefault, Label: "Contacts (recommended)"},
			{Value: folderOwn, Label: "A folder of its own: " + ownFolder},
		},
	}}
	p.OAuth = &provider.OAuthConfig{
		AuthURL: at.Authority + "/oauth2/v2.0/authorize", TokenURL: at.Authority + "/oauth2/v2.0/token", Issuer: at.Issuer,
		Scopes: at.scopes(), ClientID: c.ClientID, ClientSecret: c.ClientSecret,
		// Many people are signed in with several accounts: let them choose.
		AuthParams: map[string]string{"prompt": "select_account"},
	}
	p.Connect = connect
	p.Open = func(_ context.Context, a provider.Access) (contact.Book, error) { return open(a, boxes) }
	return p
}

func notSetUp() error {
	return &contact.Error{Kind: contact.ErrAdminNeeded,
		Message: "Microsoft 365 is not set up for this service. Ask your administrator to enter the ID and secret of the registered application."}
}
