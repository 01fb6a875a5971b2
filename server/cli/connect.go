package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"tandem/server/config"
	"tandem/server/connect"
	"tandem/server/provider"
	"tandem/store"
)

type connectCmd struct {
	Side     string `arg:"" enum:"crm,contacts" help:"crm or contacts."`
	Provider string `arg:"" help:"The provider, for example espocrm, tryton, carddav, nextcloud."`
	userFlag
	Create   bool              `help:"Make the user where there is none."`
	URL      string            `name:"url" help:"The server's address."`
	Username string            `help:"The user name there."`
	Auth     string            `enum:"password,api-key," default:"" help:"How to sign in, where there is a choice: password or api-key."`
	Book     string            `help:"The address book, where there are several: its name or address."`
	Field    map[string]string `placeholder:"K=V" help:"Any further field of the provider's form."`
}

// Run connects by the provider's form. The secret comes from standard input, so
// that it stands in no list of processes and no shell history.
func (c *connectCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	r, err := open(ctx, p, cfg, log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	side := provider.Side(c.Side)
	chosen, ok := r.Connect.Provider(side, c.Provider)
	if !ok {
		var ids []string
		for _, m := range r.Connect.Menu(side) {
			ids = append(ids, m.ID)
		}
		return fmt.Errorf("there is no provider %q. Choose one of: %s", c.Provider, strings.Join(ids, ", "))
	}
	if !slices.Contains(chosen.Methods, provider.Form) {
		return fmt.Errorf("%s asks for a sign-in in the browser. Connect it on the page: %s", chosen.Name, cfg.Base())
	}
	user, err := c.user(ctx, r.Store)
	if err != nil {
		return err
	}
	typed, err := c.typed(chosen, p.Stdin)
	if err != nil {
		return err
	}
	result, err := r.Connect.Form(ctx, user, side, c.Provider, typed)
	if err == nil && len(result.Choose) > 0 && len(result.Faults) == 0 {
		result, err = c.choose(ctx, r, user, result, typed)
	}
	if err != nil {
		return err
	}
	if result.Connection == nil {
		return faults(result)
	}
	fmt.Fprintf(p.Stdout, "Connected to %s as %s.\n", chosen.Name, result.Connection.AccountName)
	for _, n := range result.Notice {
		fmt.Fprintln(p.Stdout, n)
	}
	return nil
}

func (c *connectCmd) user(ctx context.Context, s *store.Store) (store.User, error) {
	if c.Create {
		u, _, err := s.CreateUser(ctx, c.User, "")
		if errors.Is(err, store.ErrExists) {
			return u, fmt.Errorf("%s is a user of several organizations. Use the page for them", c.User)
		}
		return u, err
	}
	return c.find(ctx, s)
}

// typed is what a person would have typed into the form.
func (c *connectCmd) typed(p provider.Provider, stdin io.Reader) (map[string]string, error) {
	typed := maps.Clone(c.Field)
	if typed == nil {
		typed = map[string]string{}
	}
	for name, value := range map[string]string{connect.URLField: c.URL, "username": c.Username, "auth": c.Auth, "book": c.Book} {
		if value != "" {
			typed[name] = value
		}
	}
	for _, f := range p.Fields {
		if _, ok := typed[f.Name]; !ok && f.Default != "" {
			typed[f.Name] = f.Default
		}
	}
	for _, f := range p.Fields {
		name, value, conditional := strings.Cut(f.OnlyIf, "=")
		if !f.Secret || conditional && typed[name] != value {
			continue
		}
		secret, err := readSecret(stdin, f.Label)
		if err != nil {
			return nil, fmt.Errorf("the secret could not be read from standard input: %w", err)
		}
		if secret == "" && f.Required {
			return nil, fmt.Errorf("%s is missing: it is read from standard input, for example from a file with < secret.txt", f.Label)
		}
		typed[f.Name] = secret
		break
	}
	return typed, nil
}

// readSecret reads one line. On a terminal it asks, and shows nothing of what is
// typed.
func readSecret(stdin io.Reader, label string) (string, error) {
	if f, ok := stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintf(os.Stderr, "%s: ", label)
		secret, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(secret), err
	}
	secret, err := bufio.NewReader(stdin).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(secret, "\r\n"), err
}

// choose answers the question which address book, from --book or where there
// is only one answer.
func (c *connectCmd) choose(ctx context.Context, r *Rooms, user store.User, asked connect.Result, typed map[string]string) (connect.Result, error) {
	answer := map[string]string{connect.PendingField: asked.Pending}
	var open []string
	for _, f := range asked.Choose {
		want := typed[f.Name]
		i := slices.IndexFunc(f.Options, func(o provider.Option) bool { return o.Value == want || strings.EqualFold(o.Label, want) })
		switch {
		case want != "" && i >= 0:
			answer[f.Name] = f.Options[i].Value
		case len(f.Options) == 1:
			answer[f.Name] = f.Options[0].Value
		default:
			var names []string
			for _, o := range f.Options {
				names = append(names, o.Label)
			}
			flag := "--field " + f.Name + "="
			if f.Name == "book" {
				flag = "--book "
			}
			open = append(open, fmt.Sprintf("%s: choose one with %s: %s", f.Label, flag, strings.Join(names, ", ")))
		}
	}
	if len(open) > 0 {
		return asked, errors.New(strings.Join(open, "; "))
	}
	return r.Connect.Form(ctx, user, provider.Side(c.Side), c.Provider, answer)
}

// faults is what is wrong with what was given.
func faults(r connect.Result) error {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(r.Faults)) {
		line := r.Faults[name]
		if name != "" {
			line = name + ": " + line
		}
		lines = append(lines, line)
	}
	return errors.New(strings.Join(lines, "\n"))
}

type disconnectCmd struct {
	Side string `arg:"" enum:"crm,contacts" help:"crm or contacts."`
	userFlag
}

// Run disconnects: secrets are erased at once, contacts stay as they are.
func (c *disconnectCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	r, err := open(ctx, p, cfg, log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	user, err := c.find(ctx, r.Store)
	if err != nil {
		return err
	}
	err = r.Connect.Disconnect(ctx, user.ID, provider.Side(c.Side))
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%s has no connection there", c.User)
	} else if err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, "Disconnected. The sign-in is erased; the contacts on both sides stay as they are.")
	return nil
}

// open checks the configuration and opens the rooms for a command.
func open(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) (*Rooms, error) {
	if err := cfg.CheckCommand(); err != nil {
		return nil, err
	}
	return p.Open(ctx, *cfg, log)
}
