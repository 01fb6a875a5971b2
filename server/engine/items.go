package engine

import (
	"context"
	"fmt"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// item is one line of the run's report.
func (r *run) item(kind, side string, l plan.Link, op plan.Op, d Detail) store.Item {
	return store.Item{
		ID: r.Ledger.NewID(), RunID: r.row.ID, PairID: r.pair.ID, LinkID: l.ID, Kind: kind, Side: side,
		LeftID: string(l.Side[0].ID), RightID: string(l.Side[1].ID), Reason: string(op.Reason),
		Detail: marshal(d), CreatedAt: r.Now(),
	}
}

// notes stores what the plan tells people without doing anything about it. What
// a pair that is planned again says a second time is left out.
func (r *run) notes(ctx context.Context, notes []plan.Note) error {
	var b store.Batch
	for _, n := range notes {
		key := fmt.Sprint(n.Kind, n.Link, n.ID, n.Field, n.Value, n.Reason)
		if r.noted[key] {
			continue
		}
		r.noted[key] = true
		switch n.Kind {
		case plan.Conflict:
			r.report.Conflicts++
		case plan.Difference:
			r.report.Difference++
		case plan.Review:
			r.report.Review++
		case plan.Excluded:
			r.report.Excluded++
		}
		d := Detail{Name: n.Name, Left: n.Value[0], Right: n.Value[1], Candidates: n.Candidates}
		if n.Kind == plan.Conflict || n.Kind == plan.Difference || n.Kind == plan.Overflow {
			d.Field = n.Field.String()
		}
		if n.Kind == plan.Conflict {
			d.Winner = n.Winner.String()
		}
		side := ""
		if n.ID[0] == "" {
			side = plan.Right.String()
		} else if n.ID[1] == "" {
			side = plan.Left.String()
		}
		b.Items = append(b.Items, store.Item{
			ID: r.Ledger.NewID(), RunID: r.row.ID, PairID: r.pair.ID, LinkID: n.Link, Kind: n.Kind.String(), Side: side,
			LeftID: string(n.ID[0]), RightID: string(n.ID[1]), Reason: string(n.Reason), Detail: marshal(d), CreatedAt: r.Now(),
		})
	}
	return r.commitItems(ctx, b.Items)
}

// show stores the lines of a plan that is not carried out: a preview, or a run
// that waits for a person.
func (r *run) show(ctx context.Context, p plan.Plan) error {
	var items []store.Item
	for _, op := range p.Ops {
		l := plan.Link{ID: op.Link, Side: op.Half}
		d := Detail{Name: op.Name}
		switch op.Kind {
		case plan.Create:
			d.Changes = changes(contact.Contact{}, op.Contact, op.Mask)
			items = append(items, r.item("created", op.Side.String(), l, op, d))
		case plan.Update:
			d.Changes = changes(op.Before, op.Contact, op.Mask)
			items = append(items, r.item("updated", op.Side.String(), l, op, d))
		case plan.Delete:
			items = append(items, r.item("deleted", op.Side.String(), l, op, d))
		case plan.LinkUp:
			items = append(items, r.item("linked", "", l, op, d))
		}
	}
	return r.commitItems(ctx, items)
}

// itemBatch is how many lines are stored in one commit.
const itemBatch = 500

func (r *run) commitItems(ctx context.Context, items []store.Item) error {
	for len(items) > 0 {
		n := min(itemBatch, len(items))
		if err := r.Ledger.Commit(ctx, r.pair.ID, r.fence, store.Batch{Items: items[:n]}); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}
