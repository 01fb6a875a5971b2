package jobs

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"tandem/store"
	"tandem/store/storetest"
)

func within(t *testing.T, what string, next *time.Time, from, to time.Time, every time.Duration) {
	t.Helper()
	if next == nil || next.Before(from.Add(every-every/10-time.Millisecond)) || next.After(to.Add(every+every/10)) {
		t.Errorf("%s: next at %v, not within a tenth of %v from %v", what, next, every, from)
	}
}

// TestAutomatic: two processes, one due pair, one run; then its next time.
func TestAutomatic(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		y.people(3)
		quick := func(o *Options) { o.Tick = 100 * time.Millisecond }
		one, _ := y.started(quick), y.started(quick)
		from := time.Now()
		if err := one.SetAuto(t.Context(), y.pair, true); err != nil {
			t.Fatal(err)
		}
		pair, err := y.store.Pair(t.Context(), y.pair.ID)
		if err != nil || !pair.Auto {
			t.Fatal(pair, err)
		}
		within(t, "turned on", pair.NextAt, from, time.Now(), 10*time.Minute)

		from = time.Now()
		if err := y.store.SetAuto(t.Context(), y.user.ID, y.pair.ID, &from); err != nil {
			t.Fatal(err)
		}
		until(t, "the run is started", func() bool { return len(y.runs()) > 0 })
		run := y.ended(y.runs()[0].ID)
		if run.State != store.RunSucceeded || run.Trigger != "automatic" || len(y.right.All()) != 3 {
			t.Fatal(run, len(y.right.All()))
		}
		seen := len(y.jobs("tick"))
		until(t, "some more ticks", func() bool { return len(y.jobs("tick")) > seen+3 })
		if all := y.runs(); len(all) != 1 {
			t.Errorf("%d runs", len(all))
		}
		pair, err = y.store.Pair(t.Context(), y.pair.ID)
		if err != nil {
			t.Fatal(err)
		}
		within(t, "after a run", pair.NextAt, from, time.Now(), 10*time.Minute)

		if err := one.SetAuto(t.Context(), y.pair, false); err != nil {
			t.Fatal(err)
		}
		if pair, err = y.store.Pair(t.Context(), y.pair.ID); err != nil || pair.Auto || pair.NextAt != nil {
			t.Error(pair, err)
		}
	})
}

// TestDueOnce lets two processes look at the same moment, again and again.
func TestDueOnce(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		services := []*Service{y.service(), y.service()}
		past := time.Now().Add(-time.Minute)
		const users = 12
		for n := range users {
			u, p := storetest.Seed(t, y.store, "https://issuer.example", fmt.Sprintf("user%d", n))
			if err := y.store.SetAuto(t.Context(), u.ID, p.ID, &past); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for n := range 6 {
			wg.Go(func() {
				if err := services[n%2].tick(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		per := map[string]int{}
		for _, r := range y.runs() {
			per[r.PairID]++
		}
		if len(per) != users || len(y.runs()) != users || len(y.jobs("run")) != users {
			t.Errorf("%d runs and %d jobs for %d of %d pairs", len(y.runs()), len(y.jobs("run")), len(per), users)
		}
	})
}

func TestJitter(t *testing.T) {
	t.Parallel()
	y := newYard(t, storetest.New(t))
	now := time.Now()
	for every, want := range map[time.Duration]time.Duration{
		5 * time.Minute: 5 * time.Minute, 24 * time.Hour: 24 * time.Hour, 1: 1, 0: usual, -1: usual,
	} {
		s := y.service(func(o *Options) {
			o.Now = func() time.Time { return now }
			o.Interval = func(context.Context, string) (time.Duration, error) { return every, nil }
		})
		least, most := 2.0, 0.0
		for range 1000 {
			part := float64(s.next(t.Context(), y.pair).Sub(now)) / float64(want)
			least, most = min(least, part), max(most, part)
		}
		if least < 0.9 || most > 1.1 || want > 1 && (least > 0.95 || most < 1.05) {
			t.Errorf("%v: from %v to %v of the interval", every, least, most)
		}
	}
}

// TestOnlyWhoWants: a pair that was busy when somebody clicked is marked, and
// that alone starts nothing for those who did not turn automatic sync on.
func TestOnlyWhoWants(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		s := y.service()
		if err := y.store.MarkDirty(t.Context(), y.pair.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.tick(t.Context()); err != nil || len(y.runs()) != 0 {
			t.Fatal(y.runs(), err)
		}
		if err := s.SetAuto(t.Context(), y.pair, true); err != nil {
			t.Fatal(err)
		}
		if err := s.tick(t.Context()); err != nil || len(y.runs()) != 1 {
			t.Fatal(y.runs(), err)
		}
	})
}

func TestErasesDaily(t *testing.T) {
	each(t, func(t *testing.T, y *yard) {
		err := y.store.CreateSession(t.Context(), store.Session{Hash: "old", Kind: store.PageSession, UserID: y.user.ID, ExpiresAt: time.Now().Add(-time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		y.started()
		until(t, "the session is erased", func() bool {
			var n int64
			if err := y.store.DB().Table("sessions").Count(&n).Error; err != nil {
				t.Fatal(err)
			}
			return n == 0
		})
	})
}
