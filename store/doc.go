// Package store keeps everything durable: organizations, users, connections,
// settings, links, intents, claims and runs, by GORM on SQLite or Postgres.
// Credentials, bases, before-images and history are sealed by an AEAD bound to
// organization, row and column before they reach a row; match keys are kept
// as HMACs only. It knows nothing of contacts and of providers.
package store
