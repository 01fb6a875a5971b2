package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"tandem/store"
)

// LedgerMethods is engine.Ledger, spelled out again because this room may not
// know the engine. A test of the engine holds the two together.
type LedgerMethods interface {
	Pair(ctx context.Context, pairID string) (store.Pair, error)
	Connection(ctx context.Context, id string) (store.Connection, error)
	BeginRun(ctx context.Context, pairID string, run *store.Run, now time.Time, stale time.Duration) (fence int64, err error)
	Beat(ctx context.Context, pairID string, fence int64, run *store.Run, now time.Time) error
	EndRun(ctx context.Context, fence int64, pair *store.Pair, run *store.Run, now time.Time) (dirty bool, err error)
	CountLinks(ctx context.Context, pairID string, state uint8) (int, error)
	Links(ctx context.Context, pairID string, yield func([]store.Link) error) error
	LinksBy(ctx context.Context, pairID string, side uint8, ids []string) ([]store.Link, error)
	Seen(ctx context.Context, connectionID, entity string, recordIDs []string) (map[string]string, error)
	AllSeen(ctx context.Context, connectionID, entity string, yield func(recordID, version string) error) error
	FindByKeys(ctx context.Context, connectionID, entity string, keys []store.Key) (map[store.Key][]string, error)
	Intents(ctx context.Context, pairID string) ([]store.Intent, error)
	Reserve(ctx context.Context, pairID string, fence int64, intents []store.Intent, claims []store.Claim) (taken []store.Claim, err error)
	ClaimsBy(ctx context.Context, intentIDs []string) ([]store.Claim, error)
	Commit(ctx context.Context, pairID string, fence int64, b store.Batch) error
	NewID() string
}

// LedgerUnderTest is a fresh ledger with three pairs that no run has taken yet
// (Fence 0, sizes -1), and their connections.
type LedgerUnderTest struct {
	Ledger LedgerMethods
	// Pair and Colleague are pairs of two users of one organization, Stranger
	// is one of another organization. Pair's left connection has Secret.
	Pair, Colleague, Stranger store.Pair
	Secret                    string
}

// Ledger runs the suite that every ledger of the engine passes.
func Ledger(t *testing.T, fresh func(t *testing.T) LedgerUnderTest) {
	for _, test := range []struct {
		name string
		run  func(*ledgerTest)
	}{
		{"reads", reads},
		{"run takes and lets go", takesAndLetsGo},
		{"run is busy", isBusy},
		{"stale run is fenced out", isFencedOut},
		{"links", links},
		{"many links", manyLinks},
		{"seen", seen},
		{"blind keys", blindKeys},
		{"intents", intents},
		{"claims", claims},
		{"claims are all or none", claimsAllOrNone},
		{"claims age", claimsAge},
		{"claims stay in the organization", claimsStay},
		{"commit is all or nothing", allOrNothing},
		{"values are copies", copies},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := fresh(t)
			test.run(&ledgerTest{T: t, LedgerUnderTest: u, l: u.Ledger, ctx: context.Background(), now: start0})
		})
	}
}

// start0 is the time at which each test of the suite begins.
var start0 = time.Date(2026, 11, 2, 9, 30, 0, 123456000, time.UTC)

// stale is after how long a run counts as dead in the suite.
const stale = 30 * time.Second

type ledgerTest struct {
	*testing.T
	LedgerUnderTest
	l   LedgerMethods
	ctx context.Context
	now time.Time
}

// ok fails the test on an error.
func (t *ledgerTest) ok(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is fails the test unless err is want.
func (t *ledgerTest) is(err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// begin takes a pair.
func (t *ledgerTest) begin(pair store.Pair) (int64, *store.Run) {
	t.Helper()
	run := &store.Run{ID: t.l.NewID(), Kind: store.RunSync, Trigger: "manual"}
	fence, err := t.l.BeginRun(t.ctx, pair.ID, run, t.now, stale)
	t.ok(err)
	return fence, run
}

// commit commits to a pair.
func (t *ledgerTest) commit(pair store.Pair, fence int64, b store.Batch) {
	t.Helper()
	t.ok(t.l.Commit(t.ctx, pair.ID, fence, b))
}

// allLinks reads all links of a pair by their IDs.
func (t *ledgerTest) allLinks(pair store.Pair) map[string]store.Link {
	t.Helper()
	all := map[string]store.Link{}
	t.ok(t.l.Links(t.ctx, pair.ID, func(batch []store.Link) error {
		for _, l := range batch {
			if _, twice := all[l.ID]; twice {
				t.Fatalf("link %s came twice", l.ID)
			}
			all[l.ID] = l
		}
		return nil
	}))
	return all
}
