package engine

import (
	"context"
	"slices"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// known finds the possible partners of fresh records among those that did not
// change, on both sides: on the other one to link with, on their own to notice
// that a person is there twice. Linked records count, as proof that a partner
// already has somebody.
func (r *run) known(ctx context.Context, in *plan.Input) error {
	keys := map[contact.Key]bool{}
	for s := range in.Fresh {
		for _, rec := range in.Fresh[s] {
			for _, k := range r.searchKeys(rec.Contact) {
				keys[k] = true
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	for s := range in.Known {
		side := plan.Side(s)
		have := map[contact.ID]bool{}
		for _, rec := range in.Fresh[s] {
			have[rec.ID] = true
		}
		// Linked records that were listed in this run are at hand.
		for _, p := range in.Pairs {
			if rec := p.Record[s]; rec != nil && !have[rec.ID] && r.shares(rec.Contact, keys) {
				have[rec.ID] = true
				in.Known[s] = append(in.Known[s], plan.Known{Record: *rec, Linked: true})
			}
		}
		if r.lists[s].full {
			r.knownListed(in, side, have, keys)
			continue
		}
		if err := r.knownStored(ctx, in, side, have, keys); err != nil {
			return err
		}
	}
	return nil
}

// searchKeys are the keys that lead to a possible partner: e-mails and the
// name. A phone or a company alone is no reason to look.
func (r *run) searchKeys(c contact.Contact) []contact.Key {
	return slices.DeleteFunc(r.settings.Norm.MatchKeys(c), func(k contact.Key) bool {
		return k.Kind != contact.KeyEmail && k.Kind != contact.KeyName
	})
}

func (r *run) shares(c contact.Contact, keys map[contact.Key]bool) bool {
	return slices.ContainsFunc(r.searchKeys(c), func(k contact.Key) bool { return keys[k] })
}

// knownListed takes partners from a complete listing: everything is in it.
func (r *run) knownListed(in *plan.Input, s plan.Side, have map[contact.ID]bool, keys map[contact.Key]bool) {
	for id, rec := range r.lists[s].records {
		_, held := r.held[s][id]
		if !have[id] && !held && r.shares(rec.Contact, keys) {
			in.Known[s] = append(in.Known[s], plan.Known{Record: rec, Linked: true})
		}
	}
}

// knownStored finds partners by blind keys and reads them with this user's
// own sign-in: what another person may see is never taken for granted.
func (r *run) knownStored(ctx context.Context, in *plan.Input, s plan.Side, have map[contact.ID]bool, keys map[contact.Key]bool) error {
	query := make([]store.Key, 0, len(keys))
	for k := range keys {
		query = append(query, store.Key{Kind: string(k.Kind), Text: k.Text})
	}
	hits, err := r.Ledger.FindByKeys(ctx, r.conn[s].ID, r.settings.Entity, query)
	if err != nil {
		return err
	}
	var ids []string
	for _, found := range hits {
		for _, id := range found {
			if !have[contact.ID(id)] {
				have[contact.ID(id)] = true
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	links, err := r.Ledger.LinksBy(ctx, r.pair.ID, uint8(s), ids)
	if err != nil {
		return err
	}
	linked := map[contact.ID]bool{}
	for _, l := range links {
		linked[contact.ID([2]string{l.LeftID, l.RightID}[s])] = true
	}
	read := make([]contact.ID, len(ids))
	for i, id := range ids {
		read[i] = contact.ID(id)
	}
	found, _, err := r.book[s].Get(ctx, read)
	if err != nil {
		return sideError(s, "read possible partners", err)
	}
	for _, rec := range found {
		in.Known[s] = append(in.Known[s], plan.Known{Record: rec, Linked: linked[rec.ID]})
	}
	return nil
}
