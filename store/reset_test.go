package store_test

import (
	"slices"
	"testing"
	"time"

	"tandem/server/engine/plan"
	"tandem/store"
	"tandem/store/storetest"
)

// filled makes a run that leaves something in every table of a pair.
func filled(t *testing.T, s *store.Store, p store.Pair) {
	t.Helper()
	run := store.Run{ID: s.NewID()}
	fence, err := s.BeginRun(bg, p.ID, &run, s.Now(), 0)
	must(t, err)
	var b store.Batch
	for state := range uint8(6) {
		id := string('a' + rune(state))
		b.Links = append(b.Links, store.Link{ID: s.NewID(), LeftID: id, RightID: id, State: state, LeftBase: []byte("base " + id)})
	}
	for _, connection := range []string{p.LeftID, p.RightID} {
		b.Seen = append(b.Seen, store.SeenBatch{ConnectionID: connection, Entity: p.Entity,
			Put: []store.Seen{{RecordID: "a", Version: "1", Keys: []store.Key{{Kind: "email", Text: "a"}}}}})
	}
	b.Items = []store.Item{{RunID: run.ID, Kind: "created", Detail: []byte("x")}}
	must(t, s.Commit(bg, p.ID, fence, b))
	open, settled := s.NewID(), s.NewID()
	_, err = s.Reserve(bg, p.ID, fence, []store.Intent{{ID: open}, {ID: settled}}, []store.Claim{
		{CRM: "c", Entity: "contacts", Key: open, IntentID: open}, {CRM: "c", Entity: "contacts", Key: settled, IntentID: settled}})
	must(t, err)
	must(t, s.Commit(bg, p.ID, fence, store.Batch{Settle: map[string]string{settled: "crm-1"}}))
	pair, err := s.Pair(bg, p.ID)
	must(t, err)
	pair.LeftCursor, pair.FirstDone, pair.SettingsKey, pair.LeftSize = []byte("c"), true, "key", 6
	run.State = store.RunSucceeded
	_, err = s.EndRun(bg, fence, &pair, &run, s.Now())
	must(t, err)
}

// linkStates are the states of the pair's links, in order; bases are checked.
func linkStates(t *testing.T, s *store.Store, p store.Pair) []plan.LinkState {
	t.Helper()
	var states []plan.LinkState
	must(t, s.Links(bg, p.ID, func(links []store.Link) error {
		for _, l := range links {
			states = append(states, plan.LinkState(l.State))
			if string(l.LeftBase) != "base "+l.LeftID {
				t.Errorf("base %q of %s", l.LeftBase, l.LeftID)
			}
		}
		return nil
	}))
	slices.Sort(states)
	return states
}

func TestReset(t *testing.T) {
	all := []plan.LinkState{plan.Active, plan.RemovedLeft, plan.RemovedRight, plan.Never, plan.Parked, plan.OutOfScope}
	for _, keep := range []bool{true, false} {
		want := []plan.LinkState{plan.Never}
		if keep {
			want = []plan.LinkState{plan.RemovedLeft, plan.RemovedRight, plan.Never}
		}
		storetest.Each(t, func(t *testing.T, s *store.Store) {
			p := people(t, s)
			now := timed(s)
			filled(t, s, p.adaPair)
			filled(t, s, p.bobPair)
			for _, other := range []store.User{p.bob, p.eve} {
				is(t, s.Reset(bg, other.ID, p.adaPair.ID, false), store.ErrNotFound)
				is(t, s.UndoReset(bg, other.ID, p.adaPair.ID), store.ErrNotFound)
			}
			is(t, s.UndoReset(bg, p.ada.ID, p.adaPair.ID), store.ErrNotFound)
			_, err := s.LastReset(bg, p.ada.ID, p.adaPair.ID)
			is(t, err, store.ErrNotFound)

			// A run under way is fenced out.
			run := store.Run{ID: s.NewID()}
			fence, err := s.BeginRun(bg, p.adaPair.ID, &run, now.t, time.Minute)
			must(t, err)
			must(t, s.Reset(bg, p.ada.ID, p.adaPair.ID, keep))
			is(t, s.Commit(bg, p.adaPair.ID, fence, store.Batch{}), store.ErrFenced)
			if r, err := s.Run(bg, run.ID); err != nil || r.State != store.RunFailed {
				t.Error(r, err)
			}

			if got := linkStates(t, s, p.adaPair); !slices.Equal(got, want) {
				t.Errorf("kept %v, want %v", got, want)
			}
			pair, err := s.Pair(bg, p.adaPair.ID)
			must(t, err)
			if pair.LeftCursor != nil || pair.FirstDone || pair.SettingsKey != "" || pair.LeftSize != -1 || pair.RunID != "" || pair.Fence <= fence {
				t.Errorf("%+v", pair)
			}
			if intents, err := s.Intents(bg, pair.ID); err != nil || len(intents) != 0 {
				t.Error(intents, err)
			}
			if seen, err := s.Seen(bg, pair.LeftID, "contacts", []string{"a"}); err != nil || len(seen) != 0 {
				t.Error(seen, err)
			}
			if found, err := s.FindByKeys(bg, pair.RightID, "contacts", []store.Key{{Kind: "email", Text: "a"}}); err != nil || len(found) != 0 {
				t.Error(found, err)
			}
			var claims []store.Claim
			must(t, s.DB().Order("record_id").Find(&claims, "user_id = ''").Error)
			if len(claims) != 3 || claims[0].RecordID != "" || claims[1].RecordID != "crm-1" {
				t.Errorf("claims %+v", claims) // bob's open one, and both settled ones
			}
			if got := linkStates(t, s, p.bobPair); !slices.Equal(got, all) {
				t.Errorf("bob's links: %v", got)
			}
			if at, err := s.LastReset(bg, p.ada.ID, pair.ID); err != nil || at != now.t {
				t.Error(at, err)
			}

			// What was linked since gives way to what was before.
			fence, err = s.BeginRun(bg, pair.ID, &store.Run{ID: s.NewID()}, now.t, 0)
			must(t, err)
			must(t, s.Commit(bg, pair.ID, fence, store.Batch{Links: []store.Link{{ID: s.NewID(), LeftID: "z", RightID: "z", LeftBase: []byte("base z")}}}))
			must(t, s.UndoReset(bg, p.ada.ID, pair.ID))
			if got := linkStates(t, s, p.adaPair); !slices.Equal(got, all) {
				t.Errorf("undone to %v", got)
			}
			if pair, err = s.Pair(bg, pair.ID); err != nil || !pair.FirstDone || pair.SettingsKey != "key" || pair.LeftCursor != nil {
				t.Errorf("%+v, %v", pair, err)
			}
			is(t, s.UndoReset(bg, p.ada.ID, pair.ID), store.ErrNotFound)
		})
	}
}

func TestEraseOld(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		now := timed(s)
		must(t, s.CreateSession(bg, store.Session{Hash: "h", UserID: p.ada.ID, ExpiresAt: now.t.Add(time.Hour)}))
		must(t, s.CreateTicket(bg, store.Ticket{Hash: "h", UserID: p.ada.ID, ExpiresAt: now.t.Add(time.Hour)}))
		must(t, s.CreateAttempt(bg, store.Attempt{StateHash: "h", ExpiresAt: now.t.Add(time.Hour)}))
		filled(t, s, p.adaPair)
		filled(t, s, p.bobPair)
		must(t, s.Reset(bg, p.ada.ID, p.adaPair.ID, false))
		now.forward(time.Second)
		filled(t, s, p.adaPair)
		must(t, s.Disconnect(bg, p.bob.ID, p.bobPair.LeftID))

		counts := func() map[string]int64 {
			t.Helper()
			c := map[string]int64{}
			for _, table := range []string{"sessions", "tickets", "attempts", "items", "runs", "resets", "archived_links",
				"links", "intents", "claims", "seen", "blind_keys", "pairs", "connections"} {
				var n int64
				must(t, s.DB().Table(table).Count(&n).Error)
				c[table] = n
			}
			return c
		}
		before := counts()
		must(t, s.EraseOld(bg))
		if after := counts(); after["sessions"] != 1 || after["items"] != before["items"] || after["links"] != before["links"] {
			t.Errorf("erased too early: %v, %v", before, after)
		}
		now.forward(store.Keep + time.Second)
		must(t, s.EraseOld(bg))
		after := counts()
		for table, want := range map[string]int64{
			"sessions": 0, "tickets": 0, "attempts": 0, "items": 0, "resets": 0, "archived_links": 0,
			"runs": 1, // ada's last one
			// Ada's six links and the one kept by the reset; bob's are gone with his CRM.
			// A claim that is not settled stays.
			"links": 7, "intents": 2, "claims": 1, "seen": 3, "blind_keys": 3, "pairs": 2, "connections": 5,
		} {
			if after[table] != want {
				t.Errorf("%d %s, want %d (before %d)", after[table], table, want, before[table])
			}
		}
		if c, err := s.ConnectionOn(bg, p.bob.ID, store.SideContacts); err != nil || c.Secret == nil {
			t.Error("bob's address book is gone:", err)
		}
	})
}
