// Package tryton speaks to Tryton, an open business system, over its JSON-RPC.
// It was written against 6.0 and uses only what later series kept.
//
// A contact is a party (party.party) with one text for its name, its contact
// mechanisms (e-mails, numbers, web addresses) and its addresses, which are
// records of their own. Three peculiarities shape the package:
//
//   - Changing a mechanism or an address does not change the party. A record's
//     Version is therefore a digest of the times of all three, and changes are
//     asked for at all three.
//   - A deleted row leaves no trace. A deleted party is found by the sweep, and
//     so is a party one of whose mechanisms was deleted, by its Version.
//   - Tryton checks a row's time of change (_timestamp) as it writes it, which
//     makes writes conditional: to the microsecond on PostgreSQL, to the second
//     on SQLite, where an edit in the second of our own read may be overwritten.
//
// A lead is an opportunity (sale.opportunity) in its first state, read and
// written through its party.
package tryton

import (
	"net/url"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
)

// The keys of provider.Access.Values.
const (
	keyDatabase = "database"
	keyUsername = "username"
	keyPassword = "password"
	keySession  = "session" // kept by Connect: saves a sign-in per run while it lasts
	keyWeb      = "web"     // kept by Connect: set where the web client is served
)

// Provider describes Tryton for the menu of CRMs.
func Provider() provider.Provider {
	return provider.Provider{
		ID:      "tryton",
		Name:    "Tryton",
		Side:    provider.CRM,
		Methods: []provider.Method{provider.Form},
		Fields: []provider.Field{
			{Name: keyDatabase, Label: "Database", Required: true, Placeholder: "company",
				Help: "The name that Tryton's sign-in window shows as the database; in the web client it follows the # of the address."},
			{Name: keyUsername, Label: "User name", Required: true, Autocomplete: "username"},
			{Name: keyPassword, Label: "Password", Required: true, Secret: true, Autocomplete: "current-password",
				Help: "It is kept encrypted, because Tryton's sign-in ends after a while and has to be repeated."},
		},
		Help:         "Sign in as you do in Tryton. Tryton's records have no owner, so all parties that you may see are synchronised.",
		HelpURL:      "https://docs.tryton.org/",
		URL:          provider.URLRequired,
		NormalizeURL: normalizeURL,
		Leads:        true,
		NoOwner:      true,
		Connect:      connect,
		Open:         open,
	}
}

// normalizeURL keeps the database of an address copied from the web client
// (https://host/#database/model/…) as the last part of the path.
func normalizeURL(typed string) (string, error) {
	address, fragment, _ := strings.Cut(strings.TrimSpace(typed), "#")
	base, err := provider.NormalizeURL(address)
	if err != nil {
		return "", err
	}
	name, _, _ := strings.Cut(strings.Trim(fragment, "/"), "/")
	name, _, _ = strings.Cut(name, ";")
	if name == "" {
		return base, nil
	}
	return provider.NormalizeURL(base + "/" + name)
}

// place splits a base URL and a database, which may be the last part of the
// path, into the server's address and the database.
func place(base, database string) (server, name string) {
	u, err := url.Parse(base)
	if err != nil {
		return base, database
	}
	path := strings.TrimRight(u.Path, "/")
	last := path[strings.LastIndexByte(path, '/')+1:]
	if database = strings.TrimSpace(database); database == "" {
		database = last
	}
	if last != "" && last == database {
		path = strings.TrimRight(strings.TrimSuffix(path, last), "/")
	}
	u.Path, u.RawPath = path, ""
	return strings.TrimRight(u.String(), "/"), database
}

var fields = contact.FieldsOf(contact.FullName, contact.Emails, contact.WorkPhones, contact.MobilePhones,
	contact.Faxes, contact.WorkAddress, contact.Website)
