package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/store"
)

func links(t *ledgerTest) {
	fence, _ := t.begin(t.Pair)
	a := store.Link{
		ID: t.l.NewID(), PairID: t.Pair.ID, LeftID: "l1", RightID: "r1", LeftVersion: "1", RightVersion: `"e1"`,
		LeftBase: []byte(`{"given":"Ada"}`), RightBase: []byte{0, 1, 2}, CreatedSide: -1, Edited: true, State: 2,
		Marker: "m1", Writes: 2, UpdatedAt: t.now,
	}
	b := store.Link{ID: t.l.NewID(), PairID: t.Pair.ID, LeftID: "l2", RightID: "r2", CreatedSide: 1, UpdatedAt: t.now}
	t.commit(t.Pair, fence, store.Batch{Links: []store.Link{a, b}})
	if diff := cmp.Diff(map[string]store.Link{a.ID: a, b.ID: b}, t.allLinks(t.Pair)); diff != "" {
		t.Error(diff)
	}

	// Replaced by ID, bases too; the last of two stands.
	b.LeftID, b.LeftBase, b.State, b.UpdatedAt = "l3", []byte("new"), 2, t.now.Add(time.Second)
	early := b
	early.LeftID = "lost"
	t.commit(t.Pair, fence, store.Batch{Links: []store.Link{early, b}})
	if diff := cmp.Diff(b, t.allLinks(t.Pair)[b.ID]); diff != "" {
		t.Error(diff)
	}
	for state, want := range map[uint8]int{0: 0, 2: 2} {
		if n, err := t.l.CountLinks(t.ctx, t.Pair.ID, state); err != nil || n != want {
			t.Errorf("%d links in state %d, want %d, %v", n, state, want, err)
		}
	}
	for _, q := range []struct {
		side uint8
		ids  []string
		want []string
	}{
		{0, []string{"l1", "l3", "l1", "none"}, []string{a.ID, b.ID}},
		{1, []string{"r2"}, []string{b.ID}},
		{0, []string{"r2", "lost"}, nil},
		{0, nil, nil},
	} {
		found, err := t.l.LinksBy(t.ctx, t.Pair.ID, q.side, q.ids)
		t.ok(err)
		var got []string
		for _, l := range found {
			got = append(got, l.ID)
			if l.ID == b.ID && string(l.LeftBase) != "new" {
				t.Errorf("base %q", l.LeftBase)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, q.want) {
			t.Errorf("LinksBy(%d, %v) = %v, want %v", q.side, q.ids, got, q.want)
		}
	}
	for _, other := range []store.Pair{t.Colleague, t.Stranger} {
		if n := len(t.allLinks(other)); n != 0 {
			t.Errorf("another pair sees %d links", n)
		}
		if found, err := t.l.LinksBy(t.ctx, other.ID, 0, []string{"l1"}); err != nil || len(found) != 0 {
			t.Errorf("another pair finds %v, %v", found, err)
		}
	}
	f, _ := t.begin(t.Colleague)
	t.commit(t.Colleague, f, store.Batch{DropLinks: []string{a.ID}})
	if n := len(t.allLinks(t.Pair)); n != 2 {
		t.Errorf("another pair dropped a link: %d left", n)
	}
	t.commit(t.Pair, fence, store.Batch{DropLinks: []string{a.ID, "none"}})
	if diff := cmp.Diff(map[string]store.Link{b.ID: b}, t.allLinks(t.Pair)); diff != "" {
		t.Error(diff)
	}
}

// manyLinks goes beyond what one statement and one batch hold.
func manyLinks(t *ledgerTest) {
	const n = 1203
	fence, _ := t.begin(t.Pair)
	var b store.Batch
	var ids []string
	for i := range n {
		l := store.Link{ID: t.l.NewID(), LeftID: fmt.Sprint("l", i), RightID: fmt.Sprint("r", i), LeftBase: fmt.Append(nil, i)}
		b.Links = append(b.Links, l)
		ids = append(ids, l.LeftID)
	}
	t.commit(t.Pair, fence, b)
	all := t.allLinks(t.Pair)
	if len(all) != n {
		t.Fatalf("%d links, want %d", len(all), n)
	}
	for i, l := range b.Links {
		if string(all[l.ID].LeftBase) != fmt.Sprint(i) {
			t.Fatalf("base of link %d: %q", i, all[l.ID].LeftBase)
		}
	}
	found, err := t.l.LinksBy(t.ctx, t.Pair.ID, 0, ids)
	t.ok(err)
	if len(found) != n {
		t.Errorf("found %d of %d", len(found), n)
	}
	stop := errors.New("enough")
	calls := 0
	err = t.l.Links(t.ctx, t.Pair.ID, func([]store.Link) error {
		calls++
		// The ledger may be asked and changed while it yields.
		if _, err := t.l.CountLinks(t.ctx, t.Pair.ID, 0); err != nil {
			return err
		}
		if err := t.l.Commit(t.ctx, t.Pair.ID, fence, store.Batch{}); err != nil {
			return err
		}
		return stop
	})
	t.is(err, stop)
	if calls != 1 {
		t.Errorf("yield was called %d times after it said stop", calls)
	}
}

func copies(t *ledgerTest) {
	fence, _ := t.begin(t.Pair)
	base := []byte("base")
	batch := store.Batch{Links: []store.Link{{ID: t.l.NewID(), LeftID: "l", RightID: "r", LeftBase: base}}}
	t.commit(t.Pair, fence, batch)
	if string(base) != "base" || string(batch.Links[0].LeftBase) != "base" {
		t.Error("Commit changed what it was given")
	}
	copy(base, "edit")
	for _, l := range t.allLinks(t.Pair) {
		if string(l.LeftBase) != "base" {
			t.Errorf("the ledger kept the caller's bytes: %q", l.LeftBase)
		}
		copy(l.LeftBase, "edit")
	}
	for _, l := range t.allLinks(t.Pair) {
		if string(l.LeftBase) != "base" {
			t.Errorf("the ledger gave its own bytes away: %q", l.LeftBase)
		}
	}
}
