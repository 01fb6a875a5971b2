package engine

import (
	"context"
	"time"

	"tandem/store"
)

// Ledger is what the engine needs of the store. *store.Store and enginetest's
// in-memory ledger both pass the storetest suite.
//
// Methods that take a fence answer store.ErrFenced, and change nothing, unless
// it is the pair's current one.
type Ledger interface {
	// Pair reads a pair; store.ErrNotFound.
	Pair(ctx context.Context, pairID string) (store.Pair, error)
	// Connection reads a connection, secret opened; store.ErrNotFound.
	Connection(ctx context.Context, id string) (store.Connection, error)

	// BeginRun takes the pair for run: it raises the fence, clears Dirty, sets
	// RunID and Beat, and stores run as running. A pair whose run showed a sign
	// of life less than stale ago is store.ErrBusy, and Dirty is set.
	BeginRun(ctx context.Context, pairID string, run *store.Run, now time.Time, stale time.Duration) (fence int64, err error)
	// Beat is the run's sign of life and its progress; a nil run leaves the
	// stored progress as it is.
	Beat(ctx context.Context, pairID string, fence int64, run *store.Run, now time.Time) error
	// EndRun stores the finished run and the pair's new state (cursors, sizes,
	// FirstDone, SettingsKey, SweptAt) and lets the pair go. It reports whether
	// the pair became dirty meanwhile.
	EndRun(ctx context.Context, fence int64, pair *store.Pair, run *store.Run, now time.Time) (dirty bool, err error)

	// CountLinks counts the pair's links in the given state.
	CountLinks(ctx context.Context, pairID string, state uint8) (int, error)
	// Links calls yield with all links of the pair, in batches.
	Links(ctx context.Context, pairID string, yield func([]store.Link) error) error
	// LinksBy reads the links whose record on side (0 left, 1 right) is one of ids.
	LinksBy(ctx context.Context, pairID string, side uint8, ids []string) ([]store.Link, error)

	// Seen reads what is known of records; unknown ones are left out.
	Seen(ctx context.Context, connectionID, entity string, recordIDs []string) (map[string]string, error)
	// AllSeen calls yield with the ID and Version of every record ever listed.
	AllSeen(ctx context.Context, connectionID, entity string, yield func(recordID, version string) error) error
	// FindByKeys finds records by blind keys: for each key the record IDs that
	// have it.
	FindByKeys(ctx context.Context, connectionID, entity string, keys []store.Key) (map[store.Key][]string, error)

	// Intents reads the pair's intents, oldest first.
	Intents(ctx context.Context, pairID string) ([]store.Intent, error)
	// Reserve stores intents and claims together, before anything is sent. A
	// claim that another intent holds is answered in taken: the holder's row,
	// with ForIntent naming the intent that did not get it; that intent is not
	// stored, nor are its other claims. A settled claim (RecordID set) older than
	// store.ClaimAge is replaced. Intents are replaced by ID, and an intent that
	// is reserved again keeps its own claims.
	Reserve(ctx context.Context, pairID string, fence int64, intents []store.Intent, claims []store.Claim) (taken []store.Claim, err error)
	// ClaimsBy reads the claims of intents.
	ClaimsBy(ctx context.Context, intentIDs []string) ([]store.Claim, error)
	// Commit stores everything in one transaction.
	Commit(ctx context.Context, pairID string, fence int64, b store.Batch) error

	// NewID makes an identifier for a row: a UUID, ordered by time.
	NewID() string
}
