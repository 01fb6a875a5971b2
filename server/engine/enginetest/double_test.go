package enginetest_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/engine/enginetest"
)

// doubles is how many first faults are played with a second one in the run that
// should mend the first, and how many seconds each gets.
func doubles() (firsts, seconds int) {
	if n, err := strconv.Atoi(os.Getenv("TANDEM_DOUBLES")); err == nil {
		return n, 2
	}
	if raceEnabled {
		return 50, 2
	}
	return 1500, 2
}

// nightDoubles are the double faults that are played at night at least.
const nightDoubles = 250_000

// TestDoubleFaults lets a second fault strike in the run that mends the first:
// at once, and after the grace period.
func TestDoubleFaults(t *testing.T) {
	random := seed(t)
	cells := allCells(t, enginetest.Stages())
	firsts, seconds := doubles()
	if nightly {
		firsts, seconds = len(cells), nightDoubles/len(cells)+1
	}
	cells = sample(random, cells, firsts)
	draws := make([]uint64, len(cells))
	for i := range draws {
		draws[i] = random.Uint64()
	}
	found := make([][]enginetest.Cell, len(cells))
	var failed atomic.Int64
	each(len(cells), func(i int) {
		own := rand.New(rand.NewPCG(draws[i], 0))
		wait := time.Minute
		if own.IntN(2) == 0 {
			wait = 17 * time.Minute
		}
		if want := os.Getenv("TANDEM_CELL"); want != "" && !strings.HasPrefix(want, cells[i].String()+"/then") {
			return
		}
		all, err := cells[i].Seconds(wait)
		if err != nil {
			failed.Add(1)
			return
		}
		own.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		if os.Getenv("TANDEM_CELL") != "" {
			seconds = len(all)
		}
		found[i] = slices.Clone(all[:min(seconds, len(all))]) // the rest may go
	})
	if n := failed.Load(); n > 0 {
		t.Errorf("%d first faults could not be played", n)
	}
	all := slices.Concat(found...)
	if name := os.Getenv("TANDEM_CELL"); name != "" {
		all = slices.DeleteFunc(all, func(c enginetest.Cell) bool { return c.String() != name })
	}
	play(t, "double faults", all)
}
