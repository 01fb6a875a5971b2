package tryton

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	"tandem/server/crm/tryton/trytontest"
	"tandem/server/provider"
	"tandem/server/rest"
)

// wire is the network, with a look at what is sent.
type wire struct {
	mu     sync.Mutex
	sent   []string                 // the methods called
	before func(method string)      // called before a request is sent
	lose   func(method string) bool // the answer is lost
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var call struct{ Method string }
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		json.Unmarshal(body, &call)
	}
	w.mu.Lock()
	w.sent = append(w.sent, call.Method)
	before, lose := w.before, w.lose
	w.mu.Unlock()
	if before != nil {
		before(call.Method)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && lose != nil && lose(call.Method) {
		res.Body.Close()
		return nil, errors.New("the answer is lost")
	}
	return res, err
}

// reset forgets what was sent and gives it.
func (w *wire) reset() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.sent
	w.sent = nil
	return sent
}

// access is what a connection to s would hand to the adapter.
func access(base string, values map[string]string, entity provider.Entity) (provider.Access, *wire) {
	w := &wire{}
	transport := rest.New(rest.Options{AllowLoopback: true, Wire: w})
	return provider.Access{
		BaseURL: base, Values: values, Entity: entity, Scope: provider.ScopeAll, Country: "DE", Category: "CRM Contacts",
		HTTP: func(base string, auth rest.Auth) (*rest.Client, error) { return transport.Client(base, auth, nil) },
	}, w
}

func typed(s *trytontest.Server) map[string]string {
	return map[string]string{keyDatabase: s.Database, keyUsername: s.User, keyPassword: s.Password}
}

// book connects and opens.
func book(t *testing.T, s *trytontest.Server, entity provider.Entity) *Book {
	t.Helper()
	b, _ := wired(t, s, entity)
	return b
}

func wired(t *testing.T, s *trytontest.Server, entity provider.Entity) (*Book, *wire) {
	t.Helper()
	p := Provider()
	a, w := access(s.URL, typed(s), entity)
	c, err := p.Connect(t.Context(), a)
	if err != nil {
		t.Fatalf("Connect: %v (cause: %v)", err, errors.Unwrap(err))
	}
	a.Values = c.Values
	b, err := p.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	w.reset()
	return b.(*Book), w
}

// changes reads a stream to its end.
func changes(t *testing.T, b *Book, c contact.Cursor) ([]contact.Change, contact.Cursor) {
	t.Helper()
	var all []contact.Change
	var next contact.Cursor
	for page, err := range b.Changes(t.Context(), c) {
		if err != nil {
			t.Fatalf("Changes: %v (cause: %v)", err, errors.Unwrap(err))
		}
		all = append(all, page.Changes...)
		next = page.Next
	}
	if next == nil {
		t.Fatal("the stream ended without Next")
	}
	return all, next
}

func id(n int) contact.ID { return contact.ID(strconv.Itoa(n)) }

func number(t *testing.T, id contact.ID) int {
	t.Helper()
	n, err := strconv.Atoi(string(id))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func get(t *testing.T, b *Book, n int) contact.Record {
	t.Helper()
	found, _, err := b.Get(t.Context(), []contact.ID{id(n)})
	if err != nil || len(found) != 1 {
		t.Fatalf("Get(%d) finds %d records, %v", n, len(found), err)
	}
	return found[0]
}

func write(t *testing.T, b *Book, m ...contact.Mutation) []contact.Result {
	t.Helper()
	results, err := b.Write(t.Context(), m)
	if err != nil {
		t.Fatalf("Write: %v (cause: %v)", err, errors.Unwrap(err))
	}
	return results
}

// raw reads a party with everything that hangs on it, times left out.
func raw(t *testing.T, s *trytontest.Server, party int) string {
	t.Helper()
	out := []any{s.Call(t, "model.party.party.read", []int{party}, []string{"name", "code", "active", "lang"})}
	for model, columns := range map[string][]string{
		"party.contact_mechanism": {"type", "value", "name", "comment", "sequence", "active"},
		"party.address":           {"street", "postal_code", "city", "country", "subdivision", "name", "sequence", "active"},
	} {
		out = append(out, s.Call(t, "model."+model+".search_read", []any{[]any{"party", "=", party}}, 0, nil, []any{[]any{"id", "ASC"}}, columns))
	}
	if fmt.Sprint(out[1]) > fmt.Sprint(out[2]) {
		out[1], out[2] = out[2], out[1]
	}
	text, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBook(t *testing.T) {
	s := trytontest.Start(t)
	booktest.Run(t, booktest.Options{
		Open:   func(t *testing.T) contact.Book { return book(t, s, provider.EntityContacts) },
		Second: func(t *testing.T) contact.Book { return book(t, s, provider.EntityContacts) },
		Norm:   contact.Norm{Country: "DE"},
		Raw:    func(t *testing.T, id contact.ID) string { return raw(t, s, number(t, id)) },
		Foreign: func(t *testing.T, id contact.ID) func(*testing.T) {
			party := number(t, id)
			email := s.Mechanisms(t, party, "email")[0]
			s.Call(t, "model.party.contact_mechanism.write", []int{email}, map[string]any{"comment": "mornings only", "name": "Private"})
			s.AddMechanism(t, party, "skype", "ann.miller")
			s.AddMechanism(t, party, "website", "https://second.example.com")
			return func(t *testing.T) {
				kept := s.Call(t, "model.party.contact_mechanism.read", []int{email}, []string{"comment", "name"}).([]any)[0].(map[string]any)
				if kept["comment"] != "mornings only" || kept["name"] != "Private" {
					t.Errorf("the e-mail's row became %v", kept)
				}
				if len(s.Mechanisms(t, party, "skype")) != 1 || len(s.Mechanisms(t, party, "website")) != 2 {
					t.Error("a mechanism that is not ours went")
				}
			}
		},
		PersonEdit: func(t *testing.T, id contact.ID, f contact.Field, v contact.Value) {
			for _, m := range types {
				if m.field == f && len(s.Mechanisms(t, number(t, id), m.name)) > 0 {
					s.SetMechanism(t, s.Mechanisms(t, number(t, id), m.name)[0], v.First())
					return
				}
			}
			if f == contact.FullName {
				s.Rename(t, number(t, id), v.First())
				return
			}
			t.Fatalf("the test cannot edit %v", f)
		},
	})
}
