package carddav

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"tandem/server/contact"
	"tandem/server/rest"
)

// inFlight is how many requests one Book has under way at most.
const inFlight = 16

// answer is what a server answered for one card.
type answer struct {
	state   state
	version contact.Version
	text    string
}

// state is what is known of a card.
type state uint8

const (
	unanswered state = iota
	present
	missing    // the server says that there is none
	unreadable // it exists, or may exist, and cannot be read
	failing    // the server failed for this one
)

// do runs f when fewer than inFlight requests are under way.
func (b *book) do(ctx context.Context, f func() error) error {
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
		return f()
	case <-ctx.Done():
		return &contact.Error{Kind: contact.ErrUnreachable, Cause: ctx.Err(), Message: "The request was interrupted."}
	}
}

// fetch reads cards, in parallel and by as few requests as the server takes.
// Every ID is answered. The error is for the connection as a whole.
func (b *book) fetch(ctx context.Context, ids []contact.ID) (map[contact.ID]answer, error) {
	b.mu.Lock()
	size := b.chunk
	b.mu.Unlock()
	var (
		mu    sync.Mutex
		out   = make(map[contact.ID]answer, len(ids))
		wg    sync.WaitGroup
		first error
	)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for chunk := range slices.Chunk(ids, size) {
		wg.Go(func() {
			got, err := b.fetchChunk(ctx, chunk)
			mu.Lock()
			defer mu.Unlock()
			for id, a := range got {
				out[id] = a
			}
			if err != nil && first == nil {
				first = err
				cancel()
			}
		})
	}
	wg.Wait()
	if first != nil {
		return nil, first
	}
	down := 0
	for _, a := range out {
		if a.state == failing {
			down++
		}
	}
	if down > 2 && down == len(out) {
		return nil, b.trouble(&rest.Response{Status: http.StatusInternalServerError, URL: b.coll.url})
	}
	return out, nil
}

// fetchChunk reads cards by one multiget, and what that leaves open one by one.
// A multiget that fails is tried in smaller pieces, so that one card that the
// server chokes on does not hide the others.
func (b *book) fetchChunk(ctx context.Context, ids []contact.ID) (map[contact.ID]answer, error) {
	out := make(map[contact.ID]answer, len(ids))
	b.mu.Lock()
	single := b.chunk == 1
	b.mu.Unlock()
	if !single {
		refused, err := b.multiget(ctx, ids, out)
		if err != nil {
			return nil, err
		}
		if refused && len(ids) > 1 {
			return b.pieces(ctx, ids)
		}
	}
	for _, id := range ids {
		if out[id].state != unanswered {
			continue
		}
		a, err := b.get(ctx, id)
		if err != nil {
			return nil, err
		}
		out[id] = a
	}
	return out, nil
}

// pieces reads a chunk that was refused as a whole in pieces of 50, then one
// by one.
func (b *book) pieces(ctx context.Context, ids []contact.ID) (map[contact.ID]answer, error) {
	size := 50
	if len(ids) <= size {
		size = 1
	}
	out := make(map[contact.ID]answer, len(ids))
	for piece := range slices.Chunk(ids, size) {
		got, err := b.fetchChunk(ctx, piece)
		if err != nil {
			return nil, err
		}
		for id, a := range got {
			out[id] = a
		}
	}
	return out, nil
}

// multiget asks for cards by addressbook-multiget (RFC 6352 section 8.7). It
// asks for no version of vCard, so that a server need not convert what it has.
func (b *book) multiget(ctx context.Context, ids []contact.ID, out map[contact.ID]answer) (refused bool, err error) {
	var body strings.Builder
	body.WriteString(`<c:addressbook-multiget xmlns:d="DAV:" xmlns:c="` + nsCard + `"><d:prop><d:getetag/><c:address-data/></d:prop>`)
	for _, id := range ids {
		body.WriteString("<d:href>" + xmlText(b.href(id)) + "</d:href>")
	}
	body.WriteString("</c:addressbook-multiget>")
	var res *rest.Response
	err = b.do(ctx, func() (err error) {
		_, res, err = b.ask(ctx, "REPORT", b.coll.url.EscapedPath(), "1", body.String(), maxCards, func(r row) { b.take(r, out) })
		return err
	})
	switch {
	case err != nil && errors.Is(err, contact.ErrProtocol):
		clear(out) // cut off or not XML: what came of it proves nothing
		return true, nil
	case err != nil:
		return false, err
	case res.Status == http.StatusMultiStatus:
		return false, nil
	case res.Status == http.StatusUnauthorized:
		return false, b.trouble(res)
	case res.Status == http.StatusNotFound, res.Status == http.StatusGone:
		return false, b.trouble(res)
	case res.Status < 500 || res.Status == http.StatusNotImplemented || res.Status == http.StatusInsufficientStorage:
		b.shrink(len(ids))
	}
	return true, nil
}

// shrink remembers that this server takes no multiget of n cards.
func (b *book) shrink(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > 50 {
		b.chunk = min(b.chunk, 50)
	} else {
		b.chunk = 1
	}
}

// take notes what a row says of a card.
func (b *book) take(r row, out map[contact.ID]answer) {
	id, self, ok := b.place(r.href)
	if !ok || self {
		return
	}
	data := r.prop(nsCard, "address-data")
	switch {
	case r.status == http.StatusNotFound || r.status == http.StatusGone:
		out[id] = answer{state: missing}
	case r.status >= 500:
		// Asked for alone before it is given up.
	case r.status >= 400:
		out[id] = answer{state: unreadable}
	case data != nil && strings.TrimSpace(data.text) != "":
		out[id] = answer{state: present, version: etagOf(r), text: data.text}
	}
}

// etagOf is a row's ETag as the server spells it: weak ones and such without
// quotes too, to be given back in the same words.
func etagOf(r row) contact.Version { return contact.Version(r.prop(nsDAV, "getetag").trimmed()) }

// get reads one card by GET.
func (b *book) get(ctx context.Context, id contact.ID) (answer, error) {
	var res *rest.Response
	err := b.do(ctx, func() (err error) {
		// No compression: some servers alter the ETag together with it.
		res, err = b.http.Do(ctx, rest.Request{Method: http.MethodGet, URL: b.href(id), MaxBytes: maxCards,
			Header: http.Header{"Accept": {"text/vcard, */*;q=0.1"}, "Accept-Encoding": {"identity"}}})
		return err
	})
	switch {
	case err != nil && errors.Is(err, contact.ErrProtocol):
		return answer{state: unreadable}, nil
	case err != nil:
		return answer{}, err
	case res.Status == http.StatusOK && rest.WebPage(res):
		return answer{}, notUnderstood(res, errWebPage)
	case res.Status == http.StatusOK:
		return answer{state: present, version: contact.Version(strings.TrimSpace(res.Header.Get("Etag"))), text: string(res.Body)}, nil
	case res.Status == http.StatusNotFound, res.Status == http.StatusGone:
		return answer{state: missing}, nil
	case res.Status == http.StatusUnauthorized:
		return answer{}, b.trouble(res)
	case res.Status >= 500:
		return answer{state: failing}, nil
	}
	return answer{state: unreadable}, nil
}

// Get reads records. What exists and cannot be read, or is no person, is in
// neither answer.
func (b *book) Get(ctx context.Context, ids []contact.ID) (found []contact.Record, gone []contact.ID, err error) {
	var ask []contact.ID
	for _, id := range ids {
		switch {
		case slices.Contains(gone, id) || slices.Contains(ask, id):
		case b.coll.valid(id):
			ask = append(ask, id)
		default:
			gone = append(gone, id)
		}
	}
	if err := ended(ctx); err != nil || len(ask) == 0 {
		return nil, gone, err
	}
	got, err := b.fetch(ctx, ask)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ask {
		switch a := got[id]; a.state {
		case missing:
			gone = append(gone, id)
		case present:
			if r, ok := b.record(id, a.version, a.text); ok {
				found = append(found, r)
			}
		}
	}
	return found, gone, nil
}

// ended is the error of a context that has ended before anything was asked.
func ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return &contact.Error{Kind: contact.ErrUnreachable, Cause: ctx.Err(), Message: "The request was interrupted."}
}
