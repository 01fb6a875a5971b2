package kit_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
)

// list is a Directory in memory.
type list struct{ people []kit.Person }

func (l *list) List(context.Context) ([]kit.Person, error) { return l.people, nil }

func (l *list) at(id string) int {
	return slices.IndexFunc(l.people, func(p kit.Person) bool { return p.ID == id })
}

func (l *list) Get(_ context.Context, id string) (contact.Contact, error) {
	if i := l.at(id); i >= 0 {
		return l.people[i].Contact, nil
	}
	return contact.Contact{}, kit.ErrNoPerson
}

func (l *list) Save(_ context.Context, id string, c contact.Contact) error {
	if c.Nickname == "refused" {
		return fmt.Errorf("the sandbox refuses this nickname")
	}
	if id == "" {
		l.people = append(l.people, kit.Person{ID: "new", Contact: c})
		return nil
	}
	i := l.at(id)
	if i < 0 {
		return kit.ErrNoPerson
	}
	l.people[i].Contact = c
	return nil
}

func (l *list) Delete(_ context.Context, id string) error {
	i := l.at(id)
	if i < 0 {
		return kit.ErrNoPerson
	}
	l.people = slices.Delete(l.people, i, i+1)
	return nil
}

func page(t *testing.T, s *httptest.Server, method, path string, form url.Values, headers ...string) (int, string, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b), answer.Header.Get("Location")
}

func TestPeoplePage(t *testing.T) {
	l := &list{}
	for i, c := range kit.Sample(250, 3) {
		l.people = append(l.people, kit.Person{ID: fmt.Sprintf("id/%d?&", i), Contact: c, Note: "<b>"})
	}
	s := httptest.NewServer(kit.NewPeople(kit.PeopleOptions{Title: "Sandbox <book>", Path: "/people", Directory: l, Links: []kit.Link{{Name: "Leads", URL: "/leads/"}}}))
	defer s.Close()
	code, body, _ := page(t, s, "GET", "/people/", nil)
	if code != 200 || !strings.Contains(body, "1 to 100 of 250") || !strings.Contains(body, "<h1>Sandbox &lt;book&gt;</h1>") ||
		!strings.Contains(body, "?page=1&amp;q=") || !strings.Contains(body, `href="/leads/"`) || strings.Contains(body, "<b>") {
		t.Errorf("%d %s", code, body[:min(3000, len(body))])
	}
	if _, body, _ = page(t, s, "GET", "/people/?page=2", nil); !strings.Contains(body, "201 to 250 of 250") {
		t.Error("the last page")
	}
	if _, body, _ = page(t, s, "GET", "/people/?q="+url.QueryEscape("SØREN"), nil); !strings.Contains(body, "Søren") || strings.Contains(body, "Ingrid") {
		t.Error("the search")
	}
	if _, body, _ = page(t, s, "GET", "/people/?q=nobodyatall", nil); !strings.Contains(body, "Nobody") {
		t.Error("the empty search")
	}
	if code, _, to := page(t, s, "GET", "/people", nil); code != 303 || to != "/people/" {
		t.Error(code, to)
	}
	if code, _, _ = page(t, s, "GET", "/people/person?id=none", nil); code != 404 {
		t.Error(code)
	}
}

// typed reads the values of a form as a browser would send them.
func typed(c contact.Contact, id string) url.Values {
	form := url.Values{"id": {id}}
	for f := range contact.AllFields.Without(contact.FullName).All() {
		if f.Shape() == contact.Compound {
			for i, part := range c.Value(f) {
				form.Set(fmt.Sprintf("%s%d", f, i), strings.ReplaceAll(part, "\n", "\r\n"))
			}
			continue
		}
		form.Set(f.String(), strings.ReplaceAll(strings.Join(c.Value(f), "\n"), "\n", "\r\n"))
	}
	return form
}

func TestPeopleEdit(t *testing.T) {
	l := &list{people: []kit.Person{{ID: "a/b c", Contact: kit.Sample(1, 1)[0]}}}
	s := httptest.NewServer(kit.NewPeople(kit.PeopleOptions{Title: "P", Path: "/p", Directory: l}))
	defer s.Close()
	before := l.people[0].Contact
	if code, body, _ := page(t, s, "GET", "/p/person?id=a%2Fb+c", nil); code != 200 || !strings.Contains(body, `value="a/b c"`) || !strings.Contains(body, before.Emails[0]) {
		t.Error(code, body)
	}
	if code, _, to := page(t, s, "POST", "/p/person", typed(before, "a/b c")); code != 303 || to != "/p/?done=saved" || !reflect.DeepEqual(l.people[0].Contact, before) {
		t.Errorf("saving what was shown: %d %s\n%+v\n%+v", code, to, l.people[0].Contact, before)
	}
	form := typed(before, "a/b c")
	form.Set("given", " Augusta ")
	form.Set("emails", "one@example.test\r\n\r\ntwo@example.test\r\none@example.test")
	form.Set("birth", "--02-29")
	form.Set("workAddress0", "")
	if code, _, _ := page(t, s, "POST", "/p/person", form); code != 303 {
		t.Error(code)
	}
	got := l.people[0].Contact
	if got.Name.Given != "Augusta" || !slices.Equal(got.Emails, []string{"one@example.test", "two@example.test"}) || got.Birth.Day != 29 || got.Value(contact.WorkAddress)[0] != "" {
		t.Errorf("saved %+v", got)
	}
	for name, tc := range map[string]struct {
		field, value, want string
	}{
		"wrong date":  {"birth", "30.2.2000", "This is not a day of the calendar."},
		"refused":     {"nickname", "refused", "the sandbox refuses this nickname"},
		"from a form": {"nickname", "refused", `value="Augusta"`},
	} {
		form := typed(got, "a/b c")
		form.Set(tc.field, tc.value)
		if code, body, _ := page(t, s, "POST", "/p/person", form); code != 422 || !strings.Contains(body, tc.want) || !strings.Contains(body, tc.value) {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if code, body, _ := page(t, s, "POST", "/p/person", url.Values{"notes": {"only a note"}}); code != 422 || !strings.Contains(body, "Give a name") {
		t.Error("nobody was added:", code)
	}
	if code, _, to := page(t, s, "POST", "/p/person", url.Values{"organization": {"Alone"}}); code != 303 || to != "/p/?done=added" || len(l.people) != 2 {
		t.Error(code, to)
	}
	for _, h := range []string{"Sec-Fetch-Site: cross-site", "Origin: http://evil.test"} {
		if code, _, _ := page(t, s, "POST", "/p/delete", url.Values{"id": {"new"}}, h); code != 403 || len(l.people) != 2 {
			t.Errorf("%s: %d", h, code)
		}
	}
	if code, _, to := page(t, s, "POST", "/p/delete", url.Values{"id": {"new"}}, "Sec-Fetch-Site: same-origin"); code != 303 || to != "/p/?done=deleted" || len(l.people) != 1 {
		t.Error(code, to)
	}
	if code, _, _ := page(t, s, "POST", "/p/delete", url.Values{"id": {"new"}}); code != 404 {
		t.Error(code)
	}
}
