// Package trytontest starts a real Tryton server for tests: Debian's packages
// tryton-server, tryton-modules-party and tryton-modules-sale-opportunity, on
// loopback, on a SQLite database of its own.
//
//	server := trytontest.Start(t)
//	ids := server.CreateParties(t, trytontest.Party{Name: "Ann Miller", Emails: []string{"ann@example.com"}})
//	server.Call(t, "model.party.party.write", ids, map[string]any{"name": "Ann Smith"})
//
// The database is prepared once per machine (about 25 s) and kept in the
// user's cache folder; every Start copies it and takes about a second. It
// holds the countries of ISO 3166-1, a few of their subdivisions, one company
// with an employee who is the administrator, and no active party.
//
// The package speaks JSON-RPC by itself, without the adapter's code, so that
// tests can do what a colleague would do beside the adapter.
package trytontest
