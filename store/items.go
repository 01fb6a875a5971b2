package store

import (
	"context"

	"gorm.io/gorm"
)

// ItemQuery selects lines of the user's reports. Blank fields select all.
type ItemQuery struct {
	RunID, PairID string
	Kinds         []string
	// Open leaves out what was resolved.
	Open bool
	// Offset and Limit select a page; Limit 0 is 100.
	Offset, Limit int
}

// Items reads lines of the user's reports: those of one run in their order,
// those of several newest first.
func (s *Store) Items(ctx context.Context, userID string, q ItemQuery) ([]Item, error) {
	tx := s.itemsOf(ctx, userID).Select("items.*")
	if q.RunID != "" {
		tx = tx.Where("items.run_id = ?", q.RunID).Order("items.created_at, items.id")
	} else {
		tx = tx.Order("items.created_at DESC, items.id DESC")
	}
	if q.PairID != "" {
		tx = tx.Where("items.pair_id = ?", q.PairID)
	}
	if len(q.Kinds) > 0 {
		tx = tx.Where("items.kind IN ?", q.Kinds)
	}
	if q.Open {
		tx = tx.Where("items.resolved IS NULL")
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	var items []Item
	if err := tx.Offset(q.Offset).Limit(q.Limit).Find(&items).Error; err != nil {
		return nil, err
	}
	return items, s.openItems(ctx, userID, items)
}

// CountItems counts the lines of a run of the user's, by kind.
func (s *Store) CountItems(ctx context.Context, userID, runID string) (map[string]int, error) {
	var rows []struct {
		Kind  string
		Count int
	}
	err := s.itemsOf(ctx, userID).Select("items.kind AS kind, count(*) AS count").
		Where("items.run_id = ?", runID).Group("items.kind").Find(&rows).Error
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Kind] = r.Count
	}
	return counts, err
}

// Item reads one line of the user's.
func (s *Store) Item(ctx context.Context, userID, id string) (Item, error) {
	items := make([]Item, 1)
	err := s.itemsOf(ctx, userID).Select("items.*").Where("items.id = ?", id).Take(&items[0]).Error
	if err != nil {
		return Item{}, found(err)
	}
	return items[0], s.openItems(ctx, userID, items)
}

// ResolveItem marks a line of the user's as settled. One that is not there or
// was settled already is ErrNotFound, so that of two clicks one counts.
func (s *Store) ResolveItem(ctx context.Context, userID, id string) error {
	return changed(s.db(ctx).Model(&Item{}).
		Where("id = ? AND resolved IS NULL AND pair_id IN (SELECT id FROM pairs WHERE user_id = ?)", id, userID).
		Update("resolved", s.now()))
}

// itemsOf selects the lines of a user's pairs.
func (s *Store) itemsOf(ctx context.Context, userID string) *gorm.DB {
	return s.db(ctx).Model(&Item{}).Joins("JOIN pairs ON pairs.id = items.pair_id").Where("pairs.user_id = ?", userID)
}

func (s *Store) openItems(ctx context.Context, userID string, items []Item) error {
	if len(items) == 0 {
		return nil
	}
	u, err := s.User(ctx, userID)
	if err != nil {
		return err
	}
	return openRows(s.keys, u.OrganizationID, items)
}
