package google_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/contactserver/google"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/server/sandbox/kit"
	sandbox "tandem/server/sandbox/people"
)

const ann = "1001"

// world is a sandbox with a user, and what it takes to connect to it.
type world struct {
	quirks    sandbox.Quirks
	people    *sandbox.Server
	faults    *kit.Faults
	url       string
	values    map[string]string
	provider  provider.Provider
	scopes    []string
	transport *rest.Transport

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// pass lets the sandbox's time pass.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// newWorld starts a sandbox and connects to it. All that goes over the wire is
// judged by the contract.
func newWorld(t *testing.T, q sandbox.Quirks) *world {
	t.Helper()
	w := &world{quirks: q, now: time.Now(), scopes: []string{sandbox.Scope, "email", "openid"}}
	w.people = sandbox.New(sandbox.Options{
		Prefix: "/google", Quirks: q, Now: w.clock,
		Users:  []sandbox.User{{Subject: ann, Email: "ann@example.test", Name: "Ann Example"}},
		Bearer: func(token string) (string, []string, bool) { return ann, w.scopes, token == "token" },
	})
	w.faults = kit.NewFaults(judged(t, w.people), nil)
	srv := httptest.NewServer(w.faults)
	t.Cleanup(srv.Close)
	w.url = srv.URL + "/google"
	w.transport = rest.New(rest.Options{AllowLoopback: true, Patience: 10 * time.Millisecond, Wire: judge{t, http.DefaultTransport}})
	w.again()
	return w
}

// again makes the provider anew, as another process would.
func (w *world) again() {
	w.provider = google.Provider(google.Config{ClientID: "tandem", ClientSecret: "secret", Endpoint: w.url})
}

func (w *world) access() provider.Access {
	return provider.Access{
		Values: w.values, Category: "CRM Contacts",
		Token: func(context.Context) (string, error) { return "token", nil },
		HTTP:  func(base string, auth rest.Auth) (*rest.Client, error) { return w.transport.Client(base, auth, nil) },
	}
}

// open connects where that was not done yet, and gives a Book.
func (w *world) open(t *testing.T) contact.Book {
	t.Helper()
	if w.values == nil {
		c, err := w.provider.Connect(t.Context(), w.access())
		if err != nil {
			t.Fatalf("Connect: %v", err)
		}
		w.values = c.Values
	}
	b, err := w.provider.Open(t.Context(), w.access())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return b
}

func (w *world) raw(t *testing.T, id contact.ID) string {
	t.Helper()
	data, err := json.Marshal(w.people.Raw(ann, string(id)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// list reads a stream of changes to its end.
func list(t *testing.T, b contact.Book, from contact.Cursor) (all map[contact.ID]contact.Change, full bool, next contact.Cursor) {
	t.Helper()
	all = map[contact.ID]contact.Change{}
	for page, err := range b.Changes(t.Context(), from) {
		if err != nil {
			t.Fatalf("Changes: %v (%v)", err, err.(*contact.Error).Cause)
		}
		for _, c := range page.Changes {
			all[c.ID] = c
		}
		full, next = page.Full, page.Next
	}
	if next == nil {
		t.Fatal("the stream ended without a cursor")
	}
	return all, full, next
}

// write carries out mutations that must succeed.
func write(t *testing.T, b contact.Book, ms ...contact.Mutation) []contact.Result {
	t.Helper()
	results, err := b.Write(t.Context(), ms)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	for i, r := range results {
		if r.Outcome != contact.OK {
			t.Fatalf("%v answers %v %s (%v)", ms[i].Op, r.Outcome, r.Message, r.Cause)
		}
	}
	return results
}

// full is a person with every field.
func full(family string) contact.Contact {
	return contact.Contact{
		Name: contact.Name{Title: "Dr.", Given: "Ann", Given2: "Kim", Surname: family, Generation: "Jr."}, Nickname: "Annie",
		Organization: "Acme GmbH", Unit: "Sales", JobTitle: "Head of Sales",
		Emails: []string{family + "@example.com", family + "@home.example.org"},
		Phones: []contact.Phone{{Kind: contact.PhoneWork, Number: "+4930901820"}, {Kind: contact.PhoneMobile, Number: "+491711234567"}},
		Addresses: []contact.Address{{Kind: contact.AddressWork, Street: "Hauptstr. 1\n2nd floor", Locality: "Berlin",
			Region: "Berlin", Postcode: "10115", Country: "Germany"}},
		Website: "https://example.com", Birth: contact.Date{Month: 2, Day: 29}, Notes: "Met at the fair.\nTwice.",
		Categories: []string{"CRM Contacts"},
	}
}

func create(c contact.Contact, marker string) contact.Mutation {
	return contact.Mutation{Op: contact.Create, Contact: c, Mask: c.Filled().Without(contact.FullName), Marker: marker}
}
