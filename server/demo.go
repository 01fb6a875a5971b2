package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"tandem/addin"
	"tandem/server/cli"
	"tandem/server/config"
	"tandem/server/contactserver"
	"tandem/server/crm"
	"tandem/server/provider"
	"tandem/server/web"
	"tandem/store"
)

// demo runs the whole product on this machine: the page on localhost, the
// sidebar and the sandboxes on 127.0.0.1, and "Outlook (demo)" on a port of its
// own. Three origins, as in the real world: a sidebar that leaned on cookies
// would fail here as it does in Outlook.
func demo(ctx context.Context, d cli.Demo) error {
	if d.Reset {
		if err := removeDemo(d.Data); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		return err
	}
	main, mail, err := demoPorts(d.Port)
	if err != nil {
		return err
	}
	page, side := "http://localhost:"+port(main), "http://127.0.0.1:"+port(main)
	world, err := newWorld(side, d)
	if err != nil {
		return err
	}
	secret, err := demoSecret(filepath.Join(d.Data, "client-secret"))
	if err != nil {
		return err
	}
	if err := world.register(page, side, secret); err != nil {
		return err
	}
	c := config.Config{
		DatabaseURL: config.Secret(filepath.Join(d.Data, "tandem.sqlite")), KeysetFile: filepath.Join(d.Data, "keyset.json"),
		BaseURL: page, AddinURL: side, OIDCIssuer: side + signInPath, OIDCClientID: clientID, OIDCClientSecret: config.Secret(secret),
		AdminEmails: []string{people[0].Email},
	}
	offers := world.clouds.menu(secret)
	offers.Extra = []provider.Provider{world.addressBook(secret)}
	menu := append(crm.All(), contactserver.All(offers)...)
	r, err := rooms(ctx, c, menu, true, d.Log)
	if err != nil {
		return err
	}
	defer r.Store.Close()
	mailbox := "http://localhost:" + port(mail)
	s, err := build(ctx, r, web.Options{
		BaseURL: page, AddinURL: side, SignInName: "the demo", Demo: true,
		OfficeURL: side + addin.Asset(addin.DemoOfficeJS), Frames: []string{mailbox}, Contacts: addressBookID,
	})
	if err != nil {
		return err
	}
	if err := presetCRM(ctx, r.Store, side); err != nil {
		return err
	}
	outlook := addin.Demo{SidebarURL: side + "/sidebar", User: addin.DemoPerson{Name: people[1].Name, Email: people[1].Email}, People: world.senders()}
	fmt.Fprintf(d.Out, welcome, mailbox, page, side, people[0].Email, people[1].Email, people[2].Email, password)
	kept := make(chan error, 1)
	keepCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	go func() { kept <- world.keep(keepCtx) }()
	err = s.run(ctx, d.Log, bound{main, world.handler(s.web)}, bound{mail, outlook.Handler()})
	stop()
	return errors.Join(err, <-kept)
}

const welcome = `
Tandem's demo is running. Open

    %s

press the Tandem button of a message, and choose the menu: Auto sync.

  The page        %s
  The sandboxes   %s/crm/people and /address-book/people
  Sign in as      %s (administrator), %s or %s
  The sandbox CRM and address book know the same people by the part before
  the @, with the password %q.

Stop it with Ctrl+C.
`

// presetCRM makes the demo's users known and chooses the sandbox CRM and its
// address for the organization, as an administrator would, unless somebody has
// chosen already.
func presetCRM(ctx context.Context, s *store.Store, side string) error {
	organization := ""
	for _, p := range people {
		u, err := s.EnsureUser(ctx, store.SignIn{Issuer: side + signInPath, Subject: p.Subject, Email: p.Email, EmailVerified: true, Name: p.Name})
		if err != nil {
			return err
		}
		organization = u.OrganizationID
	}
	have, err := s.GlobalSettings(ctx, organization)
	if err != nil || have[store.SettingCRM].Value != "" {
		return err
	}
	return s.SaveGlobal(ctx, organization,
		store.Setting{Name: store.SettingCRM, Value: "espocrm"}, store.Setting{Name: store.SettingCRMURL, Value: side + crmPath})
}

// demoPorts listens on port and the next one, or on two free ports for 0.
func demoPorts(p int) (main, mail net.Listener, err error) {
	listen := func(p int) (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(p)) }
	if main, err = listen(p); err != nil {
		return nil, nil, fmt.Errorf("the demo needs port %d: %w. Choose another one with --port", p, err)
	}
	if p != 0 {
		p++
	}
	if mail, err = listen(p); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("the demo needs port %d too: %w. Choose another one with --port", p, err), main.Close())
	}
	return main, mail, nil
}

func port(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }

// demoSecret is the secret of the demo's clients, kept in the data folder.
func demoSecret(file string) (string, error) {
	if b, err := os.ReadFile(file); err == nil {
		return string(b), nil
	}
	secret := rand.Text()
	return secret, os.WriteFile(file, []byte(secret), 0o600)
}

// removeDemo removes what an earlier demo left, and nothing else.
func removeDemo(folder string) error {
	for _, pattern := range []string{"tandem.sqlite*", "keyset.json", "client-secret", "crm.json", "address-book.json", "sign-in.json",
		"microsoft.json", "google.json", "microsoft-sign-in.json", "google-sign-in.json"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return err
		}
		for _, f := range found {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepEvery is how often the sandboxes are saved after a change.
const keepEvery = 2 * time.Second
