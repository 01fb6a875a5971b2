package store

import (
	"context"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// seenRow is what is known of a record.
type seenRow struct {
	ConnectionID string `gorm:"primaryKey"`
	Entity       string `gorm:"primaryKey"`
	RecordID     string `gorm:"primaryKey"`
	Version      string
}

// TableName names the table.
func (seenRow) TableName() string { return "seen" }

// blindKey leads from the HMAC of a match key to a record.
type blindKey struct {
	ConnectionID string `gorm:"primaryKey"`
	Entity       string `gorm:"primaryKey"`
	MAC          []byte `gorm:"primaryKey;column:mac"`
	RecordID     string `gorm:"primaryKey"`
}

// Seen reads the versions of records; unknown ones are left out.
func (s *Store) Seen(ctx context.Context, connectionID, entity string, recordIDs []string) (map[string]string, error) {
	known := make(map[string]string, len(recordIDs))
	err := chunks(unique(recordIDs), func(part []string) error {
		var rows []seenRow
		err := s.db(ctx).Select("record_id", "version").
			Where("connection_id = ? AND entity = ? AND record_id IN ?", connectionID, entity, part).Find(&rows).Error
		for _, r := range rows {
			known[r.RecordID] = r.Version
		}
		return err
	})
	return known, err
}

// AllSeen calls yield for every record ever listed, in order of their IDs.
func (s *Store) AllSeen(ctx context.Context, connectionID, entity string, yield func(recordID, version string) error) error {
	const page = 4 * chunk
	for after := ""; ; {
		var rows []seenRow
		err := s.db(ctx).Select("record_id", "version").
			Where("connection_id = ? AND entity = ? AND record_id > ?", connectionID, entity, after).
			Order("record_id").Limit(page).Find(&rows).Error
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := yield(r.RecordID, r.Version); err != nil {
				return err
			}
		}
		if len(rows) < page {
			return nil
		}
		after = rows[len(rows)-1].RecordID
	}
}

// FindByKeys finds records by blind keys: for each key the records that have it.
func (s *Store) FindByKeys(ctx context.Context, connectionID, entity string, keys []Key) (map[Key][]string, error) {
	blind := s.keys.blinder("connection", connectionID)
	byMAC := make(map[string]Key, len(keys))
	macs := make([][]byte, 0, len(keys))
	for _, k := range keys {
		mac := blind.key(k)
		if _, ok := byMAC[string(mac)]; !ok {
			byMAC[string(mac)] = k
			macs = append(macs, mac)
		}
	}
	result := map[Key][]string{}
	err := chunks(macs, func(part [][]byte) error {
		var rows []blindKey
		// Not ordered: it would lead SQLite to the index by record, all of it.
		err := s.db(ctx).Select("mac", "record_id").
			Where("connection_id = ? AND entity = ? AND mac IN ?", connectionID, entity, part).Find(&rows).Error
		for _, r := range rows {
			k := byMAC[string(r.MAC)]
			result[k] = append(result[k], r.RecordID)
		}
		return err
	})
	for _, ids := range result {
		slices.Sort(ids)
	}
	return result, err
}

// putSeen changes what is known of one connection's records.
func (s *Store) putSeen(tx *gorm.DB, b SeenBatch) error {
	of := func(tx *gorm.DB) *gorm.DB {
		return tx.Where("connection_id = ? AND entity = ?", b.ConnectionID, b.Entity)
	}
	puts := last(b.Put, func(r *Seen) string { return r.RecordID })
	blind := s.keys.blinder("connection", b.ConnectionID)
	rows := make([]seenRow, 0, len(puts))
	var keys []blindKey
	var rekeyed []string
	for _, r := range puts {
		rows = append(rows, seenRow{b.ConnectionID, b.Entity, r.RecordID, r.Version})
		if r.Keys == nil {
			continue
		}
		rekeyed = append(rekeyed, r.RecordID)
		for _, k := range r.Keys {
			keys = append(keys, blindKey{b.ConnectionID, b.Entity, blind.key(k), r.RecordID})
		}
	}
	err := chunks(unique(b.Drop), func(part []string) error {
		return of(tx).Where("record_id IN ?", part).Delete(&seenRow{}).Error
	})
	if err != nil {
		return err
	}
	err = chunks(unique(append(rekeyed, b.Drop...)), func(part []string) error {
		return of(tx).Where("record_id IN ?", part).Delete(&blindKey{}).Error
	})
	if err != nil {
		return err
	}
	if err := put(tx, rows); err != nil || len(keys) == 0 {
		return err
	}
	return tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(keys, chunk).Error
}
