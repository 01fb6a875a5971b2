package microsoft365

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strings"

	"tandem/server/contact"
)

const cursorFormat = 1

// cursor is a place in the stream of changes: the link that the service gave,
// without the address of Graph, for one folder of one account.
type cursor struct {
	Format  int    `json:"v"`
	Account string `json:"a"`
	Link    string `json:"l"`
}

func (b *book) cursor(link string) (contact.Cursor, error) {
	d, err := b.Describe(context.Background()) // known by now: no request
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(cursor{cursorFormat, d.Account.ID, link})
	return text, err
}

// errForeign is a link to another place than the one we asked.
var errForeign = errors.New("graph: a link leads to another host")

// follow makes of a link an address below ours; "" stays "". A link is used as
// it was given, and only on the host that we sign in to. from is the address
// that gave it: one that leads to itself would never end.
func (a api) follow(link, from string) (string, error) {
	if link == "" {
		return "", nil
	}
	base := strings.TrimRight(a.client.Base().String(), "/") + "/"
	ref, ok := strings.CutPrefix(link, base)
	if !ok || ref == from || strings.HasPrefix(ref, "/") || strings.Contains(strings.Split(ref, "?")[0], "..") {
		return "", &contact.Error{Kind: contact.ErrProtocol, Cause: errForeign, Message: "The answer of Microsoft 365 could not be understood. Try again later."}
	}
	return ref, nil
}

// Changes implements contact.Book.
func (b *book) Changes(ctx context.Context, from contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		d, err := b.Describe(ctx)
		if err != nil {
			yield(contact.Page{}, err)
			return
		}
		r := &round{b: b, full: from == nil, listed: map[string]bool{}, removed: map[string]bool{}}
		ref := query(b.place()+"/delta", "$select", properties)
		if from != nil {
			var c cursor
			if json.Unmarshal(from, &c) != nil || c.Format != cursorFormat || c.Account != d.Account.ID || c.Link == "" {
				yield(contact.Page{}, lost(nil))
				return
			}
			ref = c.Link
		}
		restarted := false
		for ref != "" {
			var page list[item]
			res, err := b.do(ctx, http.MethodGet, ref, nil, &page)
			if err == nil && !res.OK() {
				switch {
				case expired(res.Status, res.Body) && r.full && !restarted:
					// The place between two pages was lost: everything is listed anew.
					restarted, ref = true, query(b.place()+"/delta", "$select", properties)
					continue
				case expired(res.Status, res.Body):
					err = lost(graphFault{status: res.Status})
				default:
					err = faultOf(res.Status, res.Body)
				}
			}
			if err != nil {
				yield(contact.Page{}, err)
				return
			}
			out := contact.Page{Full: r.full, Changes: r.take(page.Value)}
			if ref, err = b.follow(page.NextLink, ref); err == nil && ref == "" {
				out, err = r.end(ctx, out, page.DeltaLink)
			}
			if err != nil {
				yield(contact.Page{}, err)
				return
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

func lost(cause error) error {
	return &contact.Error{Kind: contact.ErrCursorExpired, Cause: cause,
		Message: "Microsoft 365 no longer knows where the last sync ended. Everything is read once."}
}

// round is one pass of a delta query. What is gone is looked at when it is over:
// until then it may turn up again.
type round struct {
	b       *book
	full    bool
	listed  map[string]bool
	removed map[string]bool
}

// take takes in one page.
func (r *round) take(items []item) []contact.Change {
	var out []contact.Change
	for n := range items {
		i := &items[n]
		if i.Removed != nil {
			r.removed[i.ID] = true
			continue
		}
		r.b.learn(i)
		delete(r.removed, i.ID)
		if r.full {
			r.listed[i.ID] = true
		}
		out = append(out, contact.Change{Kind: contact.Changed, ID: contact.ID(i.ID), Record: r.b.record(i)})
	}
	return out
}

// end adds what is gone to the last page, and the cursor. A listing of
// everything need not tell of what it never held.
func (r *round) end(ctx context.Context, page contact.Page, link string) (contact.Page, error) {
	var ids []contact.ID
	for id := range r.removed {
		if !r.full || r.listed[id] {
			ids = append(ids, contact.ID(id))
		}
	}
	items, fates, err := r.b.fetch(ctx, ids)
	if err != nil {
		return page, err
	}
	moved, err := r.b.moved(ctx, items, fates)
	if err != nil {
		return page, err
	}
	for n, id := range ids {
		c := contact.Change{Kind: contact.Deleted, ID: id}
		switch {
		case fates[n] == present:
			c.Kind, c.Record = contact.Changed, r.b.record(items[n])
		case fates[n] == hidden, moved[n]:
			c.Kind = contact.LeftScope
		}
		page.Changes = append(page.Changes, c)
	}
	link, err = r.b.follow(link, "")
	if err != nil {
		return page, err
	}
	if link == "" {
		return page, unreadable(errors.New("graph: a round ended without a link"))
	}
	page.Next, err = r.b.cursor(link)
	return page, err
}
