package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Options say which database to open and what protects its secrets.
type Options struct {
	// URL is postgres://..., else a SQLite file: a path, sqlite:path or
	// file:path?options.
	URL string
	// Keyset seals what must not be read from the database file.
	Keyset *Keyset
}

// Store is one open database. It is safe for concurrent use.
type Store struct {
	// Now is the clock, time.Now unless a test sets another.
	Now func() time.Time

	gdb   *gorm.DB
	sql   *sql.DB
	pool  *pgxpool.Pool // nil on SQLite
	keys  *sealer
	bound bool // within a transaction, see Tx
}

// Open opens the database, brings its schema up to date and checks that the
// keyset belongs to it.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := connect(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	if o.Keyset == nil {
		err = errors.New("store: a keyset is needed: see LoadKeyset")
	}
	if err == nil {
		err = s.migrate(ctx, migrations())
	}
	if err == nil {
		s.keys, err = openSealer(ctx, s, o.Keyset)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect opens the database without looking at its schema.
func connect(ctx context.Context, url string) (*Store, error) {
	s := &Store{Now: time.Now}
	var dialect gorm.Dialector
	var err error
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		dialect, err = s.openPostgres(ctx, url)
	} else {
		dialect, err = s.openSQLite(ctx, url)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.gdb, err = gorm.Open(dialect, &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		// GORM's own logger would print statements with their values.
		Logger:  logger.Discard,
		NowFunc: func() time.Time { return s.Now().UTC() },
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: open the database: %w", err), s.Close())
	}
	return s, nil
}

// DB is the GORM handle, outside of any transaction unless the Store is a Tx's.
func (s *Store) DB() *gorm.DB { return s.gdb }

// SQL is the one pool of connections below DB.
func (s *Store) SQL() *sql.DB { return s.sql }

// Pool is the Postgres pool below SQL; nil on SQLite.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// IsPostgres tells the two engines apart.
func (s *Store) IsPostgres() bool { return s.pool != nil }

// Ping asks the database for a sign of life.
func (s *Store) Ping(ctx context.Context) error { return s.sql.PingContext(ctx) }

// Close ends all connections.
func (s *Store) Close() error {
	var err error
	if s.sql != nil {
		err = s.sql.Close()
	}
	if s.pool != nil {
		s.pool.Close()
	}
	return err
}

// NewID makes an identifier for a row: a UUID, ordered by time.
func (s *Store) NewID() string { return newID() }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// db is the handle under ctx, within the transaction where there is one.
func (s *Store) db(ctx context.Context) *gorm.DB { return s.gdb.WithContext(ctx) }

// now is the clock's time as both engines keep it: UTC, in microseconds.
func (s *Store) now() time.Time { return stamp(s.Now()) }

func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// found turns GORM's words for "no row" and "exists" into the store's.
func found(err error) error {
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return ErrNotFound
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return ErrExists
	}
	return err
}
