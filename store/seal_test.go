package store_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"tandem/store"
	"tandem/store/storetest"
)

// canary is a secret that must be found nowhere.
func canary(n int) string { return fmt.Sprintf("canary-%02d-Zwitscher", n) }

// plant writes canaries to every place that is to be sealed or blinded.
func plant(t *testing.T, s *store.Store) (store.User, store.Pair, []store.Link) {
	t.Helper()
	ctx := context.Background()
	u, p := storetest.Seed(t, s, "https://idp.example.org", "ada")
	n := 0
	next := func() []byte { n++; return []byte(canary(n)) }
	for _, side := range []string{store.SideCRM, store.SideContacts} {
		c, err := s.ConnectionOn(ctx, u.ID, side)
		if err != nil {
			t.Fatal(err)
		}
		c.Secret = next()
		if err := s.SaveConnection(ctx, &c); err != nil {
			t.Fatal(err)
		}
	}
	err := s.CreateAttempt(ctx, store.Attempt{StateHash: "state", Purpose: "connect", OrganizationID: u.OrganizationID,
		UserID: u.ID, Secret: next(), ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	fence, err := s.BeginRun(ctx, p.ID, &store.Run{ID: "run"}, time.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var b store.Batch
	for i := range 4 {
		b.Links = append(b.Links, store.Link{ID: s.NewID(), LeftID: fmt.Sprint(i), RightID: fmt.Sprint(i), LeftBase: next(), RightBase: next()})
	}
	b.Intents = []store.Intent{{ID: s.NewID(), Detail: next()}, {ID: s.NewID(), Detail: next()}}
	b.Items = []store.Item{{RunID: "run", Kind: "conflict", Detail: next()}, {RunID: "run", Kind: "created", Detail: next()}}
	b.Seen = []store.SeenBatch{{ConnectionID: p.LeftID, Entity: "contacts", Put: []store.Seen{{RecordID: "1",
		Keys: []store.Key{{Kind: "email", Text: string(next())}, {Kind: "phone", Text: string(next())}, {Kind: "name", Text: string(next())}}}}}}
	if err := s.Commit(ctx, p.ID, fence, b); err != nil {
		t.Fatal(err)
	}
	id := s.NewID()
	taken, err := s.Reserve(ctx, p.ID, fence, []store.Intent{{ID: id, Detail: next()}},
		[]store.Claim{{CRM: "espocrm", Entity: "contacts", Key: string(next()), IntentID: id}})
	if err != nil || len(taken) != 0 {
		t.Fatal(taken, err)
	}
	if n < 20 {
		t.Fatalf("only %d canaries", n)
	}
	return u, p, b.Links
}

func TestNoSecretInTheDatabase(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "tandem.db")
		s := storetest.Open(t, file)
		plant(t, s)
		for _, when := range []string{"before", "after"} {
			for _, f := range []string{file, file + "-wal"} {
				raw, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(raw, []byte("Zwitscher")) {
					t.Errorf("%s a checkpoint, %s holds a secret", when, filepath.Base(f))
				}
			}
			if err := s.DB().Exec("PRAGMA wal_checkpoint(TRUNCATE)").Error; err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("postgres", func(t *testing.T) {
		s := storetest.Open(t, storetest.Postgres(t))
		plant(t, s)
		tables, err := s.DB().Migrator().GetTables()
		if err != nil || len(tables) < 20 {
			t.Fatal(tables, err)
		}
		for _, table := range tables {
			var rows []string
			if err := s.DB().Raw("SELECT t::text FROM " + table + " t").Scan(&rows).Error; err != nil {
				t.Fatal(err)
			}
			all := strings.Join(rows, "\n")
			if strings.Contains(all, "Zwitscher") || strings.Contains(all, hex.EncodeToString([]byte("Zwitscher"))) {
				t.Errorf("table %s holds a secret", table)
			}
		}
	})
}

// TestMovedCiphertext: what is sealed for one place opens in no other.
func TestMovedCiphertext(t *testing.T) {
	ctx := context.Background()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		u, p, links := plant(t, s)
		read := func() error {
			return s.Links(ctx, p.ID, func([]store.Link) error { return nil })
		}
		if err := read(); err != nil {
			t.Fatal(err)
		}
		exec := func(sql string, args ...any) {
			t.Helper()
			if r := s.DB().Exec(sql, args...); r.Error != nil || r.RowsAffected == 0 {
				t.Fatal(sql, r.Error)
			}
		}
		for i, a := range links {
			for j, b := range links {
				for _, columns := range [][2]string{{"left_base", "left_base"}, {"left_base", "right_base"}} {
					if i == j && columns[0] == columns[1] {
						continue
					}
					var before []byte
					if err := s.DB().Raw("SELECT "+columns[0]+" FROM links WHERE id = ?", a.ID).Row().Scan(&before); err != nil {
						t.Fatal(err)
					}
					exec("UPDATE links SET "+columns[0]+" = (SELECT "+columns[1]+" FROM links WHERE id = ?) WHERE id = ?", b.ID, a.ID)
					if err := read(); err == nil {
						t.Errorf("%s of link %d opened as %s of link %d", columns[1], j, columns[0], i)
					}
					exec("UPDATE links SET "+columns[0]+" = ? WHERE id = ?", before, a.ID)
				}
			}
		}
		if err := read(); err != nil {
			t.Fatal(err)
		}
		// A secret opens for no other connection and no other organization.
		exec("UPDATE connections SET secret = (SELECT secret FROM connections WHERE id = ?) WHERE id = ?", p.RightID, p.LeftID)
		if _, err := s.Connection(ctx, p.LeftID); err == nil {
			t.Error("another connection's secret opened")
		}
		other, _ := storetest.Seed(t, s, "https://idp.example.com", "eve")
		exec("UPDATE connections SET organization_id = ? WHERE id = ?", other.OrganizationID, p.RightID)
		if _, err := s.ConnectionOf(ctx, u.ID, p.RightID); err == nil {
			t.Error("the secret opened in another organization")
		}
	})
}

// TestRotation: after a rotation and a reseal, the new key alone opens all.
func TestRotation(t *testing.T) {
	ctx := context.Background()
	storetest.EachURL(t, func(t *testing.T, url string) {
		file := filepath.Join(t.TempDir(), "keyset.json")
		open := func() (*store.Store, error) {
			k, err := store.LoadKeyset(file)
			if err != nil {
				t.Fatal(err)
			}
			return store.Open(ctx, store.Options{URL: url, Keyset: k})
		}
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		u, p, want := plant(t, s)
		if err := s.Reset(ctx, u.ID, p.ID, false); err != nil { // fills the archive
			t.Fatal(err)
		}
		s.Close()

		if err := store.RotateKeyset(file); err != nil {
			t.Fatal(err)
		}
		if s, err = open(); err != nil {
			t.Fatal(err)
		}
		n, err := s.Reseal(ctx)
		if err != nil || n != 2+1+8+2+1 { // secrets, attempt, archived bases, items, root
			t.Errorf("resealed %d values, %v", n, err)
		}
		s.Close()

		dropOldKeys(t, file)
		if s, err = open(); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.UndoReset(ctx, u.ID, p.ID); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		if err := s.Links(ctx, p.ID, func(links []store.Link) error {
			for _, l := range links {
				got[l.ID] = string(l.LeftBase) + string(l.RightBase)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, l := range want {
			if got[l.ID] != string(l.LeftBase)+string(l.RightBase) {
				t.Errorf("link %s: %q", l.ID, got[l.ID])
			}
		}
		if _, err := s.ConnectionOn(ctx, u.ID, store.SideCRM); err != nil {
			t.Error(err)
		}
		if items, err := s.Items(ctx, u.ID, store.ItemQuery{RunID: "run"}); err != nil || len(items) != 2 {
			t.Error(items, err)
		}
		if _, err := s.TakeAttempt(ctx, "connect", "state"); err != nil {
			t.Error(err)
		}

		other, err := store.NewKeyset()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(ctx, store.Options{URL: url, Keyset: other}); err == nil || !strings.Contains(err.Error(), store.ErrKeyset.Error()) {
			t.Errorf("another keyset: %v", err)
		}
	})
}

// dropOldKeys leaves only the primary key in a keyset file.
func dropOldKeys(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(b)))
	if err != nil {
		t.Fatal(err)
	}
	m := keyset.NewManagerFromHandle(h)
	info := h.KeysetInfo()
	for _, k := range info.KeyInfo {
		if k.KeyId != info.PrimaryKeyId {
			if err := m.Delete(k.KeyId); err != nil {
				t.Fatal(err)
			}
		}
	}
	if h, err = m.Handle(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&out)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRotateBesideServer: a server that knows only the older key reads on what
// "keys rotate" has sealed anew.
func TestRotateBesideServer(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		file := filepath.Join(t.TempDir(), "keys.json")
		open := func() *store.Store {
			t.Helper()
			keys, err := store.LoadKeyset(file)
			must(t, err)
			s, err := store.Open(bg, store.Options{URL: url, Keyset: keys})
			must(t, err)
			t.Cleanup(func() { s.Close() })
			return s
		}
		server := open()
		u, _ := storetest.Seed(t, server, "https://idp.example.org", "ada")
		want, err := server.ConnectionOn(bg, u.ID, store.SideCRM)
		must(t, err)
		must(t, store.RotateKeyset(file))
		_, err = open().Reseal(bg)
		must(t, err)
		got, err := server.ConnectionOn(bg, u.ID, store.SideCRM)
		if err != nil || !bytes.Equal(got.Secret, want.Secret) {
			t.Errorf("%q, %v", got.Secret, err)
		}
		if err := os.WriteFile(file, []byte("not a keyset"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := server.ConnectionOn(bg, u.ID, store.SideCRM); err != nil || !bytes.Equal(got.Secret, want.Secret) {
			t.Errorf("after the file was spoilt: %q, %v", got.Secret, err)
		}
	})
}

func TestKeysetExposed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	if _, err := store.LoadKeyset(file); err != nil || store.KeysetExposed(file) {
		t.Error("a fresh keyset is exposed", err)
	}
	if err := os.Chmod(file, 0o644); err != nil || !store.KeysetExposed(file) {
		t.Error("a keyset for everybody is not noticed", err)
	}
}
