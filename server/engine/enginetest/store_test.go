package enginetest_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/engine/enginetest"
	"tandem/server/engine/plan"
	"tandem/store"
	"tandem/store/storetest"
)

// backend is the real store as a World's ledger.
type backend struct{ *store.Store }

// AllItems are the lines of all reports of a pair.
func (b backend) AllItems(pair store.Pair) ([]store.Item, error) {
	return b.Items(context.Background(), pair.UserID, store.ItemQuery{PairID: pair.ID, Limit: 100_000})
}

// storeCells is how many single faults, and how many double ones, are played on
// each real database.
func storeCells() int {
	if n, err := strconv.Atoi(os.Getenv("TANDEM_STORE_CELLS")); err == nil {
		return n
	}
	switch {
	case nightly:
		return 2000
	case raceEnabled:
		return 10
	}
	return 40
}

// TestFaultsOnStore plays a sample of single and double faults on a SQLite file
// and on Postgres, which must end as they do in memory.
func TestFaultsOnStore(t *testing.T) {
	random := seed(t)
	stages := enginetest.Stages()
	random.Shuffle(len(stages), func(i, j int) { stages[i], stages[j] = stages[j], stages[i] })
	stages = stages[:min(len(stages), storeCells())]
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var serial atomic.Int64
		build := func(p enginetest.Profile, d plan.Direction) *enginetest.World {
			// Each world has an organization of its own.
			issuer := fmt.Sprintf("https://world%d.example", serial.Add(1))
			w := enginetest.NewWorld(p, d, backend{s}, func(user string) store.Pair {
				_, pair := storetest.Seed(t, s, issuer, user)
				return pair
			})
			w.Wait(time.Since(w.Now())) // the store's clock is the real one
			return w
		}
		own := make([]*enginetest.Stage, len(stages))
		for i, st := range stages {
			own[i] = &enginetest.Stage{Scenario: st.Scenario, Direction: st.Direction, Profile: st.Profile, Make: build}
		}
		cells := sample(random, allCells(t, own), storeCells())
		play(t, "single faults", cells)
		var doubles []enginetest.Cell
		for _, c := range cells[:min(len(cells), storeCells()/6)] {
			all, err := c.Seconds(17 * time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if len(all) > 0 {
				doubles = append(doubles, all[random.IntN(len(all))])
			}
		}
		play(t, "double faults", doubles)
	})
}
