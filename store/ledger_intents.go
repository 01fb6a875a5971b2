package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Intents reads the pair's intents, oldest first.
func (s *Store) Intents(ctx context.Context, pairID string) ([]Intent, error) {
	organization, err := s.organizationOf(ctx, pairID)
	if err != nil {
		return nil, err
	}
	var all []Intent
	if err := s.db(ctx).Where("pair_id = ?", pairID).Order("created_at, id").Find(&all).Error; err != nil {
		return nil, err
	}
	return all, openRows(s.keys, organization, all)
}

// Reserve stores intents and claims together. An intent one of whose claims
// somebody else holds is not stored, nor are its other claims; taken has, for
// each claim refused, its holder's row with the key as it was given, and
// ForIntent names the intent that did not get it.
func (s *Store) Reserve(ctx context.Context, pairID string, fence int64, intents []Intent, claims []Claim) (taken []Claim, err error) {
	err = s.write(ctx, func(s *Store, tx *gorm.DB) error {
		pair, err := hold(tx, pairID, fence)
		if err != nil {
			return err
		}
		refused := map[string]bool{}
		if taken, err = s.claim(tx, pair.OrganizationID, claims, refused); err != nil {
			return err
		}
		stored := slices.DeleteFunc(slices.Clone(intents), func(i Intent) bool { return refused[i.ID] })
		return s.putIntents(tx, pair.OrganizationID, pairID, stored)
	})
	if err != nil {
		return nil, err
	}
	return taken, nil
}

// claim stores the claims that are free and answers those that are not. The
// intents of the latter are added to refused and hold no claim.
func (s *Store) claim(tx *gorm.DB, organization string, claims []Claim, refused map[string]bool) ([]Claim, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	blind := s.keys.blinder("claims", organization)
	rows := make([]Claim, len(claims))
	for i, c := range claims {
		c.OrganizationID, c.Key = organization, blind.text(c.Key)
		if c.CreatedAt.IsZero() {
			c.CreatedAt = s.now()
		}
		rows[i] = c
	}
	// What was settled long ago is in everybody's own listing by now.
	settled := make([]string, len(rows))
	for i, row := range rows {
		settled[i] = row.Key
	}
	err := chunks(unique(settled), func(part []string) error {
		return tx.Where("organization_id = ? AND key IN ? AND record_id <> '' AND created_at < ?", organization, part, s.now().Add(-ClaimAge)).
			Delete(&Claim{}).Error
	})
	if err != nil {
		return nil, err
	}
	// All processes insert in the same order, so that none waits for another
	// that waits for it.
	sorted := slices.SortedFunc(slices.Values(rows), func(a, b Claim) int {
		return cmp.Or(strings.Compare(a.CRM, b.CRM), strings.Compare(a.Entity, b.Entity), strings.Compare(a.Key, b.Key))
	})
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(sorted, chunk).Error; err != nil {
		return nil, err
	}
	holders, err := readClaims(tx, organization, rows)
	if err != nil {
		return nil, err
	}
	var taken []Claim
	var drop []string
	for i, row := range rows {
		holder, ok := holders[claimKey{row.CRM, row.Entity, row.Key}]
		if !ok || holder.IntentID == row.IntentID {
			continue
		}
		holder.Key, holder.ForIntent = claims[i].Key, row.IntentID
		taken = append(taken, holder)
		if !refused[row.IntentID] {
			refused[row.IntentID] = true
			drop = append(drop, row.IntentID)
		}
	}
	return taken, dropClaims(tx, organization, drop)
}

// claimKey is a claim's primary key within its organization.
type claimKey struct{ crm, entity, key string }

// readClaims reads the rows that now stand under the keys of claims.
func readClaims(tx *gorm.DB, organization string, claims []Claim) (map[claimKey]Claim, error) {
	keys := make([]string, len(claims))
	for i, c := range claims {
		keys[i] = c.Key
	}
	holders := make(map[claimKey]Claim, len(claims))
	err := chunks(unique(keys), func(part []string) error {
		var rows []Claim
		err := tx.Where("organization_id = ? AND key IN ?", organization, part).Find(&rows).Error
		for _, r := range rows {
			holders[claimKey{r.CRM, r.Entity, r.Key}] = r
		}
		return err
	})
	return holders, err
}

// dropClaims lets the claims of intents go.
func dropClaims(tx *gorm.DB, organization string, intentIDs []string) error {
	return chunks(unique(intentIDs), func(part []string) error {
		return tx.Where("organization_id = ? AND intent_id IN ?", organization, part).Delete(&Claim{}).Error
	})
}

// ClaimsBy reads the claims of intents. Their keys are the HMACs.
func (s *Store) ClaimsBy(ctx context.Context, intentIDs []string) ([]Claim, error) {
	var all []Claim
	err := chunks(unique(intentIDs), func(part []string) error {
		var rows []Claim
		err := s.db(ctx).Where("intent_id IN ?", part).Order("intent_id, key").Find(&rows).Error
		all = append(all, rows...)
		return err
	})
	return all, err
}

// putIntents stores intents of one pair, sealed.
func (s *Store) putIntents(tx *gorm.DB, organization, pairID string, intents []Intent) error {
	intents = last(intents, func(i *Intent) string { return i.ID })
	for i := range intents {
		intents[i].PairID = pairID
		if intents[i].CreatedAt.IsZero() {
			intents[i].CreatedAt = s.now()
		}
	}
	sealed, err := sealRows(s.keys, organization, intents)
	if err != nil {
		return err
	}
	return put(tx, sealed)
}
