package storetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"

	"tandem/store"
)

func seen(t *ledgerTest) {
	fence, _ := t.begin(t.Pair)
	book := t.Pair.LeftID
	put := func(entity string, drop []string, rows ...store.Seen) {
		t.Helper()
		t.commit(t.Pair, fence, store.Batch{Seen: []store.SeenBatch{{ConnectionID: book, Entity: entity, Put: rows, Drop: drop}}})
	}
	put("contacts", nil, store.Seen{RecordID: "a", Version: "1"}, store.Seen{RecordID: "b", Version: "1"}, store.Seen{RecordID: "b", Version: "2"})
	put("leads", nil, store.Seen{RecordID: "a", Version: "9"})
	check := func(entity string, want map[string]string) {
		t.Helper()
		got, err := t.l.Seen(t.ctx, book, entity, []string{"a", "b", "c", "a"})
		t.ok(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Seen %s: %s", entity, diff)
		}
		all := map[string]string{}
		t.ok(t.l.AllSeen(t.ctx, book, entity, func(id, version string) error { all[id] = version; return nil }))
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("AllSeen %s: %s", entity, diff)
		}
	}
	check("contacts", map[string]string{"a": "1", "b": "2"})
	check("leads", map[string]string{"a": "9"})
	put("contacts", []string{"b", "none"}, store.Seen{RecordID: "c", Version: "3"}, store.Seen{RecordID: "a", Version: "2"})
	check("contacts", map[string]string{"a": "2", "c": "3"})
	if other, err := t.l.Seen(t.ctx, t.Pair.RightID, "contacts", []string{"a"}); err != nil || len(other) != 0 {
		t.Errorf("another connection has seen %v, %v", other, err)
	}

	// More than one statement or page holds.
	const n = 4500
	var many []store.Seen
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint("x", i))
		many = append(many, store.Seen{RecordID: ids[i], Version: "v"})
	}
	put("many", nil, many...)
	if got, err := t.l.Seen(t.ctx, book, "many", ids); err != nil || len(got) != n {
		t.Errorf("%d of %d, %v", len(got), n, err)
	}
	all := map[string]bool{}
	t.ok(t.l.AllSeen(t.ctx, book, "many", func(id, _ string) error { all[id] = true; return nil }))
	if len(all) != n {
		t.Errorf("%d of %d", len(all), n)
	}
	stop := errors.New("enough")
	t.is(t.l.AllSeen(t.ctx, book, "many", func(string, string) error { return stop }), stop)
	put("many", ids)
	if got, err := t.l.Seen(t.ctx, book, "many", ids); err != nil || len(got) != 0 {
		t.Errorf("%d left, %v", len(got), err)
	}
}

func blindKeys(t *ledgerTest) {
	fence, _ := t.begin(t.Pair)
	left, right := t.Pair.LeftID, t.Pair.RightID
	ada, tel, name := store.Key{Kind: "email", Text: "ada@example.org"}, store.Key{Kind: "phone", Text: "+4912345"}, store.Key{Kind: "name", Text: "ada@example.org"}
	put := func(connection string, drop []string, rows ...store.Seen) {
		t.Helper()
		t.commit(t.Pair, fence, store.Batch{Seen: []store.SeenBatch{{ConnectionID: connection, Entity: "contacts", Put: rows, Drop: drop}}})
	}
	check := func(connection, entity string, want map[store.Key][]string) {
		t.Helper()
		got, err := t.l.FindByKeys(t.ctx, connection, entity, []store.Key{ada, tel, name, ada})
		t.ok(err)
		for k := range got {
			slices.Sort(got[k])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	put(left, nil, store.Seen{RecordID: "1", Keys: []store.Key{ada, tel, ada}}, store.Seen{RecordID: "2", Keys: []store.Key{tel}}, store.Seen{RecordID: "3"})
	check(left, "contacts", map[store.Key][]string{ada: {"1"}, tel: {"1", "2"}})
	check(left, "leads", map[store.Key][]string{})
	check(right, "contacts", map[store.Key][]string{})

	put(left, nil, store.Seen{RecordID: "1", Version: "2"}) // no keys: they stay
	check(left, "contacts", map[store.Key][]string{ada: {"1"}, tel: {"1", "2"}})
	put(left, nil, store.Seen{RecordID: "1", Keys: []store.Key{name}}, store.Seen{RecordID: "2", Keys: []store.Key{}})
	check(left, "contacts", map[store.Key][]string{name: {"1"}})
	put(right, []string{"1"}, store.Seen{RecordID: "9", Keys: []store.Key{name}})
	check(left, "contacts", map[store.Key][]string{name: {"1"}})
	put(left, []string{"1"})
	check(left, "contacts", map[store.Key][]string{})
	check(right, "contacts", map[store.Key][]string{name: {"9"}})

	var many []store.Seen
	var keys []store.Key
	for i := range 700 {
		k := store.Key{Kind: "email", Text: fmt.Sprint(i, "@example.org")}
		keys = append(keys, k, store.Key{Kind: "email", Text: fmt.Sprint(i, "@example.net")})
		many = append(many, store.Seen{RecordID: fmt.Sprint(i), Keys: []store.Key{k, tel}})
	}
	put(left, nil, many...)
	got, err := t.l.FindByKeys(t.ctx, left, "contacts", append(keys, tel))
	t.ok(err)
	if len(got) != 701 || len(got[tel]) != 700 || !slices.Equal(got[keys[4]], []string{"2"}) {
		t.Errorf("%d keys, %d records with one phone, %v", len(got), len(got[tel]), got[keys[4]])
	}
}
