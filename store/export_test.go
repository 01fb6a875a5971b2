package store

import (
	"context"

	"github.com/go-gormigrate/gormigrate/v2"
)

// For the tests, which are outside of the package because storetest is.

// Migrations are the migrations of this version.
func Migrations() []*gormigrate.Migration { return migrations() }

// SQLMigration makes a migration from statements.
func SQLMigration(id, text string) *gormigrate.Migration { return sqlMigration(id, text) }

// Connect opens a database and leaves its schema alone.
func Connect(ctx context.Context, url string) (*Store, error) { return connect(ctx, url) }

// Migrate runs the migrations that the database lacks.
func (s *Store) Migrate(ctx context.Context, all []*gormigrate.Migration) error {
	return s.migrate(ctx, all)
}

// SQLiteDSN is what is given to the driver.
func SQLiteDSN(address string) (dsn, file string, err error) { return sqliteDSN(address) }

// Rows are all row types.
func Rows() []any {
	return []any{
		&Organization{}, &User{}, &Identity{}, &Session{}, &Ticket{}, &Attempt{}, &Connection{}, &Pair{}, &Link{},
		&Intent{}, &Claim{}, &Run{}, &Item{}, &Profile{}, &Setting{}, &secret{}, &seenRow{}, &blindKey{}, &reset{},
	}
}
