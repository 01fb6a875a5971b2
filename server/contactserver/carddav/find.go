package carddav

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"tandem/server/contact"
)

// Find looks a marker up by the name of its resource, then by the UID in all
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

// marked finds the record that bears a marker.
func (b *book) marked(ctx context.Context, marker string) ([]contact.Record, error) {
	id := contact.ID(url.PathEscape(marker + ".vcf"))
	if b.coll.valid(id) {
		found, _, err := b.Get(ctx, []contact.ID{id})
		if err != nil || len(found) > 0 {
			for i := range found {
				found[i].Marker = marker // its name, though the server may have changed its UID
			}
			return found, err
		}
	}
	found, err := b.query(ctx, "UID", []string{marker})
	if err != nil {
		return nil, err
	}
	var out []contact.Record
	for _, r := range found {
		if text, _, ok := b.cards.get(r.ID, r.Version); ok {
			if c, err := parseCard(text); err == nil && strings.EqualFold(c.uid(), marker) {
				r.Marker = marker
				out = append(out, r)
			}
		}
	}
	return out, nil
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
