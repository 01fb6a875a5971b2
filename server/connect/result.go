package connect

import (
	"context"
	"errors"
	"maps"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/store"
)

// Result is how far connecting came: a Connection stands, or faults are to be
// shown, or one more choice is to be made.
type Result struct {
	// Connection is set once it stands.
	Connection *store.Connection
	// New: another account than before, so a first run follows.
	New bool
	// Faults are sentences for people: beside a field by its name ("url"), above
	// the form by "".
	Faults map[string]string
	// Typed is what was typed, without secrets, so that it stays in the form.
	Typed map[string]string
	// Choose are fields still to be filled in. They are sent to Form together
	// with Pending, which stands for everything that was proved so far.
	Choose  []provider.Field
	Pending string
	// Notice are sentences that the person should read.
	Notice []string
}

// PendingField is the name under which Form takes Result.Pending.
const PendingField = "pending"

// URLField is the name under which Form takes the Custom URL.
const URLField = "url"

// Faults is an error that belongs to fields of a form; see Result.Faults.
type Faults map[string]string

// Error is one of the sentences.
func (f Faults) Error() string {
	for _, key := range []string{"", URLField} {
		if s := f[key]; s != "" {
			return s
		}
	}
	for _, s := range f {
		return s
	}
	return "Something is wrong with what was typed."
}

// The faults of a redirect, as sentences for the person.
var (
	ErrAttempt = errors.New("This connection attempt was already used, is too old or was begun elsewhere. Click Connect again.")
	ErrDenied  = errors.New("Access was not allowed, so nothing was connected. Click Connect again when you want to allow it.")
	ErrNoSuch  = errors.New("There is no such provider. Choose one from the list.")
)

// faultsOf makes faults of an error of a provider's Connect. What is not in
// contact's vocabulary is a fault of ours: it is logged, and the person reads a
// sentence without it.
func (s *Service) faultsOf(ctx context.Context, p provider.Provider, d draft, err error) map[string]string {
	v := vault{Values: secrets(d.Values), Access: Secret(d.Access), Refresh: Secret(d.Refresh)}
	var e *contact.Error
	if !errors.As(err, &e) {
		s.o.Log.ErrorContext(ctx, "connect failed", "provider", p.ID, "error", v.scrub(err))
		if ctx.Err() != nil {
			return map[string]string{"": p.Name + " did not answer in time. Try again later."}
		}
		return map[string]string{"": "Connecting to " + p.Name + " failed for a reason that was noted in the log. Try again later."}
	}
	s.o.Log.InfoContext(ctx, "connect refused", "provider", p.ID, "kind", e.Kind.Error(), "cause", v.scrub(e.Cause))
	field := e.Field
	if field == "" && errors.Is(e, contact.ErrBaseURL) {
		field = URLField
	}
	if !hasField(p, field) {
		field = ""
	}
	return map[string]string{field: e.Error()}
}

// hasField reports whether the form of p shows a field.
func hasField(p provider.Provider, name string) bool {
	if name == URLField && p.URL != provider.URLNever {
		return true
	}
	for _, f := range p.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// shown is what was typed without secrets.
func shown(p provider.Provider, typed map[string]string) map[string]string {
	out := maps.Clone(typed)
	delete(out, PendingField)
	for _, f := range p.Fields {
		if f.Secret {
			delete(out, f.Name)
		}
	}
	return out
}
