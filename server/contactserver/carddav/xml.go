package carddav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

// The namespaces of WebDAV, CardDAV and of Apple's ctag.
const (
	nsDAV  = "DAV:"
	nsCard = "urn:ietf:params:xml:ns:carddav"
	nsCS   = "http://calendarserver.org/ns/"
)

const (
	maxDepth = 32       // of nested elements
	maxTag   = 64 << 10 // octets of one tag with its attributes
)

var (
	errNotXML   = errors.New("the answer is no multistatus")
	errTooDeep  = errors.New("the answer is nested too deeply")
	errTagSize  = errors.New("the answer has a tag that is too large")
	errRowCount = errors.New("the answer has too many rows")
)

// node is one XML element. Its text is that of itself alone; of its attributes
// only the version is kept.
type node struct {
	space, name string
	version     string
	text        string
	kids        []*node
}

// child finds an element directly below; nil where there is none. A nil node
// has no children.
func (n *node) child(space, name string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.space == space && k.name == name {
			return k
		}
	}
	return nil
}

func (n *node) trimmed() string {
	if n == nil {
		return ""
	}
	return strings.TrimSpace(n.text)
}

// eachRow reads an answer element by element and hands each child of the root
// to row, so that a large answer is never held as a tree. The root must be
// DAV:multistatus (RFC 4918 section 13). Nesting and tags are limited, because
// encoding/xml needs fifty times the memory of what it reads for them.
func eachRow(body []byte, row func(*node) error) error {
	if err := checkTags(body); err != nil {
		return err
	}
	d := newDecoder(body)
	root, err := start(d)
	if err != nil {
		return err
	}
	if root.Name.Space != nsDAV || root.Name.Local != "multistatus" {
		return fmt.Errorf("%w: its root is %s", errNotXML, root.Name.Local)
	}
	for {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			n, err := tree(d, t, 2)
			if err != nil {
				return err
			}
			if err := row(n); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// parseError reads a DAV:error body (RFC 4918 section 14.5); nil where it is none.
func parseError(body []byte) *node {
	if checkTags(body) != nil {
		return nil
	}
	d := newDecoder(body)
	root, err := start(d)
	if err != nil || root.Name.Local != "error" {
		return nil
	}
	n, err := tree(d, root, 1)
	if err != nil {
		return nil
	}
	return n
}

func newDecoder(body []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		enc, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return enc.NewDecoder().Reader(in), nil
	}
	return d
}

func start(d *xml.Decoder) (xml.StartElement, error) {
	for {
		t, err := d.Token()
		if err != nil {
			return xml.StartElement{}, errors.Join(errNotXML, err)
		}
		if s, ok := t.(xml.StartElement); ok {
			return s, nil
		}
	}
}

func tree(d *xml.Decoder, s xml.StartElement, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	n := &node{space: s.Name.Space, name: s.Name.Local}
	for _, a := range s.Attr {
		if a.Name.Local == "version" {
			n.version = a.Value
		}
	}
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			k, err := tree(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, k)
		case xml.CharData:
			n.text += string(t)
		case xml.EndElement:
			return n, nil
		}
	}
}

// checkTags refuses bodies with a tag that is too large.
func checkTags(body []byte) error {
	for {
		i := bytes.IndexByte(body, '<')
		if i < 0 {
			return nil
		}
		body = body[i:]
		if bytes.HasPrefix(body, []byte("<![CDATA[")) {
			end := bytes.Index(body, []byte("]]>"))
			if end < 0 {
				return nil // cut off: the parser will say so
			}
			body = body[end:]
			continue
		}
		end := bytes.IndexByte(body[:min(len(body), maxTag)], '>')
		if end < 0 {
			if len(body) < maxTag {
				return nil
			}
			return errTagSize
		}
		body = body[end:]
	}
}

// row is one DAV:response: a resource with its properties, or its status.
type row struct {
	href   string
	status int // of the row as a whole; 0 where only properties have one
	props  *node
}

// prop finds a property that the server gave.
func (r row) prop(space, name string) *node { return r.props.child(space, name) }

// toRow reads a DAV:response; only properties with status 200 are kept.
func toRow(n *node) row {
	r := row{href: n.child(nsDAV, "href").trimmed(), status: statusOf(n.child(nsDAV, "status"))}
	for _, k := range n.kids {
		if k.space != nsDAV || k.name != "propstat" {
			continue
		}
		status := statusOf(k.child(nsDAV, "status"))
		if status == 0 || status == 200 {
			if r.props == nil {
				r.props = &node{}
			}
			if p := k.child(nsDAV, "prop"); p != nil {
				r.props.kids = append(r.props.kids, p.kids...)
			}
		}
	}
	return r
}

// statusOf reads "HTTP/1.1 404 Not Found".
func statusOf(n *node) int {
	fields := strings.Fields(n.trimmed())
	if len(fields) < 2 {
		return 0
	}
	code, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return code
}

// xmlText escapes a text for an XML body.
func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}
