// Package carddav is the adapter for contacts servers that speak CardDAV (RFC
// 6352): iCloud, Fastmail, Nextcloud and any other. One adapter serves them
// all; a Preset only says what its menu entry looks like and where to start.
//
// Discovery follows RFC 6764, incremental reading RFC 6578. Servers that lack
// the latter are read by their ETags (RFC 4918 section 15.6), which is slower
// and no less correct. Writes are conditional (If-Match, If-None-Match: *) and
// never trust the condition alone: what is overwritten was read before.
//
// A card is edited by patching the lines that the field map owns; every other
// line stays as it is, byte for byte. See card, and project for what a card
// makes of a Contact.
//
// An ID is the last segment of a card's href. A created record's marker is the
// UID of its card and names its resource ("<marker>.vcf"), so that a create
// whose answer was lost is found again, and repeating it is refused by the
// server itself. A Record bears a marker where href and UID agree in that way.
package carddav

import (
	"context"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
)

// The names of the form's fields and of what Connect keeps.
const (
	fieldURL      = "url"
	fieldUsername = "username"
	fieldPassword = "password"
	fieldBook     = "book"     // the address book: its URL, or a name that was typed
	keepName      = "bookname" // how the server calls it
	keepFeatures  = "features"
)

// Preset is one entry of the menu.
type Preset struct {
	ID, Name string
	// Help is a sentence above the form, HelpURL the provider's own page.
	Help, HelpURL string
	// URL says whether an address is typed; DefaultURL stands where none is.
	URL        provider.URLNeed
	DefaultURL string
	// Paths are tried below the typed address, for products whose well-known
	// address is often not set up.
	Paths []string
	// UsernameLabel and PasswordLabel replace the usual words.
	UsernameLabel, PasswordLabel string
	// OAuth adds the redirect as first way to sign in.
	OAuth *provider.OAuthConfig
}

// Provider makes the menu entry of a preset.
func Provider(p Preset) provider.Provider {
	methods := []provider.Method{provider.Form}
	if p.OAuth != nil {
		methods = []provider.Method{provider.OAuth, provider.Form}
	}
	label := func(own, usual string) string {
		if own != "" {
			return own
		}
		return usual
	}
	return provider.Provider{
		ID: p.ID, Name: p.Name, Side: provider.Contacts, Methods: methods, Help: p.Help, HelpURL: p.HelpURL,
		URL: p.URL, DefaultURL: p.DefaultURL, NormalizeURL: normalizeURL, OAuth: p.OAuth,
		Fields: []provider.Field{
			{Name: fieldUsername, Label: label(p.UsernameLabel, "User name"), Required: true, Autocomplete: "username"},
			{Name: fieldPassword, Label: label(p.PasswordLabel, "Password or app password"), Required: true, Secret: true, Autocomplete: "current-password"},
		},
		Connect: func(ctx context.Context, a provider.Access) (provider.Connected, error) { return connect(ctx, p, a) },
		Open:    open,
	}
}

// ICloud is Apple's service.
func ICloud() provider.Provider {
	return Provider(Preset{
		ID: "icloud", Name: "iCloud", URL: provider.URLNever, DefaultURL: "https://contacts.icloud.com",
		UsernameLabel: "Apple Account e-mail", PasswordLabel: "App-specific password",
		Help:    "iCloud needs an app-specific password: at account.apple.com choose Sign-In and Security, then App-Specific Passwords.",
		HelpURL: "https://support.apple.com/102654",
	})
}

// Fastmail is the mail service of that name.
func Fastmail() provider.Provider {
	return Provider(Preset{
		ID: "fastmail", Name: "Fastmail", URL: provider.URLNever, DefaultURL: "https://carddav.fastmail.com",
		UsernameLabel: "Fastmail e-mail", PasswordLabel: "App password",
		Help:    "Fastmail needs an app password with access to contacts: Settings, Privacy & Security, Connected apps & API tokens.",
		HelpURL: "https://www.fastmail.help/hc/en-us/articles/360058752854",
	})
}

// Nextcloud is a server of the user's own or of a provider.
func Nextcloud() provider.Provider {
	return Provider(Preset{
		ID: "nextcloud", Name: "Nextcloud", URL: provider.URLRequired, Paths: []string{"remote.php/dav/"},
		PasswordLabel: "App password",
		Help:          "Use the address of your Nextcloud and an app password: Personal settings, Security, Devices & sessions.",
		HelpURL:       "https://docs.nextcloud.com/server/latest/user_manual/en/session_management.html",
	})
}

// Other is any other CardDAV server.
func Other() provider.Provider {
	return Provider(Preset{
		ID: "carddav", Name: "Other CardDAV server", URL: provider.URLRequired,
		Help: "Enter your provider's CardDAV address; often the server's name is enough. Where your account has a second factor, use an app password.",
	})
}

// Providers are the menu entries of this adapter, in market order.
func Providers() []provider.Provider {
	return []provider.Provider{ICloud(), Fastmail(), Nextcloud(), Other()}
}

// normalizeURL also takes an e-mail address, whose domain may tell where its
// address book is (RFC 6764 section 6).
func normalizeURL(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	if local, domain, ok := strings.Cut(s, "@"); ok && local != "" && !strings.ContainsAny(s, "/:") {
		if domain == "" || strings.Contains(domain, "@") {
			return "", provider.ErrURLForm
		}
		s = domain
	}
	return provider.NormalizeURL(s)
}

var (
	_ contact.Book    = (*book)(nil)
	_ contact.Sweeper = (*book)(nil)
)
