package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"tandem/server/config"
)

func good(t *testing.T) config.Config {
	dir := t.TempDir()
	return config.Config{
		DatabaseURL: config.Secret(filepath.Join(dir, "tandem.db")), Listen: ":3000", BaseURL: "https://tandem.example.com/",
		KeysetFile: filepath.Join(dir, "keys.json"), OIDCIssuer: "https://login.example.com", OIDCClientID: "tandem",
		AdminEmails: []string{" Ann@Example.com "}, PrivateNetworks: []string{"10.1.2.3/16", "192.168.4.5", ""},
	}
}

func TestCheck(t *testing.T) {
	cert, key := keyPair(t)
	_, other := keyPair(t)
	for _, c := range []struct {
		name  string
		set   func(*config.Config)
		wants []string // beginnings of the faults, in any order; none for a good configuration
	}{
		{"good", func(*config.Config) {}, nil},
		{"postgres", func(c *config.Config) { c.DatabaseURL = "postgres://u:hush@db/tandem?sslmode=disable" }, nil},
		{"sqlite URI", func(c *config.Config) { c.DatabaseURL = "file:tandem.db?mode=rwc" }, nil},
		{"sqlite URL", func(c *config.Config) { c.DatabaseURL = "sqlite:" + c.DatabaseURL }, nil},
		{"sqlite URL with slashes", func(c *config.Config) { c.DatabaseURL = "sqlite://" + c.DatabaseURL + "?x=y" }, nil},
		{"sqlite URL elsewhere", func(c *config.Config) { c.DatabaseURL = "sqlite:/nowhere/x.db" }, []string{"DATABASE_URL: the folder /nowhere"}},
		{"loopback over http", func(c *config.Config) { c.BaseURL, c.OIDCIssuer = "http://localhost:3000", "http://127.0.0.1:9" }, nil},
		{"loopback v6", func(c *config.Config) { c.BaseURL = "http://[::1]:3000" }, nil},
		{"own TLS", func(c *config.Config) { c.TLSCertFile, c.TLSKeyFile = cert, key }, nil},
		{"no database", func(c *config.Config) { c.DatabaseURL = " " }, []string{"DATABASE_URL is empty"}},
		{"other database", func(c *config.Config) { c.DatabaseURL = "mysql://u:hush@db/x" }, []string{`DATABASE_URL begins with "mysql://"`}},
		{"postgres without name", func(c *config.Config) { c.DatabaseURL = "postgres://u:hush@db" }, []string{"DATABASE_URL is not a complete"}},
		{"database folder", func(c *config.Config) { c.DatabaseURL = "/nowhere/at/all/x.db" }, []string{"DATABASE_URL: the folder /nowhere/at/all"}},
		{"keyset empty", func(c *config.Config) { c.KeysetFile = "" }, []string{"ENCRYPTION_KEYSET_FILE is empty"}},
		{"keyset is a folder", func(c *config.Config) { c.KeysetFile = t.TempDir() }, []string{"ENCRYPTION_KEYSET_FILE: "}},
		{"listen", func(c *config.Config) { c.Listen = "3000" }, []string{"LISTEN: "}},
		{"listen port", func(c *config.Config) { c.Listen = ":99999" }, []string{"LISTEN: "}},
		{"base without scheme", func(c *config.Config) { c.BaseURL = "tandem.example.com" }, []string{"BASE_URL: "}},
		{"base over http", func(c *config.Config) { c.BaseURL = "http://tandem.example.com" }, []string{"BASE_URL must begin with https"}},
		{"base with path", func(c *config.Config) { c.BaseURL = "https://example.com/tandem" }, []string{"BASE_URL must be scheme"}},
		{"addin with user", func(c *config.Config) { c.AddinURL = "https://u@example.com" }, []string{"ADDIN_BASE_URL must be scheme"}},
		{"key alone", func(c *config.Config) { c.TLSKeyFile = key }, []string{"TLS_KEY_FILE is set without"}},
		{"certificate alone", func(c *config.Config) { c.TLSCertFile = cert }, []string{"TLS_CERT_FILE is set without"}},
		{"TLS files missing", func(c *config.Config) { c.TLSCertFile, c.TLSKeyFile = "/no/cert", "/no/key" }, []string{"TLS_CERT_FILE: ", "TLS_KEY_FILE: "}},
		{"TLS files of two pairs", func(c *config.Config) { c.TLSCertFile, c.TLSKeyFile = cert, other }, []string{"TLS_CERT_FILE and TLS_KEY_FILE"}},
		{"issuer missing", func(c *config.Config) { c.OIDCIssuer, c.OIDCClientID = "", "" }, []string{"OIDC_ISSUER is missing", "OIDC_CLIENT_ID is missing"}},
		{"issuer over http", func(c *config.Config) { c.OIDCIssuer = "http://login.example.com" }, []string{"OIDC_ISSUER must begin"}},
		{"issuer is a word", func(c *config.Config) { c.OIDCIssuer = "entra" }, []string{"OIDC_ISSUER: "}},
		{"admins", func(c *config.Config) { c.AdminEmails = []string{"ann", "Bob <bob@x.org>"} }, []string{"ADMIN_EMAILS: ", "ADMIN_EMAILS: "}},
		{"networks", func(c *config.Config) { c.PrivateNetworks = []string{"10.0.0.0/33", "lan"} }, []string{"ALLOWED_PRIVATE_NETWORKS: ", "ALLOWED_PRIVATE_NETWORKS: "}},
		{"everything at once", func(c *config.Config) { *c = config.Config{PrivateNetworks: []string{"x"}, AdminEmails: []string{"x"}} },
			[]string{"DATABASE_URL", "ENCRYPTION_KEYSET_FILE", "LISTEN", "BASE_URL", "OIDC_ISSUER", "OIDC_CLIENT_ID", "ADMIN_EMAILS", "ALLOWED_PRIVATE_NETWORKS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := good(t)
			c.set(&got)
			err := got.Check()
			var lines []string
			if err != nil {
				lines = strings.Split(err.Error(), "\n")
			}
			if len(lines) != len(c.wants) {
				t.Fatalf("faults: %q, want %q", lines, c.wants)
			}
			for _, want := range c.wants {
				if !strings.Contains("\n"+err.Error(), "\n"+want) {
					t.Errorf("no fault begins with %q: %v", want, err)
				}
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("a fault tells the password: %v", err)
			}
		})
	}
}

func TestCommandsNeedNoSignIn(t *testing.T) {
	c := good(t)
	c.OIDCIssuer, c.OIDCClientID, c.BaseURL, c.Listen = "", "", "", ""
	if err := c.CheckCommand(); err != nil {
		t.Fatal(err)
	}
}

func TestDerived(t *testing.T) {
	c := good(t)
	if c.Base() != "https://tandem.example.com" || c.Addin() != c.Base() || c.Loopback() || c.TLS() || c.Postgres() {
		t.Errorf("derived: %q %q", c.Base(), c.Addin())
	}
	c.AddinURL = "https://addin.example.com/"
	if c.Addin() != "https://addin.example.com" {
		t.Errorf("Addin: %q", c.Addin())
	}
	if got := fmt.Sprint(c.Networks()); got != "[10.1.0.0/16 192.168.4.5/32]" {
		t.Errorf("Networks: %s", got)
	}
	if got := fmt.Sprint(c.Admins()); got != "[ann@example.com]" {
		t.Errorf("Admins: %s", got)
	}
}

func TestFlagsAndEnvironment(t *testing.T) {
	t.Setenv("OIDC_CLIENT_SECRET", "hush")
	t.Setenv("ADMIN_EMAILS", "ann@example.com,bob@example.com")
	t.Setenv("LISTEN", ":1")
	var cli struct{ config.Config }
	parser, err := kong.New(&cli, kong.Exit(func(int) { t.Fatal("exit") }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--listen", ":2", "--allowed-private-networks", "10.0.0.0/8"}); err != nil {
		t.Fatal(err)
	}
	if cli.Listen != ":2" || len(cli.AdminEmails) != 2 || cli.OIDCClientSecret.Reveal() != "hush" || cli.DatabaseURL.Reveal() != "tandem.db" || len(cli.Networks()) != 1 {
		t.Errorf("parsed: %+v", cli)
	}
}

func TestSecretStaysSecret(t *testing.T) {
	c := config.Config{OIDCClientSecret: "hush", DatabaseURL: "postgres://u:hush@db/x"}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "secret", c.OIDCClientSecret, "config", c)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.OIDCClientSecret, c.OIDCClientSecret, c.OIDCClientSecret), string(encoded), log.String(), errors.Join(c.Check()).Error()} {
		if strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
			t.Errorf("the secret shows: %s", text)
		}
	}
}

func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}},
		&x509.Certificate{Subject: pkix.Name{CommonName: "localhost"}}, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
