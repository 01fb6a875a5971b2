package carddav

import (
	"fmt"
	"testing"
	"time"

	"tandem/server/contact"
	sandbox "tandem/server/sandbox/carddav"
)

// TestRequestEconomy counts requests: a listing of N costs one and one for
// every 200, nothing new costs one, a write costs one, and before updates and
// deletions there is one more for every 200.
func TestRequestEconomy(t *testing.T) {
	_, b := seeded(t, sandbox.Quirks{}, 450)
	spent := func(what string, want int64, f func()) {
		t.Helper()
		before := b.Requests()
		f()
		if got := b.Requests() - before; got != want {
			t.Errorf("%s: %d requests, want %d", what, got, want)
		}
	}
	var cursor contact.Cursor
	spent("opening and describing", 0, func() {
		if _, err := b.Describe(t.Context()); err != nil {
			t.Error(err)
		}
	})
	var all []contact.Change
	spent("everything", 1+3, func() { all, _, cursor, _ = changes(t, b, nil) })
	spent("nothing new", 1, func() { _, _, cursor, _ = changes(t, b, cursor) })
	write := func(ms []contact.Mutation) {
		t.Helper()
		rs, err := b.Write(t.Context(), ms)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range rs {
			if r.Outcome != contact.OK || r.Version == "" && ms[i].Op != contact.Delete {
				t.Errorf("%v: %v %q %v", ms[i].Op, r.Outcome, r.Version, r.Cause)
			}
		}
	}
	mask := contact.FieldsOf(contact.JobTitle)
	var ms, del []contact.Mutation
	for i := range 100 {
		ms = append(ms, contact.Mutation{Op: contact.Create, Marker: fmt.Sprint("m", i), Contact: contact.Contact{JobTitle: "x"}, Mask: mask})
	}
	spent("creates", 100, func() { write(ms) })
	ms = nil
	for _, c := range all[:50] {
		ms = append(ms, contact.Mutation{Op: contact.Update, ID: c.ID, Version: c.Record.Version, Contact: contact.Contact{JobTitle: "x"}, Mask: mask})
	}
	for _, c := range all[50:80] {
		del = append(del, contact.Mutation{Op: contact.Delete, ID: c.ID, Version: c.Record.Version})
	}
	spent("updates of what was just read", 50, func() { write(ms) })
	spent("deletions", 1+30, func() { write(del) })
	spent("updates that change nothing", 0+1, func() {
		for i := range ms {
			ms[i].Version = ""
		}
		rs, err := b.Write(t.Context(), ms)
		if err != nil || rs[0].Outcome != contact.OK || rs[0].Version == "" {
			t.Error(rs[0], err)
		}
	})
	spent("the changes", 1+1, func() {
		all, full, _, err := changes(t, b, cursor)
		if err != nil || full || len(all) != 100+50+30 {
			t.Errorf("%d changes, full %v, %v", len(all), full, err)
		}
	})
}

// TestFindMarkers: after an interruption many markers are looked for; that
// costs one reading of the address book, not one for each.
func TestFindMarkers(t *testing.T) {
	_, b := seeded(t, sandbox.Quirks{}, 300)
	before := b.Requests()
	for i := range 50 {
		if found, err := b.Find(t.Context(), contact.Query{Marker: fmt.Sprint("lost", i)}); err != nil || len(found) > 0 {
			t.Fatal(found, err)
		}
	}
	if found, err := b.Find(t.Context(), contact.Query{Marker: "U017"}); err != nil || len(found) != 1 || found[0].ID != "p017.vcf" {
		t.Error(found, err)
	}
	if got := b.Requests() - before; got > 1+1+2+1 {
		t.Errorf("%d requests", got)
	}
}

func TestGauge(t *testing.T) {
	for name, tt := range map[string]struct {
		rate func(level int) float64 // writes per second with that many at once
		want int
	}{
		"one after another": {func(int) float64 { return 35 }, 4},
		"as many as wanted": {func(level int) float64 { return 50 * float64(level) }, 16},
		"up to eight":       {func(level int) float64 { return 50 * float64(min(level, 8)) }, 8},
	} {
		g := newGauge()
		now := time.Unix(0, 0)
		g.begin(now)
		for range 500 {
			now = now.Add(time.Duration(float64(time.Second) / tt.rate(g.limit())))
			g.finished(now)
		}
		if got := g.limit(); got != tt.want {
			t.Errorf("%s: %d at once, want %d", name, got, tt.want)
		}
	}
}

func TestCache(t *testing.T) {
	c := newCache(100)
	for i := range 20 {
		c.put(contact.ID(fmt.Sprint(i)), "v", "0123456789")
	}
	if c.used > 100 || len(c.byID) != 10 || c.order.Len() != 10 {
		t.Errorf("%d octets in %d cards", c.used, len(c.byID))
	}
	if _, _, ok := c.get("19", "v"); !ok {
		t.Error("the latest is forgotten")
	}
	if _, _, ok := c.get("19", "other"); ok {
		t.Error("another version is given")
	}
	if _, _, ok := c.get("0", "v"); ok {
		t.Error("the oldest is kept")
	}
	c.put("big", "v", string(make([]byte, 50)))
	c.put("none", "", "x")
	if len(c.byID) != 10 {
		t.Error("a card that is too large, or has no version, is kept")
	}
}

func BenchmarkCard(b *testing.B) {
	text := vcard(1, "ORG:Acme;Sales\r\nTEL;TYPE=WORK:+49 30 1\r\nTEL;TYPE=CELL:+49 171 1\r\nADR;TYPE=WORK:;;Street 1;City;;12345;Country\r\nNOTE:Something\\, something\r\nURL:https://example.com\r\n")
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			c, _ := parseCard(text)
			c.contact()
		}
	})
	b.Run("patch", func(b *testing.B) {
		for b.Loop() {
			c, _ := parseCard(text)
			c.patch(contact.Contact{JobTitle: "x"}, contact.FieldsOf(contact.JobTitle))
			_ = c.String()
		}
	})
	b.Run("create", func(b *testing.B) {
		c, _ := parseCard(text)
		held, _ := c.contact()
		for b.Loop() {
			c := newCard("3.0", "x")
			c.patch(held, held.Filled())
			_ = c.String()
		}
	})
}
