package microsoft365

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"tandem/server/sandbox/graph"
)

// contract is a description made from Microsoft's own metadata, which judges
// the adapter's requests and the sandbox's answers, those inside a batch too. It
// lies beside the project and may be absent.
type contract struct {
	router routers.Router
	fault  error // present, and does not load

	mu      sync.Mutex
	checked int
	failed  []string
}

var spec = sync.OnceValue(loadContract)

func loadContract() *contract {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
		dir = filepath.Dir(dir)
	}
	file := filepath.Join(dir, "..", "shared", "contracts", "graph-contacts.openapi.json")
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	c := &contract{}
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err == nil {
		doc.Info.Version = "v1.0" // the file has none
		mend(doc)
		err = doc.Validate(context.Background(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation())
	}
	if err != nil {
		c.fault = err
		return c
	}
	doc.Servers = openapi3.Servers{{URL: "/v1.0"}}
	c.router, c.fault = gorillamux.NewRouter(doc)
	return c
}

// mend works round what the description lacks: an update answers 200 with the
// record; an expansion may have options; the user has a name; what is gone is
// listed by its ID alone, which the schemas allow.
func mend(doc *openapi3.T) {
	for name, path := range doc.Paths.Map() {
		if path.Patch != nil && path.Get != nil && strings.Contains(name, "/contacts/") {
			path.Patch.Responses.Set("200", path.Get.Responses.Value("200"))
		}
		if path.Get == nil {
			continue
		}
		var kept openapi3.Parameters
		for _, p := range path.Get.Parameters {
			if n := p.Value.Name; n == "$expand" || n == "$select" && name == "/me" {
				continue
			}
			kept = append(kept, p)
		}
		path.Get.Parameters = kept
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	switch c := spec(); {
	case c == nil:
		fmt.Println("contracts: skipped")
	default:
		fmt.Printf("contracts: %d operations checked, %d failed\n", c.checked, len(c.failed))
		for _, f := range c.failed[:min(len(c.failed), 20)] {
			fmt.Println("contracts:", f)
		}
		if len(c.failed) > 0 || c.fault != nil {
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// TestContract: both sides of a whole life of a record satisfy the description.
// Every other test of this package is judged by it, too.
func TestContract(t *testing.T) {
	c := spec()
	if c == nil {
		t.Skip("contract ../shared/contracts/graph-contacts.openapi.json not present: contract check skipped")
	}
	if c.fault != nil {
		t.Fatalf("the contract does not load: %v", c.fault)
	}
	before := c.checked
	w := newWorld(t, graph.Options{})
	b, _ := w.connected(t)
	life(t, b)
	w.values = map[string]string{fieldFolder: folderOwn}
	b, _ = w.connected(t)
	life(t, b)
	if c.checked-before < 30 {
		t.Errorf("only %d operations were checked", c.checked-before)
	}
	// The judge itself works: wrong requests are noticed.
	for _, body := range []string{`{"gvenName":"x"}`, `{"businessPhones":["1","2","3"]}`, `{"birthday":"tomorrow"}`} {
		r := httptest.NewRequest("POST", "/v1.0/me/contacts", nil)
		r.Header.Set("Content-Type", "application/json")
		if err := c.request(r, []byte(body)); err == nil {
			t.Errorf("%s passed", body)
		}
	}
}

// find makes what kin-openapi needs; a route that the description lacks is an error.
func (c *contract) find(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	clone := r.Clone(context.Background())
	clone.Body = io.NopCloser(bytes.NewReader(body))
	clone.ContentLength = int64(len(body))
	route, params, err := c.router.FindRoute(clone)
	if err != nil {
		return nil, err
	}
	return &openapi3filter.RequestValidationInput{Request: clone, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}, nil
}

func (c *contract) request(r *http.Request, body []byte) error {
	in, err := c.find(r, body)
	if err == nil {
		err = openapi3filter.ValidateRequest(context.Background(), in)
	}
	return err
}

func (c *contract) response(r *http.Request, sent []byte, status int, header http.Header, body []byte) error {
	in, err := c.find(r, sent)
	if err != nil || status >= 500 {
		return err // the description knows no 5XX
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: header,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
	if r.URL.Path == "/v1.0/$batch" && status != 200 {
		return nil // nor a batch that is refused as a whole
	}
	return openapi3filter.ValidateResponse(context.Background(), out.SetBodyBytes(body))
}

func (c *contract) note(r *http.Request, what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked++
	if err != nil {
		c.failed = append(c.failed, fmt.Sprintf("%s %s, %s: %v", r.Method, r.URL.Path, what, err))
	}
}

// parts are the requests inside a batch, as requests.
func parts(r *http.Request, body []byte) (map[string]*http.Request, map[string][]byte) {
	var in struct{ Requests []part }
	requests, bodies := map[string]*http.Request{}, map[string][]byte{}
	if !strings.HasSuffix(r.URL.Path, "/$batch") || json.Unmarshal(body, &in) != nil {
		return nil, nil
	}
	for _, p := range in.Requests {
		one, err := http.NewRequest(p.Method, "http://graph/v1.0"+p.URL, nil)
		if err != nil {
			continue
		}
		for k, v := range p.Headers {
			one.Header.Set(k, v)
		}
		requests[p.ID], bodies[p.ID] = one, p.Body
	}
	return requests, bodies
}

// tripper judges the adapter's requests on their way out.
type tripper struct{ next http.RoundTripper }

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) {
	c := spec()
	if c != nil && c.fault == nil && strings.HasPrefix(r.URL.Path, "/v1.0/") {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.note(r, "request", c.request(r, body))
		inner, bodies := parts(r, body)
		for id, one := range inner {
			c.note(one, "request in a batch", c.request(one, bodies[id]))
		}
	}
	return t.next.RoundTrip(r)
}

// judged judges the sandbox's answers to requests that are right.
func judged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := spec()
		if c == nil || c.fault != nil {
			next.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		c.note(r, "response", c.response(r, body, kept.Code, kept.Header(), kept.Body.Bytes()))
		var out struct {
			Responses []struct {
				ID     string
				Status int
				Body   json.RawMessage
			}
		}
		inner, bodies := parts(r, body)
		if inner != nil && json.Unmarshal(kept.Body.Bytes(), &out) == nil {
			for _, a := range out.Responses {
				header := http.Header{}
				if len(a.Body) > 0 {
					header.Set("Content-Type", "application/json")
				}
				c.note(inner[a.ID], "response in a batch", c.response(inner[a.ID], bodies[a.ID], a.Status, header, a.Body))
			}
		}
		for k, v := range kept.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	})
}
