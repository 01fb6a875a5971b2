package microsoft365

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	room "tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/server/sandbox/graph"
	"tandem/server/sandbox/kit"
	"tandem/store"
	"tandem/store/storetest"
)

// TestEndpoint reads every form of MICROSOFT_ENDPOINT.
func TestEndpoint(t *testing.T) {
	const us = "https://login.microsoftonline.us"
	for text, want := range map[string]Cloud{
		"":      {"https://login.microsoftonline.com/common", "https://login.microsoftonline.com/{tenantid}/v2.0", "https://graph.microsoft.com/v1.0", false},
		"DoD":   {us + "/common", us + "/{tenantid}/v2.0", "https://dod-graph.microsoft.us/v1.0", true},
		"china": {"https://login.partner.microsoftonline.cn/common", "https://login.partner.microsoftonline.cn/{tenantid}/v2.0", "https://microsoftgraph.chinacloudapi.cn/v1.0", true},
		"https://login.microsoftonline.com/contoso.com/": {"https://login.microsoftonline.com/contoso.com", "https://login.microsoftonline.com/{tenantid}/v2.0", "https://graph.microsoft.com/v1.0", false},
		us + "/contoso.us":                        {us + "/contoso.us", us + "/{tenantid}/v2.0", "https://graph.microsoft.us/v1.0", true},
		us + "  https://dod-graph.microsoft.us":   {us + "/common", us + "/{tenantid}/v2.0", "https://dod-graph.microsoft.us/v1.0", true},
		"http://127.0.0.1:8080":                   {"http://127.0.0.1:8080/common", "http://127.0.0.1:8080/{tenantid}/v2.0", "http://127.0.0.1:8080/v1.0", false},
		"http://127.0.0.1:8080/microsoft/common":  {"http://127.0.0.1:8080/microsoft/common", "http://127.0.0.1:8080/microsoft/{tenantid}/v2.0", "http://127.0.0.1:8080/microsoft/v1.0", false},
		"https://a.example/t https://b.example/x": {"https://a.example/t", "https://a.example/{tenantid}/v2.0", "https://b.example/x/v1.0", false},
	} {
		if got, err := Endpoint(text); err != nil || got != want {
			t.Errorf("%q is read as\n%+v, %v, want\n%+v", text, got, err, want)
		}
	}
	for _, text := range []string{"mars", "us us", "https://a https://b https://c", "ftp://a.example", "https://u:p@a.example", "https://a.example?x=1", "https://"} {
		if got, err := Endpoint(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
	p := Provider(Config{ClientID: "app", Endpoint: "us"})
	if got := strings.Join(p.OAuth.Scopes, " "); got != "openid profile offline_access https://graph.microsoft.us/Contacts.ReadWrite https://graph.microsoft.us/User.Read" {
		t.Errorf("the scopes are %s", got)
	}
}

// TestNotSetUp: without an application the provider stays in the menu and says
// whom to ask.
func TestNotSetUp(t *testing.T) {
	for _, c := range []Config{{}, {ClientID: "app", Endpoint: "mars"}} {
		p := Provider(c)
		if len(p.Methods) > 0 || p.OAuth != nil || !strings.HasPrefix(p.Help, "Ask your administrator") || p.Name != Name {
			t.Errorf("%+v makes %+v", c, p)
		}
		_, err := p.Open(t.Context(), provider.Access{})
		_, err2 := p.Connect(t.Context(), provider.Access{})
		if !errors.Is(err, contact.ErrAdminNeeded) || !errors.Is(err2, contact.ErrAdminNeeded) {
			t.Errorf("Open and Connect answer %v, %v", err, err2)
		}
	}
}

// redirected goes through the sandbox's pages and gives what comes back. The
// sign-in service's pages are at its own address, behind Entra's.
func redirected(t *testing.T, address string, allow bool) url.Values {
	t.Helper()
	own := strings.Replace(address, "/common/oauth2/v2.0/authorize", "/"+tenant+"/v2.0/authorize", 1)
	if own == address {
		t.Fatalf("%s is not where Entra's sign-in is", address)
	}
	back, err := kit.Walk(t.Context(), own, tester, allow)
	if err != nil {
		t.Fatal(err)
	}
	return back.Query()
}

// TestRedirect connects as a person does: sign-in, consent, the ID token of
// their tenant, and a Book that works; then the same with a folder of its own,
// which is another account, and so another first run.
func TestRedirect(t *testing.T) {
	w := newWorld(t, graph.Options{})
	s := storetest.New(t)
	user, err := s.EnsureUser(t.Context(), store.SignIn{Issuer: "https://issuer.example", Subject: "ann", Email: tester})
	if err != nil {
		t.Fatal(err)
	}
	service := room.New(room.Options{Store: s, Providers: []provider.Provider{w.p}, BaseURL: "https://tandem.example",
		HTTP: rest.New(rest.Options{AllowLoopback: true})})
	attempt := func(folder string, allow bool) (room.Result, error) {
		address, err := service.BeginOAuth(t.Context(), user, "session", provider.Contacts, ID, map[string]string{fieldFolder: folder})
		if err != nil {
			t.Fatal(err)
		}
		return service.FinishOAuth(t.Context(), user, "session", ID, redirected(t, address, allow))
	}
	if _, err := attempt("", false); !errors.Is(err, room.ErrDenied) {
		t.Errorf("a denied consent answers %v", err)
	}
	first, err := attempt("", true)
	if err != nil || first.Connection == nil || !first.New {
		t.Fatalf("connecting gives %+v, %v", first, err)
	}
	if c := first.Connection; c.AccountName != "Ann Example" || c.AccountEmail != tester || c.AccountID == "" {
		t.Errorf("the account is %q %q %q", c.AccountName, c.AccountEmail, c.AccountID)
	}
	b, err := service.Open(t.Context(), *first.Connection, room.Open{})
	if err != nil {
		t.Fatal(err)
	}
	if r := write1(t, b, creates(0, 1)[0]); r.Outcome != contact.OK {
		t.Errorf("the create answers %v", r.Outcome)
	}
	w.oidc.ExpireAccess() // the token is renewed by itself
	if all, _ := listed(t, b, nil); len(all) != 1 {
		t.Errorf("%d contacts", len(all))
	}
	if again, err := attempt("", true); err != nil || again.New || again.Connection.ID != first.Connection.ID {
		t.Errorf("the same account again gives %+v, %v", again, err)
	}
	own, err := attempt(folderOwn, true)
	if err != nil || !own.New || len(own.Notice) == 0 || w.Folder(tester, ownFolder) == "" {
		t.Fatalf("a folder of its own gives %+v, %v", own, err)
	}
	if b, err = service.Open(t.Context(), *own.Connection, room.Open{}); err != nil {
		t.Fatal(err)
	}
	if all, _ := listed(t, b, nil); len(all) != 0 {
		t.Errorf("%d contacts in a new folder", len(all))
	}
	again, err := attempt(folderOwn, true)
	if err != nil || again.New {
		t.Fatalf("the same folder again gives %+v, %v", again, err)
	}
	if b, err = service.Open(t.Context(), *again.Connection, room.Open{}); err != nil {
		t.Fatal(err)
	}
	w.oidc.RevokeUser(tester)
	for _, err := range b.Changes(t.Context(), nil) {
		if !errors.Is(err, contact.ErrReconnect) {
			t.Errorf("after the consent was taken back the listing answers %v", err)
		}
	}
	if c, err := service.Current(t.Context(), user.ID, provider.Contacts); err != nil || c.State != store.StateReconnect {
		t.Errorf("the connection's state is %v, %v", c.State, err)
	}
}

// TestNoMailbox: an account without a licence is told so while it connects.
func TestNoMailbox(t *testing.T) {
	w := newWorld(t, graph.Options{})
	w.Fail(graph.Failure{Match: func(_ string, path []string) bool { return len(path) > 1 }, Status: 404, Code: "MailboxNotEnabledForRESTAPI"})
	if _, err := w.p.Connect(t.Context(), w.access(t)); !errors.Is(err, contact.ErrNotLicensed) {
		t.Errorf("connecting without a mailbox answers %v", err)
	}
	w.scopes = []string{"openid", "profile", "User.Read"}
	if _, err := w.p.Connect(t.Context(), w.access(t)); !errors.Is(err, contact.ErrAdminNeeded) {
		t.Errorf("connecting without the permission answers %v", err)
	}
}
