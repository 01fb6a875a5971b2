package connect

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/store"
)

// book is an adapter's Book with an eye on the connection as a whole.
//
// A provider may refuse a token before its end. Then the token is renewed and
// the call made again, once, as long as nothing of it took effect; only if that
// fails too does the person have to connect again.
type book struct {
	contact.Book
	s        *Service
	p        provider.Provider
	id       string
	since    time.Time // when the person connected
	vault    vault
	tokens   *source // nil where the sign-in was by form
	requests *atomic.Int64
}

// sweepingBook is a book whose adapter is a contact.Sweeper.
type sweepingBook struct {
	*book
	below contact.Sweeper
}

var (
	_ contact.Book    = (*book)(nil)
	_ contact.Sweeper = (*sweepingBook)(nil)
)

// Requests is how many requests this Book has sent, repetitions included.
func (b *book) Requests() int64 { return b.requests.Load() }

// Describe implements contact.Book.
func (b *book) Describe(ctx context.Context) (d contact.Description, err error) {
	err = b.try(ctx, func() error { d, err = b.Book.Describe(ctx); return err })
	return d, err
}

// Get implements contact.Book.
func (b *book) Get(ctx context.Context, ids []contact.ID) (found []contact.Record, missing []contact.ID, err error) {
	err = b.try(ctx, func() error { found, missing, err = b.Book.Get(ctx, ids); return err })
	return found, missing, err
}

// Find implements contact.Book.
func (b *book) Find(ctx context.Context, q contact.Query) (found []contact.Record, err error) {
	err = b.try(ctx, func() error { found, err = b.Book.Find(ctx, q); return err })
	return found, err
}

// Write implements contact.Book.
func (b *book) Write(ctx context.Context, m []contact.Mutation) (results []contact.Result, err error) {
	results, err = b.Book.Write(ctx, m)
	again, err := b.revive(ctx, err)
	done := func(r contact.Result) bool { return r.Outcome != contact.NotRun && r.Outcome != contact.Retry }
	switch {
	case again && slices.ContainsFunc(results, done):
		err = &contact.Error{Kind: contact.ErrUnavailable, Message: "The sign-in at " + b.p.Name + " was renewed while writing. The rest follows with the next run."}
	case again:
		results, err = b.Book.Write(ctx, m)
	}
	return results, b.note(ctx, err)
}

// Changes implements contact.Book.
func (b *book) Changes(ctx context.Context, cursor contact.Cursor) iter.Seq2[contact.Page, error] {
	return listing(ctx, b, func() iter.Seq2[contact.Page, error] { return b.Book.Changes(ctx, cursor) })
}

// Sweep implements contact.Sweeper.
func (b *sweepingBook) Sweep(ctx context.Context) iter.Seq2[[]contact.Stamp, error] {
	return listing(ctx, b.book, func() iter.Seq2[[]contact.Stamp, error] { return b.below.Sweep(ctx) })
}

// listing passes a stream on; one that is refused before its first page begins
// anew with a renewed token.
func listing[T any](ctx context.Context, b *book, begin func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		begun, again := false, false
		pass := func() {
			for page, err := range begin() {
				if !begun && !again {
					if again, err = b.revive(ctx, err); again {
						return
					}
				}
				begun = true
				if !yield(page, b.note(ctx, err)) || err != nil {
					return
				}
			}
		}
		if pass(); again && !begun {
			pass()
		}
	}
}

// try makes a call that changes nothing, once more with a renewed token.
func (b *book) try(ctx context.Context, call func() error) error {
	again, err := b.revive(ctx, call())
	if again {
		err = call()
	}
	return b.note(ctx, err)
}

// revive renews a token that the provider refused; again tells that the call
// may be made once more. Where the token could not be renewed, the reason for
// that counts, which need not be the person's.
func (b *book) revive(ctx context.Context, err error) (again bool, cause error) {
	if b.tokens == nil || !errors.Is(err, contact.ErrReconnect) {
		return false, err
	}
	if failed := b.tokens.refused(ctx); failed != nil {
		return false, failed
	}
	return true, nil
}

// note remembers what an error says of the connection as a whole.
func (b *book) note(ctx context.Context, err error) error {
	var e *contact.Error
	switch {
	case err == nil || !errors.As(err, &e):
	case errors.Is(err, contact.ErrReconnect):
		b.reconnect(context.WithoutCancel(ctx), e)
	case errors.Is(err, contact.ErrQuota) && e.RetryAt.After(b.s.o.Now()):
		b.s.remember(b.id, e)
	}
	return err
}

// reconnect notes that the person has to connect again, unless they did so
// since this Book was opened.
func (b *book) reconnect(ctx context.Context, e *contact.Error) {
	c, err := b.s.o.Store.Connection(ctx, b.id)
	if err == nil && c.State == store.StateConnected && c.ConnectedAt.Equal(b.since) {
		b.s.o.Log.WarnContext(ctx, "reconnect needed", "provider", b.p.ID, "connection", b.id, "cause", b.vault.scrub(e.Cause))
		err = b.s.MarkReconnect(ctx, b.id, e)
	}
	if err != nil {
		b.s.o.Log.ErrorContext(ctx, "reconnect could not be noted", "connection", b.id, "error", err)
	}
}
