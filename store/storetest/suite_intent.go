package storetest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/store"
)

func intents(t *ledgerTest) {
	fence, run := t.begin(t.Pair)
	a := store.Intent{
		ID: t.l.NewID(), PairID: t.Pair.ID, RunID: run.ID, Side: 1, Op: 2, LinkID: "k", SourceID: "s", TargetID: "d",
		Marker: "m", Version: "v", Detail: []byte("sent"), Misses: 1, CreatedAt: t.now.Add(time.Second),
	}
	b := store.Intent{ID: t.l.NewID(), PairID: t.Pair.ID, Detail: []byte{0}, CreatedAt: t.now}
	taken, err := t.l.Reserve(t.ctx, t.Pair.ID, fence, []store.Intent{a, b}, nil)
	t.ok(err)
	if len(taken) != 0 {
		t.Errorf("taken %v", taken)
	}
	check := func(want ...store.Intent) {
		t.Helper()
		got, err := t.l.Intents(t.ctx, t.Pair.ID)
		t.ok(err)
		if len(want) == 0 && len(got) == 0 {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	check(b, a)
	if other, err := t.l.Intents(t.ctx, t.Colleague.ID); err != nil || len(other) != 0 {
		t.Errorf("another pair has intents %v, %v", other, err)
	}
	b.Misses = 3
	t.commit(t.Pair, fence, store.Batch{Intents: []store.Intent{b}, DropIntents: []string{a.ID, "none"}})
	check(b)
	t.commit(t.Pair, fence, store.Batch{DropIntents: []string{b.ID}})
	check()
}

// claim is a claim on a person for an intent of a pair's user.
func claim(pair store.Pair, intent, key string) store.Claim {
	return store.Claim{OrganizationID: pair.OrganizationID, CRM: "espocrm https://crm.example.org", Entity: "contacts",
		Key: key, UserID: pair.UserID, IntentID: intent, CreatedAt: time.Now()}
}

// reserve reserves one intent with claims on keys and answers what was taken.
func (t *ledgerTest) reserve(pair store.Pair, fence int64, keys ...string) (string, []store.Claim) {
	t.Helper()
	id := t.l.NewID()
	var cs []store.Claim
	for _, k := range keys {
		cs = append(cs, claim(pair, id, k))
	}
	taken, err := t.l.Reserve(t.ctx, pair.ID, fence, []store.Intent{{ID: id, CreatedAt: t.now}}, cs)
	t.ok(err)
	return id, taken
}

// intentIDs are the IDs of a pair's intents.
func (t *ledgerTest) intentIDs(pair store.Pair) []string {
	t.Helper()
	all, err := t.l.Intents(t.ctx, pair.ID)
	t.ok(err)
	var ids []string
	for _, i := range all {
		ids = append(ids, i.ID)
	}
	return ids
}

func claims(t *ledgerTest) {
	mine, _ := t.begin(t.Pair)
	theirs, _ := t.begin(t.Colleague)
	first, taken := t.reserve(t.Pair, mine, "ada@example.org")
	if len(taken) != 0 {
		t.Fatalf("taken %v", taken)
	}
	_, taken = t.reserve(t.Colleague, theirs, "ada@example.org")
	if len(taken) != 1 || taken[0].IntentID != first || taken[0].UserID != t.Pair.UserID || taken[0].Key != "ada@example.org" || taken[0].RecordID != "" {
		t.Fatalf("taken %+v", taken)
	}
	if ids := t.intentIDs(t.Colleague); len(ids) != 0 {
		t.Errorf("the refused intent was stored: %v", ids)
	}
	// Another entity and another CRM are other people.
	id := t.l.NewID()
	lead, crm := claim(t.Colleague, id, "ada@example.org"), claim(t.Colleague, id, "ada@example.org")
	lead.Entity, crm.CRM = "leads", "tryton"
	taken, err := t.l.Reserve(t.ctx, t.Colleague.ID, theirs, []store.Intent{{ID: id}}, []store.Claim{lead, crm})
	t.ok(err)
	if len(taken) != 0 {
		t.Errorf("taken %v", taken)
	}

	// The record is noted, and others are told.
	t.commit(t.Pair, mine, store.Batch{Settle: map[string]string{first: "crm-1", "none": "x"}, DropIntents: []string{first}})
	_, taken = t.reserve(t.Colleague, theirs, "ada@example.org")
	if len(taken) != 1 || taken[0].RecordID != "crm-1" {
		t.Fatalf("taken %+v", taken)
	}
	by, err := t.l.ClaimsBy(t.ctx, []string{first, id, "none"})
	t.ok(err)
	if len(by) != 3 {
		t.Errorf("ClaimsBy: %+v", by)
	}
	for _, c := range by {
		if want := map[string]string{first: "crm-1", id: ""}[c.IntentID]; c.RecordID != want {
			t.Errorf("record %q of intent %s, want %q", c.RecordID, c.IntentID, want)
		}
	}

	if taken[0].ForIntent == "" || taken[0].ForIntent == first {
		t.Errorf("refused for intent %q", taken[0].ForIntent)
	}

	// Let go, it is free again.
	t.commit(t.Pair, mine, store.Batch{DropClaims: []string{first, "none"}})
	if _, taken = t.reserve(t.Colleague, theirs, "ada@example.org"); len(taken) != 0 {
		t.Errorf("taken %+v", taken)
	}
}

func claimsAllOrNone(t *ledgerTest) {
	mine, _ := t.begin(t.Pair)
	theirs, _ := t.begin(t.Colleague)
	t.reserve(t.Pair, mine, "b@example.org")
	refused, free := t.l.NewID(), t.l.NewID()
	taken, err := t.l.Reserve(t.ctx, t.Colleague.ID, theirs,
		[]store.Intent{{ID: refused, CreatedAt: t.now}, {ID: free, CreatedAt: t.now}},
		[]store.Claim{
			claim(t.Colleague, refused, "a@example.org"), claim(t.Colleague, refused, "b@example.org"),
			claim(t.Colleague, refused, "c@example.org"), claim(t.Colleague, free, "d@example.org"),
		})
	t.ok(err)
	if len(taken) != 1 || taken[0].Key != "b@example.org" {
		t.Errorf("taken %+v", taken)
	}
	if ids := t.intentIDs(t.Colleague); !slices.Equal(ids, []string{free}) {
		t.Errorf("stored %v, want %v", ids, free)
	}
	if by, err := t.l.ClaimsBy(t.ctx, []string{refused}); err != nil || len(by) != 0 {
		t.Errorf("the refused intent holds %v, %v", by, err)
	}
	if _, taken := t.reserve(t.Pair, mine, "a@example.org", "c@example.org"); len(taken) != 0 {
		t.Errorf("taken %+v", taken)
	}
	// Twice the same person in one run: the first one creates.
	one, two := t.l.NewID(), t.l.NewID()
	taken, err = t.l.Reserve(t.ctx, t.Pair.ID, mine, []store.Intent{{ID: one, CreatedAt: t.now}, {ID: two, CreatedAt: t.now}},
		[]store.Claim{claim(t.Pair, one, "e@example.org"), claim(t.Pair, two, "e@example.org")})
	t.ok(err)
	if len(taken) != 1 || taken[0].IntentID != one {
		t.Errorf("taken %+v", taken)
	}
}

// claimsAge: once a record is in everybody's own listing, its claim is in the
// way of nobody.
func claimsAge(t *ledgerTest) {
	mine, _ := t.begin(t.Pair)
	theirs, _ := t.begin(t.Colleague)
	settled, open := t.l.NewID(), t.l.NewID()
	one, two := claim(t.Pair, settled, "settled@example.org"), claim(t.Pair, open, "open@example.org")
	one.CreatedAt = one.CreatedAt.Add(-store.ClaimAge - time.Minute)
	two.CreatedAt = one.CreatedAt
	_, err := t.l.Reserve(t.ctx, t.Pair.ID, mine, []store.Intent{{ID: settled}, {ID: open}}, []store.Claim{one, two})
	t.ok(err)
	t.commit(t.Pair, mine, store.Batch{Settle: map[string]string{settled: "crm-1"}})
	if _, taken := t.reserve(t.Colleague, theirs, "settled@example.org"); len(taken) != 0 {
		t.Errorf("taken %+v", taken)
	}
	if _, taken := t.reserve(t.Colleague, theirs, "open@example.org"); len(taken) != 1 {
		t.Errorf("somebody is still creating this person: %+v", taken)
	}
}

func claimsStay(t *ledgerTest) {
	mine, _ := t.begin(t.Pair)
	theirs, _ := t.begin(t.Stranger)
	id, _ := t.reserve(t.Pair, mine, "ada@example.org")
	if _, taken := t.reserve(t.Stranger, theirs, "ada@example.org"); len(taken) != 0 {
		t.Errorf("another organization is told %+v", taken)
	}
	t.commit(t.Stranger, theirs, store.Batch{Settle: map[string]string{id: "x"}, DropClaims: []string{id}})
	by, err := t.l.ClaimsBy(t.ctx, []string{id})
	t.ok(err)
	if len(by) != 1 || by[0].RecordID != "" {
		t.Errorf("another organization changed the claim: %+v", by)
	}
}

func allOrNothing(t *ledgerTest) {
	fence, run := t.begin(t.Pair)
	id, _ := t.reserve(t.Pair, fence, "ada@example.org")
	link := store.Link{ID: t.l.NewID(), LeftID: "l", RightID: "r"}
	b := store.Batch{
		Links: []store.Link{link}, DropIntents: []string{id}, Settle: map[string]string{id: "l"},
		Seen:  []store.SeenBatch{{ConnectionID: t.Pair.LeftID, Entity: "contacts", Put: []store.Seen{{RecordID: "l", Version: "1"}}}},
		Items: []store.Item{{RunID: run.ID, Kind: "created", Detail: []byte("Ada"), CreatedAt: t.now}},
	}
	t.is(t.l.Commit(t.ctx, t.Pair.ID, fence+1, b), store.ErrFenced)
	if len(t.allLinks(t.Pair)) != 0 || len(t.intentIDs(t.Pair)) != 1 {
		t.Error("a fenced commit changed something")
	}
	t.commit(t.Pair, fence, b)
	seen, err := t.l.Seen(t.ctx, t.Pair.LeftID, "contacts", []string{"l"})
	t.ok(err)
	if len(t.allLinks(t.Pair)) != 1 || len(t.intentIDs(t.Pair)) != 0 || seen["l"] != "1" {
		t.Error("the commit is not whole")
	}
}
