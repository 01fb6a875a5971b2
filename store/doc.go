// Package store keeps everything durable: organizations, users, connections,
// settings, links, intents, claims and runs, by GORM on SQLite or Postgres.
// Credentials, bases, before-images and history are sealed by an AEAD bound to
// organization, row and column before they reach a row; match keys are kept
// as HMACs only. It knows nothing of contacts and of providers.
//
// The row types hold plaintext in Go: sealing and opening happen as a row is
// written and read (rowseal.go). The schema is made by the files in migrations,
// with every index; the tags of the row types only name primary keys. Times are
// kept and given back in UTC, in microseconds, on both engines.
//
// A method that serves a person takes the user's or organization's ID and finds
// nothing of anybody else's: what is not theirs is ErrNotFound. The methods
// without one (Pair, Connection, Run and those of the ledger_ files) are for the
// engine and the queue, and take no ID that came from a browser.
package store
