// Package config says what the service can be told from outside: every
// variable of the environment, which is a flag of the same name too, and what
// is wrong with it, all at once. It imports nothing of ours and opens no
// connection.
package config

import (
	"net/netip"
	"net/url"
	"strings"
)

// Config is the configuration. Its tags are kong's: the command line embeds it,
// so each field is a flag and a variable of the environment.
type Config struct {
	DatabaseURL Secret `name:"database-url" env:"DATABASE_URL" default:"tandem.db" help:"SQLite file, or postgres://user:password@host/name."`
	Listen      string `name:"listen" env:"LISTEN" default:"localhost:3000" help:"Address to listen on, host:port; :3000 is every interface."`
	BaseURL     string `name:"base-url" env:"BASE_URL" default:"http://localhost:3000" help:"Origin at which people reach the page, for example https://tandem.example.com."`
	AddinURL    string `name:"addin-base-url" env:"ADDIN_BASE_URL" help:"Origin at which Outlook loads the sidebar; BASE_URL where empty."`

	TLSCertFile string `name:"tls-cert-file" env:"TLS_CERT_FILE" help:"Certificate chain (PEM); with TLS_KEY_FILE the service speaks https itself."`
	TLSKeyFile  string `name:"tls-key-file" env:"TLS_KEY_FILE" help:"Private key (PEM) of the certificate."`

	KeysetFile string `name:"encryption-keyset-file" env:"ENCRYPTION_KEYSET_FILE" default:"tandem-keyset.json" help:"Keys that seal credentials and contact data; made with mode 0600 where missing. Keep a copy apart from the database."`

	OIDCIssuer       string `name:"oidc-issuer" env:"OIDC_ISSUER" help:"Issuer of the OpenID Connect provider where people sign in, for example https://login.microsoftonline.com/common/v2.0."`
	OIDCClientID     string `name:"oidc-client-id" env:"OIDC_CLIENT_ID" help:"Client ID of this service at the issuer."`
	OIDCClientSecret Secret `name:"oidc-client-secret" env:"OIDC_CLIENT_SECRET" help:"Client secret; empty for a public client (PKCE alone)."`

	MicrosoftClientID     string `name:"microsoft-client-id" env:"MICROSOFT_CLIENT_ID" help:"Client ID of this service's app registration at Microsoft Entra, for Microsoft 365 and Outlook.com."`
	MicrosoftClientSecret Secret `name:"microsoft-client-secret" env:"MICROSOFT_CLIENT_SECRET" help:"Its client secret."`
	MicrosoftEndpoint     string `name:"microsoft-endpoint" env:"MICROSOFT_ENDPOINT" help:"Another cloud's or a sandbox's address in place of Microsoft's own."`
	GoogleClientID        string `name:"google-client-id" env:"GOOGLE_CLIENT_ID" help:"Client ID of this service's OAuth client at Google."`
	GoogleClientSecret    Secret `name:"google-client-secret" env:"GOOGLE_CLIENT_SECRET" help:"Its client secret."`
	GoogleEndpoint        string `name:"google-endpoint" env:"GOOGLE_ENDPOINT" help:"A sandbox's address in place of Google's own."`

	AdminEmails     []string `name:"admin-emails" env:"ADMIN_EMAILS" sep:"," help:"Verified e-mail addresses of administrators, separated by commas."`
	PrivateNetworks []string `name:"allowed-private-networks" env:"ALLOWED_PRIVATE_NETWORKS" sep:"," help:"Networks (CIDR, separated by commas) that custom URLs may reach besides public addresses."`
}

// Addin is the origin at which Outlook loads the sidebar.
func (c Config) Addin() string {
	if c.AddinURL != "" {
		return origin(c.AddinURL)
	}
	return c.Base()
}

// Base is BASE_URL without a trailing slash.
func (c Config) Base() string { return origin(c.BaseURL) }

// Loopback reports whether BASE_URL names this machine alone: then the first
// person who signs in is the administrator.
func (c Config) Loopback() bool {
	u, err := url.Parse(c.BaseURL)
	return err == nil && loopback(u.Hostname())
}

// TLS reports whether the service speaks https itself.
func (c Config) TLS() bool { return c.TLSCertFile != "" && c.TLSKeyFile != "" }

// Postgres reports whether the database is a Postgres server, not a file.
func (c Config) Postgres() bool {
	scheme, _, _ := strings.Cut(c.DatabaseURL.Reveal(), "://")
	return scheme == "postgres" || scheme == "postgresql"
}

// Networks are the private networks that custom URLs may reach. A single
// address is a network of its own. Entries that Check refuses are left out.
func (c Config) Networks() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range trimmed(c.PrivateNetworks) {
		if p, err := network(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// Admins are the e-mail addresses of ADMIN_EMAILS, in lower case.
func (c Config) Admins() []string {
	out := trimmed(c.AdminEmails)
	for i, s := range out {
		out[i] = strings.ToLower(s)
	}
	return out
}

func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func origin(s string) string { return strings.TrimRight(strings.TrimSpace(s), "/") }

func trimmed(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
