package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"tandem/addin"
	"tandem/server/cli"
	"tandem/server/contact"
	"tandem/server/contactserver/carddav"
	"tandem/server/provider"
	sandboxdav "tandem/server/sandbox/carddav"
	sandboxcrm "tandem/server/sandbox/espocrm"
	"tandem/server/sandbox/kit"
)

// Where the demo's sandboxes stand on 127.0.0.1.
const (
	signInPath = "/sign-in-service"
	crmPath    = "/crm"
	davPath    = "/address-book"
	grantPath  = "/address-book-sign-in"
	clientID   = "tandem"
	password   = "demo"
)

// people are the demo's users; the first one is the administrator.
var people = []kit.User{
	{Subject: "alex", Email: "alex@demo.test", EmailVerified: true, Name: "Alex Admin"},
	{Subject: "uma", Email: "uma@demo.test", EmailVerified: true, Name: "Uma Usher"},
	{Subject: "ben", Email: "ben@demo.test", EmailVerified: true, Name: "Ben Baker"},
}

// world is what surrounds Tandem in the demo: the CRM, the address book and who
// signs people in.
type world struct {
	side   string
	data   string
	crm    *sandboxcrm.Server
	dav    *sandboxdav.Server
	signIn *kit.OIDC // signs in to Tandem
	grant  *kit.OIDC // the address book's own sign-in and consent
	clouds *clouds
	crew   []contact.Contact
}

// newWorld makes the sandboxes with sample people, or as they were left.
func newWorld(side string, d cli.Demo) (*world, error) {
	w := &world{side: side, data: d.Data}
	crm, book := kit.Book(d.People, 1)
	w.crew = crm
	w.crm = sandboxcrm.New(sandboxcrm.Options{LoosePhones: true})
	var users []sandboxdav.User
	for i, p := range people {
		kind := ""
		if i == 0 {
			kind = "admin"
		}
		w.crm.AddUser(sandboxcrm.User{ID: p.Subject, UserName: p.Subject, Name: p.Name, Email: p.Email, Password: password, Type: kind})
		users = append(users, sandboxdav.User{Name: p.Subject, Password: password, DisplayName: p.Name, Books: []sandboxdav.Book{{Slug: "contacts", Name: "Contacts"}}})
	}
	found, err := w.crm.Load(w.file("crm.json"))
	if err != nil {
		return nil, err
	}
	if !found {
		for _, c := range crm {
			if c.Organization != "" {
				w.crm.AddAccount(c.Organization)
			}
		}
		w.crm.Seed("Contact", people[1].Subject, crm)
		w.crm.Seed("Contact", people[2].Subject, kit.Sample(10, 2))
		w.crm.Seed("Lead", people[1].Subject, kit.Sample(10, 3))
	}
	w.dav = sandboxdav.New(sandboxdav.Options{Prefix: davPath, Users: users, Bearer: w.bearer})
	found, err = w.dav.Load(w.file("address-book.json"))
	if err != nil {
		return nil, err
	}
	if !found {
		w.dav.Seed(people[1].Subject, "contacts", book)
		w.dav.Seed(people[2].Subject, "contacts", kit.Sample(5, 4))
	}
	return w, nil
}

// register makes the two sign-in services, which know Tandem as their client.
func (w *world) register(page, side, secret string) error {
	var err error
	w.signIn, err = kit.NewOIDC(kit.OIDCOptions{
		Issuer: side + signInPath, Users: people,
		Clients: []kit.Client{{ID: clientID, Secret: secret, Name: "Tandem", SkipConsent: true,
			RedirectURIs: []string{page + "/sign-in/callback", side + "/sidebar/dialog/done"}}},
	})
	if err != nil {
		return err
	}
	w.grant, err = kit.NewOIDC(kit.OIDCOptions{
		Issuer: side + grantPath, Title: "Sandbox address book", Users: people,
		Scopes:  map[string]string{"contacts": "Read and change your contacts"},
		Clients: []kit.Client{{ID: clientID, Secret: secret, Name: "Tandem", RedirectURIs: []string{page + "/connect/" + addressBookID + "/callback"}}},
	})
	if err != nil {
		return err
	}
	if w.clouds, err = newClouds(page, side, secret, w.data); err != nil {
		return err
	}
	return w.grant.Load(w.file("sign-in.json"))
}

// bearer lets in who has allowed the access to their contacts.
func (w *world) bearer(token string) (user string, ok bool) {
	u, scopes, ok := w.grant.Verify(token)
	return u.Subject, ok && slices.Contains(scopes, "contacts")
}

const addressBookID = "sandbox"

// addressBook is the demo's entry in the menu of contacts servers.
func (w *world) addressBook(secret string) provider.Provider {
	return carddav.Provider(carddav.Preset{
		ID: addressBookID, Name: "Sandbox address book", URL: provider.URLNever, DefaultURL: w.side + davPath + "/",
		Help: "The demo's own address book: sign in there, or type the user name and password.",
		OAuth: &provider.OAuthConfig{
			AuthURL: w.side + grantPath + "/authorize", TokenURL: w.side + grantPath + "/token", RevokeURL: w.side + grantPath + "/revoke",
			Scopes: []string{"contacts"}, ClientID: clientID, ClientSecret: secret,
		},
	})
}

// handler serves everything on the demo's main port.
func (w *world) handler(site http.Handler) http.Handler {
	local := http.NewServeMux()
	local.Handle(signInPath+"/", w.signIn)
	local.Handle(grantPath+"/", w.grant)
	local.Handle(crmPath+"/", http.StripPrefix(crmPath, w.crm))
	local.Handle(crmPath+"/{$}", http.RedirectHandler(crmPath+"/people/", http.StatusFound)) // where links to a record lead
	for path, entity := range map[string]string{"/people": sandboxcrm.Contact, "/leads": sandboxcrm.Lead} {
		pages := w.crmPeople(path, entity)
		local.Handle(crmPath+path, pages)
		local.Handle(crmPath+path+"/", pages)
	}
	local.Handle(davPath+"/", w.dav)
	local.Handle("/.well-known/carddav", w.dav)
	for _, p := range people {
		pages := w.bookPeople(p)
		local.Handle(davPath+"/people/"+p.Subject, pages)
		local.Handle(davPath+"/people/"+p.Subject+"/", pages)
	}
	local.Handle(davPath+"/people", http.RedirectHandler(davPath+"/people/"+people[1].Subject, http.StatusFound))
	w.clouds.mount(local, w.links())
	local.Handle("/", site)
	return http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		host, _, err := net.SplitHostPort(req.Host)
		if err == nil && host == "127.0.0.1" {
			local.ServeHTTP(res, req)
			return
		}
		site.ServeHTTP(res, req)
	})
}

// crmPeople is the page of one entity. A link to a record ends in its anchor.
func (w *world) crmPeople(path, entity string) http.Handler {
	return kit.NewPeople(kit.PeopleOptions{
		Title: "Sandbox CRM: " + strings.ToLower(entity) + "s", Path: crmPath + path, Anchor: entity + "/view/",
		Directory: w.crm.Directory(entity, people[1].Subject), Fields: sandboxcrm.PeopleFields(entity), Links: w.links(),
	})
}

func (w *world) bookPeople(p kit.User) http.Handler {
	return kit.NewPeople(kit.PeopleOptions{
		Title: "Sandbox address book of " + p.Name, Path: davPath + "/people/" + p.Subject,
		Directory: w.dav.People(p.Subject, "contacts"), Links: w.links(),
	})
}

func (w *world) links() []kit.Link {
	links := []kit.Link{{Name: "CRM: contacts", URL: crmPath + "/people/"}, {Name: "CRM: leads", URL: crmPath + "/leads/"}}
	for _, p := range people {
		links = append(links, kit.Link{Name: "Address book of " + p.Name, URL: davPath + "/people/" + p.Subject + "/"})
	}
	return append(links, kit.Link{Name: "Microsoft 365", URL: microsoftPath + "/people/"}, kit.Link{Name: "Google", URL: googlePath + "/people/"})
}

// senders are who writes to the demo's mailbox: some that the CRM knows.
func (w *world) senders() []addin.DemoPerson {
	var out []addin.DemoPerson
	for _, c := range w.crew {
		if len(c.Emails) > 0 && len(out) < 12 {
			out = append(out, addin.DemoPerson{Name: c.Name.Display(), Email: c.Emails[0]})
		}
	}
	return out
}

func (w *world) file(name string) string { return filepath.Join(w.data, name) }

// keep saves the sandboxes until ctx ends.
func (w *world) keep(ctx context.Context) error {
	ended := make(chan error, 4)
	go func() { ended <- w.clouds.keep(ctx) }()
	for name, k := range map[string]kit.Keeper{"crm.json": w.crm, "address-book.json": w.dav, "sign-in.json": w.grant} {
		go func() { ended <- kit.Keep(ctx, k, w.file(name), keepEvery) }()
	}
	return errors.Join(<-ended, <-ended, <-ended, <-ended)
}
