package storetest

import (
	"bytes"
	"context"
	"sync"
	"time"

	"tandem/store"
)

func reads(t *ledgerTest) {
	pair, err := t.l.Pair(t.ctx, t.Pair.ID)
	t.ok(err)
	if pair.Fence != 0 || pair.LeftID != t.Pair.LeftID || pair.LeftSize != -1 || pair.FirstDone {
		t.Errorf("pair: %+v", pair)
	}
	c, err := t.l.Connection(t.ctx, pair.LeftID)
	t.ok(err)
	if string(c.Secret) != t.Secret {
		t.Errorf("secret %q, want %q", c.Secret, t.Secret)
	}
	_, err = t.l.Pair(t.ctx, t.l.NewID())
	t.is(err, store.ErrNotFound)
	_, err = t.l.Connection(t.ctx, t.l.NewID())
	t.is(err, store.ErrNotFound)
	_, err = t.l.BeginRun(t.ctx, t.l.NewID(), &store.Run{}, t.now, stale)
	t.is(err, store.ErrNotFound)
	ids := []string{t.l.NewID(), t.l.NewID(), t.l.NewID()}
	if ids[0] >= ids[1] || ids[1] >= ids[2] {
		t.Errorf("IDs are not ordered by time: %v", ids)
	}
}

func takesAndLetsGo(t *ledgerTest) {
	fence, run := t.begin(t.Pair)
	if fence != 1 || run.State != store.RunRunning || run.StartedAt == nil || run.PairID != t.Pair.ID || run.UserID != t.Pair.UserID {
		t.Errorf("fence %d, run %+v", fence, run)
	}
	pair, err := t.l.Pair(t.ctx, t.Pair.ID)
	t.ok(err)
	if pair.RunID != run.ID || pair.Beat == nil || !pair.Beat.Equal(t.now) {
		t.Errorf("taken pair: %+v", pair)
	}
	later := t.now.Add(10 * time.Second)
	run.Done, run.Total, run.Phase = 3, 7, "writing"
	t.ok(t.l.Beat(t.ctx, t.Pair.ID, fence, run, later))
	pair, err = t.l.Pair(t.ctx, t.Pair.ID)
	t.ok(err)
	if pair.Beat == nil || !pair.Beat.Equal(later) {
		t.Errorf("beat %v, want %v", pair.Beat, later)
	}

	later = later.Add(time.Second)
	t.ok(t.l.Beat(t.ctx, t.Pair.ID, fence, nil, later))
	if pair, err = t.l.Pair(t.ctx, t.Pair.ID); err != nil || !pair.Beat.Equal(later) {
		t.Errorf("beat %v, want %v, %v", pair.Beat, later, err)
	}

	swept := later
	pair.LeftCursor, pair.RightCursor = []byte("left"), []byte{0, 255}
	pair.LeftSize, pair.RightSize, pair.FirstDone, pair.SettingsKey, pair.SweptAt = 30, 31, true, "key", &swept
	run.State, run.Report = store.RunSucceeded, []byte(`{}`)
	dirty, err := t.l.EndRun(t.ctx, fence, &pair, run, later)
	t.ok(err)
	if dirty {
		t.Error("nobody asked for another run")
	}
	got, err := t.l.Pair(t.ctx, t.Pair.ID)
	t.ok(err)
	if got.RunID != "" || got.Beat != nil || !bytes.Equal(got.LeftCursor, pair.LeftCursor) || !bytes.Equal(got.RightCursor, pair.RightCursor) ||
		got.LeftSize != 30 || got.RightSize != 31 || !got.FirstDone || got.SettingsKey != "key" || got.SweptAt == nil || !got.SweptAt.Equal(swept) {
		t.Errorf("pair after the run: %+v", got)
	}
	if fence, _ := t.begin(t.Pair); fence != 2 {
		t.Errorf("second fence %d", fence)
	}
	if fence, _ := t.begin(t.Colleague); fence != 1 {
		t.Errorf("another pair's fence %d", fence)
	}
}

func isBusy(t *ledgerTest) {
	fence, run := t.begin(t.Pair)
	_, err := t.l.BeginRun(t.ctx, t.Pair.ID, &store.Run{ID: t.l.NewID()}, t.now.Add(stale-time.Second), stale)
	t.is(err, store.ErrBusy)
	pair, err := t.l.Pair(t.ctx, t.Pair.ID)
	t.ok(err)
	if !pair.Dirty || pair.Fence != fence || pair.RunID != run.ID {
		t.Errorf("busy pair: %+v", pair)
	}
	t.commit(t.Pair, fence, store.Batch{}) // the fence holds
	dirty, err := t.l.EndRun(t.ctx, fence, &pair, run, t.now)
	t.ok(err)
	if !dirty {
		t.Error("the click during the run was lost")
	}
	t.begin(t.Pair)
	if pair, err = t.l.Pair(t.ctx, t.Pair.ID); err != nil || pair.Dirty {
		t.Errorf("a new run must clear dirty: %+v, %v", pair, err)
	}

	// Of many at once, one takes the pair.
	var wg sync.WaitGroup
	var mu sync.Mutex
	winners := 0
	for range 8 {
		wg.Go(func() {
			_, err := t.l.BeginRun(t.ctx, t.Colleague.ID, &store.Run{ID: t.l.NewID()}, t.now, stale)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				winners++
			}
		})
	}
	wg.Wait()
	if winners != 1 {
		t.Errorf("%d runs took the pair at once", winners)
	}
}

func isFencedOut(t *ledgerTest) {
	old, oldRun := t.begin(t.Pair)
	t.now = t.now.Add(stale)
	fence, run := t.begin(t.Pair)
	if fence != old+1 {
		t.Fatalf("fence %d after %d", fence, old)
	}
	pair := t.Pair
	pair.SettingsKey = "stale"
	link := store.Link{ID: t.l.NewID(), LeftID: "a", RightID: "b"}
	intent := store.Intent{ID: t.l.NewID()}
	for name, call := range map[string]func(context.Context, int64) error{
		"Beat": func(ctx context.Context, f int64) error { return t.l.Beat(ctx, pair.ID, f, oldRun, t.now) },
		"EndRun": func(ctx context.Context, f int64) error {
			_, err := t.l.EndRun(ctx, f, &pair, oldRun, t.now)
			return err
		},
		"Commit": func(ctx context.Context, f int64) error {
			return t.l.Commit(ctx, pair.ID, f, store.Batch{Links: []store.Link{link}})
		},
		"Reserve": func(ctx context.Context, f int64) error {
			_, err := t.l.Reserve(ctx, pair.ID, f, []store.Intent{intent}, nil)
			return err
		},
	} {
		for _, f := range []int64{old, 0, fence + 1} {
			if err := call(t.ctx, f); err != store.ErrFenced {
				t.Errorf("%s under fence %d of %d: %v", name, f, fence, err)
			}
		}
	}
	got, err := t.l.Pair(t.ctx, t.Pair.ID)
	t.ok(err)
	if got.SettingsKey != "" || got.RunID != run.ID || got.Beat == nil {
		t.Errorf("a stale run changed the pair: %+v", got)
	}
	if n := len(t.allLinks(t.Pair)); n != 0 {
		t.Errorf("a stale run left %d links", n)
	}
	if left, err := t.l.Intents(t.ctx, t.Pair.ID); err != nil || len(left) != 0 {
		t.Errorf("a stale run left intents %v, %v", left, err)
	}
}
