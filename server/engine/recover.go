package engine

import (
	"context"
	"encoding/json"
	"time"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// recover finds out what became of writes whose answer or commit was lost.
// Updates and deletes need no more than to be planned again, because they are
// conditional. A create is looked for by its marker, or else by what it said;
// found, it gets its link; not found, its source is held back until the grace
// period is over, and then the same create is sent again under the same marker.
func (r *run) recover(ctx context.Context) error {
	intents, err := r.Ledger.Intents(ctx, r.pair.ID)
	if err != nil || len(intents) == 0 {
		return err
	}
	r.phase(ctx, "recovering", len(intents))
	var b store.Batch
	b.Settle = map[string]string{}
	for _, in := range intents {
		if contact.Op(in.Op) != contact.Create {
			b.DropIntents = append(b.DropIntents, in.ID)
			continue
		}
		if err := r.recoverCreate(ctx, &b, in); err != nil {
			return err
		}
	}
	return r.Ledger.Commit(ctx, r.pair.ID, r.fence, b)
}

// recoverCreate looks for one created record.
func (r *run) recoverCreate(ctx context.Context, b *store.Batch, in store.Intent) error {
	s := plan.Side(in.Side)
	source := contact.ID(in.SourceID)
	var d intentDetail
	if err := json.Unmarshal(in.Detail, &d); err != nil {
		return err
	}
	found, err := r.look(ctx, s, in, d)
	if err != nil {
		return sideError(s, "look for a created record", err)
	}
	grace := r.Now().Sub(in.CreatedAt) >= r.desc[s].Grace
	switch {
	case len(found) == 1:
		link, err := r.recovered(in, d, found[0])
		if err != nil {
			return err
		}
		b.Links = append(b.Links, link)
		b.DropIntents = append(b.DropIntents, in.ID)
		b.Items = append(b.Items, store.Item{
			ID: r.Ledger.NewID(), RunID: r.row.ID, PairID: r.pair.ID, LinkID: link.ID, Kind: "created", Side: s.String(),
			LeftID: link.LeftID, RightID: link.RightID, Reason: "found after an interruption",
			Detail: marshal(Detail{Name: d.Name}), CreatedAt: r.Now(),
		})
		if s == plan.Left {
			b.Settle[in.ID] = string(found[0].ID)
		}
		r.report.Linked++
	case len(found) > 1:
		r.held[s.Other()][source] = in
		r.report.Review++
		b.Items = append(b.Items, store.Item{
			ID: r.Ledger.NewID(), RunID: r.row.ID, PairID: r.pair.ID, Kind: "review", Side: s.String(),
			Reason: "after an interruption several records could be the one that was created",
			Detail: marshal(Detail{Name: d.Name, Candidates: ids(found)}), CreatedAt: r.Now(),
		})
	case !grace:
		in.Misses++
		b.Intents = append(b.Intents, in)
		r.held[s.Other()][source] = in
		r.transient = true
		r.report.Failed++
		b.Items = append(b.Items, store.Item{
			ID: r.Ledger.NewID(), RunID: r.row.ID, PairID: r.pair.ID, Kind: "failed", Side: s.String(),
			Reason: "an earlier run was interrupted while it created this contact; it is looked for once more before it is created again",
			Detail: marshal(Detail{Name: d.Name}), CreatedAt: r.Now(),
		})
	default:
		// It was never carried out. The source is planned like any other; where
		// its create is sent again, it is under the same intent and marker.
		r.again[s.Other()][source] = in
	}
	return nil
}

// forget drops the intents of creates that were never carried out and are no
// longer wanted.
func (r *run) forget(ctx context.Context) error {
	var b store.Batch
	for s := range r.again {
		for _, in := range r.again[s] {
			b.DropIntents = append(b.DropIntents, in.ID)
			b.DropClaims = append(b.DropClaims, in.ID)
		}
	}
	if len(b.DropIntents) == 0 {
		return nil
	}
	return r.Ledger.Commit(ctx, r.pair.ID, r.fence, b)
}

// look finds the records that may be the one an intent created: by marker where
// the provider holds one, else by e-mail, or name and phone, created since and
// not linked yet.
func (r *run) look(ctx context.Context, s plan.Side, in store.Intent, d intentDetail) ([]contact.Record, error) {
	if r.desc[s].Marker {
		return r.book[s].Find(ctx, contact.Query{Marker: in.Marker})
	}
	q := contact.Query{Emails: d.Emails}
	if len(d.Emails) == 0 {
		q = contact.Query{Name: d.Name, Phone: d.Phone}
	}
	all, err := r.book[s].Find(ctx, q)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	names := make([]string, len(all))
	for i, rec := range all {
		names[i] = string(rec.ID)
	}
	links, err := r.Ledger.LinksBy(ctx, r.pair.ID, uint8(s), names)
	if err != nil {
		return nil, err
	}
	linked := map[contact.ID]bool{}
	for _, l := range links {
		linked[contact.ID([2]string{l.LeftID, l.RightID}[s])] = true
	}
	var found []contact.Record
	for _, rec := range all {
		since := rec.Created.IsZero() || !rec.Created.Before(in.CreatedAt.Add(-clockSlack))
		if !linked[rec.ID] && since {
			found = append(found, rec)
		}
	}
	return found, nil
}

// clockSlack is by how much the provider's clock may be behind ours when a
// record counts as created since an intent.
const clockSlack = 5 * time.Minute

// recovered is the link of a create that had been carried out.
func (r *run) recovered(in store.Intent, d intentDetail, rec contact.Record) (store.Link, error) {
	s := plan.Side(in.Side)
	source, err := decodeBase(d.Source)
	if err != nil {
		return store.Link{}, err
	}
	target, err := decodeBase(d.Target)
	if err != nil {
		return store.Link{}, err
	}
	// The version that our create gave it is not known: only its times may show
	// that nobody has touched it since.
	edited := rec.Created.IsZero() || !rec.Created.Equal(rec.Modified)
	for f := range target {
		switch {
		case !rec.Read.Has(f):
		case r.settings.Norm.Equal(f, rec.Contact.Value(f), target[f]):
			target[f] = rec.Contact.Value(f)
		default:
			// The server altered what was sent, or a person has typed since: nobody
			// can tell. Nothing is agreed on, so both values stay and are listed.
			delete(target, f)
			delete(source, f)
			edited = true
		}
	}
	l := plan.Link{ID: in.LinkID, CreatedSide: int8(s), Edited: edited}
	l.Side[s] = plan.Half{ID: rec.ID, Base: target} // no version: it is looked at in this run
	l.Side[s.Other()] = plan.Half{ID: contact.ID(in.SourceID), Version: d.Version, Base: source}
	return r.fromPlan(l, in.Marker, 0), nil
}

func ids(records []contact.Record) []contact.ID {
	out := make([]contact.ID, len(records))
	for i, rec := range records {
		out[i] = rec.ID
	}
	return out
}
