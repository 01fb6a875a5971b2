package connect

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/store"
)

// Open says under which settings a Book is opened.
type Open struct {
	Entity provider.Entity
	Scope  provider.Scope
	// Country is the default country for phone numbers, ISO 3166-1 alpha-2.
	Country string
	// Category is ours; "" means "CRM Contacts", for leads "CRM Leads".
	Category string
}

// Open gives the Book of a stored Connection, its secret opened. It touches the
// network for nothing but a token that is due. The Book counts its requests
// (Requests() int64), remembers a request budget that is used up, and notes
// "Reconnect needed" when the provider refuses the credentials for good.
func (s *Service) Open(ctx context.Context, c store.Connection, o Open) (contact.Book, error) {
	p, ok := s.Provider(provider.Side(c.Side), c.Provider)
	if !ok {
		return nil, &contact.Error{Kind: contact.ErrNotLicensed,
			Message: fmt.Sprintf("This service no longer offers %q. Connect another one.", c.Provider)}
	}
	switch {
	case c.State == store.StateDisconnected || c.Secret == nil:
		return nil, &contact.Error{Kind: contact.ErrReconnect, Message: p.Name + " is not connected."}
	case c.State == store.StateReconnect:
		message := c.Reason
		if message == "" {
			message = "The sign-in at " + p.Name + " is no longer valid. Connect again."
		}
		return nil, &contact.Error{Kind: contact.ErrReconnect, Message: message}
	case p.Side == provider.CRM && o.Entity == provider.EntityLeads && !p.Leads:
		return nil, &contact.Error{Kind: contact.ErrForbidden,
			Message: p.Name + " has no leads. Choose Contacts as CRM entity to sync."}
	}
	if err := s.budget(c.ID); err != nil {
		return nil, err
	}
	v, err := decode(c.Secret)
	if err != nil {
		return nil, err
	}
	if o.Entity == "" {
		o.Entity = provider.EntityContacts
	}
	if o.Scope == "" {
		o.Scope = provider.ScopeMine
	}
	if p.NoOwner {
		o.Scope = provider.ScopeAll
	}
	if o.Category == "" {
		if o.Category = "CRM Contacts"; o.Entity == provider.EntityLeads {
			o.Category = "CRM Leads"
		}
	}
	b := &book{s: s, p: p, id: c.ID, since: c.ConnectedAt, vault: v, requests: new(atomic.Int64)}
	a := provider.Access{
		BaseURL: c.BaseURL, Values: v.plain(), Entity: o.Entity, Scope: o.Scope, Country: o.Country, Category: o.Category,
		HTTP: func(base string, auth rest.Auth) (*rest.Client, error) {
			return s.o.HTTP.Client(base, auth, b.requests)
		},
	}
	if c.Method == string(provider.OAuth) {
		b.tokens = s.source(p, c, v)
		a.Token = b.tokens.token
	}
	if b.Book, err = p.Open(ctx, a); err != nil {
		return nil, err
	}
	if sweeper, ok := b.Book.(contact.Sweeper); ok {
		return &sweepingBook{book: b, below: sweeper}, nil
	}
	return b, nil
}

// spent is a request budget that is used up.
type spent struct {
	until time.Time
	err   *contact.Error
}

// budget refuses to open a Book whose provider said when to come back.
func (s *Service) budget(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.spent[id]; ok {
		if s.o.Now().Before(b.until) {
			return b.err
		}
		delete(s.spent, id)
	}
	return nil
}

func (s *Service) remember(id string, e *contact.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spent[id] = spent{until: e.RetryAt, err: e}
}

func (s *Service) forgetSpent(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.spent, id)
}
