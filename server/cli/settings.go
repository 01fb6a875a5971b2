package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"tandem/server/config"
	"tandem/server/provider"
	"tandem/store"
)

type settingsCmd struct {
	userFlag
	Direction string `enum:"crm-to-contacts,contacts-to-crm,two-way," default:"" help:"Sync direction: crm-to-contacts, contacts-to-crm or two-way."`
	Entity    string `enum:"contacts,leads," default:"" help:"CRM entity to sync: contacts or leads."`
	Scope     string `enum:"mine,all," default:"" help:"Whose CRM records: mine or all."`
	Mine      string `enum:"category,all," default:"" help:"Which of my contacts go to the CRM: category or all."`
	Conflict  string `enum:"crm,contacts,newest,ask," default:"" help:"Who wins where both sides changed a field."`
	Interval  string `default:"" help:"Minutes between automatic syncs, 5 to 1440."`
	Country   string `default:"" help:"Default country for phone numbers, for example DE."`
}

// Run stores what was given and shows what applies.
func (c *settingsCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	r, err := open(ctx, p, cfg, log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	user, err := c.find(ctx, r.Store)
	if err != nil {
		return err
	}
	var values []store.Setting
	for _, s := range []store.Setting{
		{Name: store.SettingDirection, Value: c.Direction}, {Name: store.SettingEntity, Value: c.Entity},
		{Name: store.SettingScope, Value: c.Scope}, {Name: store.SettingMine, Value: c.Mine},
		{Name: store.SettingConflict, Value: c.Conflict}, {Name: store.SettingInterval, Value: c.Interval},
		{Name: store.SettingCountry, Value: c.Country},
	} {
		if s.Value != "" {
			values = append(values, s)
		}
	}
	if err := r.Store.SaveUser(ctx, user.ID, values...); errors.Is(err, store.ErrLocked) {
		return errors.New("this setting is set by the organization, so the user cannot change it")
	} else if err != nil {
		return err
	}
	effective, err := r.Store.Effective(ctx, user.ID)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	for _, name := range store.SettingNames() {
		e := effective[name]
		from := string(e.From)
		if !e.Open && e.From != store.LayerDefault {
			from += ", set by the organization"
		}
		fmt.Fprintf(w, "%s\t%s\t(%s)\n", name, e.Value, from)
	}
	return w.Flush()
}

type resetCmd struct {
	userFlag
	Yes bool `help:"Really reset."`
	// Forget brings back what the user had deleted.
	ForgetRemoved bool `help:"Let contacts that the user had deleted come back."`
}

// Run resets the user's contacts sync.
func (c *resetCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	if !c.Yes {
		return errors.New("a reset forgets which contacts belong together, and changes none of them; add --yes")
	}
	r, err := open(ctx, p, cfg, log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	user, err := c.find(ctx, r.Store)
	if err != nil {
		return err
	}
	pair, err := r.Pair(ctx, user.ID)
	if err != nil {
		return notConnected(err, c.User)
	}
	if err := r.Store.Reset(ctx, user.ID, pair.ID, !c.ForgetRemoved); err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, "Reset. No contact was changed; the next sync is a first run. It can be undone on the page for 30 days.")
	return nil
}

type statusCmd struct {
	userFlag
	JSON bool `name:"json" help:"Print it as JSON."`
}

// status is what the status command tells.
type status struct {
	User        string             `json:"user"`
	Connections []connectionStatus `json:"connections"`
	Automatic   bool               `json:"automatic"`
	Next        *time.Time         `json:"next,omitempty"`
	Linked      int                `json:"linked"`
	Last        *runStatus         `json:"last,omitempty"`
	Settings    map[string]string  `json:"settings"`
}

type connectionStatus struct {
	Side     string                `json:"side"`
	Provider string                `json:"provider"`
	Account  string                `json:"account"`
	State    store.ConnectionState `json:"state"`
	Reason   string                `json:"reason,omitempty"`
}

type runStatus struct {
	ID     string          `json:"id"`
	Kind   store.RunKind   `json:"kind"`
	State  store.RunState  `json:"state"`
	Reason string          `json:"reason,omitempty"`
	Begun  time.Time       `json:"begun"`
	Report json.RawMessage `json:"report,omitempty"`
}

// Run shows how the user's sync stands.
func (c *statusCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	r, err := open(ctx, p, cfg, log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	user, err := c.find(ctx, r.Store)
	if err != nil {
		return err
	}
	s, err := r.status(ctx, user)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(s)
	}
	for _, conn := range s.Connections {
		fmt.Fprintf(p.Stdout, "%s: %s, %s: %s %s\n", conn.Side, conn.Provider, conn.Account, conn.State, conn.Reason)
	}
	fmt.Fprintf(p.Stdout, "direction %s, entity %s, %d contacts in sync\n", s.Settings[store.SettingDirection], s.Settings[store.SettingEntity], s.Linked)
	if s.Last != nil {
		fmt.Fprintf(p.Stdout, "last %s %s: %s %s\n", s.Last.Kind, s.Last.Begun.Format(time.DateTime), s.Last.State, s.Last.Reason)
	}
	return nil
}

func (r *Rooms) status(ctx context.Context, user store.User) (status, error) {
	s := status{User: user.Email, Settings: map[string]string{}, Connections: []connectionStatus{}}
	effective, err := r.Store.Effective(ctx, user.ID)
	if err != nil {
		return s, err
	}
	for name, e := range effective {
		s.Settings[name] = e.Value
	}
	for _, side := range []provider.Side{provider.CRM, provider.Contacts} {
		conn, err := r.Connect.Current(ctx, user.ID, side)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return s, err
		}
		s.Connections = append(s.Connections, connectionStatus{conn.Side, conn.Provider, conn.AccountName, conn.State, conn.Reason})
	}
	pair, err := r.Pair(ctx, user.ID)
	if errors.Is(err, store.ErrNotConnected) {
		return s, nil
	} else if err != nil {
		return s, err
	}
	s.Automatic, s.Next = pair.Auto, pair.NextAt
	if s.Linked, err = r.Store.CountLinks(ctx, pair.ID, 0); err != nil {
		return s, err
	}
	last, err := r.Store.LatestRun(ctx, user.ID, pair.ID)
	if errors.Is(err, store.ErrNotFound) {
		return s, nil
	}
	s.Last = &runStatus{ID: last.ID, Kind: last.Kind, State: last.State, Reason: last.Reason, Begun: last.CreatedAt, Report: last.Report}
	return s, err
}
