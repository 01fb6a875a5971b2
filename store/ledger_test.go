package store_test

import (
	"testing"

	"tandem/server/engine"
	"tandem/store"
	"tandem/store/storetest"
)

// The store is the engine's ledger, and the suite's idea of one is the engine's.
var (
	_ engine.Ledger           = (*store.Store)(nil)
	_ engine.Ledger           = storetest.LedgerMethods(nil)
	_ storetest.LedgerMethods = engine.Ledger(nil)
)

func TestLedger(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		storetest.Ledger(t, func(t *testing.T) storetest.LedgerUnderTest {
			return storetest.StoreUnderTest(t, s)
		})
	})
}
