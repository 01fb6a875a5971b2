package store_test

import (
	"testing"

	"tandem/store"
	"tandem/store/storetest"
)

func TestLedger(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, fresh func(testing.TB) *store.Store) {
		storetest.Ledger(t, func(t *testing.T) storetest.LedgerUnderTest {
			return storetest.StoreUnderTest(t, fresh(t))
		})
	})
}
