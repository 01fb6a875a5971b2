package store_test

import (
	"errors"
	"testing"

	"tandem/store"
	"tandem/store/storetest"
)

// TestTx: what GORM writes, what the store's methods write and what the raw
// transaction writes stands or falls together.
func TestTx(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := people(t, s)
		must(t, s.DB().Exec("CREATE TABLE jobs (name text PRIMARY KEY)").Error)
		raw := func(tx store.Tx, name string) error {
			if s.IsPostgres() {
				_, err := tx.PGX.Exec(bg, "INSERT INTO jobs (name) VALUES ($1)", name)
				return err
			}
			_, err := tx.Raw.ExecContext(bg, "INSERT INTO jobs (name) VALUES (?)", name)
			return err
		}
		stop := errors.New("stop")
		for _, c := range []struct {
			name string
			err  error
			want int64
		}{{"rolled back", stop, 0}, {"committed", nil, 1}} {
			err := s.Tx(bg, func(tx store.Tx) error {
				if (tx.PGX == nil) == s.IsPostgres() || (tx.Raw == nil) != s.IsPostgres() {
					t.Errorf("raw transactions %v, %v", tx.PGX, tx.Raw)
				}
				run := store.Run{PairID: p.adaPair.ID, Kind: store.RunSync}
				must(t, tx.CreateRun(bg, &run))
				must(t, raw(tx, c.name))
				must(t, tx.DB().Exec("INSERT INTO jobs (name) VALUES (?)", c.name+" by GORM").Error)
				// A method with a transaction of its own joins this one.
				must(t, tx.SaveGlobal(bg, p.organization, store.Setting{Name: store.SettingScope, Value: "all"}))
				if _, err := tx.RunOf(bg, p.ada.ID, run.ID); err != nil {
					t.Error("the transaction does not see its own row:", err)
				}
				if tx.Tx(bg, func(store.Tx) error { return nil }) == nil {
					t.Error("a transaction within a transaction")
				}
				return c.err
			})
			is(t, err, c.err)
			var jobs, gormJobs int64
			must(t, s.DB().Table("jobs").Where("name = ?", c.name).Count(&jobs).Error)
			must(t, s.DB().Table("jobs").Where("name = ?", c.name+" by GORM").Count(&gormJobs).Error)
			runs, err := s.Runs(bg, p.ada.ID, 0, 10)
			must(t, err)
			settings, err := s.GlobalSettings(bg, p.organization)
			must(t, err)
			if jobs != c.want || gormJobs != c.want || int64(len(runs)) != c.want || int64(len(settings)) != c.want {
				t.Errorf("%s: %d jobs, %d by GORM, %d runs, %d settings", c.name, jobs, gormJobs, len(runs), len(settings))
			}
		}
		func() { // a panic rolls back, too
			defer func() { recover() }()
			s.Tx(bg, func(tx store.Tx) error { raw(tx, "panic"); panic("oops") })
		}()
		var n int64
		must(t, s.DB().Table("jobs").Where("name = ?", "panic").Count(&n).Error)
		if n != 0 {
			t.Error("a panic committed")
		}
	})
}
