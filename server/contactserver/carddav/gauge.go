package carddav

import (
	"sync"
	"time"
)

// gauge decides how many writes run at the same time. It starts with few, and
// takes more only as long as that makes the server faster: some servers write
// one card after another, however many connections they are given.
type gauge struct {
	mu      sync.Mutex
	level   int
	settled bool
	done    int
	since   time.Time
	rate    float64 // writes per second at the level below
}

const (
	gaugeStart = 4
	gaugeWorth = 1.2 // how much faster twice the connections must be
)

func newGauge() *gauge { return &gauge{level: gaugeStart} }

// limit is how many may run now.
func (g *gauge) limit() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.level
}

// begin starts a measurement: idle time between two batches is not the
// server's.
func (g *gauge) begin(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done, g.since = 0, now
}

// finished notes a finished write.
func (g *gauge) finished(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done++; g.settled || g.done < 3*g.level {
		return
	}
	rate := float64(g.done) / max(now.Sub(g.since).Seconds(), 1e-6)
	g.done, g.since = 0, now
	switch {
	case g.rate > 0 && rate < g.rate*gaugeWorth:
		g.settled = true
		g.level /= 2
	case g.level >= inFlight:
		g.settled = true
	default:
		g.rate = rate
		g.level = min(2*g.level, inFlight)
	}
}
