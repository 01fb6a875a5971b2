package google

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
)

// What Connect keeps beside the tokens.
const (
	keepAccount = "account"
	keepName    = "name"
	keepEmail   = "email"
)

// binding is one registration: where the API is, and what its Books have
// written of late.
type binding struct {
	base   string
	memory *memory
}

// client signs in with the connection's token.
func (b *binding) client(a provider.Access) (client, *rest.Client, error) {
	if a.Token == nil {
		return client{}, nil, &contact.Error{Kind: contact.ErrReconnect, Message: "Google is not connected. Connect again."}
	}
	c, err := a.HTTP(b.base, rest.Bearer(a.Token))
	return client{c}, c, err
}

// connect proves the token: who it is for, and that it opens the contacts.
// People may take the contacts' tick away on Google's page and allow the rest.
func (b *binding) connect(ctx context.Context, a provider.Access) (provider.Connected, error) {
	c, _, err := b.client(a)
	if err != nil {
		return provider.Connected{}, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return provider.Connected{}, trouble(err)
	}
	if _, err := c.list(ctx, url.Values{"personFields": {"metadata"}, "sources": {ownSource}, "pageSize": {"1"}}); err != nil {
		return provider.Connected{}, trouble(err)
	}
	acc := account(me)
	if acc.ID == "" {
		return provider.Connected{}, &contact.Error{Kind: contact.ErrProtocol, Message: "Google did not say whose contacts these are. Click Connect again."}
	}
	return provider.Connected{Account: acc, Values: map[string]string{keepAccount: acc.ID, keepName: acc.Name, keepEmail: acc.Email}}, nil
}

// account reads who is signed in. The ID is the account's number, which stays
// when its address changes.
func account(me person) contact.Account {
	a := contact.Account{ID: strings.TrimPrefix(me.ResourceName, "people/")}
	if a.ID == "me" {
		a.ID = ""
	}
	if me.Metadata != nil {
		for _, s := range me.Metadata.Sources {
			if s.Type == "PROFILE" && s.ID != "" {
				a.ID = s.ID
			}
		}
	}
	for i, e := range me.EmailAddresses {
		if i == 0 || e.Metadata.first() {
			a.Email = e.Value
		}
	}
	for i, n := range me.Names {
		if i == 0 || n.Metadata.first() {
			a.Name = n.DisplayName
		}
	}
	a.Name = cmp.Or(a.Email, a.Name, "Google account "+a.ID)
	return a
}

// open gives the Book.
func (b *binding) open(_ context.Context, a provider.Access) (contact.Book, error) {
	c, counting, err := b.client(a)
	if err != nil {
		return nil, err
	}
	acc := contact.Account{ID: a.Values[keepAccount], Name: a.Values[keepName], Email: a.Values[keepEmail]}
	return &book{
		client: c, counting: counting, account: acc, own: b.memory.of(acc.ID),
		names: map[contact.ID]string{}, marks: map[string]contact.ID{}, people: newPeople(),
	}, nil
}
