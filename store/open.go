package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// sqliteOptions: writers take their lock when they begin (a transaction that
// reads first and writes then could not wait for it), readers never wait, and
// a commit survives a power failure, since intents are committed before they
// are sent.
const sqliteOptions = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)" +
	"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate"

// sqliteConnections is enough for readers; writers queue anyway.
const sqliteConnections = 8

func (s *Store) openSQLite(ctx context.Context, address string) (gorm.Dialector, error) {
	dsn, file, err := sqliteDSN(address)
	if err != nil {
		return nil, err
	}
	if err := prepareFile(file); err != nil {
		return nil, fmt.Errorf("store: the SQLite file cannot be made: %w", err)
	}
	if s.sql, err = sql.Open(sqlite.DriverName, dsn); err != nil {
		return nil, fmt.Errorf("store: open SQLite: %w", err)
	}
	s.sql.SetMaxOpenConns(sqliteConnections)
	s.sql.SetMaxIdleConns(sqliteConnections)
	if err := s.pingSQLite(ctx); err != nil {
		return nil, fmt.Errorf("store: the SQLite file %s cannot be opened: %w", file, err)
	}
	return sqliteDialector{&sqlite.Dialector{Conn: s.sql}}, nil
}

// pingSQLite opens the first connection. Where several processes make a file at
// once, only one can turn WAL on, and SQLite does not let the others wait.
func (s *Store) pingSQLite(ctx context.Context) error {
	const busy = 5 // SQLITE_BUSY
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := s.sql.PingContext(ctx)
		var coded interface{ Code() int }
		if !errors.As(err, &coded) || coded.Code()&0xff != busy {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// sqliteDSN adds our options to an address; options given there come last and
// win.
func sqliteDSN(address string) (dsn, file string, err error) {
	file = strings.TrimPrefix(strings.TrimPrefix(address, "sqlite:"), "//")
	name, options, _ := strings.Cut(file, "?")
	file = name
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		path = strings.TrimPrefix(path, "//")
		if strings.Contains(path, "#") {
			return "", "", errors.New("store: in a file: URL, write # as %23")
		}
		if file, err = url.PathUnescape(path); err != nil {
			return "", "", fmt.Errorf("store: the database URL is not valid: %w", err)
		}
	}
	if file == "" || strings.Contains(file, ":memory:") || strings.Contains(options, "mode=memory") {
		return "", "", errors.New("store: DATABASE_URL must name a SQLite file or begin with postgres://")
	}
	dsn = name + "?" + sqliteOptions
	if options != "" {
		dsn += "&" + options
	}
	return dsn, file, nil
}

// prepareFile makes the file before SQLite does, readable for its owner only.
func prepareFile(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// sqliteDialector binds times in UTC and microseconds, so that the text SQLite
// keeps compares in order of time, and equals what Postgres gives back.
type sqliteDialector struct{ *sqlite.Dialector }

// BindVarTo implements gorm.Dialector.
func (d sqliteDialector) BindVarTo(w clause.Writer, stmt *gorm.Statement, v any) {
	switch last := &stmt.Vars[len(stmt.Vars)-1]; t := (*last).(type) {
	case time.Time:
		*last = stamp(t)
	case *time.Time:
		if t != nil {
			*last = stamp(*t)
		}
	}
	d.Dialector.BindVarTo(w, stmt, v)
}

// postgresConnections is what a pool may grow to where the URL does not say
// pool_max_conns: a page's reads must not wait for runs that commit.
const postgresConnections = 16

func (s *Store) openPostgres(ctx context.Context, address string) (gorm.Dialector, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		// The cause would repeat the address with its password.
		return nil, errors.New("store: the Postgres URL is not valid; it reads postgres://user:password@host:port/database")
	}
	config.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	if !strings.Contains(address, "pool_max_conns") {
		config.MaxConns = max(config.MaxConns, postgresConnections)
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("store: open Postgres: %w", err)
	}
	s.sql = stdlib.OpenDBFromPool(s.pool)
	if err := s.sql.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("store: Postgres at %s:%d, database %q, cannot be reached: %w",
			config.ConnConfig.Host, config.ConnConfig.Port, config.ConnConfig.Database, err)
	}
	return postgres.New(postgres.Config{Conn: s.sql}), nil
}
