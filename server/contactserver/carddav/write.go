package carddav

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"tandem/server/contact"
	"tandem/server/rest"
)

// Write carries out each mutation on its own, several at the same time. What
// is updated or deleted under a Version is read first, all of a batch by one
// multiget: the patch needs the card, and a server that ignores If-Match must
// not lose an edit. After an error of the connection no further mutation is
// begun.
func (b *book) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	results := make([]contact.Result, len(ms))
	for i, m := range ms {
		results[i] = contact.Result{Outcome: contact.NotRun, ID: m.ID}
	}
	if err := ended(ctx); err != nil {
		return results, err
	}
	if len(ms) > batch {
		return results, &contact.Error{Kind: contact.ErrProtocol, Message: "Too many contacts were sent at once."}
	}
	now, err := b.current(ctx, ms)
	if err != nil {
		return results, err
	}
	var (
		mu      sync.Mutex
		idle    = sync.NewCond(&mu)
		running int
		first   error
		wg      sync.WaitGroup
	)
	b.mu.Lock()
	b.uids = nil
	b.mu.Unlock()
	b.pace.begin(time.Now())
	for i, m := range ms {
		mu.Lock()
		for running >= b.pace.limit() {
			idle.Wait()
		}
		stop := first != nil || ctx.Err() != nil
		running++
		mu.Unlock()
		if stop {
			break
		}
		wg.Go(func() {
			r, err := b.apply(ctx, m, now[m.ID])
			b.pace.finished(time.Now())
			mu.Lock()
			defer mu.Unlock()
			results[i] = r
			if err != nil && first == nil {
				first = err
			}
			running--
			idle.Signal()
		})
	}
	wg.Wait()
	if first == nil {
		first = ended(ctx)
	}
	return results, first
}

// fresh is how long a card that was read counts as just read. The server's own
// check of If-Match holds all the same; this is for those that ignore it.
const fresh = 30 * time.Second

// current reads what is to be overwritten, except where the text of the very
// version was just read.
func (b *book) current(ctx context.Context, ms []contact.Mutation) (map[contact.ID]answer, error) {
	now := make(map[contact.ID]answer)
	var ask []contact.ID
	for _, m := range ms {
		if m.Op == contact.Create || m.Op == contact.Delete && m.Version == "" || !b.coll.valid(m.ID) || slices.Contains(ask, m.ID) {
			continue
		}
		if text, read, ok := b.cards.get(m.ID, m.Version); ok && m.Op == contact.Update && time.Since(read) < fresh {
			now[m.ID] = answer{state: present, version: m.Version, text: text}
			continue
		}
		ask = append(ask, m.ID)
	}
	if len(ask) == 0 {
		return now, nil
	}
	got, err := b.fetch(ctx, ask)
	for id, a := range got {
		now[id] = a
	}
	return now, err
}

// apply carries out one mutation. The error is for the connection.
func (b *book) apply(ctx context.Context, m contact.Mutation, now answer) (contact.Result, error) {
	if m.Op == contact.Create {
		return b.create(ctx, m)
	}
	if !b.coll.valid(m.ID) {
		return contact.Result{Outcome: contact.Gone, ID: m.ID}, nil
	}
	if m.Op == contact.Delete {
		return b.remove(ctx, m, now)
	}
	return b.update(ctx, m, now)
}

// put sends a card under a condition.
func (b *book) put(ctx context.Context, id contact.ID, text string, repeatable bool, condition ...string) (*rest.Response, error) {
	header := http.Header{"Content-Type": {"text/vcard; charset=utf-8"}}
	for i := 0; i+1 < len(condition); i += 2 {
		header.Set(condition[i], condition[i+1])
	}
	b.cards.forget(id)
	var res *rest.Response
	err := b.do(ctx, func() (err error) {
		res, err = b.http.Do(ctx, rest.Request{Method: http.MethodPut, URL: b.href(id), Header: header, Body: []byte(text), Repeatable: repeatable})
		return err
	})
	return res, err
}

// create puts a new card under a name of our own. The marker is the card's UID
// and its name, so that sending it twice makes one card; a card without one
// gets a name that is not its UID, and so reads as unmarked.
func (b *book) create(ctx context.Context, m contact.Mutation) (contact.Result, error) {
	f, err := b.known(ctx)
	if err != nil {
		return contact.Result{Outcome: contact.NotRun}, err
	}
	uid, name := m.Marker, m.Marker
	if m.Marker == "" {
		uid, name = uuid.NewString(), uuid.NewString()
	}
	version := "3.0"
	if f.version4 {
		version = "4.0"
	}
	c := newCard(version, uid)
	c.patch(m.Contact, m.Mask.With(contact.FullName))
	id := contact.ID(url.PathEscape(name + ".vcf"))
	if !b.coll.valid(id) {
		return contact.Result{Outcome: contact.Invalid, Message: "The contact's key cannot name a card."}, nil
	}
	res, err := b.put(ctx, id, c.String(), true, "If-None-Match", "*")
	if err != nil {
		return b.interrupted(contact.Result{ID: id}, err)
	}
	if res.Status == http.StatusPreconditionFailed {
		return b.already(ctx, id, uid)
	}
	if err := b.stillThere(ctx, res); err != nil {
		return contact.Result{Outcome: contact.NotRun}, err
	}
	r, err := b.judge(res, b.renamed(id, res))
	if r.Outcome == contact.Gone {
		r.Outcome, r.Message = contact.Invalid, "The server refused this contact."
	}
	return r, err
}

// stillThere looks whether the address book itself is gone, where an answer may
// mean that (RFC 4918 section 9.7.1): then nothing may be taken for deleted.
func (b *book) stillThere(ctx context.Context, res *rest.Response) error {
	switch {
	case res.Status == http.StatusNotFound, res.Status == http.StatusGone,
		res.Status == http.StatusConflict && !condition(res.Body, "no-uid-conflict"):
		_, _, err := b.marks(ctx)
		return err
	}
	return nil
}

// renamed is the ID under which a server says that it stored a card.
func (b *book) renamed(id contact.ID, res *rest.Response) contact.ID {
	if at := res.Header.Get("Location"); at != "" && res.OK() {
		if other, self, ok := b.place(at); ok && !self {
			return other
		}
	}
	return id
}

// already answers a create whose name is taken: by our own card of an earlier
// attempt, or by a stranger's.
func (b *book) already(ctx context.Context, id contact.ID, uid string) (contact.Result, error) {
	a, err := b.get(ctx, id)
	if err != nil {
		return contact.Result{Outcome: contact.Unknown, ID: id}, err
	}
	if c, err := parseCard(a.text); a.state == present && err == nil && strings.EqualFold(c.uid(), uid) {
		r := contact.Result{Outcome: contact.OK, ID: id, Version: a.version}
		if rec, ok := b.record(id, a.version, a.text); ok {
			r.Record = &rec
		}
		return r, nil
	}
	return contact.Result{Outcome: contact.Duplicate, Existing: []contact.ID{id}}, nil
}

// update patches the card that was read and puts it back under its ETag.
func (b *book) update(ctx context.Context, m contact.Mutation, now answer) (contact.Result, error) {
	r := contact.Result{Outcome: contact.NotRun, ID: m.ID}
	for try := 0; ; try++ {
		switch now.state {
		case missing:
			r.Outcome = contact.Gone
			return r, nil
		case present:
		case failing:
			r.Outcome, r.Message = contact.Retry, "The server failed to give this contact."
			return r, nil
		default:
			r.Outcome, r.Message = contact.Forbidden, "The server does not give this contact to this account."
			return r, nil
		}
		if m.Version != "" && now.version != m.Version {
			r.Outcome = contact.Conflict
			return r, nil
		}
		c, err := parseCard(now.text)
		if err != nil {
			r.Outcome, r.Message, r.Cause = contact.Invalid, "This contact's card is damaged and cannot be changed here. Open and save it in your address book once.", err
			return r, nil
		}
		c.patch(m.Contact, m.Mask)
		text := c.String()
		if text == now.text {
			r.Outcome, r.Version = contact.OK, now.version
			b.cards.put(m.ID, now.version, now.text)
			return r, nil
		}
		res, err := b.putOver(ctx, m.ID, text, now)
		if err != nil {
			return b.interrupted(r, err)
		}
		if res.Status != http.StatusPreconditionFailed {
			if err := b.stillThere(ctx, res); err != nil {
				return r, err
			}
			return b.judge(res, m.ID)
		}
		before := now.version
		if now, err = b.get(ctx, m.ID); err != nil {
			return contact.Result{Outcome: contact.Conflict, ID: m.ID}, err
		}
		if now.state == present && now.version == before || try >= 2 {
			r.Outcome = contact.Conflict
			return r, nil
		}
	}
}

// putOver puts a card over the one that was read. A weak ETag never matches in
// If-Match (RFC 9110 section 13.1.1), and one without quotes may not either:
// where the server refuses, the card is read once more, and only if it is
// still the same is it overwritten without the condition.
func (b *book) putOver(ctx context.Context, id contact.ID, text string, now answer) (*rest.Response, error) {
	if now.version == "" {
		return b.put(ctx, id, text, false)
	}
	res, err := b.put(ctx, id, text, false, "If-Match", string(now.version))
	if err != nil || res.Status != http.StatusPreconditionFailed || strong(now.version) {
		return res, err
	}
	again, err := b.get(ctx, id)
	if err != nil || again.state != present || again.text != now.text {
		return res, err
	}
	return b.put(ctx, id, text, false)
}

// remove deletes a card.
func (b *book) remove(ctx context.Context, m contact.Mutation, now answer) (contact.Result, error) {
	r := contact.Result{ID: m.ID}
	header := http.Header{}
	if m.Version != "" {
		switch {
		case now.state == missing:
			r.Outcome = contact.Gone
			return r, nil
		case now.state != present || now.version != m.Version:
			r.Outcome = contact.Conflict
			return r, nil
		}
		if strong(m.Version) {
			header.Set("If-Match", string(m.Version))
		}
	}
	b.cards.forget(m.ID)
	var res *rest.Response
	err := b.do(ctx, func() (err error) {
		res, err = b.http.Do(ctx, rest.Request{Method: http.MethodDelete, URL: b.href(m.ID), Header: header, Repeatable: true})
		return err
	})
	if err != nil {
		return b.interrupted(r, err)
	}
	if res.Status == http.StatusPreconditionFailed {
		a, err := b.get(ctx, m.ID)
		if r.Outcome = contact.Conflict; err == nil && a.state == missing {
			r.Outcome = contact.Gone
		}
		return r, err
	}
	if err := b.stillThere(ctx, res); err != nil {
		r.Outcome = contact.NotRun
		return r, err
	}
	r, err = b.judge(res, m.ID)
	r.Version = ""
	return r, err
}
