package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Check reports everything that is wrong for serving, joined by errors.Join,
// each fault a sentence that names the variable and says what to do. It reads
// files but opens no connection. It is not called Validate because kong would
// call that while parsing, for commands that need no sign-in too.
func (c Config) Check() error {
	faults := []error{c.CheckCommand()}
	faults = append(faults, c.listen(), address("BASE_URL", c.BaseURL, "https://tandem.example.com"))
	if c.AddinURL != "" {
		faults = append(faults, address("ADDIN_BASE_URL", c.AddinURL, "https://addin.example.com"))
	}
	faults = append(faults, c.tls(), c.oidc())
	for _, s := range trimmed(c.AdminEmails) {
		if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
			faults = append(faults, fmt.Errorf("ADMIN_EMAILS: %q is not an e-mail address. Give plain addresses separated by commas.", s))
		}
	}
	return errors.Join(faults...)
}

// CheckCommand reports everything that is wrong for the commands that work
// straight on the database and serve nothing.
func (c Config) CheckCommand() error {
	faults := []error{c.database(), c.keyset()}
	for _, s := range trimmed(c.PrivateNetworks) {
		if _, err := network(s); err != nil {
			faults = append(faults, fmt.Errorf("ALLOWED_PRIVATE_NETWORKS: %q is not a network. Write it like 10.1.0.0/16.", s))
		}
	}
	return errors.Join(faults...)
}

func (c Config) database() error {
	dsn := c.DatabaseURL.Reveal()
	scheme, _, found := strings.Cut(dsn, "://")
	switch {
	case strings.TrimSpace(dsn) == "":
		return errors.New("DATABASE_URL is empty. Name an SQLite file, or a server as postgres://user:password@host/name.")
	case c.Postgres():
		if u, err := url.Parse(dsn); err != nil || strings.Trim(u.Path, "/") == "" && !u.Query().Has("dbname") {
			return errors.New("DATABASE_URL is not a complete Postgres address. Write it as postgres://user:password@host/name.")
		}
		return nil
	case found && scheme != "file" && scheme != "sqlite":
		return fmt.Errorf("DATABASE_URL begins with %q, which is neither an SQLite file nor postgres://. Name a file, or a server as postgres://user:password@host/name.", scheme+"://")
	}
	for _, prefix := range []string{"sqlite:", "file:", "//"} {
		dsn = strings.TrimPrefix(dsn, prefix)
	}
	file, _, _ := strings.Cut(dsn, "?")
	return directory("DATABASE_URL", file)
}

func (c Config) keyset() error {
	if strings.TrimSpace(c.KeysetFile) == "" {
		return errors.New("ENCRYPTION_KEYSET_FILE is empty. Name a file; it is made where it is missing.")
	}
	if i, err := os.Stat(c.KeysetFile); err == nil && !i.Mode().IsRegular() {
		return fmt.Errorf("ENCRYPTION_KEYSET_FILE: %s is not a file. Name a file; it is made where it is missing.", c.KeysetFile)
	}
	return directory("ENCRYPTION_KEYSET_FILE", c.KeysetFile)
}

// directory checks that the folder in which a file is kept exists.
func directory(variable, file string) error {
	if file == "" || file == ":memory:" {
		return nil
	}
	dir := filepath.Dir(file)
	if i, err := os.Stat(dir); err != nil || !i.IsDir() {
		return fmt.Errorf("%s: the folder %s does not exist. Make it, or name another place.", variable, dir)
	}
	return nil
}

func (c Config) listen() error {
	_, port, err := net.SplitHostPort(c.Listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("LISTEN: %q is not an address to listen on. Write it as host:port, for example localhost:3000 or :3000.", c.Listen)
	}
	return nil
}

// address checks an origin: Outlook, the __Host- cookies and the redirect
// addresses all need one without a path, and https except on this machine.
func address(variable, value, example string) error {
	u, err := url.Parse(origin(value))
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%s: %q is not a web address. Write it like %s.", variable, value, example)
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%s must be scheme, host and port alone, like %s: no user, path or query.", variable, example)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("%s must begin with https:// because it does not name this machine. Use https, here or in a proxy in front.", variable)
	}
	return nil
}

func (c Config) tls() error {
	switch {
	case c.TLSCertFile == "" && c.TLSKeyFile == "":
		return nil
	case c.TLSCertFile == "":
		return errors.New("TLS_KEY_FILE is set without TLS_CERT_FILE. Set both, or neither behind a proxy that speaks https.")
	case c.TLSKeyFile == "":
		return errors.New("TLS_CERT_FILE is set without TLS_KEY_FILE. Set both, or neither behind a proxy that speaks https.")
	}
	var faults []error
	for variable, file := range map[string]string{"TLS_CERT_FILE": c.TLSCertFile, "TLS_KEY_FILE": c.TLSKeyFile} {
		f, err := os.Open(file)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %s cannot be read. Name an existing PEM file that this user may read.", variable, file))
			continue
		}
		f.Close()
	}
	if faults == nil {
		if _, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile); err != nil {
			faults = append(faults, errors.New("TLS_CERT_FILE and TLS_KEY_FILE do not hold a certificate and its private key in PEM form. Check that they belong together."))
		}
	}
	return errors.Join(faults...)
}

func (c Config) oidc() error {
	var faults []error
	u, err := url.Parse(c.OIDCIssuer)
	switch {
	case c.OIDCIssuer == "":
		faults = append(faults, errors.New("OIDC_ISSUER is missing. Give the issuer address of your OpenID Connect provider, or try the product with the command demo."))
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		faults = append(faults, fmt.Errorf("OIDC_ISSUER: %q is not an issuer address. Write it like https://login.microsoftonline.com/common/v2.0.", c.OIDCIssuer))
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		faults = append(faults, errors.New("OIDC_ISSUER must begin with https:// because it does not name this machine."))
	}
	if c.OIDCClientID == "" {
		faults = append(faults, errors.New("OIDC_CLIENT_ID is missing. Register this service at the issuer and give its client ID."))
	}
	return errors.Join(faults...)
}
