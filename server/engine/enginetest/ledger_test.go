package enginetest_test

import (
	"testing"

	"tandem/server/engine/enginetest"
	"tandem/store/storetest"
)

func TestLedger(t *testing.T) {
	storetest.Ledger(t, func(*testing.T) storetest.LedgerUnderTest {
		l := enginetest.NewLedger()
		u := storetest.LedgerUnderTest{Ledger: l, Secret: "s3cret"}
		u.Pair = l.Join("ours", "ada", []byte(u.Secret))
		u.Colleague = l.Join("ours", "bob", nil)
		u.Stranger = l.Join("theirs", "eve", nil)
		return u
	})
}
