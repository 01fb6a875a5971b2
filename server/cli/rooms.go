package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"tandem/server/config"
	"tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/store"
)

// Rooms are the parts every command works with.
type Rooms struct {
	Config  config.Config
	Store   *store.Store
	Connect *connect.Service
	Engine  *engine.Engine
	HTTP    *rest.Transport
	Log     *slog.Logger
}

// Open opens the database and builds the rooms. Close the Store at the end.
// local lets providers on this machine be reached, for the demo and tests.
func Open(ctx context.Context, c config.Config, providers []provider.Provider, local bool, log *slog.Logger) (*Rooms, error) {
	keys, err := store.LoadKeyset(c.KeysetFile)
	if err != nil {
		return nil, fmt.Errorf("ENCRYPTION_KEYSET_FILE: %w", err)
	}
	s, err := store.Open(ctx, store.Options{URL: c.DatabaseURL.Reveal(), Keyset: keys})
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	r := &Rooms{Config: c, Store: s, Log: log}
	r.HTTP = rest.New(rest.Options{AllowPrivate: c.Networks(), AllowLoopback: local, Log: log, UserAgent: "Tandem"})
	r.Connect = connect.New(connect.Options{Store: s, Providers: providers, HTTP: r.HTTP, BaseURL: c.Base(), Log: log})
	r.Engine = engine.New(engine.Options{Ledger: s, Open: r.book, Log: log})
	return r, nil
}

// book opens a connection for a run.
func (r *Rooms) book(ctx context.Context, c store.Connection, s engine.Settings) (contact.Book, error) {
	return r.Connect.Open(ctx, c, connect.Open{
		Entity: provider.Entity(s.Entity), Scope: provider.Scope(s.Scope), Country: s.Norm.Country, Category: s.Category,
	})
}

// Settings are the effective settings of a user, as the engine takes them.
func (r *Rooms) Settings(ctx context.Context, userID string) (engine.Settings, error) {
	effective, err := r.Store.Effective(ctx, userID)
	if err != nil {
		return engine.Settings{}, err
	}
	values := make(map[string]string, len(effective))
	for name, e := range effective {
		values[name] = e.Value
	}
	s := engine.FromValues(values)
	// A CRM whose records have no owner has only one scope.
	crm, err := r.Connect.Current(ctx, userID, provider.CRM)
	if err == nil {
		if p, ok := r.Connect.Provider(provider.CRM, crm.Provider); ok && p.NoOwner {
			s.Scope = string(provider.ScopeAll)
		}
	}
	return s, nil
}

// Interval is how often a user's automatic sync runs.
func (r *Rooms) Interval(ctx context.Context, userID string) (time.Duration, error) {
	effective, err := r.Store.Effective(ctx, userID)
	if err != nil {
		return 0, err
	}
	minutes, err := strconv.Atoi(effective[store.SettingInterval].Value)
	return time.Duration(minutes) * time.Minute, err
}

// Pair is the user's pair for the entity that applies to them. It answers
// store.ErrNotConnected until both sides are connected.
func (r *Rooms) Pair(ctx context.Context, userID string) (store.Pair, error) {
	effective, err := r.Store.Effective(ctx, userID)
	if err != nil {
		return store.Pair{}, err
	}
	var ids [2]string
	for i, side := range []provider.Side{provider.CRM, provider.Contacts} {
		conn, err := r.Connect.Current(ctx, userID, side)
		if err != nil {
			return store.Pair{}, store.ErrNotConnected
		}
		ids[i] = conn.ID
	}
	return r.Store.EnsurePair(ctx, userID, ids[0], ids[1], effective[store.SettingEntity].Value)
}
