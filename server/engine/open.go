package engine

import (
	"context"

	"golang.org/x/sync/errgroup"

	"tandem/server/contact"
	"tandem/server/engine/plan"
)

// open opens both Books and asks them who is connected and what they can do.
func (r *run) open(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for s, id := range [2]string{r.pair.LeftID, r.pair.RightID} {
		side := plan.Side(s)
		group.Go(func() (err error) {
			if r.conn[s], err = r.Ledger.Connection(ctx, id); err != nil {
				return sideError(side, "read the connection", err)
			}
			if r.book[s], err = r.Open(ctx, r.conn[s], r.settings); err != nil {
				return sideError(side, "open", err)
			}
			if r.desc[s], err = r.book[s].Describe(ctx); err != nil {
				return sideError(side, "describe", err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	key := r.settings.Key()
	r.changed = r.pair.SettingsKey != "" && r.pair.SettingsKey != key
	r.first = !r.pair.FirstDone || r.changed
	if r.changed {
		// What was listed under other settings says nothing about these.
		r.pair.LeftCursor, r.pair.RightCursor = nil, nil
		r.pair.LeftSize, r.pair.RightSize = -1, -1
	}
	for s := range r.desc {
		if want := r.conn[s].AccountID; want != "" && r.desc[s].Account.ID != "" && want != r.desc[s].Account.ID {
			return &contact.Error{Kind: contact.ErrReconnect,
				Message: "Another account answers now than the one that was connected. Connect it anew, so that the two address books are not mixed."}
		}
	}
	return nil
}

// cursor is where the side's last listing ended; nil asks for everything.
func (r *run) cursor(s plan.Side) contact.Cursor {
	if r.first {
		return nil
	}
	if s == plan.Left {
		return r.pair.LeftCursor
	}
	return r.pair.RightCursor
}
