package connect

import (
	"context"
	"errors"
	"slices"
	"strings"

	"tandem/server/provider"
	"tandem/store"
)

// Form connects by what a person typed: the Custom URL under URLField, the
// provider's fields under their names, and PendingField with the choice after a
// Result that asked for one; who knows the answer already may type it at once. Faults come with the Result; the error is for
// trouble of our own only, and ErrNoSuch.
func (s *Service) Form(ctx context.Context, user store.User, side provider.Side, providerID string, typed map[string]string) (Result, error) {
	p, ok := s.Provider(side, providerID)
	if !ok {
		return Result{}, ErrNoSuch
	}
	if typed[PendingField] != "" {
		return s.choose(ctx, user, p, typed)
	}
	if !slices.Contains(p.Methods, provider.Form) {
		return Result{}, ErrNoSuch
	}
	values, faults := check(p.Fields, typed)
	base, err := s.baseURL(ctx, user, p, typed[URLField])
	if field := (Faults)(nil); errors.As(err, &field) {
		faults[URLField] = field[URLField]
	} else if err != nil {
		return Result{}, err
	}
	if len(faults) > 0 {
		return Result{Faults: faults, Typed: shown(p, typed)}, nil
	}
	result, err := s.establish(ctx, user, p, draft{Method: provider.Form, BaseURL: base, Values: values}, typed)
	if result.Connection == nil {
		result.Typed = shown(p, typed)
	}
	return result, err
}

// baseURL is what was typed, else the organization's URL of this CRM, else the
// provider's default; where none exists it is Faults beside the field.
func (s *Service) baseURL(ctx context.Context, user store.User, p provider.Provider, typed string) (string, error) {
	normalize := p.NormalizeURL
	if normalize == nil {
		normalize = provider.NormalizeURL
	}
	if p.URL == provider.URLNever {
		return p.DefaultURL, nil
	}
	if typed = strings.TrimSpace(typed); typed == "" && p.Side == provider.CRM {
		global, err := s.o.Store.GlobalSettings(ctx, user.OrganizationID)
		if err != nil {
			return "", err
		}
		if global[store.SettingCRM].Value == p.ID {
			typed = strings.TrimSpace(global[store.SettingCRMURL].Value)
		}
	}
	if typed == "" && p.DefaultURL != "" {
		return p.DefaultURL, nil
	}
	base, err := normalize(typed)
	if err != nil {
		return "", Faults{URLField: err.Error()}
	}
	return base, nil
}

// check takes the fields that apply from what was typed, with their defaults,
// and says what is missing or is none of the choices.
func check(fields []provider.Field, typed map[string]string) (values, faults map[string]string) {
	values, faults = map[string]string{}, map[string]string{}
	for _, f := range fields {
		if name, want, ok := strings.Cut(f.OnlyIf, "="); ok && values[name] != want {
			continue
		}
		v := strings.Trim(typed[f.Name], "\r\n")
		if !f.Secret {
			v = strings.TrimSpace(v)
		}
		if v == "" {
			v = f.Default
		}
		label := f.Label
		if label == "" {
			label = f.Name
		}
		switch {
		case v == "" && f.Required && len(f.Options) > 0:
			faults[f.Name] = "Choose one: " + label + "."
		case v == "" && f.Required:
			faults[f.Name] = "Fill in: " + label + "."
		case v != "" && len(f.Options) > 0 && !slices.ContainsFunc(f.Options, func(o provider.Option) bool { return o.Value == v }):
			faults[f.Name] = "Choose one from the list: " + label + "."
		case v != "":
			values[f.Name] = v
		}
	}
	return values, faults
}
