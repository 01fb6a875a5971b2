package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Keep is how long history, before-images, the links of a reset and those of a
// disconnected connection are kept.
const Keep = 30 * 24 * time.Hour

// EraseOld erases what has had its time: sessions, tickets and attempts that
// ended, claims settled for longer than ClaimAge, and after Keep reports, links
// of resets, and all of a connection that stayed disconnected. The last run of a
// pair stays.
func (s *Store) EraseOld(ctx context.Context) error {
	now := s.now()
	old := now.Add(-Keep)
	return s.write(ctx, func(s *Store, tx *gorm.DB) error {
		for _, e := range []struct {
			statement string
			before    time.Time
		}{
			{"DELETE FROM sessions WHERE expires_at <= ?", now},
			{"DELETE FROM tickets WHERE expires_at <= ?", now},
			{"DELETE FROM attempts WHERE expires_at <= ?", now},
			{"DELETE FROM claims WHERE record_id <> '' AND created_at <= ?", now.Add(-ClaimAge)},
			{"DELETE FROM items WHERE created_at < ?", old},
			{"DELETE FROM archived_links WHERE reset_id IN (SELECT id FROM resets WHERE created_at < ?)", old},
			{"DELETE FROM resets WHERE created_at < ?", old},
			{`DELETE FROM runs WHERE created_at < ? AND EXISTS
				(SELECT 1 FROM runs later WHERE later.pair_id = runs.pair_id AND later.created_at > runs.created_at)`, old},
		} {
			if err := tx.Exec(e.statement, e.before).Error; err != nil {
				return fmt.Errorf("store: erase what is old: %w", err)
			}
		}
		// Locked, so that one that is being connected again is left alone.
		var gone []string
		err := tx.Clauses(forUpdate).Model(&Connection{}).Where("state = ? AND disconnected_at < ?", StateDisconnected, old).Pluck("id", &gone).Error
		if err != nil {
			return err
		}
		return chunks(gone, func(part []string) error { return eraseConnections(tx, part) })
	})
}

// eraseConnections erases connections and all that hangs on them.
func eraseConnections(tx *gorm.DB, ids []string) error {
	const pairs = "(SELECT id FROM pairs WHERE left_id IN ? OR right_id IN ?)"
	for _, statement := range []string{
		"DELETE FROM claims WHERE record_id = '' AND intent_id IN (SELECT id FROM intents WHERE pair_id IN " + pairs + ")",
		"DELETE FROM intents WHERE pair_id IN " + pairs,
		"DELETE FROM links WHERE pair_id IN " + pairs,
		"DELETE FROM archived_links WHERE pair_id IN " + pairs,
		"DELETE FROM resets WHERE pair_id IN " + pairs,
		"DELETE FROM items WHERE pair_id IN " + pairs,
		"DELETE FROM runs WHERE pair_id IN " + pairs,
		"DELETE FROM pairs WHERE left_id IN ? OR right_id IN ?",
	} {
		if err := tx.Exec(statement, ids, ids).Error; err != nil {
			return fmt.Errorf("store: erase a connection: %w", err)
		}
	}
	for _, statement := range []string{
		"DELETE FROM seen WHERE connection_id IN ?",
		"DELETE FROM blind_keys WHERE connection_id IN ?",
		"DELETE FROM connections WHERE id IN ?",
	} {
		if err := tx.Exec(statement, ids).Error; err != nil {
			return fmt.Errorf("store: erase a connection: %w", err)
		}
	}
	return nil
}
