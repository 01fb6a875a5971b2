package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine"
	"tandem/store"
	"tandem/store/storetest"
)

// figure is one line of the benchmark: counts first, seconds last, because
// seconds depend on the machine.
type figure struct {
	Case     string  `json:"case"`
	Contacts int     `json:"contacts"`
	Requests int64   `json:"requests"`
	Writes   int     `json:"writes"`
	CPU      float64 `json:"cpu_seconds"`
	Wall     float64 `json:"wall_seconds"`
	Store    string  `json:"store"`
}

// BenchmarkRuns measures whole runs over Books in memory on a SQLite file, with
// encryption, before-images and synchronous commits as they are in service:
// first (one side empty), noop, edits (1 % on each side) and matching (both full
// and equal). It prints one JSON line for each case.
func BenchmarkRuns(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				benchRuns(b, n)
			}
		})
	}
}

func benchRuns(b *testing.B, n int) {
	h := bench(b)
	for i := range n {
		h.book[0].Put(person(i))
	}
	h.measure(b, "first", n)
	h.measure(b, "noop", n)
	for i, side := range h.book {
		for j, r := range side.All() {
			if j%100 == i*50 {
				side.Edit(r.ID, func(c *contact.Contact) { c.JobTitle = "edited" })
			}
		}
	}
	h.measure(b, "edits", n)
	h = bench(b)
	for i := range n {
		h.book[0].Put(person(i))
		h.book[1].Put(person(i))
	}
	h.measure(b, "matching", n)
}

type benchHouse struct {
	store  *store.Store
	pair   store.Pair
	book   [2]*memory.Book
	engine *engine.Engine
}

func bench(b *testing.B) *benchHouse {
	s := storetest.Open(b, storetest.SQLite(b))
	h := &benchHouse{store: s}
	_, h.pair = storetest.Seed(b, s, "https://issuer.example", "ann")
	d := memory.Everything()
	d.Account.ID, d.Batch = "ann", 200
	o := memory.Options{Description: d, PageSize: 200}
	h.book = [2]*memory.Book{memory.New(o), memory.New(o)}
	h.engine = engine.New(engine.Options{Ledger: s, Open: func(_ context.Context, c store.Connection, _ engine.Settings) (contact.Book, error) {
		if c.ID == h.pair.LeftID {
			return h.book[0], nil
		}
		return h.book[1], nil
	}})
	return h
}

func (h *benchHouse) measure(b *testing.B, name string, n int) {
	b.Helper()
	run := store.Run{PairID: h.pair.ID, Kind: store.RunSync, Trigger: "command", Confirmed: true}
	if err := h.store.CreateRun(b.Context(), &run); err != nil {
		b.Fatal(err)
	}
	settings := engine.FromValues(map[string]string{"direction": "two-way", "mine": "all", "scope": "all"})
	before, cpu, begun := h.book[0].Requests()+h.book[1].Requests(), cpuSeconds(), time.Now()
	r, err := h.engine.Run(b.Context(), engine.Request{Run: run, Settings: settings})
	if err != nil {
		b.Fatal(err)
	}
	line, err := json.Marshal(figure{
		Case: name, Contacts: n, Requests: h.book[0].Requests() + h.book[1].Requests() - before,
		Writes: r.Left.Created + r.Left.Updated + r.Right.Created + r.Right.Updated,
		CPU:    cpuSeconds() - cpu, Wall: time.Since(begun).Seconds(), Store: "sqlite wal, synchronous full, sealed",
	})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println(string(line))
}

// cpuSeconds is what this process has used.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
