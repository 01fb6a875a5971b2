package tryton

import (
	"context"
	"encoding/json"
	"iter"
	"strconv"
	"time"

	"tandem/server/contact"
)

const (
	// quiet is after which time without changes the server's own clock moves
	// the bookmark on. Its clock and its database's may differ by that much.
	quiet = 15 * time.Minute
	// overlap is how far back changes are asked for again: a row carries the
	// time at which its transaction began, and shows when that has ended.
	overlap = 2 * time.Minute
	// remembered is how many records of the overlap a cursor recognises.
	remembered = 5000
)

// bookmark is a place in the stream of changes, as a cursor keeps it.
type bookmark struct {
	Format int       `json:"v"`
	From   time.Time `json:"from"`
	// Seen are the versions of records that were changed since From and given.
	Seen map[contact.ID]contact.Version `json:"seen,omitempty"`
}

// next is the bookmark after a listing that began when the server's clock
// showed start and gave the records of seen, changed at the given times.
func next(start time.Time, from time.Time, seen map[contact.ID]contact.Version, changed map[contact.ID]time.Time) bookmark {
	newest := from.Add(overlap)
	if before := start.Add(-quiet); before.After(newest) {
		newest = before
	}
	for _, at := range changed {
		if at.After(newest) {
			newest = at
		}
	}
	// What was changed while the listing went on may have been listed before.
	to := newest
	if !start.IsZero() && start.Before(to) {
		to = start
	}
	m := bookmark{Format: 1, From: to.Add(-overlap), Seen: map[contact.ID]contact.Version{}}
	for id, at := range changed {
		if !at.Before(m.From) {
			m.Seen[id] = seen[id]
		}
	}
	if len(m.Seen) > remembered && !to.Before(newest) {
		// A great import: go on right behind it.
		m.From, m.Seen = newest.Add(time.Microsecond), nil
	}
	return m
}

// Changes implements contact.Book. Deletions are not told: see Sweep.
func (b *Book) Changes(ctx context.Context, cursor contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		var since bookmark
		if cursor != nil && (json.Unmarshal(cursor, &since) != nil || since.Format != 1) {
			yield(contact.Page{}, &contact.Error{Kind: contact.ErrCursorExpired})
			return
		}
		k, err := b.learn(ctx)
		if err != nil {
			yield(contact.Page{}, err)
			return
		}
		full := cursor == nil
		domain := b.inScope()
		if !full {
			domain = b.since(since.From)
		}
		var start time.Time
		versions, times := map[contact.ID]contact.Version{}, map[contact.ID]time.Time{}
		for last := int64(0); ; {
			rows, date, err := b.search(ctx, k, append(list{list{"id", ">", last}}, domain...), pageSize, true)
			if err != nil {
				yield(contact.Page{}, err)
				return
			}
			if last == 0 {
				start = date
			}
			page := contact.Page{Full: full}
			for _, r := range rows {
				last = r.id()
				c := b.change(r)
				version := r.version()
				versions[c.ID], times[c.ID] = version, r.changed()
				if since.Seen[c.ID] != version {
					page.Changes = append(page.Changes, c)
				}
			}
			if len(rows) < pageSize {
				text, err := json.Marshal(next(start, since.From, versions, times))
				if err != nil {
					yield(contact.Page{}, &contact.Error{Kind: contact.ErrProtocol, Cause: err})
					return
				}
				page.Next = text
				yield(page, nil)
				return
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

func (b *Book) change(r row) contact.Change {
	c := contact.Change{Kind: r.fate(), ID: contact.ID(strconv.FormatInt(r.id(), 10))}
	switch c.Kind {
	case contact.Changed:
		c.Record = b.record(r)
	case contact.Merged:
		c.Into = contact.ID(strconv.FormatInt(r.ReplacedBy, 10))
	}
	return c
}

// since is the domain of records of which any row was changed.
func (b *Book) since(from time.Time) list {
	at := moment{from.UTC()}
	changed := list{"OR", list{"write_date", ">=", at}, list{"create_date", ">=", at}}
	party := list{"OR", changed, holds(list{changed}), list{"addresses", "where", list{changed}}}
	if !b.leads {
		return list{party}
	}
	return list{list{"OR", changed, list{"party", "where", list{party}}}}
}

// Sweep implements contact.Sweeper: it reads the times of change alone.
func (b *Book) Sweep(ctx context.Context) iter.Seq2[[]contact.Stamp, error] {
	return func(yield func([]contact.Stamp, error) bool) {
		k, err := b.learn(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for last := int64(0); ; {
			rows, _, err := b.search(ctx, k, append(list{list{"id", ">", last}}, b.inScope()...), pageSize, false)
			if err != nil {
				yield(nil, err)
				return
			}
			stamps := make([]contact.Stamp, len(rows))
			for i, r := range rows {
				last = r.id()
				stamps[i] = contact.Stamp{ID: contact.ID(strconv.FormatInt(last, 10)), Version: r.version()}
			}
			if len(stamps) > 0 && !yield(stamps, nil) || len(rows) < pageSize {
				return
			}
		}
	}
}
