package tryton

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/crm/tryton/trytontest"
	"tandem/server/provider"
)

func kinds(all []contact.Change) map[contact.ID]contact.ChangeKind {
	m := map[contact.ID]contact.ChangeKind{}
	for _, c := range all {
		m[c.ID] = c.Kind
	}
	return m
}

func sweep(t *testing.T, b *Book) map[contact.ID]contact.Version {
	t.Helper()
	m := map[contact.ID]contact.Version{}
	for stamps, err := range b.Sweep(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stamps {
			m[s.ID] = s.Version
		}
	}
	return m
}

// TestChanges: what colleagues do is listed, once.
func TestChanges(t *testing.T) {
	s := trytontest.Start(t)
	b, w := wired(t, s, provider.EntityContacts)
	party := func(name string) trytontest.Party {
		return trytontest.Party{Name: name, Emails: []string{strings.ToLower(name) + "@example.com"}, Phones: []string{"+49 30 1234567"}, City: "Berlin", Country: "DE"}
	}
	p := s.CreateParties(t, party("Ann"), party("Bob"), party("Carl"), party("Dora"), party("Emil"), party("Fay"), party("Gus"))
	ann, bob, carl, dora, emil, fay, gus := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	all, cursor := changes(t, b, nil)
	if len(all) != len(p) {
		t.Fatalf("%d of %d parties are listed", len(all), len(p))
	}
	if r := all[0].Record; r.URL != s.URL+"/#"+s.Database+"/model/party.party/"+string(r.ID) || r.Created.IsZero() || r.Contact.Addresses[0].Country != "Germany" {
		t.Errorf("the record reads %+v", r)
	}
	w.reset()
	quiet, cursor := changes(t, b, cursor)
	if sent := w.reset(); len(quiet) != 0 || len(sent) != 1 {
		t.Errorf("with nothing changed %d are listed in the requests %v", len(quiet), sent)
	}

	before := sweep(t, b)
	s.Rename(t, ann, "Anna")
	s.SetMechanism(t, s.Mechanisms(t, bob, "email")[0], "robert@example.com")
	addresses := ids(s.Call(t, "model.party.address.search", []any{[]any{"party", "=", carl}}, 0, nil, nil))
	s.Call(t, "model.party.address.write", addresses, map[string]any{"city": "Hamburg"})
	s.Call(t, "model.party.contact_mechanism.write", s.Mechanisms(t, dora, "phone"), map[string]any{"active": false})
	s.Call(t, "model.party.party.write", []int{emil}, map[string]any{"active": false})
	s.Call(t, "model.party.party.write", []int{fay}, map[string]any{"active": false, "replaced_by": ann})
	s.Call(t, "model.party.contact_mechanism.delete", s.Mechanisms(t, gus, "phone"))
	got, cursor := changes(t, b, cursor)
	want := map[contact.ID]contact.ChangeKind{
		id(ann): contact.Changed, id(bob): contact.Changed, id(carl): contact.Changed, id(dora): contact.Changed,
		id(emil): contact.LeftScope, id(fay): contact.Merged,
		id(gus): contact.Changed, // found because Gus is new: see below
	}
	if fmt.Sprint(kinds(got)) != fmt.Sprint(want) {
		t.Errorf("listed are %v, want %v", kinds(got), want)
	}
	for _, c := range got {
		if c.ID == id(fay) && c.Into != id(ann) {
			t.Errorf("Fay was merged into %q", c.Into)
		}
	}
	if r := get(t, b, bob); r.Contact.Emails[0] != "robert@example.com" {
		t.Errorf("Bob reads %q", r.Contact.Emails)
	}
	if r := get(t, b, dora); r.Contact.Phones != nil {
		t.Errorf("Dora's archived number is read: %v", r.Contact.Phones)
	}
	found, missing, err := b.Get(t.Context(), []contact.ID{id(emil), id(fay)})
	if err != nil || len(found)+len(missing) > 0 {
		t.Errorf("archived parties are found %v, missing %v, %v", found, missing, err)
	}

	// A deleted mechanism leaves no trace, unless its party is asked for again
	// because it changed a moment ago. A deleted party leaves none at all.
	later := cursorAt(t, cursor, time.Now().Add(time.Minute))
	s.Call(t, "model.party.contact_mechanism.delete", s.Mechanisms(t, gus, "email"))
	s.DeleteParties(t, carl)
	if again, _ := changes(t, b, later); len(again) != 0 {
		t.Errorf("after deletions %v are listed", kinds(again))
	}
	after := sweep(t, b)
	if after[id(gus)] == before[id(gus)] || after[id(gus)] == "" {
		t.Error("the sweep does not show that a mechanism was deleted")
	}
	if _, there := after[id(carl)]; there || len(after) != 4 {
		t.Errorf("the sweep lists %v", after)
	}
	if _, missing, _ := b.Get(t.Context(), []contact.ID{id(carl), "nonsense", id(ann)}); !slices.Equal(missing, []contact.ID{"nonsense", id(carl)}) {
		t.Errorf("missing are %v", missing)
	}
}

// cursorAt is a cursor that looks no further back than from.
func cursorAt(t *testing.T, c contact.Cursor, from time.Time) contact.Cursor {
	t.Helper()
	var m bookmark
	if err := json.Unmarshal(c, &m); err != nil {
		t.Fatal(err)
	}
	m.From = from.UTC()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestNext: where the next listing begins.
func TestNext(t *testing.T) {
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	seen := map[contact.ID]contact.Version{"1": "a", "2": "b", "3": "c"}
	for _, test := range []struct {
		what        string
		start, from time.Time
		changed     map[contact.ID]time.Time
		want        time.Time
		wantSeen    []contact.ID
	}{
		{"everything", at(0), time.Time{}, map[contact.ID]time.Time{"1": at(-60), "2": at(-4), "3": at(-3)}, at(-5), []contact.ID{"2", "3"}},
		{"changed while it was listed", at(0), time.Time{}, map[contact.ID]time.Time{"1": at(-1), "2": at(5)}, at(-2), []contact.ID{"1", "2"}},
		{"nothing new", at(10), at(0), nil, at(0), nil},
		{"long nothing", at(60), at(0), nil, at(43), nil},
		{"no clock", time.Time{}, at(0), map[contact.ID]time.Time{"1": at(9)}, at(7), []contact.ID{"1"}},
		{"an empty Tryton", at(0), time.Time{}, nil, at(-17), nil},
	} {
		m := next(test.start, test.from, seen, test.changed)
		if got := slices.Sorted(maps.Keys(m.Seen)); !m.From.Equal(test.want) || !slices.Equal(got, test.wantSeen) {
			t.Errorf("%s: from %v with %v, want %v with %v", test.what, m.From, got, test.want, test.wantSeen)
		}
	}
	imported := map[contact.ID]time.Time{}
	for i := range remembered + 1 {
		imported[id(i)] = at(-1)
	}
	if m := next(at(0), time.Time{}, nil, imported); !m.From.After(at(-1)) || len(m.Seen) > 0 {
		t.Errorf("after a great import the bookmark is %v with %d records", m.From, len(m.Seen))
	}
}

// later calls do until Tryton's clock shows another second for a row: on
// SQLite its optimistic lock knows whole seconds.
func later(t *testing.T, s *trytontest.Server, model string, row int, do func()) {
	t.Helper()
	stamp := func() string {
		r := s.Call(t, "model."+model+".read", []int{row}, []string{"_timestamp"}).([]any)[0].(map[string]any)
		return r["_timestamp"].(string)
	}
	was := stamp()
	for deadline := time.Now().Add(5 * time.Second); stamp() == was; {
		if time.Now().After(deadline) {
			t.Fatal("Tryton's clock stands still")
		}
		do()
	}
}

// TestConflict: an edit between our reading and our writing is not overwritten,
// and one between our writing and our reading back is not taken for ours.
func TestConflict(t *testing.T) {
	s := trytontest.Start(t)
	b, w := wired(t, s, provider.EntityContacts)
	colleague := "berta"
	s.NewUser(t, colleague, "Kantig-4-Speer")
	other := s.As(colleague, "Kantig-4-Speer")
	party := s.CreateParties(t, trytontest.Party{Name: "Ann", Emails: []string{"ann@example.com"}, Street: "A 1", City: "Berlin"})[0]
	email := s.Mechanisms(t, party, "email")[0]
	address := ids(s.Call(t, "model.party.address.search", []any{[]any{"party", "=", party}}, 0, nil, nil))[0]

	for _, test := range []struct {
		what, model string
		row         int
		values      map[string]any
		op          contact.Op
	}{
		{"the name", "party.party", party, map[string]any{"name": "Anne"}, contact.Update},
		{"an e-mail", "party.contact_mechanism", email, map[string]any{"value": "anne@example.com"}, contact.Update},
		{"an address", "party.address", address, map[string]any{"city": "Hamburg"}, contact.Update},
		{"an e-mail, deleting", "party.contact_mechanism", email, map[string]any{"value": "annette@example.com"}, contact.Delete},
	} {
		r := get(t, b, party)
		var once sync.Once
		w.mu.Lock()
		w.before = func(method string) {
			if method == "model.party.party.write" || method == "model.party.party.delete" {
				once.Do(func() {
					later(t, s, test.model, test.row, func() { other.Call(t, "model."+test.model+".write", []int{test.row}, test.values) })
				})
			}
		}
		w.mu.Unlock()
		c := contact.Contact{Name: contact.Name{Full: "Mine"}, Emails: []string{"mine@example.com"}}.
			Set(contact.WorkAddress, contact.Value{"Mine 1", "Bonn", "", "53111", "Germany"})
		m := contact.Mutation{Op: test.op, ID: r.ID, Version: r.Version, Contact: c, Mask: contact.FieldsOf(contact.FullName, contact.Emails, contact.WorkAddress)}
		if got := write(t, b, m)[0]; got.Outcome != contact.Conflict {
			t.Errorf("a colleague changed %s: %v, want conflict", test.what, got.Outcome)
		}
		w.mu.Lock()
		w.before = nil
		w.mu.Unlock()
		if now := get(t, b, party); now.Contact.Name.Full == "Mine" || slices.Contains(now.Contact.Emails, "mine@example.com") {
			t.Errorf("a colleague changed %s, and we wrote %+v over it", test.what, now.Contact)
		}
		if got := write(t, b, m)[0]; got.Outcome != contact.Conflict || got.Record == nil {
			t.Errorf("a version that is gone gives %v with the record %v", got.Outcome, got.Record)
		}
	}

	r := get(t, b, party)
	wrote := false
	w.mu.Lock()
	w.before = func(method string) {
		if wrote && method == "model.party.party.search_read" {
			wrote = false
			other.Rename(t, party, "By a colleague")
		}
		wrote = wrote || method == "model.party.party.write"
	}
	w.mu.Unlock()
	m := contact.Mutation{Op: contact.Update, ID: r.ID, Version: r.Version, Contact: contact.Contact{Name: contact.Name{Full: "Mine"}}, Mask: contact.FieldsOf(contact.FullName)}
	got := write(t, b, m)[0]
	if got.Outcome != contact.OK || got.Record.Contact.Name.Full != "Mine" || got.Version == get(t, b, party).Version {
		t.Errorf("an edit right after ours is taken for ours: %v %+v", got.Outcome, got.Record)
	}
}

// TestSession: an ended session is renewed once, by whoever comes first; a
// password that was changed is tried once.
func TestSession(t *testing.T) {
	s := trytontest.Start(t)
	s.CreateParties(t, trytontest.Party{Name: "Ann"})
	b, w := wired(t, s, provider.EntityContacts)
	signIns := func() int {
		n := 0
		for _, method := range w.reset() {
			if method == "common.db.login" {
				n++
			}
		}
		return n
	}
	changes(t, b, nil)
	if n := signIns(); n != 0 {
		t.Errorf("the session that Connect kept is not used: %d sign-ins", n)
	}
	s.SetPassword(t, s.User, s.Password)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := b.Find(t.Context(), contact.Query{Name: "Ann"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := signIns(); n != 1 {
		t.Errorf("an ended session is renewed by %d sign-ins, want 1", n)
	}
	s.Restart(t)
	changes(t, b, nil)

	s.SetPassword(t, s.User, "Kantig-4-Speer")
	w.reset()
	for range 3 {
		_, err := b.Find(t.Context(), contact.Query{Name: "Ann"})
		if !errors.Is(err, contact.ErrReconnect) {
			t.Errorf("with an old password: %v, want reconnect", err)
		}
	}
	if n := signIns(); n != 1 {
		t.Errorf("an old password is tried %d times, want once", n)
	}
}

// TestConnect: what is typed wrong is said beside its field.
func TestConnect(t *testing.T) {
	s := trytontest.Start(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><title>Welcome</title>")
	}))
	defer page.Close()
	nothing := httptest.NewServer(http.NotFoundHandler())
	defer nothing.Close()
	odoo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"jsonrpc":"2.0","id":null,"error":{"code":404,"message":"404: Not Found"}}`)
	}))
	defer odoo.Close()
	refused := httptest.NewServer(http.NotFoundHandler())
	refused.Close()

	with := func(key, value string) map[string]string {
		v := typed(s)
		v[key] = value
		return v
	}
	for _, test := range []struct {
		what, url string
		values    map[string]string
		kind      error
		field     string
	}{
		{"all is right", s.URL, typed(s), nil, ""},
		{"the database in the path", s.URL + "/" + s.Database, with(keyDatabase, ""), nil, ""},
		{"the only database", s.URL, with(keyDatabase, ""), nil, ""},
		{"database twice", s.URL + "/" + s.Database, typed(s), nil, ""},
		{"wrong password", s.URL, with(keyPassword, "wrong"), contact.ErrReconnect, keyPassword},
		{"wrong user", s.URL, with(keyUsername, "nobody"), contact.ErrReconnect, keyPassword},
		{"wrong database", s.URL, with(keyDatabase, "nope"), contact.ErrBaseURL, keyDatabase},
		{"a database that climbs", s.URL, with(keyDatabase, "../x"), contact.ErrBaseURL, keyDatabase},
		{"a wrong path", s.URL + "/some/where", typed(s), contact.ErrBaseURL, "url"},
		{"a web page", page.URL, typed(s), contact.ErrBaseURL, "url"},
		{"not found", nothing.URL, typed(s), contact.ErrBaseURL, "url"},
		{"another product", odoo.URL, typed(s), contact.ErrBaseURL, "url"},
		{"nobody there", refused.URL, typed(s), contact.ErrUnreachable, "url"},
	} {
		a, _ := access(test.url, test.values, provider.EntityContacts)
		c, err := Provider().Connect(t.Context(), a)
		if test.kind == nil {
			if err != nil || c.Account.Name != "Administrator" || c.Account.ID == "" || c.Account.Email != "admin@example.com" ||
				c.Values[keyDatabase] != s.Database || c.Values[keyPassword] != s.Password {
				t.Errorf("%s: %+v, %v", test.what, c.Account, err)
			}
			continue
		}
		var e *contact.Error
		if !errors.As(err, &e) || !errors.Is(err, test.kind) || e.Field != test.field || !strings.HasSuffix(e.Message, ".") {
			t.Errorf("%s: %v (%v)", test.what, err, errors.Unwrap(err))
		}
		if e != nil && e.Cause != nil && strings.Contains(e.Cause.Error(), s.Password) {
			t.Errorf("%s: the cause holds the password", test.what)
		}
	}
}

// TestMany: a thousand parties cost few requests, and a no-op costs one.
func TestMany(t *testing.T) {
	s := trytontest.Start(t)
	var parties []trytontest.Party
	for i := range 1000 {
		parties = append(parties, trytontest.Party{Name: fmt.Sprintf("Person %d", i), Emails: []string{fmt.Sprintf("p%d@example.com", i)},
			Mobiles: []string{fmt.Sprintf("+49 171 %07d", i)}, Street: "Hauptstraße 1", City: "Berlin", Country: "DE"})
	}
	s.CreateParties(t, parties...)
	b := book(t, s, provider.EntityContacts)
	start := time.Now()
	all, cursor := changes(t, b, nil)
	t.Logf("1,000 parties: %d requests, %v, cursor of %d bytes", b.Requests(), time.Since(start).Round(time.Millisecond), len(cursor))
	if len(all) != 1000 || b.Requests() > 8 {
		t.Errorf("%d parties in %d requests", len(all), b.Requests())
	}
	n, start := b.Requests(), time.Now()
	all, _ = changes(t, b, cursor)
	t.Logf("no-op: %d requests, %v", b.Requests()-n, time.Since(start).Round(time.Millisecond))
	if len(all) != 0 {
		t.Errorf("%d parties are listed although nothing happened", len(all))
	}
	n, start = b.Requests(), time.Now()
	swept := sweep(t, b)
	t.Logf("sweep: %d requests, %v", b.Requests()-n, time.Since(start).Round(time.Millisecond))
	if len(swept) != 1000 {
		t.Errorf("%d parties are swept", len(swept))
	}
}

func ids(result any) []int {
	var out []int
	for _, v := range result.([]any) {
		out = append(out, int(v.(float64)))
	}
	return out
}
