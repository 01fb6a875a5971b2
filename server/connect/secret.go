package connect

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Secret is a text that must not reach a log, a page or an error. However it
// is printed or encoded, it reads "[redacted]"; only Reveal gives it away.
type Secret string

const redacted = "[redacted]"

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return redacted }

// Format implements fmt.Formatter: no verb prints the secret.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// vault is what store.Connection.Secret holds once it is opened.
type vault struct {
	// Values are the form's values, or what Provider.Connect kept of them.
	Values  map[string]Secret
	Access  Secret
	Refresh Secret
	// Life is how long the provider's access tokens live, 0 where it does not say.
	Life time.Duration
}

// sealed is vault with its secrets in the clear, as they are handed to the
// store, which seals them.
type sealed struct {
	Values  map[string]string `json:"values,omitempty"`
	Access  string            `json:"access,omitempty"`
	Refresh string            `json:"refresh,omitempty"`
	Life    time.Duration     `json:"life,omitempty"`
}

func (v vault) encode() ([]byte, error) {
	return json.Marshal(sealed{Values: v.plain(), Access: v.Access.Reveal(), Refresh: v.Refresh.Reveal(), Life: v.Life})
}

func decode(b []byte) (vault, error) {
	var in sealed
	if err := json.Unmarshal(b, &in); err != nil {
		return vault{}, fmt.Errorf("connect: the stored credentials cannot be read: %w", err)
	}
	return vault{Values: secrets(in.Values), Access: Secret(in.Access), Refresh: Secret(in.Refresh), Life: in.Life}, nil
}

// scrub is an error's text for the log, without what is secret here: an error of
// an adapter, or of a library below it, may quote what was sent.
func (v vault) scrub(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	hide := func(s Secret) {
		if len(s) >= 3 {
			text = strings.ReplaceAll(text, string(s), redacted)
		}
	}
	for _, s := range v.Values {
		hide(s)
	}
	hide(v.Access)
	hide(v.Refresh)
	return text
}

// plain are the values as adapters get them.
func (v vault) plain() map[string]string {
	out := make(map[string]string, len(v.Values))
	for k, s := range v.Values {
		out[k] = s.Reveal()
	}
	return out
}

func secrets(in map[string]string) map[string]Secret {
	out := make(map[string]Secret, len(in))
	for k, s := range in {
		out[k] = Secret(s)
	}
	return out
}
