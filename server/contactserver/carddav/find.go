package carddav

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tandem/server/contact"
)

// Find looks a marker up by the name of its resource, then by the UIDs of all
// cards, since some servers store a card under a name of their own. E-mails are
// asked for by addressbook-query (RFC 6352 section 8.6); but since that is
// broken on many servers, only an answer that holds somebody counts, and else
// every card is read. Names and numbers are always looked for in every card.
func (b *book) Find(ctx context.Context, q contact.Query) ([]contact.Record, error) {
	if err := ended(ctx); err != nil {
		return nil, err
	}
	if q.Limit <= 0 {
		q.Limit = 20
	}
	var candidates []contact.Record
	var err error
	switch {
	case q.Marker != "":
		candidates, err = b.marked(ctx, q.Marker)
	case len(q.Emails) > 0:
		candidates, err = b.query(ctx, "EMAIL", q.Emails)
		if err == nil && len(filter(candidates, q)) == 0 {
			candidates, err = b.everybody(ctx)
		}
	case q.Name != "" || q.Phone != "":
		candidates, err = b.everybody(ctx)
	}
	if err != nil {
		return nil, err
	}
	return filter(candidates, q), nil
}

// uids says which cards there are and what UIDs they have. It answers for the
// many markers that are looked for after an interruption.
type uids struct {
	built time.Time
	names map[contact.ID]bool
	ids   map[string][]contact.ID // by folded UID
}

// marked finds the record that bears a marker.
func (b *book) marked(ctx context.Context, marker string) ([]contact.Record, error) {
	b.mu.Lock()
	known := b.uids
	b.mu.Unlock()
	name := contact.ID(url.PathEscape(marker + ".vcf"))
	var ask []contact.ID
	if known == nil || time.Since(known.built) > fresh {
		if !b.coll.valid(name) {
			return nil, nil
		}
		found, _, err := b.Get(ctx, []contact.ID{name})
		if err != nil || len(found) > 0 {
			return mark(found, marker), err
		}
		if known, err = b.index(ctx); err != nil {
			return nil, err
		}
	}
	if known.names[name] {
		ask = append(ask, name)
	}
	ask = append(ask, known.ids[strings.ToLower(marker)]...)
	found, _, err := b.Get(ctx, ask)
	return mark(found, marker), err
}

// mark sets the marker of records that were found by it, though the server
// may have changed their names or UIDs.
func mark(found []contact.Record, marker string) []contact.Record {
	for i := range found {
		found[i].Marker = marker
	}
	return found
}

// index reads every card's UID.
func (b *book) index(ctx context.Context) (*uids, error) {
	all := &uids{built: time.Now(), names: map[contact.ID]bool{}, ids: map[string][]contact.ID{}}
	stamps, err := b.members(ctx)
	if err != nil {
		return nil, err
	}
	for chunk := range slices.Chunk(stamps, batch) {
		texts, err := b.texts(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for id, a := range texts {
			all.names[id] = true
			if c, err := parseCard(a.text); err == nil && a.state == present {
				if uid := strings.ToLower(c.uid()); uid != "" {
					all.ids[uid] = append(all.ids[uid], id)
				}
			}
		}
	}
	b.mu.Lock()
	b.uids = all
	b.mu.Unlock()
	return all, nil
}

// query asks for cards in which a property holds one of the texts. A server
// that refuses gives nobody.
func (b *book) query(ctx context.Context, prop string, texts []string) ([]contact.Record, error) {
	var body strings.Builder
	body.WriteString(`<c:addressbook-query xmlns:d="DAV:" xmlns:c="` + nsCard + `"><d:prop><d:getetag/><c:address-data/></d:prop>` +
		`<c:filter test="anyof"><c:prop-filter name="` + prop + `" test="anyof">`)
	for _, t := range texts {
		body.WriteString(`<c:text-match collation="i;unicode-casemap" match-type="contains">` + xmlText(t) + `</c:text-match>`)
	}
	body.WriteString(`</c:prop-filter></c:filter></c:addressbook-query>`)
	got := make(map[contact.ID]answer)
	var order []contact.ID
	err := b.do(ctx, func() error {
		_, res, err := b.ask(ctx, "REPORT", b.coll.url.EscapedPath(), "1", body.String(), maxCards, func(r row) {
			if id, self, ok := b.place(r.href); ok && !self {
				order = append(order, id)
			}
			b.take(r, got)
		})
		if err == nil && res.Status == http.StatusUnauthorized {
			return b.trouble(res)
		}
		if err != nil && ctx.Err() == nil && res != nil {
			clear(got) // an answer that cannot be read finds nobody
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []contact.Record
	for _, id := range order {
		if a := got[id]; a.state == present {
			delete(got, id)
			if r, ok := b.record(id, a.version, a.text); ok {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// everybody reads every card there is.
func (b *book) everybody(ctx context.Context) ([]contact.Record, error) {
	stamps, err := b.members(ctx)
	if err != nil {
		return nil, err
	}
	changes, err := b.read(ctx, stamps)
	if err != nil {
		return nil, err
	}
	var out []contact.Record
	for _, c := range changes {
		if c.Kind == contact.Changed {
			out = append(out, c.Record)
		}
	}
	return out, nil
}

// filter keeps the records that meet every condition of q.
func filter(rs []contact.Record, q contact.Query) []contact.Record {
	var out []contact.Record
	for _, r := range rs {
		if len(out) < q.Limit && meets(r, q) {
			out = append(out, r)
		}
	}
	return out
}

func meets(r contact.Record, q contact.Query) bool {
	if q.Marker != "" && r.Marker != q.Marker {
		return false
	}
	if len(q.Emails) > 0 {
		hit := false
		for _, have := range r.Contact.Emails {
			for _, want := range q.Emails {
				hit = hit || contact.Fold(have) == contact.Fold(want)
			}
		}
		if !hit {
			return false
		}
	}
	if q.Name != "" && contact.Fold(r.Contact.Name.Text()) != contact.Fold(q.Name) {
		return false
	}
	if q.Phone != "" {
		hit := false
		for _, p := range r.Contact.Phones {
			hit = hit || digits(p.Number) == digits(q.Phone)
		}
		return hit
	}
	return true
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
