package store_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"tandem/store"
	"tandem/store/storetest"
)

// TestMixedLoad: runs of many users that commit and claim the same people in
// any order, pages that read and clicks that write meet no locked database and
// no deadlock, and each person is claimed once.
func TestMixedLoad(t *testing.T) {
	const users, rounds = 6, 15
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		pairs := make([]store.Pair, users)
		for i := range pairs {
			_, pairs[i] = storetest.Seed(t, s, "https://idp.example.org", fmt.Sprint("user", i))
		}
		var wg sync.WaitGroup
		for i, p := range pairs {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			wg.Go(func() {
				fence, err := s.BeginRun(bg, p.ID, &store.Run{ID: s.NewID()}, time.Now(), time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				for round := range rounds {
					var intents []store.Intent
					var claims []store.Claim
					for _, person := range random.Perm(20) {
						id := s.NewID()
						intents = append(intents, store.Intent{ID: id})
						for _, kind := range []string{"a", "b"} {
							claims = append(claims, store.Claim{CRM: "crm", Entity: "contacts", IntentID: id,
								Key: fmt.Sprint(kind, round, "-", person)})
						}
					}
					taken, err := s.Reserve(bg, p.ID, fence, intents, claims)
					if err != nil {
						t.Error(err)
						return
					}
					refused := map[string]bool{}
					for _, c := range taken {
						refused[c.ForIntent] = true
					}
					var b store.Batch
					for _, intent := range intents {
						b.DropIntents = append(b.DropIntents, intent.ID)
						if !refused[intent.ID] {
							b.Links = append(b.Links, store.Link{ID: s.NewID(), LeftID: intent.ID, LeftBase: []byte("base")})
						}
					}
					if err := s.Commit(bg, p.ID, fence, b); err != nil {
						t.Error(err)
					}
				}
			})
			wg.Go(func() {
				for range rounds {
					if _, err := s.Runs(bg, p.UserID, 0, 10); err != nil {
						t.Error(err)
					}
					if err := s.MarkDirty(bg, p.ID); err != nil {
						t.Error(err)
					}
					if err := s.Links(bg, p.ID, func([]store.Link) error { return nil }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		created := 0
		for _, p := range pairs {
			n, err := s.CountLinks(bg, p.ID, 0)
			must(t, err)
			created += n
		}
		if created != 20*rounds {
			t.Errorf("%d people created, want %d", created, 20*rounds)
		}
	})
}
