// Package espocrm lets a person's EspoCRM take part in a sync: its contacts or
// its leads.
//
// What shapes this adapter, read in EspoCRM's own source (10.0):
//   - A list gives a record's first e-mail and first phone only; the whole sets
//     come with a direct read. So whatever a list shows as new or changed is
//     read one by one, four at a time.
//   - Times are to the second and two edits may share one, so a Version is the
//     time together with a hash of what a list shows of the record. A list and
//     a direct read give the same Version.
//   - Deleted records are in no list, and an administrator still reads them:
//     the sweep finds what is absent, and a direct read answered with 404, or
//     with "deleted", proves it.
//   - There is no conditional write on contacts and leads, and no place for a
//     marker. Updates read first and compare; creates go one at a time.
//   - A contact's job title is kept in its link with an account, so it is lost
//     without one. Accounts are only ever linked by their exact name, never made.
//   - A change of what a record merely refers to (its account's name) does not
//     touch the record: it is seen by the next sweep, not by Changes.
package espocrm

import (
	"context"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
)

// The form's fields, and what Connect keeps of them. A password is exchanged
// for a token where the server gives one, and then forgotten.
const (
	fieldAuth     = "auth"
	fieldUsername = "username"
	fieldPassword = "password"
	fieldAPIKey   = "apikey"
	keepToken     = "token"
	keepPhones    = "phones"

	authPassword = "password"
	authAPIKey   = "api-key"
)

// Provider is EspoCRM's entry in the menu of CRMs.
func Provider() provider.Provider {
	return provider.Provider{
		ID:      "espocrm",
		Name:    "EspoCRM",
		Side:    provider.CRM,
		Methods: []provider.Method{provider.Form},
		Help:    "Sign in as you do in EspoCRM, or with the key of an API user that your administrator made.",
		HelpURL: "https://docs.espocrm.com/development/api/",
		URL:     provider.URLRequired,
		Fields: []provider.Field{
			{Name: fieldAuth, Label: "Sign in with", Default: authPassword, Required: true, Options: []provider.Option{
				{Value: authPassword, Label: "User name and password"},
				{Value: authAPIKey, Label: "API key"},
			}},
			{Name: fieldUsername, Label: "User name", Required: true, OnlyIf: fieldAuth + "=" + authPassword, Autocomplete: "username"},
			{Name: fieldPassword, Label: "Password", Required: true, Secret: true, OnlyIf: fieldAuth + "=" + authPassword, Autocomplete: "current-password"},
			{Name: fieldAPIKey, Label: "API key", Required: true, Secret: true, OnlyIf: fieldAuth + "=" + authAPIKey, Autocomplete: "off",
				Help: "An API key belongs to an API user: \"mine\" then means the records assigned to that user."},
		},
		NormalizeURL: normalizeURL,
		Leads:        true,
		Connect:      connect,
		Open: func(_ context.Context, a provider.Access) (contact.Book, error) {
			return open(a)
		},
	}
}

// normalizeURL leads from any page or API address of an EspoCRM to its root.
func normalizeURL(typed string) (string, error) {
	base, err := provider.NormalizeURL(typed)
	if err != nil {
		return "", err
	}
	scheme, rest, _ := strings.Cut(base, "://")
	host, path, _ := strings.Cut(rest, "/")
	path = "/" + path + "/"
	for _, part := range []string{"/api/v1/", "/api/", "/index.php/", "/client/"} {
		if i := strings.Index(strings.ToLower(path), part); i >= 0 {
			path = path[:i+1]
		}
	}
	return scheme + "://" + host + strings.TrimRight(path, "/"), nil
}
