package connect

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/provider"
)

func TestSecretStaysSecret(t *testing.T) {
	v := vault{Values: secrets(map[string]string{"password": "hush"}), Access: "hush", Refresh: "hush"}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "vault", v, "access", v.Access)
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{log.String(), string(encoded), fmt.Sprintf("%v %+v %#v %s %q %x", v, v, v, v.Access, v.Access, v.Access)} {
		if strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
			t.Errorf("the secret shows: %s", text)
		}
	}
	sealed, err := v.encode()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := decode(sealed); err != nil || back.Access != "hush" || back.Values["password"] != "hush" {
		t.Errorf("stored and read: %v", err)
	}
	if _, err := decode([]byte("hush")); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("unreadable: %v", err)
	}
}

func TestRenewal(t *testing.T) {
	end := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name             string
		v                vault
		expires          time.Time
		earliest, latest time.Duration // before the end
	}{
		{"an hour", vault{Refresh: "r", Life: time.Hour}, end, ahead + jitter, ahead},
		{"life not told", vault{Refresh: "r"}, end, ahead + jitter, ahead},
		{"ten minutes", vault{Refresh: "r", Life: 10 * time.Minute}, end, 2 * time.Minute, 2 * time.Minute},
	} {
		for range 100 {
			if got := end.Sub(renewal(c.v, c.expires)); got > c.earliest || got < c.latest {
				t.Fatalf("%s: %s before its end", c.name, got)
			}
		}
	}
	if !renewal(vault{Refresh: "r"}, time.Time{}).IsZero() || !renewal(vault{}, end).IsZero() {
		t.Error("a token without end, or one that cannot be renewed, is due")
	}
}

// TestBudget remembers that a request budget is used up.
func TestBudget(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	b := &book{s: s, p: provider.Provider{ID: "p"}, id: "c", requests: new(atomic.Int64)}
	quota := &contact.Error{Kind: contact.ErrQuota, RetryAt: now.Add(time.Hour)}
	if err := b.note(t.Context(), fmt.Errorf("describe: %w", quota)); !errors.Is(err, contact.ErrQuota) {
		t.Error(err)
	}
	if err := s.budget("c"); !errors.Is(err, contact.ErrQuota) {
		t.Errorf("within the hour: %v", err)
	}
	if err := s.budget("other"); err != nil {
		t.Errorf("another connection: %v", err)
	}
	now = now.Add(time.Hour)
	if err := s.budget("c"); err != nil {
		t.Errorf("after the hour: %v", err)
	}
}

func TestRightIssuer(t *testing.T) {
	entra := provider.OAuthConfig{Issuer: "https://login.microsoftonline.com/{tenantid}/v2.0"}
	plain := provider.OAuthConfig{AuthURL: "https://login.example.com/oauth/authorize"}
	for _, c := range []struct {
		config provider.OAuthConfig
		iss    string
		want   bool
	}{
		{entra, "", true}, {entra, "https://login.microsoftonline.com/11-22/v2.0", true}, {entra, "https://evil.example/11-22/v2.0", false},
		{plain, "https://login.example.com", true}, {plain, "https://login.example.com/x", true},
		{plain, "http://login.example.com", false}, {plain, "https://login.example.com.evil.example", false}, {plain, "%", false},
		{provider.OAuthConfig{Issuer: "https://a.example"}, "https://a.example/", false},
	} {
		if got := rightIssuer(c.config, c.iss); got != c.want {
			t.Errorf("%q with %q: %v", c.iss, c.config.Issuer+c.config.AuthURL, got)
		}
	}
}
