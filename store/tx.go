package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Tx is a transaction. Its Store's methods run within it, DB() is its GORM
// handle, and the raw transaction lets a job be inserted with the row it
// belongs to. An error from any statement means: return it, all is rolled back.
type Tx struct {
	*Store
	// PGX is the raw transaction on Postgres, Raw on SQLite; the other is nil.
	PGX pgx.Tx
	Raw *sql.Tx
}

// Tx runs fn in one transaction, committed when fn returns nil. GORM's own
// Transaction must not be used inside, and no method of the outer Store: on
// SQLite it would wait for this transaction.
func (s *Store) Tx(ctx context.Context, fn func(Tx) error) error {
	if s.bound {
		return fmt.Errorf("store: a transaction within a transaction")
	}
	if s.IsPostgres() {
		return s.postgresTx(ctx, fn)
	}
	return s.db(ctx).Transaction(func(tx *gorm.DB) error {
		return fn(Tx{Store: s.within(tx), Raw: tx.Statement.ConnPool.(*sql.Tx)})
	})
}

// postgresTx begins on the pgx connection below a *sql.Conn, and lets GORM
// speak through that same *sql.Conn: GORM's Transaction knows no pgx.Tx.
func (s *Store) postgresTx(ctx context.Context, fn func(Tx) error) error {
	conn, err := s.sql.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var below *pgx.Conn
	if err := conn.Raw(func(c any) error { below = c.(*stdlib.Conn).Conn(); return nil }); err != nil {
		return err
	}
	tx, err := below.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // after Commit: no effect
	db := s.gdb.Session(&gorm.Session{NewDB: true, Context: ctx, SkipDefaultTransaction: true})
	db.Statement.ConnPool = conn
	if err := fn(Tx{Store: s.within(db), PGX: tx}); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// within is a Store whose methods run in the transaction of db.
func (s *Store) within(db *gorm.DB) *Store {
	b := *s
	b.gdb, b.bound = db, true
	return &b
}

// write runs fn in a transaction: the surrounding one where there is one.
func (s *Store) write(ctx context.Context, fn func(*Store, *gorm.DB) error) error {
	if s.bound {
		return fn(s, s.db(ctx))
	}
	return s.db(ctx).Transaction(func(tx *gorm.DB) error { return fn(s.within(tx), tx) })
}

// forUpdate locks the rows that are read on Postgres. SQLite's transactions
// exclude each other from their beginning.
var forUpdate = clause.Locking{Strength: "UPDATE"}
