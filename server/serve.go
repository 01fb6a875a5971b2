package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"tandem/server/auth"
	"tandem/server/cli"
	"tandem/server/jobs"
	"tandem/server/web"
)

// shutdown is how long requests and runs under way may go on after the service
// was told to stop: what is in flight is finished, or leaves its intent.
const shutdown = 25 * time.Second

// serve runs the service until ctx ends.
func serve(ctx context.Context, r *cli.Rooms) error {
	site, err := build(ctx, r, web.Options{BaseURL: r.Config.Base(), AddinURL: r.Config.Addin()})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", r.Config.Listen)
	if err != nil {
		return fmt.Errorf("LISTEN: %w", err)
	}
	if r.Config.TLS() {
		pair, err := tls.LoadX509KeyPair(r.Config.TLSCertFile, r.Config.TLSKeyFile)
		if err != nil {
			return fmt.Errorf("TLS_CERT_FILE: %w", err)
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	r.Log.Info("serving", "listen", listener.Addr().String(), "page", r.Config.Base(), "sidebar", r.Config.Addin())
	return site.run(ctx, r.Log, bound{listener, site.web})
}

// site is the service: its pages and its background runs.
type site struct {
	web  *web.Web
	jobs *jobs.Service
	auth *auth.Service
}

// build makes the pages and the background runs of the rooms.
func build(ctx context.Context, r *cli.Rooms, o web.Options) (*site, error) {
	var s site
	var err error
	s.jobs, err = jobs.New(ctx, jobs.Options{Store: r.Store, Engine: r.Engine, Settings: r.Settings, Interval: r.Interval, Log: r.Log})
	if err != nil {
		return nil, err
	}
	s.auth = auth.New(auth.Options{
		Store: r.Store, Issuer: r.Config.OIDCIssuer, ClientID: r.Config.OIDCClientID, ClientSecret: r.Config.OIDCClientSecret.Reveal(),
		BaseURL: o.BaseURL, AddinURL: o.AddinURL, Admins: r.Config.Admins(), Loopback: r.Config.Loopback(),
		ReturnTo: web.ReturnTo(), HTTP: r.Out, Log: r.Log,
	})
	code, err := s.auth.SetupCode(ctx)
	if err != nil {
		return nil, err
	}
	if code != "" {
		fmt.Fprintf(os.Stderr, "\nNobody is an administrator yet. Sign in, open %s%s and enter this set-up code:\n\n    %s\n\n", o.BaseURL, web.SetupPath, code)
	}
	o.Store, o.Auth, o.Connect, o.Jobs, o.Log = r.Store, s.auth, r.Connect, s.jobs, r.Log
	s.web = web.New(o)
	return &s, nil
}

// bound is a handler on a listener.
type bound struct {
	listener net.Listener
	handler  http.Handler
}

// run serves until ctx ends, then lets what is under way come to its end.
func (s *site) run(ctx context.Context, log *slog.Logger, all ...bound) error {
	if err := s.jobs.Start(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	var servers []*http.Server
	for _, b := range all {
		server := &http.Server{
			Handler: b.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
			MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		}
		servers = append(servers, server)
		group.Go(func() error {
			if err := server.Serve(b.listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		s.web.Close()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdown)
		defer cancel()
		// Requests and runs end side by side: neither uses up the other's time.
		var stopping errgroup.Group
		stopping.Go(func() error { return s.jobs.Stop(end) })
		for _, server := range servers {
			stopping.Go(func() error { return server.Shutdown(end) })
		}
		return stopping.Wait()
	})
	return group.Wait()
}
