package tryton

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
)

// open implements provider.Provider.Open.
func open(_ context.Context, a provider.Access) (contact.Book, error) {
	b, err := newBook(a)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func newBook(a provider.Access) (*Book, error) {
	root, database := place(a.BaseURL, a.Values[keyDatabase])
	g := newGate(a.Values[keyUsername], a.Values[keyPassword], a.Values[keySession])
	client, err := a.HTTP(root, g.sign)
	if err != nil {
		return nil, err
	}
	return &Book{
		server: &server{http: client, database: database, gate: g},
		root:   root,
		web:    a.Values[keyWeb] != "",
		leads:  a.Entity == provider.EntityLeads,
		norm:   contact.Norm{Country: a.Country},
	}, nil
}

// connect proves that the address is a Tryton server's, that it has the
// database, and that the password is right. It keeps the session beside the
// password, which is needed again when the session has ended.
func connect(ctx context.Context, a provider.Access) (provider.Connected, error) {
	kept := maps.Clone(a.Values)
	delete(kept, keySession)
	delete(kept, keyWeb)
	a.Values = kept
	b, err := newBook(a)
	if err != nil {
		return provider.Connected{}, err
	}
	if err := b.server.greet(ctx); err != nil {
		return provider.Connected{}, err
	}
	if b.server.database == "" {
		if b.server.database, err = b.server.onlyDatabase(ctx); err != nil {
			return provider.Connected{}, err
		}
	}
	d, err := b.Describe(ctx)
	if err != nil {
		return provider.Connected{}, err
	}
	kept[keyDatabase] = b.server.database
	if at := b.server.gate.session.Load(); at != nil {
		kept[keySession] = string(*at)
	}
	if res, err := b.server.http.Do(ctx, rest.Request{Method: http.MethodGet}); err == nil && res.OK() && rest.WebPage(res) {
		kept[keyWeb] = "yes"
	}
	return provider.Connected{Account: d.Account, Values: kept}, nil
}

// greet asks for the version, which any Tryton tells and nobody else.
func (s *server) greet(ctx context.Context) error {
	wrong := &contact.Error{Kind: contact.ErrBaseURL, Field: "url",
		Message: "There is no Tryton server at this address. Enter the address that you use for Tryton, for example https://tryton.example.com."}
	var a answer
	res, err := s.post(ctx, "", true, "common.server.version", nil, &a)
	if errors.Is(err, contact.ErrProtocol) || errors.Is(err, contact.ErrBaseURL) && res != nil {
		wrong.Cause = err
		return wrong
	}
	if err != nil {
		return err
	}
	if res.Status >= http.StatusInternalServerError {
		return status(res)
	}
	var version string
	if !res.OK() || len(a.Error) > 0 || json.Unmarshal(a.Result, &version) != nil || version == "" {
		return wrong
	}
	return nil
}

// onlyDatabase is the server's database where it has exactly one and tells so.
func (s *server) onlyDatabase(ctx context.Context) (string, error) {
	var a answer
	var names []string
	if _, err := s.post(ctx, "", true, "common.db.list", nil, &a); err != nil {
		return "", err
	}
	if json.Unmarshal(a.Result, &names) != nil || len(names) != 1 {
		return "", &contact.Error{Kind: contact.ErrBaseURL, Field: keyDatabase,
			Message: "Enter the name of your Tryton database, as Tryton's sign-in window shows it."}
	}
	return names[0], nil
}

// person is the signed-in user.
type person struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Company  int64  `json:"company"`
	Employee int64  `json:"employee"`
}

func (s *server) whoami(ctx context.Context) (person, error) {
	var p person
	_, err := s.call(ctx, true, &p, "model.res.user.get_preferences", false, object{"language": "en"})
	if p.Name = strings.TrimSpace(p.Name); p.Name == "" {
		p.Name = s.gate.username
	}
	return p, trouble(err)
}
