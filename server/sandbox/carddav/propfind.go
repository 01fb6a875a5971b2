package carddav

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// propfind is RFC 4918 section 9.1, for Depth 0 and 1.
func (s *Server) propfind(w http.ResponseWriter, r *http.Request, me *user, t target, body []byte) {
	depth := r.Header.Get("Depth")
	if depth != "0" && depth != "1" {
		problem(w, http.StatusForbidden, dav("propfind-finite-depth"))
		return
	}
	var want *node // nil is allprop
	var namesOnly bool
	if len(bytes.TrimSpace(body)) > 0 {
		n, ok := parse(body)
		if !ok || n.XMLName != dav("propfind") {
			http.Error(w, "this is not a propfind", http.StatusBadRequest)
			return
		}
		want, namesOnly = n.child(dav("prop")), n.child(dav("propname")) != nil
	}
	var m multistatus
	for _, one := range s.members(t, depth) {
		all := s.properties(me, one)
		switch {
		case namesOnly:
			for i := range all {
				all[i].value = ""
			}
		case want != nil:
			all = choose(all, want)
		}
		m.propstat(s.targetHref(me, one), all)
	}
	m.send(w, "")
}

// choose picks the properties that were asked for.
func choose(all []prop, want *node) []prop {
	var out []prop
	for _, n := range want.Nodes {
		i := slices.IndexFunc(all, func(p prop) bool { return p.name == n.XMLName })
		if i < 0 {
			out = append(out, prop{name: n.XMLName, missing: true})
		} else {
			out = append(out, all[i])
		}
	}
	return out
}

// members are t itself and, with Depth 1, what is in it.
func (s *Server) members(t target, depth string) []target {
	out := []target{t}
	if depth == "0" {
		return out
	}
	switch t.kind {
	case home:
		for slug, b := range t.owner.books {
			out = append(out, target{kind: collection, owner: t.owner, slug: slug, book: b})
		}
		slices.SortFunc(out[1:], func(a, b target) int { return bytes.Compare([]byte(a.slug), []byte(b.slug)) })
	case collection:
		cards := s.cards(t.book)
		for _, name := range names(cards) {
			out = append(out, target{kind: object, owner: t.owner, slug: t.slug, book: t.book, name: name, card: cards[name]})
		}
	}
	return out
}

func (s *Server) targetHref(me *user, t target) string {
	switch t.kind {
	case principal:
		return s.principalHref(t.owner)
	case home:
		return s.href("books", t.owner.Name) + "/"
	case collection:
		return s.bookHref(t)
	case object:
		return s.cardHref(t, t.name)
	}
	return s.href() + "/"
}

// properties are all that a resource has.
func (s *Server) properties(me *user, t target) []prop {
	var out []prop
	add := func(name xml.Name, v value) { out = append(out, prop{name: name, value: v}) }
	add(dav("current-user-principal"), hrefs(s.principalHref(me)))
	if t.owner != nil {
		add(dav("owner"), hrefs(s.principalHref(t.owner)))
	}
	add(dav("current-user-privilege-set"), privileges(t))
	container := element(dav("collection"), "")
	switch t.kind {
	case root:
		add(dav("resourcetype"), container)
	case principal:
		add(dav("resourcetype"), container+element(dav("principal"), ""))
		add(dav("displayname"), escaped(t.owner.display()))
		add(dav("principal-URL"), hrefs(s.principalHref(t.owner)))
		add(cdav("addressbook-home-set"), hrefs(s.href("books", t.owner.Name)+"/"))
	case home:
		add(dav("resourcetype"), container)
		add(dav("displayname"), escaped(t.owner.display()))
	case collection:
		s.bookProperties(t, add)
	case object:
		add(dav("resourcetype"), "")
		s.cardProperties(t.card, add)
	}
	return out
}

func (u *user) display() string {
	if u.DisplayName != "" {
		return u.DisplayName
	}
	return u.Name
}

func privileges(t target) value {
	names := []string{"read", "read-current-user-privilege-set"}
	if t.book == nil || !t.book.ReadOnly {
		names = append(names, "write", "write-content", "write-properties", "bind", "unbind")
	}
	var out value
	for _, n := range names {
		out += element(dav("privilege"), element(dav(n), ""))
	}
	return out
}

func (s *Server) bookProperties(t target, add func(xml.Name, value)) {
	b := t.book
	add(dav("resourcetype"), element(dav("collection"), "")+element(cdav("addressbook"), ""))
	add(dav("displayname"), escaped(b.Name))
	if b.Description != "" {
		add(cdav("addressbook-description"), escaped(b.Description))
	}
	var types value
	for _, v := range b.Versions {
		types += value(fmt.Sprintf(`<C:address-data-type content-type="text/vcard" version="%s"/>`, escaped(v)))
	}
	add(cdav("supported-address-data"), types)
	add(cdav("supported-collation-set"), element(cdav("supported-collation"), "i;ascii-casemap")+element(cdav("supported-collation"), "i;unicode-casemap"))
	if b.MaxSize > 0 {
		add(cdav("max-resource-size"), value(strconv.Itoa(b.MaxSize)))
	}
	reports := []xml.Name{cdav("addressbook-query"), cdav("addressbook-multiget")}
	if !s.quirks.NoSync {
		reports = append(reports, dav("sync-collection"))
		add(dav("sync-token"), escaped(b.token(b.Seq)))
	}
	var set value
	for _, name := range reports {
		set += element(dav("supported-report"), element(dav("report"), element(name, "")))
	}
	add(dav("supported-report-set"), set)
	add(xml.Name{Space: nsCS, Local: "getctag"}, escaped(b.token(b.Seq)))
}

func (s *Server) cardProperties(c *card, add func(xml.Name, value)) {
	add(dav("getetag"), escaped(s.shownETag(c)))
	add(dav("getcontenttype"), "text/vcard; charset=utf-8")
	add(dav("getcontentlength"), value(strconv.Itoa(len(c.Data))))
	add(dav("getlastmodified"), value(c.Modified.UTC().Format(http.TimeFormat)))
}

// shownETag is a card's entity tag as it goes out.
func (s *Server) shownETag(c *card) string {
	switch tag := c.etag(); {
	case s.quirks.UnquotedETag:
		return tag
	case s.quirks.WeakETag:
		return `W/"` + tag + `"`
	default:
		return `"` + tag + `"`
	}
}
