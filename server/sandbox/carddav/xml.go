package carddav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// The namespaces.
const (
	nsDAV     = "DAV:"
	nsCardDAV = "urn:ietf:params:xml:ns:carddav"
	nsCS      = "http://calendarserver.org/ns/" // getctag, which clients still ask for
)

func dav(local string) xml.Name  { return xml.Name{Space: nsDAV, Local: local} }
func cdav(local string) xml.Name { return xml.Name{Space: nsCardDAV, Local: local} }

// maxBody is how much of a request is read.
const maxBody = 10 << 20

// readBody reads the request; it is done before the state is locked.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		problem(w, http.StatusRequestEntityTooLarge, cdav("max-resource-size"))
	case err != nil:
		http.Error(w, "the request's body cannot be read", http.StatusBadRequest)
	}
	return body, err == nil
}

// node is an element of a request.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Nodes   []node     `xml:",any"`
	Text    string     `xml:",chardata"`
}

func parse(body []byte) (node, bool) {
	var n node
	err := xml.Unmarshal(body, &n)
	return n, err == nil
}

// child is the first child of that name, or nil.
func (n *node) child(name xml.Name) *node {
	if n == nil {
		return nil
	}
	for i := range n.Nodes {
		if n.Nodes[i].XMLName == name {
			return &n.Nodes[i]
		}
	}
	return nil
}

func (n *node) text() string {
	if n == nil {
		return ""
	}
	return strings.TrimSpace(n.Text)
}

func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// limit is the nresults of a limit element, or 0. CardDAV and DAV each have one.
func (n *node) limit() int {
	for _, space := range []string{nsDAV, nsCardDAV} {
		if l := n.child(xml.Name{Space: space, Local: "limit"}); l != nil {
			count, _ := strconv.Atoi(l.child(xml.Name{Space: space, Local: "nresults"}).text())
			return count
		}
	}
	return 0
}

// multistatus builds a 207 answer.
type multistatus struct{ b bytes.Buffer }

// value is the inside of a property, as XML.
type value string

func escaped(s string) value {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return value(b.String())
}

func hrefs(paths ...string) value {
	var out value
	for _, p := range paths {
		out += "<D:href>" + escaped(p) + "</D:href>"
	}
	return out
}

func element(name xml.Name, inner value) value {
	prefix := map[string]string{nsDAV: "D:", nsCardDAV: "C:", nsCS: "CS:"}[name.Space]
	open := prefix + name.Local
	start := open
	if prefix == "" {
		start += ` xmlns="` + string(escaped(name.Space)) + `"`
	}
	if inner == "" {
		return value("<" + start + "/>")
	}
	return value("<"+start+">") + inner + value("</"+open+">")
}

func status(code int) value {
	return value("<D:status>HTTP/1.1 " + strconv.Itoa(code) + " " + http.StatusText(code) + "</D:status>")
}

// prop is a property with its value; Missing ones come back with 404.
type prop struct {
	name    xml.Name
	value   value
	missing bool
}

// propstat adds a response with properties, those that are missing apart.
func (m *multistatus) propstat(href string, props []prop) {
	var have, lack value
	for _, p := range props {
		if p.missing {
			lack += element(p.name, "")
		} else {
			have += element(p.name, p.value)
		}
	}
	m.add("<D:response>" + hrefs(href))
	if have != "" || lack == "" {
		m.add("<D:propstat><D:prop>" + have + "</D:prop>" + status(http.StatusOK) + "</D:propstat>")
	}
	if lack != "" {
		m.add("<D:propstat><D:prop>" + lack + "</D:prop>" + status(http.StatusNotFound) + "</D:propstat>")
	}
	m.add("</D:response>\n")
}

// status adds a response that is a status alone, with a condition where there is one.
func (m *multistatus) status(href string, code int, condition xml.Name) {
	m.add("<D:response>" + hrefs(href) + status(code))
	if condition.Local != "" {
		m.add(element(dav("error"), element(condition, "")))
	}
	m.add("</D:response>\n")
}

func (m *multistatus) add(v value) { m.b.WriteString(string(v)) }

const namespaces = ` xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav" xmlns:CS="http://calendarserver.org/ns/"`

// send answers with what was added; a sync token comes last (RFC 6578 section 6.4).
func (m *multistatus) send(w http.ResponseWriter, token string) {
	if token != "" {
		m.add(element(dav("sync-token"), escaped(token)))
	}
	sendXML(w, http.StatusMultiStatus, "multistatus", m.b.String())
}

// problem answers with an error whose cause is a condition of the RFCs.
func problem(w http.ResponseWriter, code int, condition xml.Name, inner ...value) {
	var all value
	for _, v := range inner {
		all += v
	}
	sendXML(w, code, "error", string(element(condition, all)))
}

func sendXML(w http.ResponseWriter, code int, name, inner string) {
	out := xml.Header + "<D:" + name + namespaces + ">" + inner + "</D:" + name + ">\n"
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	w.WriteHeader(code)
	_, _ = io.WriteString(w, out) // the reader went away: nothing to be done
}
