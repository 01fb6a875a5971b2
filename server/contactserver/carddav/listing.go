package carddav

import (
	"context"
	"fmt"
	"net/http"

	"tandem/server/contact"
	"tandem/server/rest"
)

// listing is what is to be reported: cards by ID and version, and those gone.
type listing struct {
	stamps []contact.Stamp
	gone   []contact.ID
	full   bool
	next   cursor
}

// maxRounds ends a server's endless stream of partial answers.
const maxRounds = 10_000

// list finds out what changed since from, or, where that is nil, everything.
func (b *book) list(ctx context.Context, from *cursor) (listing, error) {
	f, err := b.known(ctx)
	if err != nil {
		return listing{}, err
	}
	switch {
	case from == nil && f.sync:
		l, refusal, err := b.sync(ctx, "")
		if err != nil {
			return l, err
		}
		if refusal == nil && len(l.stamps) > 0 {
			l.full, l.gone = true, nil
			l.next.Count = len(l.stamps)
			return l, nil
		}
		if refusal != nil {
			b.distrust(refusal.Status)
			return b.whole(ctx)
		}
		return b.reallyEmpty(ctx, l)
	case from == nil:
		return b.whole(ctx)
	case from.Token != "":
		return b.since(ctx, *from)
	}
	return b.unlessSame(ctx, *from)
}

// reallyEmpty looks at an empty address book in a second way, because some
// servers have nothing to say to an empty token, or to a report of Depth 0.
func (b *book) reallyEmpty(ctx context.Context, l listing) (listing, error) {
	whole, err := b.whole(ctx)
	if err != nil {
		return l, err
	}
	if len(whole.stamps) == 0 {
		whole.next = l.next
		return whole, nil
	}
	again, refusal, err := b.sync(ctx, "")
	if err != nil {
		return l, err
	}
	if refusal == nil && len(again.stamps) > 0 {
		again.full, again.gone, again.next.Count = true, nil, len(again.stamps)
		return again, nil
	}
	b.distrust(http.StatusNotImplemented)
	return b.whole(ctx)
}

// distrust gives sync-collection up where the server does not have it.
func (b *book) distrust(status int) {
	if status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented || status == http.StatusUnsupportedMediaType {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.noSync = true
	}
}

func (b *book) distrusted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.noSync
}

// since asks for what changed after a token.
func (b *book) since(ctx context.Context, from cursor) (listing, error) {
	l, refusal, err := b.sync(ctx, from.Token)
	if err != nil {
		return l, err
	}
	if refusal != nil {
		// An unknown token is answered with 403, 409, 412 or 500; whatever it
		// is, a complete listing shows whether the server works.
		b.distrust(refusal.Status)
		return l, expired(statusError(refusal.Status))
	}
	l.next.Count = from.Count
	if from.Count > 0 && len(l.gone) == 0 && len(l.stamps)*10 >= from.Count*9 {
		// Nearly everything at once: perhaps a full listing in answer to a
		// token that the server has forgotten, which keeps silent on deletions.
		return b.perhapsFull(ctx, l)
	}
	return l, nil
}

func (b *book) perhapsFull(ctx context.Context, l listing) (listing, error) {
	whole, err := b.members(ctx)
	if err != nil {
		return l, err
	}
	told := make(map[contact.ID]bool, len(l.stamps))
	for _, s := range l.stamps {
		told[s.ID] = true
	}
	for _, s := range whole {
		if !told[s.ID] {
			return l, nil
		}
	}
	l.full = true
	l.next.Count = len(l.stamps)
	return l, nil
}

// sync follows a sync-collection report (RFC 6578 section 3.2) to its end,
// through truncated answers. refusal is the answer of a server that would not.
func (b *book) sync(ctx context.Context, token string) (l listing, refusal *rest.Response, err error) {
	versions := make(map[contact.ID]int)
	gone := make(map[contact.ID]bool)
	for range maxRounds {
		body := `<d:sync-collection xmlns:d="DAV:"><d:sync-token>` + xmlText(token) +
			`</d:sync-token><d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>`
		truncated := false
		var next string
		var res *rest.Response
		err = b.do(ctx, func() (err error) {
			next, res, err = b.ask(ctx, "REPORT", b.coll.url.EscapedPath(), "0", body, maxListing, func(r row) {
				id, self, ok := b.place(r.href)
				switch {
				case self:
					truncated = truncated || r.status == http.StatusInsufficientStorage
				case !ok:
				case r.status == http.StatusNotFound || r.status == http.StatusGone:
					gone[id] = true
				default:
					delete(gone, id)
					if i, again := versions[id]; again {
						l.stamps[i].Version = etagOf(r)
						return
					}
					versions[id] = len(l.stamps)
					l.stamps = append(l.stamps, contact.Stamp{ID: id, Version: etagOf(r)})
				}
			})
			return err
		})
		switch {
		case err != nil:
			return listing{}, nil, err
		case res.Status == http.StatusUnauthorized || res.Status == http.StatusTooManyRequests:
			return listing{}, nil, b.trouble(res)
		case res.Status != http.StatusMultiStatus, next == "", truncated && next == token:
			return listing{}, res, nil
		}
		token = next
		if !truncated {
			b.settle(&l, gone)
			l.next = b.cursor(token)
			return l, nil, nil
		}
	}
	return listing{}, nil, &contact.Error{Kind: contact.ErrProtocol, Message: b.coll.url.Hostname() + " sends its list of contacts in pieces without end.",
		Cause: fmt.Errorf("carddav: more than %d truncated answers", maxRounds)}
}

// settle takes what is gone in the end out of the stamps.
func (b *book) settle(l *listing, gone map[contact.ID]bool) {
	kept := l.stamps[:0]
	for _, s := range l.stamps {
		if !gone[s.ID] {
			kept = append(kept, s)
		}
	}
	l.stamps = kept
	for id := range gone {
		l.gone = append(l.gone, id)
	}
}

func (b *book) cursor(token string) cursor {
	return cursor{Format: cursorFormat, URL: b.coll.url.String(), Token: token}
}

// marks are a collection's own tokens, which change with its content.
func (b *book) marks(ctx context.Context) (token, ctag string, err error) {
	rows, res, err := b.propfind(ctx, b.coll.url.EscapedPath(), "0", `<d:sync-token/><s:getctag/>`)
	if err != nil {
		return "", "", err
	}
	if res.Status != http.StatusMultiStatus || len(rows) == 0 {
		return "", "", b.trouble(res)
	}
	return rows[0].prop(nsDAV, "sync-token").trimmed(), rows[0].prop(nsCS, "getctag").trimmed(), nil
}

// whole lists everything by ETag. The marks are read before: what changes
// meanwhile is then reported once more, never left out.
func (b *book) whole(ctx context.Context) (listing, error) {
	token, ctag, err := b.marks(ctx)
	if err != nil {
		return listing{}, err
	}
	return b.wholeAfter(ctx, token, ctag)
}

func (b *book) wholeAfter(ctx context.Context, token, ctag string) (listing, error) {
	l := listing{full: true}
	var err error
	if l.stamps, err = b.members(ctx); err != nil {
		return l, err
	}
	if b.distrusted() {
		token = ""
	}
	l.next = b.cursor(token)
	l.next.Count = len(l.stamps)
	if token == "" {
		l.next.CTag, l.next.Digest = ctag, digest(l.stamps)
		if l.next.CTag == "" && l.next.Digest == "" {
			l.next.Digest = "none" // no means of telling whether anything changed
		}
	}
	return l, nil
}

// unlessSame lists everything again unless nothing changed.
func (b *book) unlessSame(ctx context.Context, from cursor) (listing, error) {
	_, ctag, err := b.marks(ctx)
	if err != nil {
		return listing{}, err
	}
	if ctag != "" && ctag == from.CTag {
		return listing{next: from}, nil
	}
	// No token: whoever has once read by ETags had a reason to.
	l, err := b.wholeAfter(ctx, "", ctag)
	if err == nil && from.Digest != "" && from.Digest == l.next.Digest {
		return listing{next: l.next}, nil
	}
	return l, err
}

// members lists the cards of the address book with their ETags.
func (b *book) members(ctx context.Context) ([]contact.Stamp, error) {
	var rows []row
	var res *rest.Response
	err := b.do(ctx, func() (err error) {
		rows, res, err = b.propfind(ctx, b.coll.url.EscapedPath(), "1", `<d:getetag/><d:resourcetype/>`)
		return err
	})
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusMultiStatus {
		return nil, b.trouble(res)
	}
	var stamps []contact.Stamp
	self, strangers := false, 0
	for _, r := range rows {
		id, isSelf, ok := b.place(r.href)
		switch {
		case isSelf:
			self = true
		case !ok:
			strangers++
		case r.prop(nsDAV, "resourcetype").child(nsDAV, "collection") != nil:
		default:
			stamps = append(stamps, contact.Stamp{ID: id, Version: etagOf(r)})
		}
	}
	if !self && len(stamps) == 0 && (strangers > 0 || len(rows) == 0) {
		return nil, &contact.Error{Kind: contact.ErrProtocol, Cause: fmt.Errorf("carddav: %d rows of strangers", strangers),
			Message: "The list of contacts from " + host(res) + " could not be understood. Connect again to find the address book anew."}
	}
	return stamps, nil
}

func expired(cause error) error {
	return &contact.Error{Kind: contact.ErrCursorExpired, Cause: cause}
}
