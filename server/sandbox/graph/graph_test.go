package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/sandbox/graph"
	"tandem/server/sandbox/kit"
)

// ask sends a request and reads its answer.
func ask(t *testing.T, h http.Handler, method, target, body string, header ...string) (int, map[string]any, http.Header) {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var out map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s %s answers %d %q", method, target, w.Code, w.Body.String())
		}
	}
	return w.Code, out, w.Header()
}

const immutable = `IdType="ImmutableId"`

func values(out map[string]any) []map[string]any {
	var rows []map[string]any
	list, _ := out["value"].([]any)
	for _, one := range list {
		rows = append(rows, one.(map[string]any))
	}
	return rows
}

func ann() *graph.Server {
	return graph.New(graph.Options{Users: []graph.User{{Name: "ann"}}, Bearer: bearer})
}

// TestIdentifiers: without the header they are others, which change with the
// folder; both lead to the record, and case matters.
func TestIdentifiers(t *testing.T) {
	s := ann()
	id := s.Put("ann", contact.Contact{Name: contact.Name{Surname: "Miller"}})
	_, out, _ := ask(t, s, "GET", "/v1.0/me/contacts", "")
	regular := values(out)[0]["id"].(string)
	if _, out, _ = ask(t, s, "GET", "/v1.0/me/contacts", "", "Prefer", immutable); regular == id || values(out)[0]["id"] != id {
		t.Errorf("the identifiers are %q and %v, want %q", regular, values(out)[0]["id"], id)
	}
	for target, want := range map[string]int{id: 200, regular: 200, strings.ToUpper(id): 404, strings.ToLower(regular): 404} {
		if code, _, _ := ask(t, s, "GET", "/v1.0/me/contacts/"+target, ""); code != want {
			t.Errorf("%s answers %d, want %d", target, code, want)
		}
	}
	s.Move("ann", id, s.AddFolder("ann", "Family"))
	if code, _, _ := ask(t, s, "GET", "/v1.0/me/contacts/"+regular, ""); code != 404 {
		t.Errorf("after a move the old identifier answers %d", code)
	}
	if code, out, _ := ask(t, s, "GET", "/v1.0/me/contacts/"+id, "", "Prefer", immutable); code != 200 || out["id"] != id {
		t.Errorf("after a move the immutable identifier answers %d %v", code, out["id"])
	}
}

// TestDelta reads rounds with everything that a round may hold.
func TestDelta(t *testing.T) {
	s := ann()
	s.Seed("ann", kit.Sample(25, 1))
	s.SetQuirks(graph.Quirks{EmptyPages: true, Replays: true, RemovedFirst: true})
	gone := s.Put("ann", contact.Contact{})
	s.Remove("ann", gone)
	round := func(target string) (times map[string]int, pages int, next string) {
		times = map[string]int{}
		for target != "" {
			code, out, _ := ask(t, s, "GET", target, "", "Prefer", immutable+", odata.maxpagesize=10")
			if code != 200 {
				t.Fatalf("%s answers %d %v", target, code, out)
			}
			pages++
			for _, one := range values(out) {
				name := one["id"].(string)
				if one["@removed"] != nil {
					name = "gone " + name
				}
				times[name]++
			}
			next, _ = out["@odata.deltaLink"].(string)
			target, _ = out["@odata.nextLink"].(string)
		}
		return times, pages, next
	}
	times, pages, link := round("/v1.0/me/contacts/delta?$select=surname")
	twice := 0
	for _, n := range times {
		twice += n - 1
	}
	if len(times) != 26 || times["gone "+gone] != 1 || twice != pages-2 || pages < 4 {
		t.Errorf("%d records on %d pages, %d of them twice", len(times), pages, twice)
	}
	s.SetQuirks(graph.Quirks{})
	if times, pages, _ = round(link); len(times) != 0 || pages != 1 {
		t.Errorf("%d changes on %d pages", len(times), pages)
	}
	s.ExpireTokens("ann")
	code, _, header := ask(t, s, "GET", link, "")
	if code != http.StatusGone || !strings.HasSuffix(header.Get("Location"), "/v1.0/me/contacts/delta?$deltatoken=") {
		t.Errorf("an old token answers %d, %q", code, header.Get("Location"))
	}
	s.SetQuirks(graph.Quirks{SyncStateNotFound: true})
	if code, out, _ := ask(t, s, "GET", link, ""); code != 400 || !strings.Contains(fmt.Sprint(out), "SyncStateNotFound") {
		t.Errorf("an old token answers %d %v", code, out)
	}
}

// TestWindow: so many requests in so much time, parts of batches included.
func TestWindow(t *testing.T) {
	now := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	s := graph.New(graph.Options{Users: []graph.User{{Name: "ann"}}, Bearer: bearer, Limit: 5, Now: func() time.Time { return now }})
	part := `{"id":"%d","method":"GET","url":"/me/contacts"}`
	batch := `{"requests":[` + fmt.Sprintf(part+","+part+","+part, 1, 2, 3) + `]}`
	ask(t, s, "GET", "/v1.0/me/contacts", "")
	now = now.Add(time.Minute)
	ask(t, s, "POST", "/v1.0/$batch", batch)
	_, out, _ := ask(t, s, "POST", "/v1.0/$batch", batch)
	refused := 0
	for _, one := range out["responses"].([]any) {
		a := one.(map[string]any)
		if a["status"] == 429.0 {
			refused++
			if wait := a["headers"].(map[string]any)["Retry-After"]; wait != "540" && wait != "600" {
				t.Errorf("a part says to come back in %v s", wait)
			}
		}
	}
	if code, _, header := ask(t, s, "GET", "/v1.0/me/contacts", ""); refused != 2 || code != 429 || header.Get("Retry-After") == "" || s.Throttled() != 3 {
		t.Errorf("%d parts were refused, a request answers %d", refused, code)
	}
	now = now.Add(10 * time.Minute)
	if code, _, _ := ask(t, s, "GET", "/v1.0/me/contacts", ""); code != 200 {
		t.Errorf("a new window answers %d", code)
	}
	for body, want := range map[string]int{
		`{"requests":[]}`: 400, `nonsense`: 400,
		`{"requests":[` + fmt.Sprintf(part+","+part, 1, 1) + `]}`:               400,
		`{"requests":[` + strings.Repeat(fmt.Sprintf(part+",", 1), 20) + `{}]}`: 400,
	} {
		if code, _, _ := ask(t, s, "POST", "/v1.0/$batch", body); code != want {
			t.Errorf("the batch %.40s answers %d, want %d", body, code, want)
		}
	}
}

// TestSignIn: tokens, scopes and accounts without a mailbox.
func TestSignIn(t *testing.T) {
	scopes := []string{"User.Read", "https://graph.microsoft.us/Contacts.Read"}
	s := graph.New(graph.Options{Prefix: "/microsoft", Users: []graph.User{{Name: "ann"}, {Name: "ben", NoMailbox: true}},
		Bearer: func(token string) (string, []string, bool) { return token, scopes, token == "ann" || token == "ben" }})
	for _, tt := range []struct {
		method, path, token string
		want                int
	}{
		{"GET", "me", "ann", 200}, {"GET", "me/contacts", "ann", 200}, {"GET", "me", "eve", 401}, {"GET", "me", "", 401},
		{"POST", "me/contacts", "ann", 403}, {"GET", "me", "ben", 200}, {"GET", "me/contacts", "ben", 404}, {"GET", "users", "ann", 400},
		{"GET", "me/messages", "ann", 400}, {"PUT", "me/contacts", "ann", 403}, {"GET", "me/contacts/nobody", "ann", 404},
		{"GET", "me/contacts?$filter=birthday eq 1", "ann", 400}, {"GET", "me/contacts?$top=0", "ann", 400},
		{"GET", "me/contacts/delta?$filter=x", "ann", 400}, {"GET", "me/contacts/delta?$deltatoken=x", "ann", 400},
	} {
		code, _, _ := ask(t, s, tt.method, "/microsoft/v1.0/"+strings.ReplaceAll(tt.path, " ", "%20"), "", "Authorization", "Bearer "+tt.token)
		if code != tt.want {
			t.Errorf("%s %s as %q answers %d, want %d", tt.method, tt.path, tt.token, code, tt.want)
		}
	}
}

// TestPeople: the page's people are Graph's, and all is kept over a restart.
func TestPeople(t *testing.T) {
	s := ann()
	d := s.People("ann")
	people, _ := kit.Book(200, 1)
	s.Seed("ann", people)
	s.Seed("ann", people)
	all, err := d.List(t.Context())
	if err != nil || len(all) != 200 {
		t.Fatalf("%d people, %v", len(all), err)
	}
	changes := s.Changes()
	c := all[0].Contact
	c.JobTitle, c.Emails = "Chair", []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com"}
	if err := d.Save(t.Context(), all[0].ID, c); err != nil || s.Changes() == changes {
		t.Errorf("saving: %v", err)
	}
	if got, err := d.Get(t.Context(), all[0].ID); err != nil || got.JobTitle != "Chair" || len(got.Emails) != 3 {
		t.Errorf("the person is %+v, %v", got, err)
	}
	if err := d.Save(t.Context(), "", contact.Contact{Birth: contact.Date{Month: 2, Day: 29}}); err == nil {
		t.Error("a birthday without a year was saved")
	}
	if err := d.Save(t.Context(), "", c); err != nil {
		t.Error(err)
	}
	if err := d.Delete(t.Context(), all[1].ID); err != nil {
		t.Error(err)
	}
	for _, err := range []error{d.Delete(t.Context(), all[1].ID), d.Save(t.Context(), "nobody", c)} {
		if err != kit.ErrNoPerson {
			t.Errorf("somebody who is not there: %v", err)
		}
	}
	_, out, _ := ask(t, s, "GET", "/v1.0/me/contacts/delta", "", "Prefer", "odata.maxpagesize=500")
	if len(values(out)) != 200 {
		t.Fatalf("a page has %d people", len(values(out)))
	}
	link := out["@odata.deltaLink"].(string)
	file := filepath.Join(t.TempDir(), "graph.json")
	if err := s.Save(file); err != nil {
		t.Fatal(err)
	}
	again := ann()
	if found, err := again.Load(file); err != nil || !found {
		t.Fatal(found, err)
	}
	if code, out, _ := ask(t, again, "GET", link, ""); code != 200 || len(values(out)) != 0 {
		t.Errorf("after a restart the link answers %d with %d changes", code, len(values(out)))
	}
	if got, _ := again.People("ann").List(t.Context()); len(got) != 200 {
		t.Errorf("after a restart there are %d people", len(got))
	}
}
