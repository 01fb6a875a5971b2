package connect_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/store"
	"tandem/store/storetest"
)

func (w *world) form(t *testing.T, side provider.Side, id string, typed map[string]string) connect.Result {
	t.Helper()
	got, err := w.Form(t.Context(), w.user, side, id, typed)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFormFaults(t *testing.T) {
	w := start(t, storetest.New(t), nil)
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	good := map[string]string{"url": w.url, "username": "ann", "password": password}
	for _, c := range []struct {
		name  string
		side  provider.Side
		id    string
		typed map[string]string
		want  map[string]string // beginnings of the sentences
	}{
		{"nothing typed", provider.CRM, "own", map[string]string{"url": "", "username": " ", "password": ""},
			map[string]string{"url": "Enter the address", "username": "Fill in: User name", "password": "Fill in: Password"}},
		{"no address", provider.CRM, "own", map[string]string{"url": " ftp://x "}, map[string]string{"url": "This is not a web address"}},
		{"password in the address", provider.CRM, "own", map[string]string{"url": "https://ann:x@crm.example"}, map[string]string{"url": "Leave user name"}},
		{"no such choice", provider.CRM, "own", map[string]string{"auth": "magic"}, map[string]string{"auth": "Choose one from the list"}},
		{"the choice's own field", provider.CRM, "own", map[string]string{"auth": "api-key"}, map[string]string{"key": "Fill in: API key"}},
		{"wrong password", provider.CRM, "own", map[string]string{"password": "wrong"}, map[string]string{"password": "User name or password"}},
		{"another product", provider.CRM, "own", map[string]string{"url": elsewhere.URL}, map[string]string{"url": "There is no Own CRM"}},
		{"nobody there", provider.CRM, "own", map[string]string{"url": gone.URL}, map[string]string{"url": "The server at"}},
		{"a private address", provider.CRM, "own", map[string]string{"url": "http://10.1.2.3"}, map[string]string{"url": ""}},
		{"a fault of ours", provider.Contacts, "choosy", map[string]string{"username": "broken", "url": ""}, map[string]string{"": "Connecting to Choosy failed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			typed := maps.Clone(good)
			maps.Copy(typed, c.typed)
			got := w.form(t, c.side, c.id, typed)
			if got.Connection != nil || len(got.Faults) != len(c.want) {
				t.Fatalf("got %+v, want %v", got, c.want)
			}
			for field, want := range c.want {
				if said, ok := got.Faults[field]; !ok || !strings.HasPrefix(said, want) || strings.Contains(said, password) {
					t.Errorf("%q says %q, want %q", field, said, want)
				}
			}
			if _, shown := got.Typed["password"]; shown || got.Typed["username"] != typed["username"] || got.Typed["url"] != typed["url"] {
				t.Errorf("what stays: %v", got.Typed)
			}
			if all, err := w.store.Connections(t.Context(), w.user.ID); err != nil || len(all) != 0 {
				t.Errorf("stored: %v, %v", all, err)
			}
		})
	}
	for _, none := range [][2]string{{"crm", "nobody"}, {"contacts", "own"}, {"contacts", "cloud"}} {
		if _, err := w.Form(t.Context(), w.user, provider.Side(none[0]), none[1], good); !errors.Is(err, connect.ErrNoSuch) {
			t.Errorf("%v: %v", none, err)
		}
	}
}

// TestURL: what was typed, else the organization's, else the provider's own.
func TestURL(t *testing.T) {
	w := start(t, storetest.New(t), nil)
	signIn := map[string]string{"username": "ann", "password": password}
	with := func(url string) map[string]string {
		m := maps.Clone(signIn)
		m["url"] = url
		return m
	}
	organization := func(crm, url string) {
		t.Helper()
		if err := w.store.SaveGlobal(t.Context(), w.user.OrganizationID,
			store.Setting{Name: store.SettingCRM, Value: crm}, store.Setting{Name: store.SettingCRMURL, Value: url}); err != nil {
			t.Fatal(err)
		}
	}
	organization("other", w.url)
	if got := w.form(t, provider.CRM, "own", with("")); got.Faults["url"] != provider.ErrURLEmpty.Error() {
		t.Errorf("the URL of another CRM was used: %+v", got)
	}
	organization("own", w.url+"/")
	if got := w.form(t, provider.CRM, "own", signIn); got.Connection == nil || got.Connection.BaseURL != w.url {
		t.Errorf("the organization's: %+v", got)
	}
	organization("own", "https://nowhere.invalid")
	if got := w.form(t, provider.CRM, "own", with(" "+strings.TrimPrefix(w.url, "http://")+" ")); got.Connection != nil || got.Faults["url"] == "" {
		t.Errorf("without a scheme it is https: %+v", got)
	}
	if got := w.form(t, provider.CRM, "own", with(strings.ToUpper(w.url)+"/?x=1#y")); got.Connection == nil || got.Connection.BaseURL != w.url {
		t.Errorf("typed: %+v", got)
	}
	if got := w.form(t, provider.Contacts, "choosy", with("")); len(got.Choose) != 1 {
		t.Errorf("the provider's default: %+v", got)
	}
	if _, err := w.BeginOAuth(t.Context(), w.user, session, provider.Contacts, "plain", nil); err == nil || err.(connect.Faults)["url"] != provider.ErrURLEmpty.Error() {
		t.Errorf("a redirect without an address: %v", err)
	}
}

func TestChoose(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		first := w.form(t, provider.Contacts, "choosy", map[string]string{"username": "ann", "password": password})
		if len(first.Choose) != 1 || first.Pending == "" || first.Connection != nil || first.Typed["password"] != "" {
			t.Fatalf("asked: %+v", first)
		}
		blank := w.form(t, provider.Contacts, "choosy", map[string]string{"pending": first.Pending})
		if blank.Faults["book"] == "" || blank.Pending == "" || blank.Pending == first.Pending || len(blank.Choose) != 1 {
			t.Fatalf("nothing chosen: %+v", blank)
		}
		answer := map[string]string{"pending": blank.Pending, "book": "work"}
		if got, err := w.Form(t.Context(), newUser(t, s, "bob"), provider.Contacts, "choosy", answer); err != nil || got.Connection != nil || got.Faults[""] == "" {
			t.Errorf("somebody else's choice: %+v, %v", got, err)
		}
		again := w.form(t, provider.Contacts, "choosy", map[string]string{"username": "ann", "password": password})
		answer["pending"] = again.Pending
		done := w.form(t, provider.Contacts, "choosy", answer)
		if done.Connection == nil || !done.New || len(done.Notice) != 1 {
			t.Fatalf("chosen: %+v", done)
		}
		for _, kept := range []string{`"book":"work"`, `"kept":"yes"`, `"password":"` + password} {
			if !strings.Contains(string(done.Connection.Secret), kept) {
				t.Errorf("%s is not kept", kept)
			}
		}
		foretold := w.form(t, provider.Contacts, "choosy", map[string]string{"username": "ann", "password": password, "book": "at HOME"})
		if foretold.Connection == nil || !strings.Contains(string(foretold.Connection.Secret), `"book":"home"`) {
			t.Errorf("chosen before it was asked: %+v", foretold)
		}
		if unknown := w.form(t, provider.Contacts, "choosy", map[string]string{"username": "ann", "password": password, "book": "attic"}); len(unknown.Choose) != 1 {
			t.Errorf("a book that is not there: %+v", unknown)
		}
		if used := w.form(t, provider.Contacts, "choosy", answer); used.Connection != nil || used.Faults[""] != connect.ErrAttempt.Error() {
			t.Errorf("a choice works twice: %+v", used)
		}
	})
}

// TestReplace: one connection per side; the same account keeps its ID.
func TestReplace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := start(t, s, nil)
		own := func(name string) connect.Result {
			return w.form(t, provider.CRM, "own", map[string]string{"url": w.url, "username": name, "password": password})
		}
		ann := own("ann")
		if ann.Connection == nil || !ann.New {
			t.Fatalf("first: %+v", ann)
		}
		if same := own("ann"); same.New || same.Connection.ID != ann.Connection.ID {
			t.Error("the same account is another connection")
		}
		if failed := w.form(t, provider.CRM, "own", map[string]string{"url": w.url, "username": "eve", "password": "x"}); failed.Connection != nil {
			t.Error("a wrong password connected")
		}
		if now, err := w.Current(t.Context(), w.user.ID, provider.CRM); err != nil || now.ID != ann.Connection.ID || now.Secret == nil {
			t.Errorf("a failure touched the present connection: %v", err)
		}
		bob := own("bob")
		if !bob.New || bob.Connection.ID == ann.Connection.ID {
			t.Error("another account is the same connection")
		}
		if old, err := s.Connection(t.Context(), ann.Connection.ID); err != nil || old.State != store.StateDisconnected || old.Secret != nil {
			t.Errorf("the one before: %s, %v", old.State, err)
		}
		if err := w.Disconnect(t.Context(), w.user.ID, provider.CRM); err != nil {
			t.Error(err)
		}
		if back := own("ann"); back.New || back.Connection.ID != ann.Connection.ID {
			t.Error("an account that came back is another connection")
		}
		w.connect(t, "ada@example.test")
		if now, err := w.Current(t.Context(), w.user.ID, provider.CRM); err != nil || now.ID != ann.Connection.ID {
			t.Errorf("connecting one side touched the other: %v", err)
		}
	})
}

// TestReplaceRevokes withdraws the permission of another account that was
// replaced, and never that of the account that stays.
func TestReplaceRevokes(t *testing.T) {
	w := start(t, storetest.New(t), nil)
	w.connect(t, "ada@example.test")
	ada, err := w.open(t, provider.Contacts)
	if err != nil {
		t.Fatal(err)
	}
	w.connect(t, "ada@example.test")
	if _, err := ada.Describe(t.Context()); err != nil {
		t.Errorf("the same account anew: %v", err)
	}
	if ada, err = w.open(t, provider.Contacts); err != nil {
		t.Fatal(err)
	}
	w.connect(t, "ben@example.test")
	if _, err := ada.Describe(t.Context()); !errors.Is(err, contact.ErrReconnect) {
		t.Errorf("the account that was replaced: %v", err)
	}
	if now, err := w.Current(t.Context(), w.user.ID, provider.Contacts); err != nil || now.AccountID != "sub-ben" || now.State != store.StateConnected {
		t.Errorf("the account that replaced it: %s of %s, %v", now.State, now.AccountID, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	w := start(t, storetest.New(t), nil)
	got := w.form(t, provider.CRM, "own", map[string]string{"url": w.url, "username": "ann", "password": password})
	c := *got.Connection
	if _, err := w.Open(t.Context(), c, connect.Open{Entity: provider.EntityLeads}); !errors.Is(err, contact.ErrForbidden) {
		t.Errorf("leads: %v", err)
	}
	gone := c
	gone.Provider = "gone"
	if _, err := w.Open(t.Context(), gone, connect.Open{}); !errors.Is(err, contact.ErrNotLicensed) {
		t.Errorf("a provider that is no more: %v", err)
	}
	if err := w.MarkReconnect(t.Context(), c.ID, errors.New("The password was changed.")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.open(t, provider.CRM); !errors.Is(err, contact.ErrReconnect) || err.Error() != "The password was changed." {
		t.Errorf("reconnect needed: %v", err)
	}
}
