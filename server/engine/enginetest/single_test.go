package enginetest_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/engine/enginetest"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // many short lives, little memory
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range map[string]string{"rapid.checks": lives(), "rapid.steps": "50"} {
		if !given[name] {
			if err := flag.Set(name, value); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

// lives is how many lives the state machine lives.
func lives() string {
	switch {
	case nightly:
		return "100000"
	case raceEnabled:
		return "100"
	}
	return "1000"
}

// nightly plays all cells instead of a sample: TANDEM_NIGHTLY=1.
var nightly = os.Getenv("TANDEM_NIGHTLY") != ""

// seed is TANDEM_SEED, else the time, so that other cells are drawn every time.
func seed(t *testing.T) *rand.Rand {
	t.Helper()
	n, err := strconv.ParseUint(os.Getenv("TANDEM_SEED"), 10, 64)
	if err != nil {
		n = uint64(time.Now().UnixNano())
	}
	t.Logf("seed: TANDEM_SEED=%d", n)
	return rand.New(rand.NewPCG(n, 0))
}

// sampleSize is how many single faults are played on every run.
func sampleSize() int {
	if n, err := strconv.Atoi(os.Getenv("TANDEM_CELLS")); err == nil {
		return n
	}
	if raceEnabled {
		return 1000
	}
	return 20000
}

// allCells are all cells of all stages, in a fixed order.
func allCells(t *testing.T, stages []*enginetest.Stage) []enginetest.Cell {
	t.Helper()
	found := make([][]enginetest.Cell, len(stages))
	each(len(stages), func(i int) {
		cells, err := stages[i].Cells()
		if err != nil {
			t.Error(err)
		}
		found[i] = cells
	})
	return slices.Concat(found...)
}

// each calls do for 0 to n-1, as many at a time as there are processors.
func each(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	wg.Wait()
}

// sample draws n cells such that each kind strikes each act in each direction
// on each profile, and each stage takes part.
func sample(random *rand.Rand, cells []enginetest.Cell, n int) []enginetest.Cell {
	random.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	seen := map[string]bool{}
	var first, rest []enginetest.Cell
	for _, c := range cells {
		f := c.Faults[0]
		kind := fmt.Sprint(f.Kind, f.Point.Place, f.Point.Act, c.Stage.Profile.Name, c.Stage.Direction)
		if !seen[kind] || !seen[c.Stage.String()] {
			seen[kind], seen[c.Stage.String()] = true, true
			first = append(first, c)
		} else {
			rest = append(rest, c)
		}
	}
	all := append(first, rest...)
	return all[:min(n, len(all))]
}

// play plays cells and reports how many kept every promise.
func play(t *testing.T, name string, cells []enginetest.Cell) {
	t.Helper()
	var survived, struck atomic.Int64
	var mu sync.Mutex
	broken := map[string]int{}
	var shown []string
	each(len(cells), func(i int) {
		out, err := cells[i].Play()
		if err != nil {
			out.Faults = append(out.Faults, err.Error())
		}
		struck.Add(int64(out.Struck))
		if len(out.Faults) == 0 {
			survived.Add(1)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		f := cells[i].Faults[0]
		broken[fmt.Sprintf("%s at %s %s, %s, %s", f.Kind, f.Point.Place, f.Point.Act, cells[i].Stage.Profile.Name, cells[i].Stage.Scenario.Name)]++
		shown = append(shown, cells[i].String()+":\n\t"+strings.Join(out.Faults, "\n\t"))
	})
	slices.Sort(shown)
	if len(shown) > 0 {
		for _, s := range shown[:min(15, len(shown))] {
			t.Error(s)
		}
		var kinds []string
		for k, n := range broken {
			kinds = append(kinds, fmt.Sprintf("%5d %s", n, k))
		}
		slices.SortFunc(kinds, func(a, b string) int { return cmp.Compare(b, a) })
		t.Errorf("broken cells by kind:\n%s", strings.Join(kinds[:min(60, len(kinds))], "\n"))
	}
	t.Logf("%s: %d of %d survived", name, survived.Load(), len(cells))
	t.Logf("%d faults struck", struck.Load())
}

// TestSingleFaults lets each kind of fault strike at each point of a run.
func TestSingleFaults(t *testing.T) {
	random := seed(t)
	cells := allCells(t, enginetest.Stages())
	if name := os.Getenv("TANDEM_CELL"); name != "" {
		cells = slices.DeleteFunc(cells, func(c enginetest.Cell) bool { return c.String() != name })
	} else if !nightly {
		cells = sample(random, cells, sampleSize())
	}
	play(t, "single faults", cells)
}
