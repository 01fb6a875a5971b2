// Package google is the adapter for Google Contacts over the People API, v1.
//
// It is a thin client over rest.Client and not google.golang.org/api/people/v1,
// which was measured at 54 CPU-seconds of a cold build, 22 MB of binary and 68
// modules for the eight methods used here. More than that, the generated
// client would need a way out of its own, past the house's address guard,
// patience and counting of requests. It serves as an independent client in the
// tests of the sandbox instead, and its discovery document judges both sides.
//
// IDs. A record's ID is the number of the contact itself (the id of its source
// of type CONTACT, in hex), because a resource name changes when a profile is
// linked to the contact, while that number stays. The name is learnt wherever
// a person is read. Where it was not, it is people/c and the number in decimal,
// which is how Google spells it though no page promises it; so the answer is
// believed only if it bears the number, and else the name is looked for in a
// listing. A contact that was merged into another is Merged where the former
// name tells its number.
//
// Versions are the etags of that source. Updates carry them, so that Google
// itself refuses what is stale; deletions are compared by reading first.
//
// Late lists. A write may take minutes to show in people.connections.list,
// while direct readings are current. So what a list with a sync token brings is
// read directly before it is believed, unless it is this process's own last
// write; in a complete list, what is older than an own write of the last hour is
// read directly, too. Else a list that is behind would undo a sync's own work.
//
// A marker is kept in clientData, which no page of Google's shows and no search
// finds: Find reads the whole list, once for all markers of a recovery. A
// Create with a marker that this Book has seen answers with the record that
// bears it; so whoever repeats a create must have looked for it with Find.
//
// A masked field is replaced whole, so every update is made from the person as
// it was read: entries that the field map does not know stay, with their types.
package google

import (
	"cmp"
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/provider"
)

// ID is the provider's, in stored connections.
const ID = "google"

// Scope is what reading and writing contacts needs.
const Scope = "https://www.googleapis.com/auth/contacts"

// grace is how long a write may stay invisible to lists. Google says "several
// minutes".
const grace = 15 * time.Minute

// Config is the registration of this service at Google.
type Config struct {
	// ClientID and ClientSecret are those of an OAuth client of the type "web
	// application". Without ClientID nobody can connect.
	ClientID, ClientSecret string
	// Endpoint replaces Google's own addresses, for a sandbox: the API is below
	// it, and an OpenID provider at Endpoint/oauth with authorize, token, revoke.
	Endpoint string
}

const (
	api    = "https://people.googleapis.com"
	signIn = "https://accounts.google.com"
)

// Provider is the menu entry. Without a ClientID it offers no way to sign in,
// and Help says whom to ask.
func Provider(c Config) provider.Provider {
	b := &binding{base: cmp.Or(strings.TrimRight(c.Endpoint, "/"), api), memory: newMemory()}
	p := provider.Provider{
		ID: ID, Name: "Google", Side: provider.Contacts, URL: provider.URLNever,
		HelpURL: "https://support.google.com/accounts/answer/13533235",
		Connect: b.connect, Open: b.open,
	}
	if c.ClientID == "" {
		p.Help = "Ask your administrator: Google accounts can be connected once this service is registered with Google."
		p.HelpURL = "https://developers.google.com/people/v1/getting-started"
		return p
	}
	o := &provider.OAuthConfig{
		AuthURL: signIn + "/o/oauth2/v2/auth", TokenURL: "https://oauth2.googleapis.com/token", RevokeURL: "https://oauth2.googleapis.com/revoke",
		Issuer: signIn, Scopes: []string{"openid", "email", Scope}, ClientID: c.ClientID, ClientSecret: c.ClientSecret,
		// A refresh token comes with offline access only, and again only with a
		// new consent.
		AuthParams: map[string]string{"access_type": "offline", "prompt": "consent"},
	}
	if c.Endpoint != "" {
		o.Issuer = b.base + "/oauth"
		o.AuthURL, o.TokenURL, o.RevokeURL = o.Issuer+"/authorize", o.Issuer+"/token", o.Issuer+"/revoke"
	}
	p.Methods, p.OAuth = []provider.Method{provider.OAuth}, o
	p.Help = "On Google's page, leave the box for your contacts ticked."
	return p
}

var _ contact.Book = (*book)(nil)
