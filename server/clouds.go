package main

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"

	"tandem/server/contactserver"
	"tandem/server/contactserver/google"
	"tandem/server/contactserver/microsoft365"
	"tandem/server/sandbox/graph"
	"tandem/server/sandbox/kit"
	sandboxgoogle "tandem/server/sandbox/people"
)

// Where the demo's sandboxes of Microsoft's and Google's services stand.
const (
	microsoftPath = "/microsoft"
	googlePath    = "/google"
	demoTenant    = "7d2b1a54-6f0e-4c1c-9f7c-3b0a5d2e8f41"
)

// clouds are the demo's sandboxes of Microsoft Graph and Google People, each
// with a sign-in and consent of its own.
type clouds struct {
	side, data          string
	graph               *graph.Server
	google              *sandboxgoogle.Server
	microsoft, googleID *kit.OIDC
}

// newClouds makes the sandboxes; each user has a mailbox in both.
func newClouds(page, side, secret, data string) (*clouds, error) {
	c := &clouds{side: side, data: data}
	client := func(id string) []kit.Client {
		return []kit.Client{{ID: clientID, Secret: secret, Name: "Tandem", RedirectURIs: []string{page + "/connect/" + id + "/callback"}}}
	}
	staff := make([]kit.User, len(people))
	var mailboxes []graph.User
	var accounts []sandboxgoogle.User
	for i, p := range people {
		staff[i] = p
		staff[i].TenantID, staff[i].ObjectID = demoTenant, p.Subject
		mailboxes = append(mailboxes, graph.User{Name: p.Email, DisplayName: p.Name, Mail: p.Email})
		accounts = append(accounts, sandboxgoogle.User{Subject: p.Subject, Email: p.Email, Name: p.Name})
	}
	var err error
	c.microsoft, err = kit.NewOIDC(kit.OIDCOptions{
		Issuer: side + microsoftPath + "/" + demoTenant + "/v2.0", Title: "Sandbox of Microsoft 365", Users: staff, Clients: client(microsoft365.ID),
		Scopes: map[string]string{"Contacts.ReadWrite": "Read and change your contacts", "User.Read": "See who you are"},
	})
	if err != nil {
		return nil, err
	}
	c.googleID, err = kit.NewOIDC(kit.OIDCOptions{
		Issuer: side + googlePath + "/oauth", Title: "Sandbox of Google", Users: people, Clients: client(google.ID), KeepRefresh: true,
		Scopes: map[string]string{google.Scope: "Read and change your contacts"},
	})
	if err != nil {
		return nil, err
	}
	c.graph = graph.New(graph.Options{Prefix: microsoftPath, Users: mailboxes, Bearer: func(token string) (string, []string, bool) {
		u, scopes, ok := c.microsoft.Verify(token)
		return u.Email, scopes, ok
	}})
	c.google = sandboxgoogle.New(sandboxgoogle.Options{Prefix: googlePath, Users: accounts, Bearer: func(token string) (string, []string, bool) {
		u, scopes, ok := c.googleID.Verify(token)
		return u.Subject, scopes, ok
	}})
	return c, c.fill()
}

// fill gives the second user some people on their first day.
func (c *clouds) fill() error {
	found, err := c.graph.Load(filepath.Join(c.data, "microsoft.json"))
	if err != nil {
		return err
	}
	if !found {
		c.graph.Seed(people[1].Email, kit.Sample(20, 5))
	}
	if found, err = c.google.Load(filepath.Join(c.data, "google.json")); err != nil {
		return err
	}
	if !found {
		c.google.Seed(people[1].Subject, kit.Sample(20, 6))
	}
	return errors.Join(c.microsoft.Load(filepath.Join(c.data, "microsoft-sign-in.json")), c.googleID.Load(filepath.Join(c.data, "google-sign-in.json")))
}

// menu is the registration that leads to the sandboxes.
func (c *clouds) menu(secret string) contactserver.Options {
	return contactserver.Options{
		Microsoft: microsoft365.Config{ClientID: clientID, ClientSecret: secret, Endpoint: c.side + microsoftPath + "/common"},
		Google:    google.Config{ClientID: clientID, ClientSecret: secret, Endpoint: c.side + googlePath},
	}
}

// mount adds the sandboxes and their people pages.
func (c *clouds) mount(mux *http.ServeMux, links []kit.Link) {
	mux.Handle(microsoftPath+"/v1.0/", c.graph)
	mux.Handle(microsoftPath+"/", graph.Authority(microsoftPath, demoTenant, c.microsoft))
	mux.Handle(googlePath+"/v1/", c.google)
	mux.Handle(googlePath+"/oauth/", c.googleID)
	for _, p := range []struct {
		path, title string
		directory   kit.Directory
	}{
		{microsoftPath + "/people", "Sandbox of Microsoft 365: contacts of " + people[1].Name, c.graph.People(people[1].Email)},
		{googlePath + "/people", "Sandbox of Google: contacts of " + people[1].Name, c.google.People(people[1].Subject)},
	} {
		pages := kit.NewPeople(kit.PeopleOptions{Title: p.title, Path: p.path, Directory: p.directory, Links: links})
		mux.Handle(p.path, pages)
		mux.Handle(p.path+"/", pages)
	}
}

// keep saves the sandboxes until ctx ends.
func (c *clouds) keep(ctx context.Context) error {
	all := map[string]kit.Keeper{"microsoft.json": c.graph, "google.json": c.google, "microsoft-sign-in.json": c.microsoft, "google-sign-in.json": c.googleID}
	ended := make(chan error, len(all))
	for name, k := range all {
		go func() { ended <- kit.Keep(ctx, k, filepath.Join(c.data, name), keepEvery) }()
	}
	var errs []error
	for range all {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}
