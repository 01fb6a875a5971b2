package store_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/store"
	"tandem/store/storetest"
)

func TestSQLiteAddress(t *testing.T) {
	for _, c := range []struct{ address, file, begins, ends string }{
		{"data/tandem.db", "data/tandem.db", "data/tandem.db?_pragma=busy_timeout(10000)&", "&_txlock=immediate"},
		{"sqlite:data/tandem.db", "data/tandem.db", "data/tandem.db?", "immediate"},
		{"sqlite:///var/lib/tandem.db", "/var/lib/tandem.db", "/var/lib/tandem.db?", "immediate"},
		{"file:a%20b.db?cache=private", "a b.db", "file:a%20b.db?_pragma", "immediate&cache=private"},
		{"sqlite:a#b%20.db", "a#b%20.db", "a#b%20.db?", "immediate"},
		{"file:///srv/t.db", "/srv/t.db", "file:///srv/t.db?", "immediate"},
	} {
		dsn, file, err := store.SQLiteDSN(c.address)
		if err != nil || file != c.file || !strings.HasPrefix(dsn, c.begins) || !strings.HasSuffix(dsn, c.ends) {
			t.Errorf("%s: %q, %q, %v", c.address, dsn, file, err)
		}
	}
	for _, address := range []string{"", "sqlite:", ":memory:", "file::memory:?cache=shared", "file:x?mode=memory", "file:a#b", "file:%zz"} {
		if dsn, _, err := store.SQLiteDSN(address); err == nil {
			t.Errorf("%q gave %q", address, dsn)
		}
	}
}

func TestSQLiteFileIsPrivate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "tandem.db")
	s := storetest.Open(t, "sqlite:"+file)
	storetest.Seed(t, s, "https://idp.example.org", "ada")
	for _, f := range []string{file, file + "-wal"} {
		info, err := os.Stat(f)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(f), info.Mode(), err)
		}
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		if err := s.SQL().QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s, %v", pragma, got, want, err)
		}
	}
}

func TestOpenFaults(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		filepath.Join(dir, "text"), dir,
		"postgres://tandem:pa55word@127.0.0.1:1/tandem?connect_timeout=1", "postgres://tandem:pa55word@[/x",
	} {
		s, err := store.Open(context.Background(), store.Options{URL: url, Keyset: storetest.Keyset()})
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", url)
		} else if !strings.HasPrefix(err.Error(), "store: ") || strings.Contains(err.Error(), "pa55word") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := store.Open(context.Background(), store.Options{URL: filepath.Join(dir, "new.db")}); err == nil {
		t.Error("opened without a keyset")
	}
}

// TestTimes: what is written in any zone is read in UTC, and compares by time.
func TestTimes(t *testing.T) {
	ctx := context.Background()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		u, _ := storetest.Seed(t, s, "https://idp.example.org", "ada")
		east := time.FixedZone("east", 9*3600)
		end := time.Date(2026, 11, 2, 9, 0, 0, 123456789, time.UTC)
		if err := s.CreateSession(ctx, store.Session{Hash: "h", Kind: store.PageSession, UserID: u.ID, ExpiresAt: end.In(east)}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			now  time.Time
			want error
		}{
			{end.Add(-time.Second), nil},
			{end.Add(-time.Hour).In(east), nil},
			{end.Add(-time.Hour).In(time.FixedZone("west", -9*3600)), nil},
			{end.In(time.FixedZone("west", -9*3600)), store.ErrNotFound},
			{end.Add(time.Second).In(east), store.ErrNotFound},
		} {
			s.Now = func() time.Time { return c.now }
			session, _, err := s.Session(ctx, store.PageSession, "h")
			if err != c.want {
				t.Errorf("at %v: %v, want %v", c.now, err, c.want)
			}
			if err == nil && session.ExpiresAt != end.Truncate(time.Microsecond) {
				t.Errorf("read %v, wrote %v", session.ExpiresAt, end)
			}
		}
	})
}

func TestKeysetFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deep", "keyset.json")
	if err := store.RotateKeyset(file); err == nil {
		t.Error("rotated a keyset that is not there")
	}
	if _, err := store.LoadKeyset(file); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		info, err := os.Stat(file)
		if err != nil || info.Mode() != fs.FileMode(0o600) {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if err := store.RotateKeyset(file); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.LoadKeyset(file); err == nil {
		t.Error("an empty keyset was loaded")
	}
}
