package espocrm_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/crm/espocrm"
	"tandem/server/provider"
	sandbox "tandem/server/sandbox/espocrm"
)

func TestNormalizeURL(t *testing.T) {
	for typed, want := range map[string]string{
		"crm.example.com":                                   "https://crm.example.com",
		"https://CRM.example.com/":                          "https://crm.example.com",
		"https://crm.example.com/#Contact":                  "https://crm.example.com",
		"https://crm.example.com/espo/?x=1#Lead/view/1":     "https://crm.example.com/espo",
		"https://crm.example.com/api/v1":                    "https://crm.example.com",
		"https://crm.example.com/espo/api/v1/":              "https://crm.example.com/espo",
		"https://crm.example.com/espo/api/v1/App/user":      "https://crm.example.com/espo",
		"https://crm.example.com/index.php":                 "https://crm.example.com",
		"https://crm.example.com:8443/espo/client/lib/x.js": "https://crm.example.com:8443/espo",
	} {
		got, err := espocrm.Provider().NormalizeURL(typed)
		if err != nil || got != want {
			t.Errorf("%s gives %s, %v; want %s", typed, got, err, want)
		}
	}
	for _, typed := range []string{"", "ftp://crm.example.com", "https://ann:pw@crm.example.com", "not a url"} {
		if got, err := espocrm.Provider().NormalizeURL(typed); err == nil {
			t.Errorf("%q gives %s", typed, got)
		}
	}
}

// TestWrongServer: whatever else answers at an address, the person learns that
// it is the address.
func TestWrongServer(t *testing.T) {
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, test := range map[string]struct {
		handler http.Handler
		want    error
	}{
		"an HTML page":                {answer(200, "text/html", "<!doctype html><p>Hello"), contact.ErrBaseURL},
		"an HTML page as plain text":  {answer(200, "", "<html>"), contact.ErrBaseURL},
		"a 404 page":                  {answer(404, "text/html", "<h1>Not found"), contact.ErrBaseURL},
		"a bare 404":                  {http.NotFoundHandler(), contact.ErrBaseURL},
		"another product's JSON":      {answer(200, "application/json", `{"data":{"type":"users"}}`), contact.ErrBaseURL},
		"another product's list":      {answer(200, "application/json", `[1,2]`), contact.ErrBaseURL},
		"another product's 404":       {answer(404, "application/json", `{"error":"no route"}`), contact.ErrBaseURL},
		"another product's sign-in":   {answer(401, "text/html", "<html>please sign in"), contact.ErrBaseURL},
		"a method that is not known":  {answer(405, "application/json", `{}`), contact.ErrBaseURL},
		"a server that fails":         {answer(500, "application/json", ``), contact.ErrUnavailable},
		"an EspoCRM in maintenance":   {answer(503, "application/json", `{"message":"maintenance"}`), contact.ErrUnavailable},
		"a 403 without a reason":      {answer(403, "application/json", ``), contact.ErrForbidden},
		"EspoCRM in another folder":   {http.StripPrefix("/espo", sandbox.New(sandbox.Options{})), contact.ErrBaseURL},
		"a 200 that says nothing":     {answer(200, "application/json", ``), contact.ErrBaseURL},
		"a 401 without a page (Espo)": {answer(401, "application/json", ``), contact.ErrReconnect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(test.handler)
			defer srv.Close()
			a := provider.Access{BaseURL: srv.URL, HTTP: patient(), Values: map[string]string{"auth": "password", "username": "ann", "password": "x"}}
			_, err := espocrm.Provider().Connect(t.Context(), a)
			var told *contact.Error
			if !errors.Is(err, test.want) || !errors.As(err, &told) {
				t.Fatalf("Connect gives %v, want %v", err, test.want)
			}
			if errors.Is(err, contact.ErrBaseURL) && told.Field != "url" {
				t.Errorf("it is told beside %q", told.Field)
			}
			if !strings.HasSuffix(told.Message, ".") {
				t.Errorf("%q is no sentence", told.Message)
			}
		})
	}
}

// TestSignIn: what was typed wrong is told beside its field, and a password is
// never kept where there is a token.
func TestSignIn(t *testing.T) {
	w := newWorld(t, world{})
	w.crm.AddUser(sandbox.User{UserName: "second", Password: "pw", TwoFactor: true})
	w.crm.AddUser(sandbox.User{UserName: "nothing", Password: "pw", Roles: map[string]sandbox.Levels{}})
	w.crm.AddUser(sandbox.User{UserName: "leadsonly", Password: "pw", Roles: map[string]sandbox.Levels{sandbox.Lead: sandbox.Everywhere}})
	w.crm.AddUser(sandbox.User{UserName: "robot", APIKey: "key"})
	form := func(name, pw string) map[string]string {
		return map[string]string{"auth": "password", "username": name, "password": pw}
	}
	for name, test := range map[string]struct {
		values map[string]string
		want   error
		field  string
	}{
		"right":          {form(" Ann ", password), nil, ""},
		"wrong password": {form("ann", "wrong"), contact.ErrReconnect, "password"},
		"unknown user":   {form("nobody", password), contact.ErrReconnect, "password"},
		"no password":    {form("ann", ""), contact.ErrReconnect, "password"},
		"no user":        {form(" ", "x"), contact.ErrReconnect, "username"},
		"second step":    {form("second", "pw"), contact.ErrReconnect, "password"},
		"no rights":      {form("nothing", "pw"), contact.ErrForbidden, "username"},
		"leads only":     {form("leadsonly", "pw"), nil, ""},
		"key":            {map[string]string{"auth": "api-key", "apikey": " key "}, nil, ""},
		"wrong key":      {map[string]string{"auth": "api-key", "apikey": "nokey"}, contact.ErrReconnect, "apikey"},
		"no key":         {map[string]string{"auth": "api-key", "password": "x"}, contact.ErrReconnect, "apikey"},
	} {
		a := w.access()
		a.Values = test.values
		got, err := espocrm.Provider().Connect(t.Context(), a)
		var told *contact.Error
		switch {
		case test.want == nil && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.want == nil:
			if got.Values["password"] != "" || got.Account.ID == "" || got.Account.Name == "" {
				t.Errorf("%s: kept %v for %+v", name, got.Values, got.Account)
			}
			told := strings.Join(got.Notice, " ")
			for word, want := range map[string]bool{"two days": test.values["auth"] == "password", "API user": name == "key", "not see contacts": name == "leads only"} {
				if strings.Contains(told, word) != want {
					t.Errorf("%s: the notices are %q", name, got.Notice)
				}
			}
		case !errors.Is(err, test.want) || !errors.As(err, &told) || told.Field != test.field:
			t.Errorf("%s: %v beside %q", name, err, told.Field)
		}
	}
}

// TestTokenExpired: a token that is no more means to connect again.
func TestTokenExpired(t *testing.T) {
	w := newWorld(t, world{})
	b := w.open(t)
	if _, err := b.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.crm.ExpireTokens()
	if _, _, err := b.Get(t.Context(), []contact.ID{"1"}); !errors.Is(err, contact.ErrReconnect) {
		t.Errorf("Get gives %v", err)
	}
	results, err := b.Write(t.Context(), []contact.Mutation{
		{Op: contact.Create, Contact: ann(), Mask: ann().Filled()}, {Op: contact.Delete, ID: "1"}})
	if !errors.Is(err, contact.ErrReconnect) || results[0].Outcome != contact.NotRun || results[1].Outcome != contact.NotRun {
		t.Errorf("Write gives %v, %v", results, err)
	}
}

// TestLockedOut: too many failed sign-ins are told as what they are.
func TestLockedOut(t *testing.T) {
	w := newWorld(t, world{})
	a := w.access()
	a.Values = map[string]string{"auth": "password", "username": "ann", "password": "wrong"}
	var err error
	for range 12 {
		_, err = espocrm.Provider().Connect(t.Context(), a)
	}
	if !errors.Is(err, contact.ErrForbidden) || !strings.Contains(err.Error(), "too many") {
		t.Errorf("the twelfth attempt gives %v", err)
	}
	// A token is not a password: a sync that runs goes on.
	if _, err := w.open(t).Describe(t.Context()); err != nil {
		t.Errorf("the running sync stops with %v", err)
	}
}
