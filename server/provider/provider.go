// Package provider says what a provider is: plain data from which the connect
// form renders itself, and two functions. Providers are listed by hand in the
// menus crm and contactserver; nothing registers itself.
package provider

import (
	"context"

	"tandem/server/contact"
	"tandem/server/rest"
)

// Side tells CRMs from contacts servers.
type Side string

// The two sides, as stored.
const (
	CRM      Side = "crm"
	Contacts Side = "contacts"
)

// Method is a way of signing in.
type Method string

// The ways of signing in.
const (
	Form  Method = "form"  // the fields below, in a manual form
	OAuth Method = "oauth" // a redirect to the provider
)

// URLNeed says whether the provider needs a Custom URL.
type URLNeed uint8

// The needs for a Custom URL.
const (
	URLNever URLNeed = iota
	URLOptional
	URLRequired
)

// Entity is the CRM entity to sync.
type Entity string

// The entities.
const (
	EntityContacts Entity = "contacts"
	EntityLeads    Entity = "leads"
)

// Scope says whose CRM records are synchronised.
type Scope string

// The scopes.
const (
	ScopeMine Scope = "mine"
	ScopeAll  Scope = "all"
)

// Field is one field of the manual form.
type Field struct {
	Name, Label, Help, Placeholder, Default string
	Required                                bool
	// Secret fields are typed as passwords and never shown again.
	Secret bool
	// Options make it a choice.
	Options []Option
	// OnlyIf shows the field only while another field has a value ("auth=password").
	OnlyIf string
	// Autocomplete is the HTML token, for example "username".
	Autocomplete string
}

// Option is one element of a choice.
type Option struct{ Value, Label string }

// OAuthConfig is what a redirect needs. Endpoints may contain "{base}", which
// is replaced by the connection's base URL.
type OAuthConfig struct {
	AuthURL, TokenURL, RevokeURL string
	// Issuer is set where the answer holds an ID token to be verified with a nonce.
	Issuer                 string
	Scopes                 []string
	ClientID, ClientSecret string
	// AuthParams are added to the authorization request.
	AuthParams map[string]string
}

// Provider is a kind of system: EspoCRM, iCloud.
type Provider struct {
	ID, Name string
	Side     Side
	// Methods are the ways of signing in, the recommended one first.
	Methods []Method
	// Fields are the manual form's fields, beside the Custom URL.
	Fields []Field
	// Help is a sentence above the form ("iCloud needs an app-specific password.").
	Help string
	// HelpURL is the provider's own page about it.
	HelpURL string
	URL     URLNeed
	// DefaultURL is used where no Custom URL is given.
	DefaultURL string
	// NormalizeURL turns what a person typed into a base URL, or says why it is
	// none. It must not touch the network. Nil means NormalizeURL of this package.
	NormalizeURL func(typed string) (string, error)
	OAuth        *OAuthConfig
	// Leads: the CRM has leads of its own. NoOwner: records have no owner, so
	// that the scope is always "all", and the page says so.
	Leads, NoOwner bool
	// Connect proves the credentials and says who is connected. It may exchange
	// what was typed for what is to be kept.
	Connect func(ctx context.Context, a Access) (Connected, error)
	// Open gives the Book. It does not touch the network.
	Open func(ctx context.Context, a Access) (contact.Book, error)
}

// Access is everything an adapter gets of a Connection.
type Access struct {
	BaseURL string
	// Values are the form's values, secrets included, and what Connect kept.
	Values map[string]string
	// Token gives a fresh bearer token; nil where the sign-in was by form.
	Token func(ctx context.Context) (string, error)
	// HTTP makes a Client for an origin with the adapter's way of signing in.
	HTTP   func(base string, auth rest.Auth) (*rest.Client, error)
	Entity Entity
	Scope  Scope
	// Country is the default country for phone numbers, ISO 3166-1 alpha-2.
	Country string
	// Category is ours ("CRM Contacts"), put on records that we create.
	Category string
}

// Connected is what Connect found out.
type Connected struct {
	Account contact.Account
	// Values replace the form's values in what is stored: the discovered
	// address book, a token in place of a password.
	Values map[string]string
	// Choose asks the person for one more field before the connection stands,
	// for example which address book. Empty where nothing is to be asked.
	Choose []Field
	// Notice are sentences for the person ("Deleted contacts cannot be restored there.").
	Notice []string
}
