package store_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"tandem/store"
	"tandem/store/storetest"
)

// extra are the columns that no row type knows: the lease is its own file's.
var extra = map[string][]string{"connections": {"lease_owner", "lease_until"}}

func TestSchemaMatchesRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, row := range store.Rows() {
			stmt := &gorm.Statement{DB: s.DB()}
			if err := stmt.Parse(row); err != nil {
				t.Fatal(err)
			}
			columns, err := s.DB().Migrator().ColumnTypes(stmt.Table)
			if err != nil {
				t.Fatalf("%s: %v", stmt.Table, err)
			}
			var have []string
			for _, c := range columns {
				have = append(have, c.Name())
			}
			want := append(slices.Clone(stmt.Schema.DBNames), extra[stmt.Table]...)
			slices.Sort(have)
			slices.Sort(want)
			if !slices.Equal(have, want) {
				t.Errorf("table %s\nhas  %v\nwant %v", stmt.Table, have, want)
			}
		}
		var links, archive []string
		for table, names := range map[string]*[]string{"links": &links, "archived_links": &archive} {
			columns, err := s.DB().Migrator().ColumnTypes(table)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range columns {
				*names = append(*names, c.Name())
			}
			slices.Sort(*names)
		}
		if links = append(links, "reset_id"); !slices.Equal(archive, slices.Sorted(slices.Values(links))) {
			t.Errorf("archived_links has %v, links %v", archive, links)
		}
	})
}

// TestUpgrade: a database of this version takes a later version's migrations,
// keeps its rows, and then refuses this version.
func TestUpgrade(t *testing.T) {
	ctx := context.Background()
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		u, _ := storetest.Seed(t, s, "https://idp.example.org", "ada")
		later := append(store.Migrations(), store.SQLMigration("9998_hue",
			"-- a comment; with a semicolon\nALTER TABLE users ADD COLUMN hue text NOT NULL DEFAULT 'blue';\nCREATE TABLE hues (hue text PRIMARY KEY, at TIME, raw BYTES) COMPACT"))
		for range 2 { // the second time there is nothing to do
			if err := s.Migrate(ctx, later); err != nil {
				t.Fatal(err)
			}
		}
		var hue string
		if err := s.DB().Raw("SELECT hue FROM users WHERE id = ?", u.ID).Scan(&hue).Error; err != nil || hue != "blue" {
			t.Errorf("hue %q, %v", hue, err)
		}
		if _, err := store.Open(ctx, store.Options{URL: url, Keyset: storetest.Keyset()}); err == nil || !strings.Contains(err.Error(), "newer version") {
			t.Errorf("an older version opened the database: %v", err)
		}

		// One that fails leaves nothing behind.
		broken := append(later, store.SQLMigration("9999_broken", "ALTER TABLE users ADD COLUMN tone text;\nALTER TABLE nothing ADD COLUMN tone text"))
		if err := s.Migrate(ctx, broken); err == nil {
			t.Fatal("a broken migration succeeded")
		}
		if s.DB().Migrator().HasColumn("users", "tone") {
			t.Error("a broken migration left half of itself behind")
		}
		if err := s.Migrate(ctx, later); err != nil {
			t.Error(err)
		}
	})
}

// TestOpenAtOnce: several processes may start on one empty database.
func TestOpenAtOnce(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				s, err := store.Open(context.Background(), store.Options{URL: url, Keyset: storetest.Keyset()})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Ping(context.Background()); err != nil {
					t.Error(err)
				}
				s.Close()
			})
		}
		wg.Wait()
	})
}
