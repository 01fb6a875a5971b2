package espocrm

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
)

// client asks a sandbox as the user ann, without any adapter.
type client struct {
	t *testing.T
	s *Server
}

func (c client) ask(method, path string, in any, headers ...string) (int, http.Header, map[string]any) {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	r := httptest.NewRequest(method, "/api/v1/"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Espo-Authorization", base64.StdEncoding.EncodeToString([]byte("ann:pw")))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.s.ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		out = map[string]any{"": w.Body.String()}
	}
	return w.Code, w.Header(), out
}

func newClient(t *testing.T, o Options) (client, string) {
	s := New(o)
	id := s.AddUser(User{UserName: "ann", Password: "pw"})
	return client{t, s}, id
}

func somebody(surname string) contact.Contact {
	return contact.Contact{
		Name: contact.Name{Given: "Bo", Surname: surname}, Organization: "Acme", JobTitle: "Boss",
		Emails: []string{surname + "@example.com", "b." + surname + "@example.com"},
		Phones: []contact.Phone{{Kind: contact.PhoneWork, Number: "+49 30 901820"}},
	}
}

// TestPeculiarities are those of the real EspoCRM that trip adapters up.
func TestPeculiarities(t *testing.T) {
	c, user := newClient(t, Options{})
	id := c.s.Put(Contact, user, somebody("Ost"))

	if code, header, _ := c.ask("GET", "Contact?maxSize=201", nil); code != 403 || !strings.Contains(header.Get("X-Status-Reason"), "should not exceed 200") {
		t.Errorf("a page of 201 answers %d %q", code, header.Get("X-Status-Reason"))
	}
	_, _, listed := c.ask("GET", "Contact?attributeSelect=emailAddress,emailAddressData,title", nil)
	row := listed["list"].([]any)[0].(map[string]any)
	if row["emailAddress"] != "Ost@example.com" || row["emailAddressData"] != nil || row["title"] != "Boss" || row["accountName"] != "Acme" || row["firstName"] != nil {
		t.Errorf("a list shows %v", row)
	}
	_, _, read := c.ask("GET", "Contact/"+id, nil)
	if rows := read["emailAddressData"].([]any); len(rows) != 2 || read["phoneNumber"] != "+4930901820" || len(id) != 17 {
		t.Errorf("a read of %s shows %v", id, read)
	}
	code, header, body := c.ask("POST", "Contact", map[string]any{"firstName": "Only"})
	if data, _ := json.Marshal(body); code != 400 || !strings.HasPrefix(header.Get("X-Status-Reason"), "Field validation failure") ||
		string(data) != `{"messageTranslation":{"data":{"field":"lastName","type":"required"},"label":"validationFailure","scope":null}}` {
		t.Errorf("a missing last name answers %d %q %s", code, header.Get("X-Status-Reason"), data)
	}
	if code, header, _ = c.ask("POST", "Contact", map[string]any{"firstName": "bo", "lastName": "OST"}); code != 409 || header.Get("X-Status-Reason") != "duplicate" {
		t.Errorf("a duplicate answers %d %q", code, header.Get("X-Status-Reason"))
	}
	// The account alone cannot be taken away; the answer to a change of it is old.
	if _, _, kept := c.ask("PATCH", "Contact/"+id, map[string]any{"accountId": nil}); kept["accountId"] == nil {
		t.Error("the account went without the list of accounts")
	}
	other := c.s.AddAccount("Other")
	if _, _, moved := c.ask("PATCH", "Contact/"+id, map[string]any{"accountId": other}); moved["accountId"] != other || moved["accountName"] != "Acme" {
		t.Errorf("a move answers %v", moved["accountName"])
	}
	// What is deleted is gone, except for an administrator.
	if code, _, out := c.ask("DELETE", "Contact/"+id, nil); code != 200 || out[""] != "true" {
		t.Errorf("a deletion answers %d %v", code, out)
	}
	if code, _, _ := c.ask("GET", "Contact/"+id, nil); code != 404 {
		t.Errorf("reading it answers %d", code)
	}
	c.s.AddUser(User{ID: user, UserName: "ann", Password: "pw", Type: "admin"})
	if code, _, out := c.ask("GET", "Contact/"+id, nil); code != 200 || out["deleted"] != true {
		t.Errorf("an administrator reading it gets %d %v", code, out["deleted"])
	}
}

// TestWhere: conditions nest as PHP writes them.
func TestWhere(t *testing.T) {
	c, user := newClient(t, Options{})
	c.s.Seed(Contact, user, []contact.Contact{somebody("Ost"), somebody("West"), somebody("Nord")})
	for query, want := range map[string]float64{
		"": 3,
		"whereGroup[0][type]=equals&whereGroup[0][attribute]=lastName&whereGroup[0][value]=west":                     1,
		"where[0][type]=in&where[0][attribute]=emailAddress&where[0][value][]=b.ost@example.com&where[0][value][]=x": 1,
		"whereGroup[0][type]=or&whereGroup[0][value][0][type]=startsWith&whereGroup[0][value][0][attribute]=lastName&whereGroup[0][value][0][value]=no&whereGroup[0][value][1][type]=contains&whereGroup[0][value][1][attribute]=name&whereGroup[0][value][1][value]=ost": 2,
		"whereGroup[0][type]=equals&whereGroup[0][attribute]=phoneNumberNumeric&whereGroup[0][value]=4930901820":                                                                                                                                                          3,
		"boolFilterList[]=onlyMy": 3,
		"whereGroup[0][type]=isNull&whereGroup[0][attribute]=accountId": 0,
	} {
		if code, _, out := c.ask("GET", "Contact?"+strings.NewReplacer("[", "%5B", "]", "%5D").Replace(query), nil); code != 200 || out["total"] != want {
			t.Errorf("%s: %d, total %v, want %v", query, code, out["total"], want)
		}
	}
	for _, query := range []string{"whereGroup%5B0%5D%5Battribute%5D=name", "whereGroup%5B0%5D%5Btype%5D=equals&whereGroup%5B0%5D%5Battribute%5D=nope", "orderBy=nope"} {
		if code, _, _ := c.ask("GET", "Contact?"+query, nil); code != 400 {
			t.Errorf("%s answers %d", query, code)
		}
	}
}

// TestModified: the time moves with a change, not with a save of the same.
func TestModified(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	c, user := newClient(t, Options{Now: func() time.Time { return now }})
	id := c.s.Put(Lead, user, somebody("Ost"))
	now = now.Add(time.Hour)
	for _, step := range []struct{ title, want string }{{"Boss", "2026-01-02 03:04:05"}, {"Clerk", "2026-01-02 04:04:05"}} {
		if code, _, out := c.ask("PATCH", "Lead/"+id, map[string]any{"title": step.title}); code != 200 || out["modifiedAt"] != step.want {
			t.Errorf("%s: %d, modified at %v", step.title, code, out["modifiedAt"])
		}
	}
	into := c.s.Convert(id)
	if _, _, out := c.ask("GET", "Lead/"+id, nil); out["status"] != "Converted" || out["createdContactId"] != into || out["convertedAt"] != "2026-01-02 04:04:05" {
		t.Errorf("the converted lead reads %v", out)
	}
}

// TestKeep: the state survives a restart, sign-ins included.
func TestKeep(t *testing.T) {
	c, user := newClient(t, Options{})
	id := c.s.Put(Contact, user, somebody("Ost"))
	_, _, who := c.ask("GET", "App/user", nil)
	token, _ := who["token"].(string)
	before := c.s.Raw(Contact, id)
	file := filepath.Join(t.TempDir(), "espocrm.json")
	if err := c.s.Save(file); err != nil {
		t.Fatal(err)
	}
	c.s = New(Options{})
	if found, err := c.s.Load(filepath.Join(t.TempDir(), "none.json")); found || err != nil {
		t.Errorf("no file: %v, %v", found, err)
	}
	if found, err := c.s.Load(file); !found || err != nil {
		t.Fatalf("Load: %v, %v", found, err)
	}
	pair := base64.StdEncoding.EncodeToString([]byte("ann:" + token))
	if code, _, out := c.ask("GET", "Contact/"+id, nil, "Espo-Authorization", pair, "Espo-Authorization-By-Token", "true"); code != 200 || out["lastName"] != "Ost" {
		t.Errorf("after the restart a read with the token answers %d %v", code, out)
	}
	x, _ := json.Marshal(before)
	if y, _ := json.Marshal(c.s.Raw(Contact, id)); string(x) != string(y) {
		t.Errorf("the record was\n%s\nand is\n%s", x, y)
	}
}

// TestDirectory: the people page sees and changes both entities.
func TestDirectory(t *testing.T) {
	for _, entity := range []string{Contact, Lead} {
		c, user := newClient(t, Options{})
		d := c.s.Directory(entity, user)
		if err := d.Save(t.Context(), "", somebody("Ost")); err != nil {
			t.Fatal(err)
		}
		people, err := d.List(t.Context())
		if err != nil || len(people) != 1 || people[0].Note != "ann" {
			t.Fatalf("%s: the list is %+v, %v", entity, people, err)
		}
		got := people[0].Contact
		if got.Organization != "Acme" || got.JobTitle != "Boss" || len(got.Emails) != 2 || got.Phones[0].Number != "+4930901820" {
			t.Errorf("%s: it reads %+v", entity, got)
		}
		got.Organization, got.JobTitle, got.Emails = "", "", got.Emails[:1]
		if err := d.Save(t.Context(), people[0].ID, got); err != nil {
			t.Fatal(err)
		}
		if got, err = d.Get(t.Context(), people[0].ID); err != nil || got.Organization+got.JobTitle != "" || len(got.Emails) != 1 {
			t.Errorf("%s: after the edit it reads %+v, %v", entity, got, err)
		}
		if err := d.Delete(t.Context(), people[0].ID); err != nil {
			t.Error(err)
		}
		if _, err := d.Get(t.Context(), people[0].ID); err != kit.ErrNoPerson {
			t.Errorf("%s: after the deletion Get gives %v", entity, err)
		}
		if err := d.Save(t.Context(), "", contact.Contact{Name: contact.Name{Title: "Prof.", Surname: "X"}}); err == nil {
			t.Errorf("%s: a prefix that EspoCRM does not know was taken", entity)
		}
	}
}
