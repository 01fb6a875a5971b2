package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"tandem/server/cli"
	"tandem/server/config"
	"tandem/server/connect"
	"tandem/server/contactserver"
	"tandem/server/contactserver/google"
	"tandem/server/contactserver/microsoft365"
	"tandem/server/crm"
	"tandem/server/engine"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/store"
)

// signInTime is how long one call of the sign-in service may take.
const signInTime = 15 * time.Second

// open opens the configured database and builds the rooms with the whole menu.
func open(ctx context.Context, c config.Config, log *slog.Logger) (*cli.Rooms, error) {
	return rooms(ctx, c, append(crm.All(), contactserver.All(registered(c))...), false, log)
}

// registered are this service's registrations at providers that want one.
func registered(c config.Config) contactserver.Options {
	return contactserver.Options{
		Microsoft: microsoft365.Config{ClientID: c.MicrosoftClientID, ClientSecret: c.MicrosoftClientSecret.Reveal(), Endpoint: c.MicrosoftEndpoint},
		Google:    google.Config{ClientID: c.GoogleClientID, ClientSecret: c.GoogleClientSecret.Reveal(), Endpoint: c.GoogleEndpoint},
	}
}

// rooms opens the database and builds the rooms. local lets providers on this
// machine be reached, which only the demo needs.
func rooms(ctx context.Context, c config.Config, menu []provider.Provider, local bool, log *slog.Logger) (*cli.Rooms, error) {
	keys, err := store.LoadKeyset(c.KeysetFile)
	if err != nil {
		return nil, fmt.Errorf("ENCRYPTION_KEYSET_FILE: %w", err)
	}
	if store.KeysetExposed(c.KeysetFile) {
		log.Warn("other users of this machine can read the keyset file: take that right away with chmod 600", "file", c.KeysetFile)
	}
	s, err := store.Open(ctx, store.Options{URL: c.DatabaseURL.Reveal(), Keyset: keys})
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	out := rest.New(rest.Options{AllowPrivate: c.Networks(), AllowLoopback: local, Log: log, UserAgent: "Tandem"})
	r := &cli.Rooms{Config: c, Store: s, Out: out.HTTPClient(signInTime), Log: log}
	r.Connect = connect.New(connect.Options{Store: s, Providers: menu, HTTP: out, BaseURL: c.Base(), Log: log})
	r.Engine = engine.New(engine.Options{Ledger: s, Open: r.Book, Log: log})
	return r, nil
}
