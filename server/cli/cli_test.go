package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tandem/server/cli"
	"tandem/server/config"
	"tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/store"
	"tandem/store/storetest"
)

const secret = "canary-secret"

// shell is the command line over a store and two providers in memory.
type shell struct {
	t     *testing.T
	store *store.Store
	menu  []provider.Provider
	args  []string
}

func newShell(t *testing.T) *shell {
	url := storetest.SQLite(t)
	sh := &shell{t: t, store: storetest.Open(t, url)}
	sh.args = []string{"--database-url", url, "--encryption-keyset-file", filepath.Join(t.TempDir(), "keys.json"), "--base-url", "https://tandem.example"}
	for _, side := range []provider.Side{provider.CRM, provider.Contacts} {
		book := memory.New(memory.Options{})
		sh.menu = append(sh.menu, provider.Provider{
			ID: "form-" + string(side), Name: "Form", Side: side, Methods: []provider.Method{provider.Form}, DefaultURL: "https://" + string(side) + ".example",
			Fields: []provider.Field{{Name: "username", Label: "User name", Required: true}, {Name: "password", Label: "Password", Required: true, Secret: true}},
			Connect: func(_ context.Context, a provider.Access) (provider.Connected, error) {
				if a.Values["password"] != secret {
					return provider.Connected{}, &contact.Error{Kind: contact.ErrReconnect, Field: "password", Message: "The password is wrong."}
				}
				return provider.Connected{Account: contact.Account{ID: "memory", Name: a.Values["username"]}}, nil
			},
			Open: func(context.Context, provider.Access) (contact.Book, error) { return book, nil },
		}, provider.Provider{ID: "redirect", Name: "Redirect", Side: side, Methods: []provider.Method{provider.OAuth}, OAuth: &provider.OAuthConfig{}})
	}
	return sh
}

// run runs one command and gives its status and what it wrote.
func (sh *shell) run(stdin string, args ...string) (status int, stdout, stderr string) {
	sh.t.Helper()
	var out, faults bytes.Buffer
	status = cli.Run(sh.t.Context(), cli.Program{
		Args: append(slices.Clone(args), sh.args...), Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &faults,
		Open: func(_ context.Context, c config.Config, log *slog.Logger) (*cli.Rooms, error) {
			again, err := store.Open(sh.t.Context(), store.Options{URL: c.DatabaseURL.Reveal(), Keyset: storetest.Keyset()})
			if err != nil {
				return nil, err
			}
			r := &cli.Rooms{Config: c, Store: again, Log: log}
			r.Connect = connect.New(connect.Options{Store: again, Providers: sh.menu, HTTP: rest.New(rest.Options{}), BaseURL: c.Base(), Log: log})
			r.Engine = engine.New(engine.Options{Ledger: again, Open: r.Book, Log: log})
			return r, nil
		},
	})
	if strings.Contains(out.String()+faults.String(), secret) {
		sh.t.Errorf("%v tells the secret", args)
	}
	return status, out.String(), faults.String()
}

// must runs a command that succeeds.
func (sh *shell) must(stdin string, args ...string) string {
	sh.t.Helper()
	status, out, faults := sh.run(stdin, args...)
	if status != 0 {
		sh.t.Fatalf("%v: status %d\n%s%s", args, status, out, faults)
	}
	return out
}

// fails runs a command that fails, and finds a part of its sentence.
func (sh *shell) fails(want int, sentence, stdin string, args ...string) {
	sh.t.Helper()
	status, out, faults := sh.run(stdin, args...)
	if status != want || !strings.Contains(faults, sentence) || out != "" {
		sh.t.Errorf("%v: status %d, want %d and %q\n%s%s", args, status, want, sentence, out, faults)
	}
}

const user = "--user=ann@example.com"

// connected connects both sides.
func (sh *shell) connected() {
	sh.t.Helper()
	for _, side := range []string{"crm", "contacts"} {
		sh.must(secret+"\n", "connect", side, "form-"+side, user, "--create", "--username", "ann")
	}
}

func TestFaults(t *testing.T) {
	sh := newShell(t)
	sh.fails(1, "there is no user ann@example.com", "", "sync", user)
	sh.fails(2, "--direction must be one of", "", "settings", user, "--direction", "sideways")
	sh.fails(2, "unexpected argument", "", "nonsense")
	sh.fails(1, "there is no provider \"none\". Choose one of: form-crm, redirect", secret, "connect", "crm", "none", user, "--create")
	sh.fails(1, "Connect it on the page: https://tandem.example", "", "connect", "crm", "redirect", user, "--create")
	sh.fails(1, "read from standard input", "", "connect", "crm", "form-crm", user, "--create", "--username", "ann")
	sh.fails(1, "password: The password is wrong.", "wrong\n", "connect", "crm", "form-crm", user, "--username", "ann")
	sh.fails(1, "both sides must be connected first", "", "sync", user)
	sh.fails(1, "add --yes", "", "reset", user)
	sh.fails(1, "interval: Type a number", "", "settings", user, "--interval", "3")
	sh.connected()
	sh.must("", "disconnect", "crm", user)
	sh.fails(1, "no connection there", "", "disconnect", "crm", user)
}

// TestReport: --json prints the promised keys, no others, and the status is 0
// for planned and succeeded only.
func TestReport(t *testing.T) {
	sh := newShell(t)
	sh.connected()
	keys := func(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
	for _, c := range []struct {
		state  string
		status int
		args   []string
	}{
		{"planned", 0, []string{"preview"}},
		{"succeeded", 0, []string{"sync"}},
		{"failed", 1, []string{"sync"}},
	} {
		if c.state == "failed" {
			sh.menu[0].Open = func(context.Context, provider.Access) (contact.Book, error) {
				return nil, &contact.Error{Kind: contact.ErrUnreachable, Message: "The server is away."}
			}
		}
		status, out, faults := sh.run("", append(c.args, user, "--json")...)
		var report map[string]any
		if err := json.Unmarshal([]byte(out), &report); err != nil || status != c.status || report["state"] != c.state {
			t.Fatalf("%v: status %d, %v\n%s%s", c.args, status, err, out, faults)
		}
		if got := strings.Join(keys(report), " "); got != "conflicts excluded failed left linked reason review right seconds state" {
			t.Errorf("%v: keys %s", c.args, got)
		}
		for _, side := range []string{"left", "right"} {
			if got := strings.Join(keys(report[side].(map[string]any)), " "); got != "created deleted requests unchanged updated" {
				t.Errorf("%v: %s has the keys %s", c.args, side, got)
			}
		}
		if c.state == "failed" && report["reason"] != "The server is away." {
			t.Errorf("the reason is %q", report["reason"])
		}
	}
}

// TestSettingsShowWhoSetThem: what the organization has locked says so, and is
// not changed.
func TestSettingsShowWhoSetThem(t *testing.T) {
	sh := newShell(t)
	sh.connected()
	users, err := sh.store.UsersByEmail(t.Context(), "ann@example.com")
	if err != nil || len(users) != 1 {
		t.Fatal(users, err)
	}
	err = sh.store.SaveGlobal(t.Context(), users[0].OrganizationID,
		store.Setting{Name: store.SettingScope, Value: "all", Locked: true}, store.Setting{Name: store.SettingInterval, Value: "30"})
	if err != nil {
		t.Fatal(err)
	}
	sh.fails(1, "set by the organization", "", "settings", user, "--scope", "mine")
	out := strings.Join(strings.Fields(sh.must("", "settings", user, "--direction", "two-way")), " ")
	for _, want := range []string{"direction two-way (user)", "scope all (global, set by the organization)", "interval 30 (global)", "conflict crm (default)"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %s", want, out)
		}
	}
}
