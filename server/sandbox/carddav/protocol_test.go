package carddav_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/server/sandbox/carddav"
)

const (
	me      = "ada@example.test"
	homeURL = "/dav/books/ada@example.test/"
	bookURL = homeURL + "contacts/"
)

func vcardOf(uid, name string) string {
	return "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + uid + "\r\nN:" + name + ";;;;\r\nFN:" + name +
		"\r\nEMAIL:" + strings.ToLower(name) + "@example.test\r\nEND:VCARD\r\n"
}

// site is a running server that a test speaks HTTP to.
type site struct {
	*carddav.Server
	t   *testing.T
	url string
}

func start(t *testing.T, q carddav.Quirks) *site {
	t.Helper()
	s := carddav.New(carddav.Options{
		Prefix: "/dav", Quirks: q,
		Users: []carddav.User{
			{Name: me, Password: "secret", DisplayName: "Ada <Admin>", Books: []carddav.Book{
				{Slug: "contacts", Name: "Contacts & more"},
				{Slug: "company", Name: "Company", ReadOnly: true},
				{Slug: "small", Name: "Small", MaxSize: 300, MaxCards: 1, Versions: []string{"3.0"}},
			}},
			{Name: "ben@example.test", Password: "other", Books: []carddav.Book{{Slug: "contacts", Name: "Contacts"}}},
		},
		Bearer: func(token string) (string, bool) { return me, token == "good" },
	})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return &site{s, t, h.URL}
}

type reply struct {
	code   int
	body   string
	header http.Header
}

// do sends a request as the user, with "Name: value" headers.
func (s *site) do(method, path, body string, headers ...string) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth(me, "secret")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "application/xml") {
		d := xml.NewDecoder(bytes.NewReader(b))
		for err == nil {
			_, err = d.Token()
		}
		if err != io.EOF {
			s.t.Errorf("%s %s: the answer is no XML: %v\n%s", method, path, err, b)
		}
	}
	return reply{answer.StatusCode, string(b), answer.Header}
}

func propfind(names string) string {
	return `<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop>` + names + `</prop></propfind>`
}

func TestProtocol(t *testing.T) {
	s := start(t, carddav.Quirks{})
	s.Put(me, "contacts", "one.vcf", vcardOf("one", "One"))
	mkcol := `<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/><C:addressbook/></resourcetype><displayname>New</displayname></prop></set></mkcol>`
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []string
		code                     int
		want                     string // in the body
	}{
		{"well-known", "PROPFIND", "/.well-known/carddav", "", nil, 301, ""},
		{"wrong password", "PROPFIND", "/dav/", "", []string{"Authorization: Basic YTpi"}, 401, ""},
		{"bearer", "PROPFIND", "/dav/", "", []string{"Authorization: Bearer good", "Depth: 0"}, 207, "/dav/principals/ada@example.test/"},
		{"bad bearer", "PROPFIND", "/dav/", "", []string{"Authorization: Bearer bad", "Depth: 0"}, 401, ""},
		{"somebody else's", "PROPFIND", "/dav/books/ben@example.test/", "", []string{"Depth: 0"}, 403, "need-privileges"},
		{"no such user", "PROPFIND", "/dav/books/nobody/", "", []string{"Depth: 0"}, 404, ""},
		{"outside", "GET", "/davx", "", nil, 404, ""},
		{"principal", "PROPFIND", "/dav/principals/ada@example.test/", propfind("<displayname/><C:addressbook-home-set/>"), []string{"Depth: 0"}, 207, "Ada &lt;Admin&gt;"},
		{"missing property", "PROPFIND", "/dav/", propfind("<displayname/><x xmlns='urn:y'/>"), []string{"Depth: 0"}, 207, `<x xmlns="urn:y"/>`},
		{"propname", "PROPFIND", bookURL, `<propfind xmlns="DAV:"><propname/></propfind>`, []string{"Depth: 0"}, 207, "<D:displayname/>"},
		{"books", "PROPFIND", homeURL, propfind("<resourcetype/>"), []string{"Depth: 1"}, 207, "<C:addressbook/>"},
		{"privileges of a read-only book", "PROPFIND", homeURL + "company/", propfind("<current-user-privilege-set/>"), []string{"Depth: 0"}, 207, "<D:read/>"},
		{"no infinite depth", "PROPFIND", homeURL, "", nil, 403, "propfind-finite-depth"},
		{"no XML", "PROPFIND", homeURL, "<a", []string{"Depth: 0"}, 400, ""},
		{"options", "OPTIONS", bookURL, "", nil, 200, ""},
		{"get a book", "GET", bookURL, "", nil, 405, ""},
		{"get a card", "GET", bookURL + "one.vcf", "", nil, 200, vcardOf("one", "One")},
		{"head", "HEAD", bookURL + "one.vcf", "", nil, 200, ""},
		{"get nothing", "GET", bookURL + "none.vcf", "", nil, 404, ""},
		{"unchanged", "GET", bookURL + "one.vcf", "", []string{"If-None-Match: *"}, 304, ""},
		{"create", "PUT", bookURL + "two.vcf", vcardOf("two", "Two"), []string{"If-None-Match: *", "Content-Type: text/vcard; charset=utf-8"}, 201, ""},
		{"create again", "PUT", bookURL + "two.vcf", vcardOf("two", "Two"), []string{"If-None-Match: *"}, 412, ""},
		{"stale update", "PUT", bookURL + "two.vcf", vcardOf("two", "Two"), []string{`If-Match: "stale"`}, 412, ""},
		{"update of nothing", "PUT", bookURL + "none.vcf", vcardOf("none", "None"), []string{"If-Match: *"}, 412, ""},
		{"update", "PUT", bookURL + "two.vcf", vcardOf("two", "Twofold"), nil, 204, ""},
		{"UID taken", "PUT", bookURL + "three.vcf", vcardOf("two", "Three"), nil, 409, "/two.vcf</D:href></C:no-uid-conflict>"},
		{"UID changed", "PUT", bookURL + "two.vcf", vcardOf("other", "Two"), nil, 409, "no-uid-conflict"},
		{"encoded name", "PUT", bookURL + "a%2Fb%20c.vcf", vcardOf("enc", "Enc"), nil, 201, ""},
		{"encoded name again", "GET", bookURL + "a%2Fb%20c.vcf", "", nil, 200, "UID:enc"},
		{"no vCard", "PUT", bookURL + "x.vcf", "hello", nil, 403, "valid-address-data"},
		{"no UID", "PUT", bookURL + "x.vcf", strings.ReplaceAll(vcardOf("x", "X"), "UID:x\r\n", ""), nil, 403, "valid-address-data"},
		{"two cards", "PUT", bookURL + "x.vcf", vcardOf("x", "X") + vcardOf("y", "Y"), nil, 403, "valid-address-data"},
		{"another media type", "PUT", bookURL + "x.vcf", vcardOf("x", "X"), []string{"Content-Type: text/plain"}, 403, "supported-address-data"},
		{"version 4.0", "PUT", bookURL + "v4.vcf", strings.Replace(vcardOf("v4", "V4"), "3.0", "4.0", 1), nil, 201, ""},
		{"version 2.1", "PUT", bookURL + "x.vcf", strings.Replace(vcardOf("x", "X"), "3.0", "2.1", 1), nil, 403, "supported-address-data"},
		{"4.0 not held", "PUT", homeURL + "small/x.vcf", strings.Replace(vcardOf("x", "X"), "3.0", "4.0", 1), nil, 403, "supported-address-data"},
		{"too large", "PUT", homeURL + "small/x.vcf", vcardOf("x", strings.Repeat("x", 300)), nil, 413, "max-resource-size"},
		{"fits", "PUT", homeURL + "small/x.vcf", vcardOf("x", "X"), nil, 201, ""},
		{"full", "PUT", homeURL + "small/y.vcf", vcardOf("y", "Y"), nil, 507, "quota-not-exceeded"},
		{"read-only", "PUT", homeURL + "company/x.vcf", vcardOf("x", "X"), nil, 403, "need-privileges"},
		{"no such book", "PUT", homeURL + "none/x.vcf", vcardOf("x", "X"), nil, 409, ""},
		{"delete stale", "DELETE", bookURL + "two.vcf", "", []string{`If-Match: "stale"`}, 412, ""},
		{"delete", "DELETE", bookURL + "two.vcf", "", nil, 204, ""},
		{"delete again", "DELETE", bookURL + "two.vcf", "", nil, 404, ""},
		{"make a book", "MKCOL", homeURL + "new/", mkcol, nil, 201, ""},
		{"make it again", "MKCOL", homeURL + "new/", mkcol, nil, 405, ""},
		{"no book", "MKCOL", homeURL + "plain/", "", nil, 403, "valid-resourcetype"},
		{"rename it", "PROPPATCH", homeURL + "new/", `<propertyupdate xmlns="DAV:"><set><prop><displayname>Newer</displayname></prop></set></propertyupdate>`, nil, 207, "200 OK"},
		{"see its name", "PROPFIND", homeURL + "new/", propfind("<displayname/>"), []string{"Depth: 0"}, 207, "Newer"},
		{"set what cannot be", "PROPPATCH", homeURL + "new/", `<propertyupdate xmlns="DAV:"><set><prop><owner/></prop></set></propertyupdate>`, nil, 207, "403 Forbidden"},
		{"delete the book", "DELETE", homeURL + "new/", "", nil, 204, ""},
		{"delete the home", "DELETE", homeURL, "", nil, 403, ""},
		{"unknown report", "REPORT", bookURL, `<expand-property xmlns="DAV:"/>`, nil, 403, "supported-report"},
		{"unknown method", "MOVE", bookURL + "one.vcf", "", nil, 405, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.t = t
			got := s.do(tc.method, tc.path, tc.body, tc.headers...)
			if got.code != tc.code || !strings.Contains(got.body, tc.want) {
				t.Errorf("%s %s: got %d %s\nwant %d %s", tc.method, tc.path, got.code, got.body, tc.code, tc.want)
			}
		})
	}
}

// sync asks for changes and gives the hrefs, those that are gone with "-"
// before them, the next token, and whether there is more.
func (s *site) sync(token string, headers ...string) (list []string, next string, more bool, r reply) {
	s.t.Helper()
	r = s.do("REPORT", bookURL, `<sync-collection xmlns="DAV:"><sync-token>`+token+`</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`, headers...)
	var m struct {
		Responses []struct {
			Href   string `xml:"href"`
			Status string `xml:"status"`
		} `xml:"response"`
		Token string `xml:"sync-token"`
	}
	if r.code == http.StatusMultiStatus {
		if err := xml.Unmarshal([]byte(r.body), &m); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, one := range m.Responses {
		name := one.Href[strings.LastIndex(one.Href, "/")+1:]
		switch {
		case strings.Contains(one.Status, "507"):
			more = true
		case strings.Contains(one.Status, "404"):
			list = append(list, "-"+name)
		default:
			list = append(list, name)
		}
	}
	return list, m.Token, more, r
}
