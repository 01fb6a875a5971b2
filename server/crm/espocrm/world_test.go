package espocrm_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/crm/espocrm"
	"tandem/server/provider"
	"tandem/server/rest"
	sandbox "tandem/server/sandbox/espocrm"
	"tandem/server/sandbox/kit"
)

// world is a sandbox with users, and what it takes to connect to it.
type world struct {
	options sandbox.Options
	apiKey  bool
	entity  provider.Entity
	scope   provider.Scope
	// judge passes everything through the contract, which takes time.
	judge bool
	// role replaces what the user may do.
	role *sandbox.User

	crm    *sandbox.Server
	faults *kit.Faults
	url    string
	user   string // the ID of the connected user
	other  string // a colleague's
	values map[string]string
	http   func(base string, auth rest.Auth) (*rest.Client, error)
}

const (
	password = "correct horse"
	apiKey   = "0123456789abcdef"
)

// newWorld starts a sandbox and connects to it.
func newWorld(t *testing.T, w world) *world {
	t.Helper()
	w.crm = sandbox.New(w.options)
	w.other = w.crm.AddUser(sandbox.User{UserName: "colleague", Name: "Carl Colleague", Password: "other"})
	u := sandbox.User{UserName: "ann", Name: "Ann Example", Email: "ann@example.com", Password: password}
	if w.role != nil {
		u.Type, u.Roles, u.Fields, u.Teams = w.role.Type, w.role.Roles, w.role.Fields, w.role.Teams
	}
	if w.apiKey {
		u.Password, u.APIKey, u.UserName, u.Name = "", apiKey, "robot", "Sync Robot"
	}
	w.user = w.crm.AddUser(u)
	w.crm.AddAccount("Acme GmbH")
	w.crm.AddAccount("Globex & Sons")
	w.faults = kit.NewFaults(w.crm, nil)
	wire := http.RoundTripper(http.DefaultTransport)
	if w.judge {
		w.faults, wire = kit.NewFaults(judged(w.crm), nil), tripper{wire}
	}
	srv := httptest.NewServer(w.faults)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.http = dialer(wire)
	w.values = map[string]string{"auth": "password", "username": "ann", "password": password}
	if w.apiKey {
		w.values = map[string]string{"auth": "api-key", "apikey": apiKey}
	}
	connected, err := espocrm.Provider().Connect(t.Context(), w.access())
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	w.values = connected.Values
	return &w
}

func dialer(wire http.RoundTripper) func(base string, auth rest.Auth) (*rest.Client, error) {
	transport := rest.New(rest.Options{AllowLoopback: true, Wire: wire})
	return func(base string, auth rest.Auth) (*rest.Client, error) { return transport.Client(base, auth, nil) }
}

func (w *world) access() provider.Access {
	return provider.Access{BaseURL: w.url, Values: w.values, HTTP: w.http, Entity: w.entity, Scope: w.scope, Country: "DE"}
}

func (w *world) open(t *testing.T) contact.Book {
	t.Helper()
	b, err := espocrm.Provider().Open(t.Context(), w.access())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return b
}

// raw is a record as the sandbox keeps it, as text.
func (w *world) raw(t *testing.T, id contact.ID) string {
	t.Helper()
	data, err := json.Marshal(w.crm.Raw(w.kind(), string(id)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (w *world) kind() string {
	if w.entity == provider.EntityLeads {
		return sandbox.Lead
	}
	return sandbox.Contact
}

// ann is a person with every field.
func ann() contact.Contact {
	return contact.Contact{
		Name:         contact.Name{Title: "Dr.", Given: "Ann", Given2: "Kim", Surname: "Miller"},
		Organization: "Acme GmbH", JobTitle: "Head of Sales",
		Emails: []string{"ann.miller@example.com", "ann@home.example.org"},
		Phones: []contact.Phone{{Kind: contact.PhoneWork, Number: "+4930901820"}, {Kind: contact.PhoneMobile, Number: "+491711234567"}},
		Addresses: []contact.Address{{Kind: contact.AddressWork, Street: "Hauptstr. 1\n2nd floor", Locality: "Berlin",
			Region: "Berlin", Postcode: "10115", Country: "Germany"}},
		Notes: "Met at the fair.",
	}
}

// life creates, finds, lists, edits and deletes one record.
func life(t *testing.T, w *world) {
	b := w.open(t)
	d, err := b.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := b.Project(ann())
	id := write(t, b, contact.Mutation{Op: contact.Create, Contact: c, Mask: d.Writable}).ID
	if found, err := b.Find(t.Context(), contact.Query{Emails: c.Emails, Name: "ann kim miller", Phone: "+49 30 901820"}); err != nil || len(found) != 1 {
		t.Errorf("Find gives %d, %v", len(found), err)
	}
	records, cursor := list(t, b, nil)
	if len(records) != 1 || records[id].Contact.Name.Surname != "Miller" {
		t.Errorf("the listing holds %+v", records)
	}
	write(t, b, contact.Mutation{Op: contact.Update, ID: id, Contact: contact.Contact{}, Mask: contact.FieldsOf(contact.Title, contact.Emails, contact.MobilePhones, contact.WorkAddress)})
	if records, _ = list(t, b, cursor); len(records) != 1 || records[id].Contact.Name.Title != "" {
		t.Errorf("the changes hold %+v", records)
	}
	for range b.(contact.Sweeper).Sweep(t.Context()) {
	}
	write(t, b, contact.Mutation{Op: contact.Delete, ID: id})
}

func write(t *testing.T, b contact.Book, m contact.Mutation) contact.Result {
	t.Helper()
	results, err := b.Write(t.Context(), []contact.Mutation{m})
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	if results[0].Outcome != contact.OK {
		t.Fatalf("%v answers %v %s (%v)", m.Op, results[0].Outcome, results[0].Message, results[0].Cause)
	}
	return results[0]
}

// list reads a stream of changes to its end.
func list(t *testing.T, b contact.Book, from contact.Cursor) (map[contact.ID]contact.Record, contact.Cursor) {
	t.Helper()
	all := map[contact.ID]contact.Record{}
	for page, err := range b.Changes(context.Background(), from) {
		if err != nil {
			t.Fatalf("Changes: %v", err)
		}
		for _, c := range page.Changes {
			if c.Kind == contact.Changed {
				all[c.ID] = c.Record
			}
		}
		if page.Next != nil {
			return all, page.Next
		}
	}
	t.Fatal("the listing did not complete")
	return nil, nil
}

// patient is a dialer for servers that fail: it gives up at once, and is not
// judged by the contract.
func patient() func(base string, auth rest.Auth) (*rest.Client, error) {
	transport := rest.New(rest.Options{AllowLoopback: true, Patience: time.Millisecond})
	return func(base string, auth rest.Auth) (*rest.Client, error) { return transport.Client(base, auth, nil) }
}
