package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/go-gormigrate/gormigrate/v2"
	"gorm.io/gorm"
)

// The schema is the sum of the files in migrations, in order of their names. A
// fresh database runs all of them, an older one those it lacks, so both end
// up alike.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrationLock is the Postgres advisory lock that lets only one of several
// starting processes migrate.
const migrationLock = 0x74616e64656d

// migrations reads the embedded files.
func migrations() []*gormigrate.Migration {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		panic(err) // the pattern is constant
	}
	var all []*gormigrate.Migration
	for _, file := range files {
		text, err := migrationFiles.ReadFile(file)
		if err != nil {
			panic(err) // embedded
		}
		id := strings.TrimSuffix(strings.TrimPrefix(file, "migrations/"), ".sql")
		all = append(all, sqlMigration(id, string(text)))
	}
	return all
}

// sqlMigration runs the statements of text one by one.
func sqlMigration(id, text string) *gormigrate.Migration {
	return &gormigrate.Migration{ID: id, Migrate: func(tx *gorm.DB) error {
		for _, statement := range statements(text, tx.Name() == "postgres") {
			if err := tx.Exec(statement).Error; err != nil {
				line, _, _ := strings.Cut(statement, "\n")
				return fmt.Errorf("migration %s, %q: %w", id, line, err)
			}
		}
		return nil
	}}
}

var (
	comments     = regexp.MustCompile(`(?m)^--.*$`)
	placeholders = regexp.MustCompile(`\b(TIME|BYTES|COMPACT)\b`)
)

// statements splits a migration and puts in the engine's words: TIME is a
// moment, BYTES are bytes, COMPACT marks a table that is its own index.
func statements(text string, postgres bool) []string {
	words := map[string]string{"TIME": "datetime", "BYTES": "blob", "COMPACT": "WITHOUT ROWID"}
	if postgres {
		words = map[string]string{"TIME": "timestamptz", "BYTES": "bytea", "COMPACT": ""}
	}
	text = comments.ReplaceAllString(text, "")
	text = placeholders.ReplaceAllStringFunc(text, func(w string) string { return words[w] })
	var all []string
	for s := range strings.SplitSeq(text, ";") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// migrate runs the migrations that the database lacks, all of them or none.
func (s *Store) migrate(ctx context.Context, all []*gormigrate.Migration) error {
	if s.IsPostgres() {
		conn, err := s.sql.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
			return fmt.Errorf("store: wait for another process to migrate: %w", err)
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	}
	options := *gormigrate.DefaultOptions
	options.UseTransaction = true
	options.ValidateUnknownMigrations = true
	err := gormigrate.New(s.db(ctx), &options, all).Migrate()
	if errors.Is(err, gormigrate.ErrUnknownPastMigration) {
		return errors.New("store: the database was made by a newer version of this program; start that version")
	}
	if err != nil {
		return fmt.Errorf("store: bring the schema up to date: %w", err)
	}
	return nil
}
