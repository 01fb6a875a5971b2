package store

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// chunk is how many rows or parameters one statement carries: far below what
// SQLite (32,766) and Postgres (65,535) take, and beyond it nothing gets faster.
const chunk = 500

// chunks calls fn with at most chunk elements at a time.
func chunks[T any](all []T, fn func([]T) error) error {
	for part := range slices.Chunk(all, chunk) {
		if err := fn(part); err != nil {
			return err
		}
	}
	return nil
}

// put stores rows, replacing those with the same primary key.
func put[T any](tx *gorm.DB, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(rows, chunk).Error
}

// last keeps the last of several rows with the same key: one statement of
// Postgres may not store a row twice.
func last[T any, K comparable](rows []T, key func(*T) K) []T {
	at := make(map[K]int, len(rows))
	out := make([]T, 0, len(rows))
	for i := range rows {
		k := key(&rows[i])
		if j, ok := at[k]; ok {
			out[j] = rows[i]
			continue
		}
		at[k] = len(out)
		out = append(out, rows[i])
	}
	return out
}

// unique sorts and drops repetitions, leaving the given slice as it is.
func unique(all []string) []string {
	out := slices.Clone(all)
	slices.Sort(out)
	return slices.Compact(out)
}
