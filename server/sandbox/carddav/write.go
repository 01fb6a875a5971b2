package carddav

import (
	"bytes"
	"cmp"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// get is GET and HEAD of a card. Collections have no page.
func (s *Server) get(w http.ResponseWriter, r *http.Request, t target) {
	if t.kind != object {
		methodNotAllowed(w)
		return
	}
	if s.quirks.Unreadable != nil && s.quirks.Unreadable(t.card.Data) {
		problem(w, http.StatusForbidden, dav("need-privileges"))
		return
	}
	h := w.Header()
	h.Set("ETag", s.shownETag(t.card))
	h.Set("Last-Modified", t.card.Modified.UTC().Format(http.TimeFormat))
	if tags := r.Header.Get("If-None-Match"); tags != "" && matches(tags, t.card) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "text/vcard; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(t.card.Data)))
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, t.card.Data) // the reader went away: nothing to be done
	}
}

// put is RFC 6352 section 6.3.2 with the preconditions of section 6.3.2.1.
func (s *Server) put(w http.ResponseWriter, r *http.Request, t target, body []byte) {
	if t.kind != object {
		methodNotAllowed(w)
		return
	}
	b := t.book
	if b == nil {
		http.Error(w, "there is no such address book", http.StatusConflict)
		return
	}
	if !s.mayWrite(w, r, t) {
		return
	}
	data := string(body)
	lines := parseCard(data)
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	uid := lines.first("UID")
	owner := b.uidOwner(uid)
	switch {
	case b.MaxSize > 0 && len(data) > b.MaxSize:
		problem(w, http.StatusRequestEntityTooLarge, cdav("max-resource-size"))
	case r.Header.Get("Content-Type") != "" && (err != nil || media != "text/vcard"), !slices.Contains(b.Versions, lines.first("VERSION")) && lines.valid():
		problem(w, http.StatusForbidden, cdav("supported-address-data"))
	case !lines.valid() || uid == "" || lines.first("FN") == "":
		problem(w, http.StatusForbidden, cdav("valid-address-data"))
	case !s.quirks.DuplicateUID && (owner != "" && owner != t.name || t.card != nil && t.card.UID != uid && !s.quirks.ReassignUID):
		problem(w, http.StatusConflict, cdav("no-uid-conflict"), hrefs(s.cardHref(t, cmp.Or(owner, t.name))))
	case s.quirks.Forbid != nil && s.quirks.Forbid(data):
		problem(w, http.StatusForbidden, dav("need-privileges"))
	case t.card == nil && b.MaxCards > 0 && len(b.Cards) >= b.MaxCards:
		problem(w, http.StatusInsufficientStorage, dav("quota-not-exceeded"))
	default:
		s.accept(w, t, data)
	}
}

// accept stores a card that passed all conditions, as the quirks say.
func (s *Server) accept(w http.ResponseWriter, t target, data string) {
	name, code := t.name, http.StatusNoContent
	if t.card == nil {
		code = http.StatusCreated
		if s.quirks.ReassignUID {
			data = parseCard(data).with("UID", uuid.NewString())
		}
		if s.quirks.RenameOnPut {
			name = uuid.NewString() + ".vcf"
			w.Header().Set("Location", s.cardHref(t, name))
		}
	} else if s.quirks.ReassignUID {
		data = parseCard(data).with("UID", t.card.UID)
	}
	if s.quirks.AlterOnPut {
		data = parseCard(data).altered(s.now())
	}
	c := t.card
	if c == nil || c.Data != data {
		c = s.store(t.book, name, data)
	}
	if !s.quirks.NoETagOnPut {
		w.Header().Set("ETag", s.shownETag(c))
	}
	w.WriteHeader(code)
}

// remove is DELETE of a card or an address book.
func (s *Server) remove(w http.ResponseWriter, r *http.Request, t target) {
	switch t.kind {
	case object:
		if !s.mayWrite(w, r, t) {
			return
		}
		s.drop(t.book, t.name)
	case collection:
		if t.book.ReadOnly {
			problem(w, http.StatusForbidden, dav("need-privileges"))
			return
		}
		delete(t.owner.books, t.slug)
		s.changes++
	default:
		problem(w, http.StatusForbidden, dav("need-privileges"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// mayWrite checks privileges and the conditional headers of RFC 9110 section 13.
func (s *Server) mayWrite(w http.ResponseWriter, r *http.Request, t target) bool {
	if t.book.ReadOnly {
		problem(w, http.StatusForbidden, dav("need-privileges"))
		return false
	}
	ifMatch, ifNone := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	if !s.quirks.IgnoreIfMatch && ifMatch != "" && !matches(ifMatch, t.card) || ifNone != "" && matches(ifNone, t.card) {
		http.Error(w, "the card is not as you expect it", http.StatusPreconditionFailed)
		return false
	}
	return true
}

// matches: a tag that this server gave out is accepted in each way in which it
// may have been written, since the quirks write it in several.
func matches(header string, c *card) bool {
	if c == nil {
		return false
	}
	if strings.TrimSpace(header) == "*" {
		return true
	}
	return slices.ContainsFunc(strings.Split(header, ","), func(tag string) bool {
		return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`) == c.etag()
	})
}

// mkcol makes an address book (RFC 5689, RFC 6352 section 6.3.1).
func (s *Server) mkcol(w http.ResponseWriter, t target, body []byte) {
	n, ok := parse(body)
	props := n.child(dav("set")).child(dav("prop"))
	kinds := props.child(dav("resourcetype"))
	switch {
	case t.kind != collection:
		problem(w, http.StatusForbidden, cdav("addressbook-collection-location-ok"))
	case t.book != nil:
		methodNotAllowed(w)
	case len(bytes.TrimSpace(body)) > 0 && !ok:
		http.Error(w, "this is not an extended MKCOL", http.StatusBadRequest)
	case kinds.child(dav("collection")) == nil || kinds.child(cdav("addressbook")) == nil:
		problem(w, http.StatusForbidden, dav("valid-resourcetype"))
	default:
		t.owner.books[t.slug] = newBook(Book{
			Slug: t.slug, Name: cmp.Or(props.child(dav("displayname")).text(), t.slug),
			Description: props.child(cdav("addressbook-description")).text(),
		})
		s.changes++
		w.WriteHeader(http.StatusCreated)
	}
}

// proppatch sets the name and the description of an address book (RFC 4918
// section 9.2): all that was asked for, or nothing.
func (s *Server) proppatch(w http.ResponseWriter, t target, body []byte) {
	n, ok := parse(body)
	if !ok || n.XMLName != dav("propertyupdate") {
		http.Error(w, "this is not a propertyupdate", http.StatusBadRequest)
		return
	}
	if t.kind != collection || t.book.ReadOnly {
		problem(w, http.StatusForbidden, dav("need-privileges"))
		return
	}
	name, description := t.book.Name, t.book.Description
	var touched value
	code := http.StatusOK
	for _, change := range n.Nodes {
		if change.XMLName != dav("set") && change.XMLName != dav("remove") {
			continue
		}
		p := change.child(dav("prop"))
		if p == nil {
			continue
		}
		for _, one := range p.Nodes {
			text := ""
			if change.XMLName == dav("set") {
				text = one.text()
			}
			switch one.XMLName {
			case dav("displayname"):
				name = text
			case cdav("addressbook-description"):
				description = text
			default:
				code = http.StatusForbidden
			}
			touched += element(one.XMLName, "")
		}
	}
	if code == http.StatusOK {
		t.book.Name, t.book.Description = name, description
		s.changes++
	}
	var m multistatus
	m.add("<D:response>" + hrefs(s.bookHref(t)) + "<D:propstat><D:prop>" + touched + "</D:prop>" + status(code) + "</D:propstat></D:response>")
	m.send(w, "")
}
