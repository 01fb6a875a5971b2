package enginetest

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"tandem/store"
)

// linkBatch is how many links are yielded at once.
const linkBatch = 500

// CountLinks counts the pair's links in a state.
func (l *Ledger) CountLinks(_ context.Context, pairID string, state uint8) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, k := range l.links[pairID] {
		if k.State == state {
			n++
		}
	}
	return n, nil
}

// Links yields all links of the pair, in order of their IDs.
func (l *Ledger) Links(_ context.Context, pairID string, yield func([]store.Link) error) error {
	all := l.linksWhere(pairID, func(store.Link) bool { return true })
	for len(all) > 0 {
		n := min(linkBatch, len(all))
		if err := yield(all[:n:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// LinksBy reads the links whose record on side is one of ids.
func (l *Ledger) LinksBy(_ context.Context, pairID string, side uint8, ids []string) ([]store.Link, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	want := make(map[string]bool, len(ids))
	for _, id := range ids {
		want[id] = true
	}
	return l.linksWhere(pairID, func(k store.Link) bool { return want[[2]string{k.LeftID, k.RightID}[side]] }), nil
}

func (l *Ledger) linksWhere(pairID string, wanted func(store.Link) bool) []store.Link {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []store.Link
	for _, k := range l.links[pairID] {
		if wanted(k) {
			all = append(all, copyLink(k))
		}
	}
	slices.SortFunc(all, func(a, b store.Link) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Seen reads the versions of records.
func (l *Ledger) Seen(_ context.Context, connectionID, entity string, recordIDs []string) (map[string]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := make(map[string]string, len(recordIDs))
	rows := l.seen[realm{connectionID, entity}]
	for _, id := range recordIDs {
		if row, ok := rows[id]; ok {
			known[id] = row.Version
		}
	}
	return known, nil
}

// AllSeen calls yield for every record ever listed, in order of their IDs.
func (l *Ledger) AllSeen(_ context.Context, connectionID, entity string, yield func(recordID, version string) error) error {
	l.mu.Lock()
	rows := sorted(l.seen[realm{connectionID, entity}])
	l.mu.Unlock()
	for _, row := range rows {
		if err := yield(row.RecordID, row.Version); err != nil {
			return err
		}
	}
	return nil
}

// FindByKeys finds records by their match keys.
func (l *Ledger) FindByKeys(_ context.Context, connectionID, entity string, keys []store.Key) (map[store.Key][]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	want := make(map[store.Key]bool, len(keys))
	for _, k := range keys {
		want[k] = true
	}
	result := map[store.Key][]string{}
	for _, row := range sorted(l.seen[realm{connectionID, entity}]) {
		for _, k := range row.Keys {
			if ids := result[k]; want[k] && !slices.Contains(ids, row.RecordID) {
				result[k] = append(ids, row.RecordID)
			}
		}
	}
	return result, nil
}

// Intents reads the pair's intents, oldest first.
func (l *Ledger) Intents(_ context.Context, pairID string) ([]store.Intent, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []store.Intent
	for _, in := range l.intents[pairID] {
		in.Detail = bytes.Clone(in.Detail)
		all = append(all, in)
	}
	slices.SortFunc(all, func(a, b store.Intent) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return all, nil
}

// Reserve stores intents and claims together.
func (l *Ledger) Reserve(_ context.Context, pairID string, fence int64, intents []store.Intent, claims []store.Claim) ([]store.Claim, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.hold(pairID, fence)
	if err != nil {
		return nil, err
	}
	refused := map[string]bool{}
	taken := l.claim(p.OrganizationID, claims, refused)
	kept := slices.DeleteFunc(slices.Clone(intents), func(in store.Intent) bool { return refused[in.ID] })
	l.putIntents(pairID, kept)
	return taken, nil
}

// claim stores the claims that are free and answers those that are not.
func (l *Ledger) claim(organization string, claims []store.Claim, refused map[string]bool) (taken []store.Claim) {
	key := func(c store.Claim) claimKey { return claimKey{organization, c.CRM, c.Entity, c.Key} }
	for _, c := range claims {
		if old, ok := l.claims[key(c)]; ok && old.RecordID != "" && old.CreatedAt.Before(l.now().Add(-store.ClaimAge)) {
			delete(l.claims, key(c))
		}
	}
	for _, c := range claims {
		if _, held := l.claims[key(c)]; !held {
			c.OrganizationID = organization
			if c.CreatedAt.IsZero() {
				c.CreatedAt = l.now()
			}
			l.claims[key(c)] = c
		}
	}
	for _, c := range claims {
		if holder := l.claims[key(c)]; holder.IntentID != c.IntentID {
			holder.ForIntent = c.IntentID
			taken = append(taken, holder)
			refused[c.IntentID] = true
		}
	}
	l.dropClaims(organization, slices.Collect(maps.Keys(refused)))
	return taken
}

func (l *Ledger) dropClaims(organization string, intentIDs []string) {
	maps.DeleteFunc(l.claims, func(k claimKey, c store.Claim) bool {
		return k.organization == organization && slices.Contains(intentIDs, c.IntentID)
	})
}

// ClaimsBy reads the claims of intents.
func (l *Ledger) ClaimsBy(_ context.Context, intentIDs []string) ([]store.Claim, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []store.Claim
	for _, c := range l.claims {
		if slices.Contains(intentIDs, c.IntentID) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b store.Claim) int {
		return cmp.Or(strings.Compare(a.IntentID, b.IntentID), strings.Compare(a.Key, b.Key))
	})
	return all, nil
}

// Commit stores everything, or nothing where the fence has moved.
func (l *Ledger) Commit(_ context.Context, pairID string, fence int64, b store.Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.hold(pairID, fence)
	if err != nil {
		return err
	}
	for _, id := range b.DropLinks {
		delete(l.links[pairID], id)
	}
	for _, k := range b.Links {
		k = copyLink(k)
		k.PairID = pairID
		if k.UpdatedAt.IsZero() {
			k.UpdatedAt = l.now()
		}
		l.links[pairID][k.ID] = k
	}
	for k, c := range l.claims {
		if record, ok := b.Settle[c.IntentID]; ok && k.organization == p.OrganizationID {
			c.RecordID = record
			l.claims[k] = c
		}
	}
	l.dropClaims(p.OrganizationID, b.DropClaims)
	for _, id := range b.DropIntents {
		delete(l.intents[pairID], id)
	}
	l.putIntents(pairID, b.Intents)
	for _, item := range b.Items {
		item.PairID, item.Detail = pairID, bytes.Clone(item.Detail)
		if item.ID == "" {
			item.ID = l.newID()
		}
		if item.CreatedAt.IsZero() {
			item.CreatedAt = l.now()
		}
		l.items[pairID] = append(l.items[pairID], item)
	}
	for _, s := range b.Seen {
		l.putSeen(s)
	}
	return nil
}

func (l *Ledger) putIntents(pairID string, intents []store.Intent) {
	for _, in := range intents {
		in.PairID, in.Detail = pairID, bytes.Clone(in.Detail)
		if in.CreatedAt.IsZero() {
			in.CreatedAt = l.now()
		}
		l.intents[pairID][in.ID] = in
	}
}

func (l *Ledger) putSeen(b store.SeenBatch) {
	at := realm{b.ConnectionID, b.Entity}
	rows := l.seen[at]
	if rows == nil {
		rows = map[string]store.Seen{}
		l.seen[at] = rows
	}
	for _, id := range b.Drop {
		delete(rows, id)
	}
	for _, s := range b.Put {
		s.ConnectionID, s.Entity = b.ConnectionID, b.Entity
		if s.Keys == nil {
			s.Keys = rows[s.RecordID].Keys
		}
		s.Keys = slices.Clone(s.Keys)
		rows[s.RecordID] = s
	}
}
