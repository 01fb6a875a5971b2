package carddav

import (
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/publicsuffix"

	"tandem/server/contact"
	"tandem/server/rest"
)

// collection is an address book's place. Records are told apart by the last
// segment of their href alone, so that a server which moves behind another
// host or path, or which spells hrefs as absolute URLs, changes no ID.
type collection struct {
	url  *url.URL // with a trailing slash
	path string   // decoded, with a trailing slash
}

func newCollection(u *url.URL) collection {
	c := *u
	if !strings.HasSuffix(c.Path, "/") {
		c = *u.JoinPath("/")
	}
	return collection{url: &c, path: path.Clean("/"+c.Path) + "/"}
}

const maxHref = 4096

// place tells what an href of an answer stands for: a card of this address
// book (its ID), the address book itself, or something else. No href is ever
// followed as it is: only its last segment is used, below our own path.
func (c collection) place(href string) (id contact.ID, self, ok bool) {
	if len(href) > maxHref {
		return "", false, false
	}
	u, err := url.Parse(href)
	if err != nil || u.Opaque != "" || u.Host != "" && !strings.EqualFold(u.Hostname(), c.url.Hostname()) {
		return "", false, false
	}
	decoded, escaped := u.Path, u.EscapedPath()
	if !strings.HasPrefix(decoded, "/") {
		decoded, escaped = c.path+decoded, c.url.EscapedPath()+escaped
	}
	if strings.ContainsAny(decoded, "\x00\r\n\\") || strings.Contains(decoded+"/", "/../") || strings.Contains(decoded+"/", "/./") {
		return "", false, false
	}
	if clean(decoded) != decoded {
		return "", false, false
	}
	if path.Clean(decoded)+"/" == c.path || path.Clean(decoded) == "/" && c.path == "//" {
		return "", true, true
	}
	name, err := url.PathUnescape(escaped[strings.LastIndexByte(escaped, '/')+1:])
	if err != nil || name == "" || name == "." || name == ".." {
		return "", false, false
	}
	if path.Clean(strings.TrimSuffix(decoded, name))+"/" != c.path {
		return "", false, false
	}
	return contact.ID(url.PathEscape(name)), false, true
}

// href is the path under which a card is asked for.
func (c collection) href(id contact.ID) string { return c.url.EscapedPath() + string(id) }

// valid reports whether id is one that place could have given.
func (c collection) valid(id contact.ID) bool {
	got, self, ok := c.place(c.href(id))
	return ok && !self && got == id
}

// related reports whether credentials for base may be used at u as well: the
// same origin, or by https a host under the same registrable domain, as with
// the partition hosts of iCloud.
func related(base, u *url.URL) bool {
	if rest.Origin(base) == rest.Origin(u) {
		return true
	}
	if base.Scheme != "https" || u.Scheme != "https" {
		return false
	}
	a, errA := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(base.Hostname()))
	b, errB := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(u.Hostname()))
	return errA == nil && errB == nil && a == b
}
