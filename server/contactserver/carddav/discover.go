package carddav

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/rest"
)

// found is an address book as discovery sees it.
type found struct {
	url      *url.URL
	name     string
	features features
}

// finder looks for the address books of an account (RFC 6764 section 6, RFC
// 6352 section 7.1).
type finder struct {
	dav
	client *rest.Client
	base   *url.URL // what the person typed; decides who may see the password
	paths  []string // of the preset
}

// principal is what is known of the account itself.
type principal struct {
	name  string
	homes []*url.URL
	books []found // where the address leads straight to an address book
}

const (
	accountProps = `<d:current-user-principal/><d:principal-URL/><c:addressbook-home-set/><d:displayname/><d:resourcetype/>` + bookProps
	bookProps    = `<d:current-user-privilege-set/><d:supported-report-set/><d:sync-token/><c:supported-address-data/>`
)

// errNextPlace says that a place holds nothing, and another may.
var errNextPlace = errors.New("nothing here")

// find tries the places where an account may begin: what was typed first, then
// the well-known address, then the root, then what DNS says.
func (f *finder) find(ctx context.Context) (principal, error) {
	var first error
	for _, place := range f.places() {
		p, err := f.account(ctx, place)
		var e *contact.Error
		switch {
		case err == nil && (len(p.homes) > 0 || len(p.books) > 0):
			return p, nil
		case err == nil || errors.Is(err, errNextPlace):
		case errors.As(err, &e) && (e.Kind == contact.ErrBaseURL || e.Kind == contact.ErrProtocol || e.Kind == contact.ErrForbidden || e.Kind == contact.ErrUnavailable):
			if first == nil {
				first = err
			}
		default:
			return p, err // a wrong password, or a host that cannot be reached
		}
	}
	if u := f.service(ctx); u != nil {
		if p, err := f.account(ctx, u.String()); err == nil && len(p.homes)+len(p.books) > 0 {
			return p, nil
		}
	}
	if first == nil {
		first = noCardDAV(&rest.Response{URL: f.base}, errNextPlace)
	}
	return principal{}, first
}

func (f *finder) places() []string {
	root := originOf(f.base)
	wellKnown := root + "/.well-known/carddav"
	var places []string
	typed := f.base.Path != "" && f.base.Path != "/"
	if typed {
		places = append(places, f.base.JoinPath("/").String())
	}
	for _, p := range f.paths {
		places = append(places, f.base.JoinPath(p).String())
	}
	places = append(places, wellKnown)
	if typed {
		places = append(places, f.base.String())
	}
	return append(places, root+"/")
}

// account asks one place for the principal and its address book homes.
func (f *finder) account(ctx context.Context, place string) (principal, error) {
	r, at, err := f.self(ctx, place, accountProps)
	if err != nil {
		return principal{}, err
	}
	p := principal{name: r.prop(nsDAV, "displayname").trimmed()}
	if isBook(r) {
		p.books = []found{toFound(r, at)}
		return p, nil
	}
	if p.homes, err = f.hrefs(at, r.prop(nsCard, "addressbook-home-set")); err != nil || len(p.homes) > 0 {
		return p, err
	}
	whos, err := f.hrefs(at, r.prop(nsDAV, "current-user-principal"))
	if err == nil && len(whos) == 0 {
		whos, err = f.hrefs(at, r.prop(nsDAV, "principal-URL"))
	}
	if err != nil {
		return p, err
	}
	if len(whos) == 0 {
		return p, errNextPlace
	}
	r, at, err = f.self(ctx, whos[0].String(), `<c:addressbook-home-set/><d:displayname/>`)
	if err != nil {
		return p, err
	}
	p.name = r.prop(nsDAV, "displayname").trimmed()
	p.homes, err = f.hrefs(at, r.prop(nsCard, "addressbook-home-set"))
	return p, err
}

// self reads properties of one resource. Where a redirect leads to another
// host of the same owner, that host is trusted and asked again.
func (f *finder) self(ctx context.Context, target, props string) (row, *url.URL, error) {
	for again := false; ; again = true {
		rows, res, err := f.propfind(ctx, target, "0", props)
		if err != nil {
			return row{}, nil, err
		}
		if res.Bare && !again && related(f.base, res.URL) {
			f.client.Trust(originOf(res.URL))
			target = res.URL.String()
			continue
		}
		if res.Status != http.StatusMultiStatus {
			return row{}, nil, f.trouble(res)
		}
		if len(rows) == 0 {
			return row{}, nil, errNextPlace
		}
		return rows[0], res.URL, nil
	}
}

// hrefs resolves the hrefs in a property. One that leads to a stranger's host
// is refused: the password must not go there.
func (f *finder) hrefs(at *url.URL, prop *node) ([]*url.URL, error) {
	var out []*url.URL
	if prop == nil {
		return nil, nil
	}
	for _, k := range prop.kids {
		if k.space != nsDAV || k.name != "href" || k.trimmed() == "" {
			continue
		}
		u, err := at.Parse(k.trimmed())
		if err != nil || u.Host == "" || u.User != nil {
			continue
		}
		if u.Scheme == "http" && at.Scheme == "https" && strings.EqualFold(u.Hostname(), at.Hostname()) {
			u.Scheme, u.Host = "https", at.Host // a server behind a proxy that does not know its own name
		}
		if !related(f.base, u) {
			return nil, &contact.Error{Kind: contact.ErrBaseURL, Field: fieldURL,
				Message: "Your server says that your address books are at " + originOf(u) + ". If that is yours, enter it as the address."}
		}
		f.client.Trust(originOf(u))
		out = append(out, u)
	}
	return out, nil
}

// books lists the address books of the homes, those that may be written first.
func (f *finder) books(ctx context.Context, p principal) ([]found, error) {
	all := p.books
	for _, home := range p.homes {
		rows, res, err := f.propfind(ctx, home.String(), "1", `<d:resourcetype/><d:displayname/>`+bookProps)
		if err != nil {
			return nil, err
		}
		if res.Status != http.StatusMultiStatus {
			return nil, f.trouble(res)
		}
		for _, r := range rows {
			u, err := res.URL.Parse(r.href)
			if err != nil || !isBook(r) || isSystem(u) {
				continue
			}
			// Only the path counts; the host is the one that answered.
			u.Scheme, u.Host, u.User, u.RawQuery, u.Fragment = res.URL.Scheme, res.URL.Host, nil, "", ""
			all = append(all, toFound(r, u))
		}
	}
	var out, readOnly []found
	for _, b := range all {
		if b.features.readOnly {
			readOnly = append(readOnly, b)
		} else {
			out = append(out, b)
		}
	}
	return append(out, readOnly...), nil
}

func isBook(r row) bool {
	t := r.prop(nsDAV, "resourcetype")
	return t.child(nsCard, "addressbook") != nil
}

// isSystem reports whether an address book is one that the server makes up, as
// Nextcloud does of its accounts and of recent contacts.
func isSystem(u *url.URL) bool {
	return strings.Contains(u.Path, "/z-server-generated--") || strings.Contains(u.Path, "/z-app-generated--")
}

func toFound(r row, u *url.URL) found {
	b := found{url: newCollection(u).url, name: r.prop(nsDAV, "displayname").trimmed(), features: readFeatures(r)}
	if b.name == "" {
		b.name = lastSegment(b.url)
	}
	return b
}

func lastSegment(u *url.URL) string {
	p := strings.TrimRight(u.Path, "/")
	return p[strings.LastIndexByte(p, '/')+1:]
}

const lookupTimeout = 5 * time.Second

// service asks DNS where a domain keeps its address books (RFC 6764 section
// 3). It is only asked for a bare name, and only for https.
func (f *finder) service(ctx context.Context) *url.URL {
	host := f.base.Hostname()
	if f.base.Port() != "" || strings.Trim(f.base.Path, "/") != "" || net.ParseIP(host) != nil || !strings.Contains(host, ".") || len(f.paths) > 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	_, found, err := net.DefaultResolver.LookupSRV(ctx, "carddavs", "tcp", host)
	if err != nil || len(found) == 0 {
		return nil
	}
	u := &url.URL{Scheme: "https", Host: net.JoinHostPort(strings.TrimSuffix(found[0].Target, "."), strconv.Itoa(int(found[0].Port))), Path: "/.well-known/carddav"}
	if !related(f.base, u) {
		return nil
	}
	f.client.Trust(originOf(u))
	return u
}
