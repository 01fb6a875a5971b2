package people_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	client "google.golang.org/api/people/v1"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
	"tandem/server/sandbox/people"
)

const ann, ben = "1001", "1002"

// clock is the sandbox's.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// signed adds a user's token.
type signed struct{ token string }

func (s signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+s.token)
	return http.DefaultTransport.RoundTrip(r)
}

// start makes a sandbox and Google's own client of it.
func start(t *testing.T, q people.Quirks) (*people.Server, *client.Service, *clock) {
	t.Helper()
	c := &clock{now: time.Now()}
	s := people.New(people.Options{Prefix: "/google", Quirks: q, Now: c.time, Users: []people.User{
		{Subject: ann, Email: "ann@example.test", Name: "Ann"}, {Subject: ben, Email: "ben@example.test", Name: "Ben"},
	}})
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, service(t, srv.URL, ann), c
}

func service(t *testing.T, url, token string) *client.Service {
	t.Helper()
	s, err := client.NewService(t.Context(), option.WithEndpoint(url+"/google/"), option.WithHTTPClient(&http.Client{Transport: signed{token}}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const everything = "names,emailAddresses,phoneNumbers,organizations,birthdays,biographies,memberships,clientData,metadata"

// refused fails unless an error has the code and the reason.
func refused(t *testing.T, what string, err error, code int, reason string) {
	t.Helper()
	var e *googleapi.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s gives %v, want %d", what, err, code)
		return
	}
	said := slices.ContainsFunc(e.Errors, func(i googleapi.ErrorItem) bool { return i.Reason == reason })
	if reason != "" && !said {
		t.Errorf("%s gives the reasons %v, want %s", what, e.Errors, reason)
	}
}

// TestLife takes one contact through its life with Google's own client.
func TestLife(t *testing.T) {
	_, c, _ := start(t, people.Quirks{})
	p, err := c.People.CreateContact(&client.Person{
		Names:          []*client.Name{{UnstructuredName: "Ann Kim Miller"}},
		EmailAddresses: []*client.EmailAddress{{Value: " ann@example.com ", Type: "work"}, {Value: ""}},
		PhoneNumbers:   []*client.PhoneNumber{{Value: "+49 30 90182", Type: "Boat"}},
		Birthdays:      []*client.Birthday{{Date: &client.Date{Month: 2, Day: 29}}},
		ClientData:     []*client.ClientData{{Key: "k", Value: "v"}},
	}).PersonFields(everything).Do()
	if err != nil {
		t.Fatal(err)
	}
	if n := p.Names[0]; n.GivenName != "Ann Kim" || n.FamilyName != "Miller" || n.DisplayName != "Ann Kim Miller" || !n.Metadata.Primary {
		t.Errorf("the name reads %+v", n)
	}
	if len(p.EmailAddresses) != 1 || p.EmailAddresses[0].Value != "ann@example.com" || p.PhoneNumbers[0].CanonicalForm != "+493090182" {
		t.Errorf("it reads %+v, %+v", p.EmailAddresses, p.PhoneNumbers[0])
	}
	if g := p.Memberships; len(g) != 1 || g[0].ContactGroupMembership.ContactGroupResourceName != "contactGroups/myContacts" {
		t.Errorf("the groups read %+v", g)
	}
	source := p.Metadata.Sources[0]
	if source.Type != "CONTACT" || people.ID(p.ResourceName) != source.Id {
		t.Errorf("%s is of the contact %+v", p.ResourceName, source)
	}
	update := func(p *client.Person, mask string) (*client.Person, error) {
		return c.People.UpdateContact(p.ResourceName, p).UpdatePersonFields(mask).PersonFields(everything).Do()
	}
	_, err = update(&client.Person{ResourceName: p.ResourceName}, "names")
	refused(t, "an update without sources", err, 400, "")
	// What is masked is replaced whole, and cleared where it lacks.
	next := &client.Person{ResourceName: p.ResourceName, Metadata: p.Metadata, PhoneNumbers: []*client.PhoneNumber{{Value: "1"}, {Value: "2"}}}
	p2, err := update(next, "phoneNumbers,emailAddresses")
	if err != nil || len(p2.PhoneNumbers) != 2 || len(p2.EmailAddresses) != 0 || len(p2.Names) != 1 {
		t.Fatalf("after an update: %+v, %v", p2, err)
	}
	_, err = update(next, "phoneNumbers")
	refused(t, "an update with an etag that is no more", err, 400, "failedPrecondition")
	_, err = update(&client.Person{ResourceName: p.ResourceName, Metadata: p2.Metadata}, "memberships")
	refused(t, "an update to no group at all", err, 400, "")
	_, err = update(&client.Person{ResourceName: p.ResourceName, Metadata: p2.Metadata, Names: []*client.Name{{GivenName: "a"}, {GivenName: "b"}}}, "names")
	refused(t, "a second name", err, 400, "")
	if _, err = c.People.DeleteContact(p.ResourceName).Do(); err != nil {
		t.Error(err)
	}
	_, err = c.People.Get(p.ResourceName).PersonFields("names").Do()
	refused(t, "a contact that is gone", err, 404, "")
	_, err = c.People.Connections.List("people/me").Do()
	refused(t, "a list without fields", err, 400, "")
}

// TestTokens: what a list with a token brings, when it ends, and that all
// parameters must stay.
func TestTokens(t *testing.T) {
	s, c, clock := start(t, people.Quirks{})
	ids := s.Seed(ann, kit.Sample(25, 1))
	list := func(token, page string) *client.PeopleConnectionsListCall {
		call := c.People.Connections.List("people/me").PersonFields("names,metadata").PageSize(10).RequestSyncToken(true).Sources("READ_SOURCE_TYPE_CONTACT")
		if token != "" {
			call.SyncToken(token)
		}
		if page != "" {
			call.PageToken(page)
		}
		return call
	}
	read := func(token string) (all []*client.Person, next string) {
		t.Helper()
		for page := ""; ; {
			r, err := list(token, page).Do()
			if err != nil {
				t.Fatal(err)
			}
			if r.NextPageToken != "" && r.NextSyncToken != "" {
				t.Error("a sync token before the last page")
			}
			all = append(all, r.Connections...)
			if page = r.NextPageToken; page == "" {
				return all, r.NextSyncToken
			}
		}
	}
	all, token := read("")
	if len(all) != 25 || token == "" {
		t.Fatalf("%d people, token %q", len(all), token)
	}
	s.Remove(ann, ids[0])
	s.Rename(ann, ids[1])
	s.Ungroup(ann, ids[2])
	s.Edit(ann, ids[3], func(c *contact.Contact) { c.Name.Surname = "Changed" })
	s.Seed(ann, kit.Sample(1, 2))
	all, next := read(token)
	if len(all) != 5 {
		t.Fatalf("%d changes", len(all))
	}
	deleted, renamed := 0, 0
	for _, p := range all {
		if p.Metadata.Deleted {
			deleted++
		}
		renamed += len(p.Metadata.PreviousResourceNames)
	}
	if deleted != 2 || renamed != 1 {
		t.Errorf("%d are deleted, %d renamed", deleted, renamed)
	}
	_, err := list(next, "").PersonFields("metadata").Do()
	refused(t, "a token with other fields", err, 400, "")
	_, err = list(next, "").PageSize(20).Do()
	refused(t, "a token with another page size", err, 400, "")
	_, err = list("nonsense", "").Do()
	refused(t, "a token that is none", err, 400, "")
	clock.pass(7*24*time.Hour - time.Second)
	_, next = read(next)
	clock.pass(time.Second) // counted from the full reading
	_, err = list(next, "").Do()
	refused(t, "a token of last week", err, 400, "EXPIRED_SYNC_TOKEN")
	s.SetQuirks(people.Quirks{Gone: true})
	_, err = list(next, "").Do()
	refused(t, "a token of last week", err, 410, "EXPIRED_SYNC_TOKEN")
	if all, _ = read(""); len(all) != 24 {
		t.Errorf("%d people in a new full reading", len(all))
	}
}

// TestDelay: lists show a write late, and each version in its turn.
func TestDelay(t *testing.T) {
	s, c, clock := start(t, people.Quirks{Delay: 3 * time.Minute})
	list := func(token string) (names []string, next string) {
		t.Helper()
		call := c.People.Connections.List("people/me").PersonFields("names,metadata").RequestSyncToken(true)
		if token != "" {
			call.SyncToken(token)
		}
		r, err := call.Do()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Connections {
			if p.Metadata.Deleted {
				names = append(names, "deleted")
			} else {
				names = append(names, p.Names[0].DisplayName)
			}
		}
		return names, r.NextSyncToken
	}
	_, token := list("")
	id := s.Seed(ann, []contact.Contact{{Name: contact.Name{Given: "One"}}})[0]
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "[]"},
		{func() { s.Edit(ann, id, func(c *contact.Contact) { c.Name.Given = "Two" }) }, "[One]"},
		{func() {}, "[Two]"},
		{func() { s.Remove(ann, id) }, "[]"},
		{func() {}, "[deleted]"},
		{func() {}, "[]"},
	} {
		step.do()
		clock.pass(100 * time.Second)
		var got []string
		if got, token = list(token); fmt.Sprint(got) != step.want {
			t.Errorf("the list shows %v, want %s", got, step.want)
		}
	}
}

// TestBatches: each part has its own answer, and at most so many are taken.
func TestBatches(t *testing.T) {
	s, c, _ := start(t, people.Quirks{})
	in := &client.BatchCreateContactsRequest{ReadMask: "names,metadata"}
	for i := range 3 {
		p := &client.Person{Names: []*client.Name{{GivenName: fmt.Sprint("P", i)}}}
		if i == 1 {
			p.EmailAddresses = []*client.EmailAddress{{Value: "nobody"}}
		}
		in.Contacts = append(in.Contacts, &client.ContactToCreate{ContactPerson: p})
	}
	out, err := c.People.BatchCreateContacts(in).Do()
	if err != nil || len(out.CreatedPeople) != 3 || out.CreatedPeople[1].Status.Code != 3 || out.CreatedPeople[2].Person == nil {
		t.Fatalf("%+v, %v", out, err)
	}
	s.SetQuirks(people.Quirks{WholeBatch: true})
	_, err = c.People.BatchCreateContacts(in).Do()
	refused(t, "a batch with one that is wrong", err, 400, "")
	a, b := out.CreatedPeople[0].Person, out.CreatedPeople[2].Person
	s.SetQuirks(people.Quirks{})
	contacts := map[string]client.Person{}
	for _, p := range []*client.Person{a, b} {
		contacts[p.ResourceName] = client.Person{Metadata: p.Metadata, Names: []*client.Name{{GivenName: "New"}}}
	}
	s.Edit(ann, people.ID(b.ResourceName), func(c *contact.Contact) { c.Notes = "x" })
	updated, err := c.People.BatchUpdateContacts(&client.BatchUpdateContactsRequest{Contacts: contacts, UpdateMask: "names", ReadMask: "names,metadata"}).Do()
	if err != nil || updated.UpdateResult[a.ResourceName].Person.Names[0].GivenName != "New" || updated.UpdateResult[b.ResourceName].Status.Code != 9 {
		t.Errorf("%+v, %v", updated, err)
	}
	got, err := c.People.GetBatchGet().ResourceNames(a.ResourceName, "people/c77", b.ResourceName).PersonFields("names").Do()
	if err != nil || len(got.Responses) != 3 || got.Responses[1].Status.Code != 5 || got.Responses[0].Person.Names[0].GivenName != "New" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = c.People.BatchDeleteContacts(&client.BatchDeleteContactsRequest{ResourceNames: []string{a.ResourceName, "people/c77"}}).Do()
	refused(t, "a deletion of somebody who is not there", err, 404, "")
	if _, err = c.People.BatchDeleteContacts(&client.BatchDeleteContactsRequest{ResourceNames: []string{a.ResourceName, b.ResourceName}}).Do(); err != nil || len(s.IDs(ann)) != 0 {
		t.Errorf("%v, %v", s.IDs(ann), err)
	}
	in.Contacts = slices.Repeat(in.Contacts[:1], 201)
	_, err = c.People.BatchCreateContacts(in).Do()
	refused(t, "a batch of 201", err, 400, "")
}

// TestGroups: names are taken once, and contacts can be put into few of the
// system's.
func TestGroups(t *testing.T) {
	s, c, _ := start(t, people.Quirks{})
	make := func(name string) (*client.ContactGroup, error) {
		return c.ContactGroups.Create(&client.CreateContactGroupRequest{ContactGroup: &client.ContactGroup{Name: name}}).Do()
	}
	g, err := make("CRM Contacts")
	if err != nil || g.GroupType != "USER_CONTACT_GROUP" {
		t.Fatalf("%+v, %v", g, err)
	}
	_, err = make("crm contacts")
	refused(t, "a name that is taken", err, 409, "")
	all, err := c.ContactGroups.List().PageSize(5).Do()
	if err != nil || len(all.ContactGroups) != 5 || all.NextPageToken == "" {
		t.Errorf("%+v, %v", all, err)
	}
	put := func(group string) error {
		_, err := c.People.CreateContact(&client.Person{Names: []*client.Name{{GivenName: "A"}},
			Memberships: []*client.Membership{{ContactGroupMembership: &client.ContactGroupMembership{ContactGroupResourceName: group}}}}).Do()
		return err
	}
	if err := put(g.ResourceName); err != nil {
		t.Error(err)
	}
	refused(t, "a contact in a system group", put("contactGroups/friends"), 400, "")
	if _, err := c.ContactGroups.Delete(g.ResourceName).Do(); err != nil {
		t.Error(err)
	}
	_, err = c.ContactGroups.Get(g.ResourceName).Do()
	refused(t, "a group that is gone", err, 404, "")
	if r, err := c.People.Connections.List("people/me").PersonFields("names").Do(); err != nil || len(r.Connections) != 0 || len(s.IDs(ann)) != 1 {
		t.Errorf("who was in that group alone is shown: %+v, %v", r, err)
	}
}

// TestAccess: who has no token, no scope or no quota left; and that nobody sees
// another's contacts.
func TestAccess(t *testing.T) {
	s := people.New(people.Options{Prefix: "/google", Quirks: people.Quirks{Reads: 3}, Users: []people.User{{Subject: ann}, {Subject: ben, Email: "ben@example.test", Name: "Ben"}},
		Bearer: func(token string) (string, []string, bool) {
			return token, map[string][]string{ann: {people.Scope}, ben: {"email"}}[token], token != "nobody"
		}})
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.Seed(ben, kit.Sample(3, 1))
	list := func(token string) (*client.ListConnectionsResponse, error) {
		return service(t, srv.URL, token).People.Connections.List("people/me").PersonFields("names").Do()
	}
	_, err := list("nobody")
	refused(t, "an unknown token", err, 401, "ACCESS_TOKEN_EXPIRED")
	_, err = list(ben)
	refused(t, "a token without the scope", err, 403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
	me, err := service(t, srv.URL, ben).People.Get("people/me").PersonFields("names,emailAddresses,metadata").Do()
	if err != nil || me.ResourceName != "people/"+ben || me.EmailAddresses[0].Value != "ben@example.test" || len(me.Names) != 0 {
		t.Errorf("%+v, %v", me, err)
	}
	for range 3 {
		if r, err := list(ann); err != nil || len(r.Connections) != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	}
	_, err = list(ann)
	refused(t, "one reading too many", err, 429, "RATE_LIMIT_EXCEEDED")
	s.SetQuirks(people.Quirks{Reads: 1, Forbidden: true})
	_, err = list(ann)
	refused(t, "one reading too many", err, 403, "rateLimitExceeded")
	if n := s.Requests()["people.connections.list"]; n != 7 {
		t.Errorf("%d lists were counted", n)
	}
}
