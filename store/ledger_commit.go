package store

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// Commit stores everything in one transaction, under the run's fence.
func (s *Store) Commit(ctx context.Context, pairID string, fence int64, b Batch) error {
	return s.write(ctx, func(s *Store, tx *gorm.DB) error {
		pair, err := hold(tx, pairID, fence)
		if err != nil {
			return err
		}
		organization := pair.OrganizationID
		steps := []func() error{
			func() error { return dropOf(tx, &Link{}, pairID, b.DropLinks) },
			func() error { return s.putLinks(tx, organization, pairID, b.Links) },
			func() error { return settle(tx, organization, b.Settle) },
			func() error { return dropClaims(tx, organization, b.DropClaims) },
			func() error { return dropOf(tx, &Intent{}, pairID, b.DropIntents) },
			func() error { return s.putIntents(tx, organization, pairID, b.Intents) },
			func() error { return s.putItems(tx, organization, pairID, b.Items) },
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		for _, seen := range b.Seen {
			if err := s.putSeen(tx, seen); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropOf deletes rows of a pair by their IDs.
func dropOf(tx *gorm.DB, model any, pairID string, ids []string) error {
	return chunks(unique(ids), func(part []string) error {
		return tx.Where("pair_id = ? AND id IN ?", pairID, part).Delete(model).Error
	})
}

// settle gives the claims of intents the CRM's record.
func settle(tx *gorm.DB, organization string, records map[string]string) error {
	return chunks(slices.Sorted(maps.Keys(records)), func(intents []string) error {
		values := make([]any, 0, 2*len(intents)+1)
		for _, id := range intents {
			values = append(values, id, records[id])
		}
		rows := strings.TrimSuffix(strings.Repeat("(?,?),", len(intents)), ",")
		return tx.Exec(`WITH made (intent_id, record_id) AS (VALUES `+rows+`)
			UPDATE claims SET record_id = made.record_id FROM made
			WHERE claims.intent_id = made.intent_id AND claims.organization_id = ?`, append(values, organization)...).Error
	})
}

// putItems stores lines of a run's report, sealed.
func (s *Store) putItems(tx *gorm.DB, organization, pairID string, items []Item) error {
	items = slices.Clone(items)
	for i := range items {
		items[i].PairID = pairID
		if items[i].ID == "" {
			items[i].ID = newID()
		}
		if items[i].CreatedAt.IsZero() {
			items[i].CreatedAt = s.now()
		}
	}
	sealed, err := sealRows(s.keys, organization, last(items, func(i *Item) string { return i.ID }))
	if err != nil {
		return err
	}
	return put(tx, sealed)
}
