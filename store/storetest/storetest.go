// Package storetest gives tests a fresh database of each engine, and holds the
// suite that everything the engine may use as its ledger passes.
//
// SQLite is a file in the test's folder. Postgres is a real server, started
// once per test binary and gone with it; TEST_POSTGRES_URL names another one
// to use, on which databases may be created.
package storetest

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"tandem/store"
)

// Each runs test with a fresh store on each engine.
func Each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	Engines(t, func(t *testing.T, fresh func(testing.TB) *store.Store) { test(t, fresh(t)) })
}

// Engines runs test for each engine, with a function that makes a fresh store.
func Engines(t *testing.T, test func(t *testing.T, fresh func(testing.TB) *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, New) })
	t.Run("postgres", func(t *testing.T) {
		test(t, func(t testing.TB) *store.Store { return Open(t, prepared(t)) })
	})
}

// EachURL runs test with the address of a fresh, empty database of each engine,
// for tests that open it themselves or hand it to a process.
func EachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// New is a fresh store on SQLite, for tests to which the engine is all the same.
func New(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, SQLite(t))
}

// SQLite is the address of a SQLite file that is not there yet. It does not
// wait for the disk.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "tandem.db") + "?_pragma=synchronous(OFF)"
}

// Open opens a store under the test binary's keyset and closes it at the
// test's end.
func Open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{URL: url, Keyset: Keyset()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Keyset is the keyset of all stores of the test binary.
var Keyset = sync.OnceValue(func() *store.Keyset {
	k, err := store.NewKeyset()
	if err != nil {
		panic(err) // no randomness
	}
	return k
})
