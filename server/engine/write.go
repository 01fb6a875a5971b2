package engine

import (
	"context"
	"time"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// sendTime bounds one Write with its commits. A run that is told to stop
// finishes the batch under way, but within LastCall: a batch that takes longer
// is given up, and its intents tell the next run where to look.
const sendTime = 5 * time.Minute

// write carries out one batch: intents and claims are committed, then the
// mutations are sent, then links and bases are committed, which removes the
// intents. It answers the groups to be planned again.
func (r *run) write(ctx context.Context, s plan.Side, steps []step) ([]*group, error) {
	// Once the batch is reserved it is finished, also when the run is told to
	// stop: an answer that nobody waits for is a lost answer.
	told := ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	defer context.AfterFunc(told, func() { time.AfterFunc(r.LastCall, cancel) })()
	steps, err := r.colleagues(ctx, s, steps)
	if err != nil || len(steps) == 0 {
		return nil, err
	}
	intents := make([]store.Intent, len(steps))
	for i, st := range steps {
		intents[i] = r.intent(st)
	}
	taken, err := r.Ledger.Reserve(ctx, r.pair.ID, r.fence, intents, r.claims(s, steps, intents))
	if err != nil {
		return nil, err
	}
	steps, intents, redo, err := r.others(ctx, steps, intents, taken)
	if err != nil || len(steps) == 0 {
		return redo, err
	}
	mutations := make([]contact.Mutation, len(steps))
	for i, st := range steps {
		mutations[i] = mutation(st, r.desc[s].Marker)
	}
	results, sendErr := r.book[s].Write(ctx, mutations)
	for len(results) < len(steps) {
		results = append(results, contact.Result{Outcome: contact.Unknown})
	}
	again, err := r.results(ctx, s, steps, intents, results)
	redo = append(redo, again...)
	if err != nil {
		return redo, err
	}
	if sendErr != nil {
		return redo, sideError(s, "write", sendErr)
	}
	return redo, nil
}

// mutation is the write of one step, conditional on the version its decision
// was made on.
func mutation(st step, marker bool) contact.Mutation {
	m := contact.Mutation{Contact: st.op.Contact, Mask: st.op.Mask}
	h := st.g.link.Side[st.op.Side]
	switch st.op.Kind {
	case plan.Create:
		m.Op = contact.Create
		if marker {
			m.Marker = st.g.marker
		}
	case plan.Update:
		m.Op, m.ID, m.Version = contact.Update, h.ID, st.op.Half[st.op.Side].Version
	case plan.Delete:
		m.Op, m.ID, m.Version = contact.Delete, h.ID, st.op.Half[st.op.Side].Version
	}
	return m
}

// intent notes a write before it is sent.
func (r *run) intent(st step) store.Intent {
	op := st.op
	in := store.Intent{
		ID: r.Ledger.NewID(), PairID: r.pair.ID, RunID: r.row.ID, Side: uint8(op.Side), LinkID: st.g.link.ID,
		SourceID: string(op.Half[op.Side.Other()].ID), TargetID: string(op.Half[op.Side].ID),
		Version: string(op.Half[op.Side].Version), CreatedAt: r.Now(),
	}
	switch op.Kind {
	case plan.Create:
		in.Op, in.Marker, in.TargetID = uint8(contact.Create), st.g.marker, ""
		if old, ok := r.again[op.Side.Other()][contact.ID(in.SourceID)]; ok {
			in.ID = old.ID // the same create again, under the same intent
		}
	case plan.Update:
		in.Op = uint8(contact.Update)
	case plan.Delete:
		in.Op = uint8(contact.Delete)
	}
	d := intentDetail{
		Name: op.Name, Emails: op.Contact.Emails, Version: op.Half[op.Side.Other()].Version,
		Source: encodeBase(op.Half[op.Side.Other()].Base), Target: encodeBase(op.Half[op.Side].Base),
		Sent: values(op.Contact, op.Mask), Before: values(op.Before, contact.AllFields),
	}
	for _, p := range op.Contact.Phones {
		d.Phone = p.Number
		break
	}
	in.Detail = marshal(d)
	return in
}

// results takes in the answers of a batch and commits what they say.
func (r *run) results(ctx context.Context, s plan.Side, steps []step, intents []store.Intent, results []contact.Result) ([]*group, error) {
	b := store.Batch{Settle: map[string]string{}}
	var redo []*group
	back, err := r.readBack(ctx, s, steps, results)
	if err != nil {
		// What was written is known; how it looks there is read next time.
		r.transient = true
	}
	seen := store.SeenBatch{ConnectionID: r.conn[s].ID, Entity: r.settings.Entity}
	for i, st := range steps {
		res, in := results[i], intents[i]
		if res.Outcome == contact.Unknown {
			r.unknown(&b, st)
			continue // the intent stays until the record is found
		}
		b.DropIntents = append(b.DropIntents, in.ID)
		switch {
		case res.Outcome == contact.OK, res.Outcome == contact.Gone && st.op.Kind == plan.Delete:
			r.succeeded(&b, &seen, s, st, in, res, back[res.ID])
			continue
		case res.Outcome == contact.Conflict, res.Outcome == contact.Gone && st.op.Kind == plan.Update:
			redo = append(redo, st.g)
		case res.Outcome == contact.Retry, res.Outcome == contact.NotRun:
			r.transient = true
			r.refused(&b, st, res)
		default:
			r.refused(&b, st, res)
		}
		st.g.failed = true
		b.DropClaims = append(b.DropClaims, in.ID)
	}
	if len(seen.Put)+len(seen.Drop) > 0 {
		b.Seen = append(b.Seen, seen)
	}
	return redo, r.Ledger.Commit(ctx, r.pair.ID, r.fence, b)
}

// readBack reads the records whose stored form the answer did not tell.
func (r *run) readBack(ctx context.Context, s plan.Side, steps []step, results []contact.Result) (map[contact.ID]contact.Record, error) {
	var ids []contact.ID
	for i, res := range results {
		if res.Outcome == contact.OK && steps[i].op.Kind != plan.Delete && res.Record == nil && res.Version == "" {
			ids = append(ids, res.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, _, err := r.book[s].Get(ctx, ids)
	back := make(map[contact.ID]contact.Record, len(found))
	for _, rec := range found {
		back[rec.ID] = rec
	}
	return back, err
}
