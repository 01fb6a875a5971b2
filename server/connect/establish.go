package connect

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/store"
)

// draft is a Connection that has not proved itself yet.
type draft struct {
	Method  provider.Method
	BaseURL string
	Values  map[string]string
	// Tokens of a redirect.
	Access, Refresh string
	Expires         time.Time
	Life            time.Duration
	// Choose are the fields that the person was asked for.
	Choose []provider.Field
}

const purposeChoose = "choose"

// establish proves a draft at the provider and stores the Connection. Nothing
// of the user's present Connection changes before that. typed may hold the
// answer to a choice before it is asked.
func (s *Service) establish(ctx context.Context, user store.User, p provider.Provider, d draft, typed map[string]string) (Result, error) {
	probe, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	a := provider.Access{
		BaseURL: d.BaseURL, Values: maps.Clone(d.Values), Entity: provider.EntityContacts, Scope: provider.ScopeMine,
		HTTP: func(base string, auth rest.Auth) (*rest.Client, error) { return s.o.HTTP.Client(base, auth, nil) },
	}
	if d.Method == provider.OAuth {
		a.Token = func(context.Context) (string, error) { return d.Access, nil }
	}
	got, err := p.Connect(probe, a)
	if err != nil {
		return Result{Faults: s.faultsOf(ctx, p, d, err)}, nil
	}
	if got.Values != nil {
		d.Values = got.Values
	}
	if len(got.Choose) > 0 {
		if chosen, ok := foretold(got.Choose, typed); ok && len(d.Choose) == 0 {
			maps.Copy(d.Values, chosen)
			d.Choose = got.Choose
			return s.establish(ctx, user, p, d, nil)
		}
		d.Choose = got.Choose
		pending, err := s.park(ctx, user, p, d)
		return Result{Choose: got.Choose, Pending: pending, Notice: got.Notice}, err
	}
	c, fresh, err := s.install(ctx, user, p, d, got.Account)
	if err != nil {
		return Result{}, err
	}
	return Result{Connection: &c, New: fresh, Notice: got.Notice}, nil
}

// park keeps a draft, sealed, while the person chooses.
func (s *Service) park(ctx context.Context, user store.User, p provider.Provider, d draft) (string, error) {
	sealed, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	state := newState()
	return state, s.o.Store.CreateAttempt(ctx, store.Attempt{
		StateHash: hash(state), Purpose: purposeChoose, OrganizationID: user.OrganizationID, UserID: user.ID,
		Side: string(p.Side), Provider: p.ID, Secret: sealed, ExpiresAt: s.o.Now().Add(AttemptLife),
	})
}

// choose goes on with a parked draft and the choice.
func (s *Service) choose(ctx context.Context, user store.User, p provider.Provider, typed map[string]string) (Result, error) {
	again := Result{Faults: map[string]string{"": ErrAttempt.Error()}, Typed: shown(p, typed)}
	a, err := s.o.Store.TakeAttempt(ctx, purposeChoose, hash(typed[PendingField]))
	if errors.Is(err, store.ErrNotFound) {
		return again, nil
	} else if err != nil {
		return Result{}, err
	}
	var d draft
	if a.UserID != user.ID || a.Side != string(p.Side) || a.Provider != p.ID || json.Unmarshal(a.Secret, &d) != nil {
		return again, nil
	}
	chosen, faults := check(d.Choose, typed)
	if len(faults) > 0 {
		pending, err := s.park(ctx, user, p, d)
		return Result{Faults: faults, Choose: d.Choose, Pending: pending, Typed: shown(p, typed)}, err
	}
	maps.Copy(d.Values, chosen)
	result, err := s.establish(ctx, user, p, d, nil)
	if result.Connection == nil {
		result.Typed = shown(p, typed)
	}
	return result, err
}

// foretold finds the answers to a choice in what was typed, by value or by
// label: a command line names an address book as people do. ok is false where
// one is missing or fits nothing, so that the choice is shown.
func foretold(fields []provider.Field, typed map[string]string) (chosen map[string]string, ok bool) {
	named := map[string]string{}
	for _, f := range fields {
		v := strings.TrimSpace(typed[f.Name])
		if v == "" {
			return nil, false
		}
		for _, o := range f.Options {
			if strings.EqualFold(o.Label, v) && !slices.ContainsFunc(f.Options, func(o provider.Option) bool { return o.Value == v }) {
				v = o.Value
			}
		}
		named[f.Name] = v
	}
	chosen, faults := check(fields, named)
	return chosen, len(faults) == 0
}

// install stores the Connection in place of the user's present one. The same
// account at the same provider and address goes on under its ID, even after it
// was disconnected, as long as its links are kept; fresh tells another account.
func (s *Service) install(ctx context.Context, user store.User, p provider.Provider, d draft, account contact.Account) (c store.Connection, fresh bool, err error) {
	v := vault{Values: secrets(d.Values), Access: Secret(d.Access), Refresh: Secret(d.Refresh), Life: d.Life}
	sealed, err := v.encode()
	if err != nil {
		return c, false, err
	}
	before, err := s.o.Store.ConnectionOn(ctx, user.ID, string(p.Side))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return c, false, err
	}
	all, err := s.o.Store.Connections(ctx, user.ID)
	if err != nil {
		return c, false, err
	}
	c = store.Connection{
		UserID: user.ID, Side: string(p.Side), Provider: p.ID, Method: string(d.Method), BaseURL: d.BaseURL,
		AccountID: account.ID, AccountName: account.Name, AccountEmail: account.Email,
		Secret: sealed, Expires: d.Expires, ConnectedAt: s.o.Now(),
	}
	if err := s.o.Store.SaveConnection(ctx, &c); err != nil {
		return c, false, err
	}
	s.forgetSpent(c.ID)
	if before.ID != "" && before.ID != c.ID {
		// Not where the account is the same: some providers revoke all of its
		// permissions at once, the new one too.
		s.revoke(ctx, before)
	}
	fresh = !slices.ContainsFunc(all, func(old store.Connection) bool { return old.ID == c.ID })
	return c, fresh, nil
}
