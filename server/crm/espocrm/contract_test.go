package espocrm_test

import (
	"bytes"
	"context"
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

	"tandem/server/provider"
)

// contract is EspoCRM's published description of its API, which judges the
// adapter's requests and the sandbox's answers. It lies beside the project and
// may be absent.
type contract struct {
	router routers.Router
	where  *openapi3.Schema
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
	file := filepath.Join(dir, "..", "shared", "contracts", "espocrm-spec.json")
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	c := &contract{}
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err == nil {
		err = doc.Validate(context.Background(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation())
	}
	if err != nil {
		c.fault = err
		return c
	}
	mend(doc)
	c.where = doc.Components.Schemas["whereItem"].Value
	doc.Servers = openapi3.Servers{{URL: "/api/v1"}}
	c.router, c.fault = gorillamux.NewRouter(doc)
	return c
}

// mend works round what the description gets wrong, or the judge cannot read:
// choices that may be null do not list it, and parameters in brackets have a
// style that OpenAPI knows for objects only. Where items are judged apart.
func mend(doc *openapi3.T) {
	for _, s := range doc.Components.Schemas {
		for _, p := range s.Value.Properties {
			if p.Value != nil && len(p.Value.Enum) > 0 && p.Value.Type.Includes("null") {
				p.Value.Enum = append(p.Value.Enum, nil)
			}
		}
	}
	explode := true
	for _, path := range doc.Paths.Map() {
		if path.Get == nil {
			continue
		}
		var kept openapi3.Parameters
		for _, p := range path.Get.Parameters {
			switch p.Value.Name {
			case "whereGroup":
				continue
			case "boolFilterList":
				p.Value.Name, p.Value.Style, p.Value.Explode = "boolFilterList[]", "form", &explode
			}
			kept = append(kept, p)
		}
		path.Get.Parameters = kept
	}
}

// items judges the where items of a query.
func (c *contract) items(r *http.Request) {
	tree := map[string]any{}
	for name, values := range r.URL.Query() {
		if !strings.HasPrefix(name, "whereGroup") {
			continue
		}
		parts := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
		at := tree
		for _, part := range parts[:len(parts)-1] {
			if _, ok := at[part].(map[string]any); !ok {
				at[part] = map[string]any{}
			}
			at = at[part].(map[string]any)
		}
		at[parts[len(parts)-1]] = values[0]
	}
	for _, item := range asList(tree["whereGroup"]) {
		if err := c.where.VisitJSON(item, openapi3.EnableJSONSchema2020()); err != nil {
			c.note(r, "where item", err)
		}
	}
}

// asList turns {"0": a, "1": b} into [a, b], at every depth.
func asList(v any) []any {
	m, _ := v.(map[string]any)
	var out []any
	for i := 0; ; i++ {
		item, ok := m[fmt.Sprint(i)]
		if !ok {
			return out
		}
		if fields, ok := item.(map[string]any); ok {
			if inner, ok := fields["value"].(map[string]any); ok {
				fields["value"] = asList(inner)
			}
		}
		out = append(out, item)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	switch c := spec(); {
	case c == nil:
		fmt.Println("contracts: skipped")
	default:
		fmt.Printf("contracts: %d operations checked, %d failed\n", c.checked, len(c.failed))
		for _, f := range c.failed {
			fmt.Println("contracts:", f)
		}
		if len(c.failed) > 0 || c.fault != nil {
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// TestContract: both sides of a whole life of a record satisfy the published
// description. The suite of TestBook is judged by it, too.
func TestContract(t *testing.T) {
	c := spec()
	if c == nil {
		t.Skip("contract ../shared/contracts/espocrm-spec.json not present: contract check skipped")
	}
	if c.fault != nil {
		t.Fatalf("the contract does not load: %v", c.fault)
	}
	before := c.checked
	life(t, newWorld(t, world{judge: true}))
	life(t, newWorld(t, world{judge: true, entity: provider.EntityLeads, apiKey: true}))
	if c.checked-before < 10 {
		t.Errorf("only %d operations were checked", c.checked-before)
	}
	// The judge itself works: a wrong request is noticed.
	failures := len(c.failed)
	r := httptest.NewRequest("POST", "/api/v1/Contact", strings.NewReader(`{"lastName":7}`))
	r.Header.Set("Content-Type", "application/json")
	c.request(r)
	if len(c.failed) != failures+1 {
		t.Error("a number for the last name passed")
	}
	c.mu.Lock()
	c.failed, c.checked = c.failed[:failures], c.checked-1
	c.mu.Unlock()
	for _, f := range c.failed {
		t.Error(f)
	}
}

// unknown are paths that the description is known to lack.
func unknown(path string) bool { return strings.Contains(path, "/App/") }

func (c *contract) find(r *http.Request) (*openapi3filter.RequestValidationInput, bool) {
	i := strings.Index(r.URL.Path, "/api/v1/")
	if c == nil || c.fault != nil || i < 0 || unknown(r.URL.Path) {
		return nil, false
	}
	clone := r.Clone(r.Context())
	clone.URL.Path = clone.URL.Path[i:]
	route, params, err := c.router.FindRoute(clone)
	if err != nil {
		c.note(r, "routing", err)
		return nil, false
	}
	return &openapi3filter.RequestValidationInput{Request: clone, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}, true
}

func (c *contract) note(r *http.Request, what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = append(c.failed, fmt.Sprintf("%s %s, %s: %v", r.Method, r.URL.Path, what, err))
}

// request judges what is sent.
func (c *contract) request(r *http.Request) {
	in, ok := c.find(r)
	if !ok {
		return
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	in.Request.Body = io.NopCloser(bytes.NewReader(body))
	if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
		c.note(r, "request", err)
	}
	c.items(r)
	c.mu.Lock()
	c.checked++
	c.mu.Unlock()
}

// tripper judges the adapter's requests on their way out.
type tripper struct{ next http.RoundTripper }

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	spec().request(r)
	return t.next.RoundTrip(r)
}

// judged judges the sandbox's answers.
func judged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := spec()
		in, ok := c.find(r)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: kept.Code, Header: kept.Header(),
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
		out.SetBodyBytes(kept.Body.Bytes())
		if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
			c.note(r, "response", err)
		}
		for k, v := range kept.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	})
}
