package cli

import (
	"context"
	"fmt"
	"log/slog"

	"tandem/server/config"
	"tandem/store"
)

type serveCmd struct{}

// Run serves until it is told to stop.
func (serveCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	r, err := p.Open(ctx, *cfg, log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	return p.Serve(ctx, r)
}

type demoCmd struct{ Demo }

// Run runs the demo until it is told to stop.
func (c *demoCmd) Run(ctx context.Context, p *Program, log *slog.Logger) error {
	c.Out, c.Log = p.Stdout, log
	return p.Demo(ctx, c.Demo)
}

type keysCmd struct {
	Show   keysShowCmd   `cmd:"" default:"1" help:"Check that the keyset opens the database (the default)."`
	Rotate keysRotateCmd `cmd:"" help:"Add a new key, and seal everything anew with it."`
}

type keysShowCmd struct{}

// Run checks the keyset.
func (keysShowCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	r, err := open(ctx, p, cfg, log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	fmt.Fprintf(p.Stdout, "The keyset %s opens the database. Keep a copy of it apart from the database: without it, nothing sealed can be read.\n", cfg.KeysetFile)
	return nil
}

type keysRotateCmd struct{}

// Run rotates the keyset.
func (keysRotateCmd) Run(ctx context.Context, p *Program, cfg *config.Config, log *slog.Logger) error {
	if err := cfg.CheckCommand(); err != nil {
		return err
	}
	if err := store.RotateKeyset(cfg.KeysetFile); err != nil {
		return err
	}
	r, err := open(ctx, p, cfg, log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	n, err := r.Store.Reseal(ctx)
	if err != nil {
		return fmt.Errorf("the new key is in the keyset, but not everything is sealed with it yet; run keys rotate again: %w", err)
	}
	fmt.Fprintf(p.Stdout, "A new key is in use, and %d values were sealed anew. Restart the service, so that it uses the new key too.\n", n)
	return nil
}
