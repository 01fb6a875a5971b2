package cli

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"tandem/server/config"
	"tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/provider"
	"tandem/store"
)

// Rooms are the parts every command works with. Main builds them; whoever opens
// them closes the Store.
type Rooms struct {
	Config  config.Config
	Store   *store.Store
	Connect *connect.Service
	Engine  *engine.Engine
	// Out reaches the sign-in service, under the guard of every outbound dial.
	Out *http.Client
	Log *slog.Logger
}

// Book opens a connection for a run; it is the engine's Open.
func (r *Rooms) Book(ctx context.Context, c store.Connection, s engine.Settings) (contact.Book, error) {
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
	if errors.Is(err, store.ErrNotFound) {
		return s, nil
	}
	if p, ok := r.Connect.Provider(provider.CRM, crm.Provider); ok && p.NoOwner {
		s.Scope = string(provider.ScopeAll)
	}
	return s, err
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
		if errors.Is(err, store.ErrNotFound) {
			return store.Pair{}, store.ErrNotConnected
		} else if err != nil {
			return store.Pair{}, err
		}
		ids[i] = conn.ID
	}
	return r.Store.EnsurePair(ctx, userID, ids[0], ids[1], effective[store.SettingEntity].Value)
}
