package google_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"tandem/server/contact"
	sandbox "tandem/server/sandbox/people"
)

// contract is Google's own description of the People API, in its discovery
// format: it judges the adapter's requests and the sandbox's answers.
type contract struct {
	methods []method
	schemas map[string]*openapi3.Schema

	mu      sync.Mutex
	checked int
	failed  []string
}

// method is one operation.
type method struct {
	ID, HTTPMethod    string
	path              *regexp.Regexp
	params            map[string]discovered
	request, response *openapi3.Schema
}

// discovered is a schema or a parameter in discovery format.
type discovered struct {
	ID, Type, Format, Pattern, Location string
	Ref                                 string `json:"$ref"`
	Enum                                []any
	Items                               *discovered
	Properties                          map[string]discovered
	AdditionalProperties                *discovered
	ReadOnly, Required, Repeated        bool
}

type resource struct {
	Methods map[string]struct {
		ID, FlatPath, HTTPMethod string
		Parameters               map[string]discovered
		Request, Response        *discovered
	}
	Resources map[string]resource
}

type document struct {
	resource
	Parameters map[string]discovered
	Schemas    map[string]discovered
}

// discovery reads the document inside the module of Google's own Go client.
func discovery() (doc document, err error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		return doc, fmt.Errorf("the module google.golang.org/api is not there: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "people", "v1", "people-api.json"))
	if err != nil {
		return doc, err
	}
	return doc, json.Unmarshal(data, &doc)
}

var spec = sync.OnceValues(func() (*contract, error) {
	doc, err := discovery()
	if err != nil {
		return nil, err
	}
	c := &contract{schemas: map[string]*openapi3.Schema{}}
	for name := range doc.Schemas {
		c.schemas[name] = openapi3.NewSchema()
	}
	for name, d := range doc.Schemas {
		*c.schemas[name] = *c.convert(d)
	}
	// The document calls a person's metadata read only as a whole, and its
	// updates need the sources in it.
	c.schemas["Person"].Properties["metadata"].Value.ReadOnly = false
	c.take(doc.resource, doc.Parameters)
	if len(c.methods) < 20 {
		return nil, errors.New("the discovery document names hardly any method")
	}
	return c, nil
})

// convert makes a schema of a discovered one. What a schema does not name is
// an error.
func (c *contract) convert(d discovered) *openapi3.Schema {
	s := openapi3.NewSchema()
	switch {
	case d.Ref != "":
		s.AllOf = openapi3.SchemaRefs{{Value: c.schemas[d.Ref]}}
	case d.Type == "object":
		s = openapi3.NewObjectSchema().WithoutAdditionalProperties()
		for name, p := range d.Properties {
			s.WithProperty(name, c.convert(p))
		}
		if d.AdditionalProperties != nil {
			s.WithAdditionalProperties(c.convert(*d.AdditionalProperties))
		}
	case d.Type == "array":
		s = openapi3.NewArraySchema().WithItems(c.convert(*d.Items))
	case d.Type == "any":
	default:
		s.Type = &openapi3.Types{d.Type}
		s.Enum = d.Enum
		if d.Format == "google-datetime" {
			s.Pattern = `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$`
		}
	}
	s.ReadOnly = d.ReadOnly
	return s
}

// take lists the methods of a resource and of those below.
func (c *contract) take(r resource, common map[string]discovered) {
	for _, m := range r.Methods {
		one := method{ID: m.ID, HTTPMethod: m.HTTPMethod, params: map[string]discovered{}}
		pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(m.FlatPath), `[^/:]+`)
		one.path = regexp.MustCompile("/" + pattern + "$")
		for name, p := range common {
			one.params[name] = p
		}
		for name, p := range m.Parameters {
			if p.Location == "query" {
				one.params[name] = p
			}
		}
		if m.Request != nil {
			one.request = c.convert(*m.Request)
		}
		one.response = c.convert(*m.Response)
		c.methods = append(c.methods, one)
	}
	for _, below := range r.Resources {
		c.take(below, common)
	}
}

func (c *contract) find(r *http.Request) *method {
	// The most literal path wins: people/me/connections is no person.
	best, length := -1, -1
	for i, m := range c.methods {
		if loc := m.path.FindStringIndex(r.URL.Path); loc != nil && m.HTTPMethod == r.Method && len(m.path.String()) > length {
			best, length = i, len(m.path.String())
		}
	}
	if best < 0 {
		return nil
	}
	return &c.methods[best]
}

func (c *contract) note(m, what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = append(c.failed, fmt.Sprintf("%s, %s: %v", m, what, err))
}

// request judges what is sent.
func (c *contract) request(r *http.Request, body []byte) {
	m := c.find(r)
	if m == nil {
		c.note(r.Method+" "+r.URL.Path, "path", errors.New("there is no such method"))
		return
	}
	c.mu.Lock()
	c.checked++
	c.mu.Unlock()
	if err := m.query(r.URL.Query()); err != nil {
		c.note(m.ID, "query", err)
	}
	if m.request == nil {
		if len(body) > 0 {
			c.note(m.ID, "request", errors.New("it takes no body"))
		}
		return
	}
	var v any
	err := json.Unmarshal(body, &v)
	if err == nil {
		err = m.request.VisitJSON(v, openapi3.VisitAsRequest(), openapi3.MultiErrors())
	}
	if err != nil {
		c.note(m.ID, "request", err)
	}
}

// query holds parameters against the method's.
func (m *method) query(q url.Values) error {
	for name, values := range q {
		p, ok := m.params[name]
		if !ok {
			return fmt.Errorf("there is no parameter %s", name)
		}
		if len(values) > 1 && !p.Repeated {
			return fmt.Errorf("%s is given %d times", name, len(values))
		}
		for _, v := range values {
			_, noNumber := strconv.Atoi(v)
			_, noBool := strconv.ParseBool(v)
			if p.Type == "integer" && noNumber != nil || p.Type == "boolean" && noBool != nil || len(p.Enum) > 0 && !slices.Contains(p.Enum, any(v)) {
				return fmt.Errorf("%s is %q", name, v)
			}
		}
	}
	return nil
}

// answer judges what comes back. The document says nothing of errors.
func (c *contract) answer(r *http.Request, status int, body []byte) {
	m := c.find(r)
	if m == nil || status != http.StatusOK {
		return
	}
	var v any
	err := json.Unmarshal(body, &v)
	if err == nil {
		err = m.response.VisitJSON(v, openapi3.VisitAsResponse(), openapi3.MultiErrors())
	}
	if err != nil {
		c.note(m.ID, "response", err)
	}
}

// judge passes the adapter's requests by the contract on their way out.
type judge struct {
	t    *testing.T
	next http.RoundTripper
}

func (j judge) RoundTrip(r *http.Request) (*http.Response, error) {
	c, err := spec()
	if err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	c.request(r, body)
	return j.next.RoundTrip(r)
}

// judged passes the sandbox's answers by the contract.
func judged(t *testing.T, next http.Handler) http.Handler {
	c, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		c.answer(r, kept.Code, kept.Body.Bytes())
		for k, v := range kept.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	})
}

func TestMain(m *testing.M) {
	code := m.Run()
	c, err := spec()
	if err != nil {
		fmt.Println("contracts:", err)
		os.Exit(1)
	}
	fmt.Printf("contracts: %d operations checked, %d failed\n", c.checked, len(c.failed))
	for _, f := range slices.Compact(slices.Sorted(slices.Values(c.failed))) {
		fmt.Println("contracts:", f)
	}
	if len(c.failed) > 0 {
		code = max(code, 1)
	}
	os.Exit(code)
}

// TestContract: both sides of a whole life of a contact satisfy the document,
// and the judge notices what does not.
func TestContract(t *testing.T) {
	c, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	before := c.checked
	w := newWorld(t, sandbox.Quirks{})
	b := w.open(t)
	id := write(t, b, create(full("Miller"), "m-1"))[0].ID
	_, _, cursor := list(t, b, nil)
	write(t, b, contact.Mutation{Op: contact.Update, ID: id, Contact: contact.Contact{}, Mask: contact.AllFields.Without(contact.FullName)})
	write(t, b, contact.Mutation{Op: contact.Update, ID: id, Contact: full("Meyer"), Mask: contact.AllFields.Without(contact.FullName)})
	write(t, b, contact.Mutation{Op: contact.Delete, ID: id})
	if all, _, _ := list(t, b, cursor); all[id].Kind != contact.Deleted {
		t.Errorf("the deletion is told as %v", all[id])
	}
	if c.checked-before < 10 {
		t.Errorf("only %d operations were checked", c.checked-before)
	}
	for body, what := range map[string]string{
		`{"names":[{"givenname":"x"}]}`:                                    "a member that is not there",
		`{"names":[{"displayName":"x"}]}`:                                  "a member that is read only",
		`{"emailAddresses":[{"value":7}]}`:                                 "a number for an e-mail",
		`{"biographies":[{"contentType":"TEXT_FANCY"}]}`:                   "a content type that is not there",
		`{"emailAddresses":[{"metadata":{"primary":true}}]}`:               "what Google alone says",
		`{"metadata":{"sources":[{"updateTime":"2026-01-01T00:00:00Z"}]}}`: "a time that Google alone sets",
		`{"birthdays":[{"date":{"year":"1970"}}]}`:                         "a year in words",
	} {
		judge := contract{methods: c.methods}
		judge.request(httptest.NewRequest("POST", "/google/v1/people:createContact", nil), []byte(body))
		if len(judge.failed) != 1 {
			t.Errorf("%s passed: %v", what, judge.failed)
		}
	}
	judge := contract{methods: c.methods}
	judge.request(httptest.NewRequest("GET", "/google/v1/people/me/connections?personfields=names", nil), nil)
	judge.answer(httptest.NewRequest("GET", "/google/v1/people/me/connections", nil), 200, []byte(`{"people":[]}`))
	if len(judge.failed) != 2 {
		t.Errorf("a wrong parameter and a wrong answer: %v", judge.failed)
	}
}
