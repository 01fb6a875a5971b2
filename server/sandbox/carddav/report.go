package carddav

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// report is RFC 3253 section 3.6 for the three reports of an address book.
func (s *Server) report(w http.ResponseWriter, r *http.Request, me *user, t target, body []byte) {
	n, ok := parse(body)
	if !ok {
		s.requests["REPORT"]++
		http.Error(w, "this is not a report", http.StatusBadRequest)
		return
	}
	s.requests["REPORT "+n.XMLName.Local]++
	if t.kind != collection {
		problem(w, http.StatusForbidden, dav("supported-report"))
		return
	}
	switch {
	case n.XMLName == dav("sync-collection") && !s.quirks.NoSync:
		s.syncCollection(w, r, me, t, &n)
	case n.XMLName == cdav("addressbook-multiget"):
		s.multiget(w, me, t, &n)
	case n.XMLName == cdav("addressbook-query"):
		s.query(w, me, t, &n)
	default:
		problem(w, http.StatusForbidden, dav("supported-report"))
	}
}

// change is one element of a sync-collection.
type change struct {
	name string
	seq  int
	gone bool
}

// syncCollection is RFC 6578 section 3.2.
func (s *Server) syncCollection(w http.ResponseWriter, r *http.Request, me *user, t target, n *node) {
	depth := cmp.Or(r.Header.Get("Depth"), "0")
	if s.quirks.DepthOne && depth != "1" {
		(&multistatus{}).send(w, t.book.token(t.book.Seq))
		return
	}
	if level := n.child(dav("sync-level")).text(); depth != "0" && !s.quirks.DepthOne || level != "1" && level != "infinite" {
		http.Error(w, "Depth must be 0 and sync-level 1 or infinite", http.StatusBadRequest)
		return
	}
	token := n.child(dav("sync-token")).text()
	since, known := 0, true
	switch {
	case token != "":
		since, known = t.book.since(token)
	case s.quirks.NoEmptyToken:
		http.Error(w, "a sync-token is required", http.StatusBadRequest)
		return
	}
	full := token == ""
	if !known {
		switch s.quirks.BadToken {
		case TokenError:
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		case TokenConflict:
			problem(w, http.StatusConflict, dav("valid-sync-token"))
			return
		case TokenFullListing:
			since, full = 0, true
		default:
			problem(w, http.StatusForbidden, dav("valid-sync-token"))
			return
		}
	}
	cards := s.cards(t.book)
	list := changes(t.book, cards, since, full)
	page, covered := s.page(list, n.limit(), t.book.Seq)
	var m multistatus
	for _, c := range page {
		if c.gone {
			m.status(s.cardHref(t, c.name), http.StatusNotFound, xml.Name{})
			continue
		}
		one := target{kind: object, owner: t.owner, slug: t.slug, book: t.book, name: c.name, card: cards[c.name]}
		m.propstat(s.cardHref(t, c.name), s.asked(me, one, n.child(dav("prop"))))
	}
	if len(page) < len(list) {
		m.status(s.bookHref(t), http.StatusInsufficientStorage, dav("number-of-matches-within-limits"))
	}
	m.send(w, t.book.token(covered))
}

// changes are those after since, oldest first; a full listing has no tombstones.
func changes(b *book, cards map[string]*card, since int, full bool) []change {
	var list []change
	for name, c := range cards {
		if c.Seq > since || full {
			list = append(list, change{name: name, seq: c.Seq})
		}
	}
	for name, seq := range b.Gone {
		if seq > since && !full {
			list = append(list, change{name: name, seq: seq, gone: true})
		}
	}
	slices.SortFunc(list, func(x, y change) int { return cmp.Or(cmp.Compare(x.seq, y.seq), strings.Compare(x.name, y.name)) })
	return list
}

// page cuts a list at the smaller of both limits and says what it covers.
func (s *Server) page(list []change, limit, latest int) (page []change, covered int) {
	size := len(list)
	for _, l := range []int{limit, s.quirks.PageSize} {
		if l > 0 {
			size = min(size, l)
		}
	}
	if size == len(list) {
		return list, latest
	}
	return list[:size], list[size-1].seq
}

// multiget is RFC 6352 section 8.7.
func (s *Server) multiget(w http.ResponseWriter, me *user, t target, n *node) {
	var m multistatus
	cards := s.cards(t.book)
	for _, h := range n.Nodes {
		if h.XMLName != dav("href") {
			continue
		}
		href := h.text()
		one := target{}
		if u, err := url.Parse(href); err == nil {
			one = s.find(u)
		}
		if one.kind != object || one.book != t.book || cards[one.name] == nil {
			if !s.quirks.OmitMissing {
				m.status(href, http.StatusNotFound, xml.Name{})
			}
			continue
		}
		if s.quirks.Unreadable != nil && s.quirks.Unreadable(one.card.Data) {
			m.status(s.cardHref(t, one.name), http.StatusForbidden, xml.Name{})
			continue
		}
		m.propstat(s.cardHref(t, one.name), s.asked(me, one, n.child(dav("prop"))))
	}
	m.send(w, "")
}

// query is RFC 6352 section 8.6.
func (s *Server) query(w http.ResponseWriter, me *user, t target, n *node) {
	f, ok := parseFilter(n.child(cdav("filter")))
	if !ok {
		problem(w, http.StatusForbidden, cdav("supported-filter"))
		return
	}
	var m multistatus
	cards := s.cards(t.book)
	limit, found := n.limit(), 0
	for _, name := range names(cards) {
		if !f.matches(parseCard(cards[name].Data)) {
			continue
		}
		if found++; limit > 0 && found > limit {
			m.status(s.bookHref(t), http.StatusInsufficientStorage, dav("number-of-matches-within-limits"))
			break
		}
		one := target{kind: object, owner: t.owner, slug: t.slug, book: t.book, name: name, card: cards[name]}
		m.propstat(s.cardHref(t, name), s.asked(me, one, n.child(dav("prop"))))
	}
	m.send(w, "")
}

// asked are the properties of a card that a report wants, its data among them.
func (s *Server) asked(me *user, t target, want *node) []prop {
	if want == nil {
		return s.properties(me, t)
	}
	out := choose(s.properties(me, t), want)
	for i, n := range want.Nodes {
		if n.XMLName == cdav("address-data") {
			out[i] = prop{name: n.XMLName, value: escaped(part(t.card.Data, &n))}
		}
	}
	return out
}

// part is the card, or only the properties that address-data names.
func part(data string, want *node) string {
	if want.child(cdav("prop")) == nil {
		return data
	}
	keep := map[string]bool{"BEGIN": true, "END": true}
	for _, n := range want.Nodes {
		if n.XMLName == cdav("prop") {
			keep[strings.ToUpper(n.attr("name"))] = true
		}
	}
	var b strings.Builder
	for _, l := range parseCard(data) {
		if keep[l.name] {
			b.WriteString(l.raw)
		}
	}
	return b.String()
}
