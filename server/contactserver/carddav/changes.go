package carddav

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"tandem/server/contact"
)

// ahead is how many pages are being read while one is worked on.
const ahead = 4

var errForeignCursor = errors.New("carddav: the cursor is not of this address book")

// Changes lists by sync-token where the server has one (RFC 6578), else by
// ETags; then every stream is Full unless nothing changed. A card that cannot
// be read, or that stands for a group, is LeftScope: it is there, so that its
// absence must not be taken for a deletion, and it is no person.
func (b *book) Changes(ctx context.Context, text contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		fail := func(err error) { yield(contact.Page{}, err) }
		if err := ended(ctx); err != nil {
			fail(err)
			return
		}
		var from *cursor
		if text != nil {
			c, ok := b.decodeCursor(text)
			if !ok {
				fail(expired(errForeignCursor))
				return
			}
			from = &c
		}
		l, err := b.list(ctx, from)
		if err != nil {
			fail(err)
			return
		}
		b.deliver(ctx, l, yield)
	}
}

// deliver reads the cards of a listing, some pages ahead, and yields them in
// order.
func (b *book) deliver(ctx context.Context, l listing, yield func(contact.Page, error) bool) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()

	type result struct {
		changes []contact.Change
		err     error
	}
	chunks := slices.Collect(slices.Chunk(l.stamps, batch))
	results := make([]chan result, len(chunks))
	start := func(i int) {
		if i >= len(chunks) {
			return
		}
		results[i] = make(chan result, 1)
		wg.Go(func() {
			changes, err := b.read(ctx, chunks[i])
			results[i] <- result{changes, err}
		})
	}
	for i := range ahead {
		start(i)
	}
	var first []contact.Change
	for _, id := range l.gone {
		first = append(first, contact.Change{Kind: contact.Deleted, ID: id})
		b.cards.forget(id)
	}
	if len(chunks) == 0 {
		yield(contact.Page{Changes: first, Full: l.full, Next: l.next.encode()}, nil)
		return
	}
	for i := range chunks {
		start(i + ahead)
		r := <-results[i]
		if r.err != nil {
			yield(contact.Page{}, r.err)
			return
		}
		page := contact.Page{Changes: append(first, r.changes...), Full: l.full}
		first = nil
		if i == len(chunks)-1 {
			page.Next = l.next.encode()
		}
		if !yield(page, nil) {
			return
		}
	}
}

// texts gives the cards of stamps: those that are remembered, else by asking.
func (b *book) texts(ctx context.Context, stamps []contact.Stamp) (map[contact.ID]answer, error) {
	var ask []contact.ID
	texts := make(map[contact.ID]answer, len(stamps))
	for _, s := range stamps {
		if text, _, ok := b.cards.get(s.ID, s.Version); ok {
			texts[s.ID] = answer{state: present, version: s.Version, text: text}
		} else {
			ask = append(ask, s.ID)
		}
	}
	if len(ask) > 0 {
		got, err := b.fetch(ctx, ask)
		if err != nil {
			return nil, err
		}
		for id, a := range got {
			texts[id] = a
		}
	}
	return texts, nil
}

// read makes changes of stamps.
func (b *book) read(ctx context.Context, stamps []contact.Stamp) ([]contact.Change, error) {
	texts, err := b.texts(ctx, stamps)
	if err != nil {
		return nil, err
	}
	changes := make([]contact.Change, 0, len(stamps))
	for _, s := range stamps {
		a := texts[s.ID]
		if a.version == "" {
			a.version = s.Version
		}
		change := contact.Change{Kind: contact.LeftScope, ID: s.ID}
		switch a.state {
		case missing:
			change.Kind = contact.Deleted
		case present:
			if r, ok := b.record(s.ID, a.version, a.text); ok {
				change.Kind, change.Record = contact.Changed, r
			}
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// Sweep lists the ETags of everything there is.
func (b *book) Sweep(ctx context.Context) iter.Seq2[[]contact.Stamp, error] {
	return func(yield func([]contact.Stamp, error) bool) {
		if err := ended(ctx); err != nil {
			yield(nil, err)
			return
		}
		stamps, err := b.members(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for chunk := range slices.Chunk(stamps, 1000) {
			if !yield(chunk, nil) {
				return
			}
		}
	}
}
