package store_test

import (
	"fmt"
	"strings"
	"testing"

	"tandem/store"
	"tandem/store/storetest"
)

// BenchmarkLedger is what a run of 5,000 linked contacts asks of the store, on
// a file that waits for the disk as in production.
func BenchmarkLedger(b *testing.B) {
	const people = 5000
	s := storetest.Open(b, b.TempDir()+"/tandem.db")
	_, p := storetest.Seed(b, s, "https://idp.example.org", "ada")
	fence, err := s.BeginRun(bg, p.ID, &store.Run{ID: "run"}, s.Now(), 0)
	if err != nil {
		b.Fatal(err)
	}
	base := []byte(strings.Repeat("x", 800))
	var batch store.Batch
	seen := store.SeenBatch{ConnectionID: p.LeftID, Entity: "contacts"}
	for i := range people {
		id := fmt.Sprint("record-", i)
		batch.Links = append(batch.Links, store.Link{ID: s.NewID(), LeftID: id, RightID: id, LeftBase: base, RightBase: base})
		seen.Put = append(seen.Put, store.Seen{RecordID: id, Version: "1", Keys: []store.Key{
			{Kind: "email", Text: id}, {Kind: "phone", Text: id}, {Kind: "name", Text: id}}})
	}
	b.Run("links stored", func(b *testing.B) {
		for b.Loop() {
			if err := s.Commit(bg, p.ID, fence, store.Batch{Links: batch.Links}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("seen stored", func(b *testing.B) {
		for b.Loop() {
			if err := s.Commit(bg, p.ID, fence, store.Batch{Seen: []store.SeenBatch{seen}}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("links read", func(b *testing.B) {
		for b.Loop() {
			if err := s.Links(bg, p.ID, func([]store.Link) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("seen read", func(b *testing.B) {
		for b.Loop() {
			if err := s.AllSeen(bg, p.LeftID, "contacts", func(string, string) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("found by keys", func(b *testing.B) {
		var keys []store.Key
		for _, r := range seen.Put {
			keys = append(keys, r.Keys...)
		}
		for b.Loop() {
			if _, err := s.FindByKeys(bg, p.LeftID, "contacts", keys); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one link committed", func(b *testing.B) {
		for b.Loop() {
			if err := s.Commit(bg, p.ID, fence, store.Batch{Links: batch.Links[:1]}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
