package store

import (
	"context"

	"gorm.io/gorm"
)

// CountLinks counts the pair's links in the given state.
func (s *Store) CountLinks(ctx context.Context, pairID string, state uint8) (int, error) {
	var n int64
	err := s.db(ctx).Model(&Link{}).Where("pair_id = ? AND state = ?", pairID, state).Count(&n).Error
	return int(n), err
}

// Links calls yield with all links of the pair, in batches and in order of
// their IDs. No transaction is open meanwhile: yield may call the store.
func (s *Store) Links(ctx context.Context, pairID string, yield func([]Link) error) error {
	organization, err := s.organizationOf(ctx, pairID)
	if err != nil {
		return err
	}
	for after := ""; ; {
		var links []Link
		err := s.db(ctx).Where("pair_id = ? AND id > ?", pairID, after).Order("id").Limit(chunk).Find(&links).Error
		if err != nil || len(links) == 0 {
			return err
		}
		if err := openRows(s.keys, organization, links); err != nil {
			return err
		}
		if err := yield(links); err != nil {
			return err
		}
		if len(links) < chunk {
			return nil
		}
		after = links[len(links)-1].ID
	}
}

// LinksBy reads the links whose record on side (0 left, 1 right) is one of ids.
func (s *Store) LinksBy(ctx context.Context, pairID string, side uint8, ids []string) ([]Link, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	organization, err := s.organizationOf(ctx, pairID)
	if err != nil {
		return nil, err
	}
	column := "left_id"
	if side == 1 {
		column = "right_id"
	}
	var all []Link
	err = chunks(unique(ids), func(part []string) error {
		var links []Link
		// Not ordered: it would lead SQLite to the index by ID, all of it.
		err := s.db(ctx).Where("pair_id = ? AND "+column+" IN ?", pairID, part).Find(&links).Error
		all = append(all, links...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, openRows(s.keys, organization, all)
}

// putLinks stores links of one pair, sealed.
func (s *Store) putLinks(tx *gorm.DB, organization, pairID string, links []Link) error {
	links = last(links, func(l *Link) string { return l.ID })
	for i := range links {
		links[i].PairID = pairID
		if links[i].UpdatedAt.IsZero() {
			links[i].UpdatedAt = s.now()
		}
	}
	sealed, err := sealRows(s.keys, organization, links)
	if err != nil {
		return err
	}
	return put(tx, sealed)
}
