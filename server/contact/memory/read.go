package memory

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	"tandem/server/contact"
)

// cursorFormat is the first part of every cursor; another one is not ours.
const cursorFormat = "m1:"

// Changes lists in the order of the changes. Deletions are reported only where
// the Description says Tombstones; records that leave the scope always are.
func (b *Book) Changes(ctx context.Context, cursor contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		changes, next, err := b.since(cursor)
		if err != nil {
			b.requests.Add(1)
			yield(contact.Page{}, err)
			return
		}
		for {
			b.requests.Add(1)
			if err := fault(ctx); err != nil {
				yield(contact.Page{}, err)
				return
			}
			n := min(len(changes), b.o.PageSize)
			page := contact.Page{Changes: changes[:n:n], Full: cursor == nil}
			changes = changes[n:]
			if len(changes) == 0 {
				page.Next = next
			}
			if !yield(page, nil) || len(changes) == 0 {
				return
			}
		}
	}
}

// since collects what happened after cursor, and the cursor of now.
func (b *Book) since(cursor contact.Cursor) ([]contact.Change, contact.Cursor, error) {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	after := int64(-1)
	if cursor != nil {
		text, ours := strings.CutPrefix(string(cursor), cursorFormat)
		n, err := strconv.ParseInt(text, 10, 64)
		if !ours || err != nil || n < b.store.oldest || n > b.store.seq {
			return nil, nil, &contact.Error{Kind: contact.ErrCursorExpired, Cause: err}
		}
		after = n
	}
	var touched []*record
	for _, r := range b.store.records {
		if r.seq > after {
			touched = append(touched, r)
		}
	}
	slices.SortFunc(touched, func(x, y *record) int { return int(x.seq - y.seq) })
	var changes []contact.Change
	for _, r := range touched {
		_, left := r.left[b.user]
		switch {
		case r.end == nil && b.lists(r):
			changes = append(changes, contact.Change{Kind: contact.Changed, ID: r.ID, Record: b.view(r)})
		case cursor == nil:
		case r.end == nil && (left || r.hidden):
			changes = append(changes, contact.Change{Kind: contact.LeftScope, ID: r.ID})
		case r.end != nil && (b.o.Description.Tombstones || r.end.Kind != contact.Deleted):
			changes = append(changes, *r.end)
		}
	}
	return changes, contact.Cursor(cursorFormat + strconv.FormatInt(b.store.seq, 10)), nil
}

// lists reports whether r is in the scope.
func (b *Book) lists(r *record) bool {
	return !r.hidden && (!b.o.Mine || r.owner == b.user)
}

// Get finds what exists, in the scope or not; hidden records are in neither
// answer.
func (b *Book) Get(ctx context.Context, ids []contact.ID) (found []contact.Record, missing []contact.ID, err error) {
	b.requests.Add(1)
	if err := fault(ctx); err != nil {
		return nil, nil, err
	}
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	for _, id := range ids {
		switch r := b.store.records[id]; {
		case r == nil || r.end != nil:
			missing = append(missing, id)
		case !r.hidden:
			found = append(found, b.view(r))
		}
	}
	return found, missing, nil
}

// Find compares e-mails and names by contact.Fold and phones by their digits.
func (b *Book) Find(ctx context.Context, q contact.Query) ([]contact.Record, error) {
	b.requests.Add(1)
	if err := fault(ctx); err != nil {
		return nil, err
	}
	if q.Limit == 0 {
		q.Limit = 20
	}
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	var found []contact.Record
	for _, r := range b.alive() {
		if !r.hidden && (q.Anyone || b.lists(r)) && matches(r, q) && len(found) < q.Limit {
			found = append(found, b.view(r))
		}
	}
	return found, nil
}

func matches(r *record, q contact.Query) bool {
	if q.Marker == "" && len(q.Emails) == 0 && q.Name == "" && q.Phone == "" {
		return false
	}
	email := func(s string) bool {
		return slices.ContainsFunc(q.Emails, func(e string) bool { return contact.Fold(e) == contact.Fold(s) })
	}
	phone := func(p contact.Phone) bool { return digits(p.Number) == digits(q.Phone) }
	return (q.Marker == "" || r.Marker == q.Marker) &&
		(len(q.Emails) == 0 || slices.ContainsFunc(r.Contact.Emails, email)) &&
		(q.Name == "" || contact.Fold(r.Contact.Name.Text()) == contact.Fold(q.Name)) &&
		(q.Phone == "" || slices.ContainsFunc(r.Contact.Phones, phone))
}

// Sweep lists what is in the scope.
func (b *Book) Sweep(ctx context.Context) iter.Seq2[[]contact.Stamp, error] {
	return func(yield func([]contact.Stamp, error) bool) {
		b.store.mu.Lock()
		var stamps []contact.Stamp
		for _, r := range b.alive() {
			if b.lists(r) {
				stamps = append(stamps, contact.Stamp{ID: r.ID, Version: r.Version})
			}
		}
		b.store.mu.Unlock()
		for chunk := range slices.Chunk(stamps, b.o.PageSize) {
			b.requests.Add(1)
			if err := fault(ctx); err != nil {
				yield(nil, err)
				return
			}
			if !yield(chunk, nil) {
				return
			}
		}
		if err := fault(ctx); err != nil && len(stamps) == 0 {
			yield(nil, err)
		}
	}
}

// alive are the records that exist, by ID. The store is locked.
func (b *Book) alive() []*record {
	var rs []*record
	for _, r := range b.store.records {
		if r.end == nil {
			rs = append(rs, r)
		}
	}
	slices.SortFunc(rs, func(x, y *record) int { return strings.Compare(string(x.ID), string(y.ID)) })
	return rs
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
