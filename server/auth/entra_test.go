package auth

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/server/sandbox/kit"
	"tandem/store/storetest"
)

const (
	tenantA = "11111111-1111-4111-8111-111111111111"
	tenantB = "22222222-2222-4222-8222-222222222222"
	app     = "33333333-3333-4333-8333-333333333333"
)

// entra answers as Entra's endpoint for several tenants does: its discovery
// names a template as issuer, its tokens name their tenant's.
type entra struct {
	*kit.OIDC
	url    string
	claims map[string]any // of the next ID token
	nonce  string
}

func startEntra(t *testing.T, change func(*Options)) (*Service, *entra) {
	t.Helper()
	signer, err := kit.NewOIDC(kit.OIDCOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e := &entra{OIDC: signer}
	mux := http.NewServeMux()
	mux.Handle("GET /keys", signer)
	mux.HandleFunc("GET /common/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{
			"issuer": e.url + "/{tenantid}/v2.0", "authorization_endpoint": e.url + "/authorize",
			"token_endpoint": e.url + "/token", "jwks_uri": e.url + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": e.token(t, nil)})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	e.url = server.URL
	e.claims = map[string]any{
		"iss": e.url + "/" + tenantA + "/v2.0", "tid": tenantA, "oid": "object-1", "sub": "pairwise", "aud": app, "ver": "2.0",
		"name": "Ann", "preferred_username": "Ann@Contoso.example", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	}
	o := Options{Store: storetest.New(t), Issuer: e.url + "/common/v2.0", ClientID: app, BaseURL: "https://t.example", APIScope: "access_as_user"}
	if change != nil {
		change(&o)
	}
	s := New(o)
	s.entra = e.url
	return s, e
}

func (e *entra) token(t *testing.T, change map[string]any) string {
	claims := maps.Clone(e.claims)
	claims["nonce"] = e.nonce
	maps.Copy(claims, change)
	raw, err := e.Sign(claims)
	if err != nil {
		t.Error(err)
	}
	return raw
}

func TestEntraSignIn(t *testing.T) {
	s, e := startEntra(t, nil)
	signIn := func(change map[string]any) (Result, error) {
		begun, err := s.Begin(t.Context(), Begin{})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(begun.URL)
		if err != nil {
			t.Fatal(err)
		}
		before := e.claims
		e.nonce, e.claims = u.Query().Get("nonce"), maps.Clone(e.claims)
		maps.Copy(e.claims, change)
		defer func() { e.claims = before }()
		return s.Finish(t.Context(), url.Values{"state": {u.Query().Get("state")}, "code": {"c"}}, begun.Attempt)
	}
	ann, err := signIn(nil)
	if err != nil || ann.User.Email != "ann@contoso.example" || ann.User.EmailVerified || ann.User.Admin {
		t.Fatalf("sign-in: %+v, %v", ann, err)
	}
	if same, err := signIn(map[string]any{"preferred_username": "new@contoso.example", "sub": "other"}); err != nil || same.User.ID != ann.User.ID {
		t.Errorf("the same object id is another user: %v", err)
	}
	b := map[string]any{"tid": tenantB, "iss": e.url + "/" + tenantB + "/v2.0"}
	if other, err := signIn(b); err != nil || other.User.ID == ann.User.ID || other.User.OrganizationID == ann.User.OrganizationID {
		t.Errorf("another tenant: %+v, %v", other.User, err)
	}
	if boss, err := signIn(map[string]any{"oid": "object-2", "roles": []string{"Admin"}}); err != nil || !boss.User.Admin || boss.User.OrganizationID != ann.User.OrganizationID {
		t.Errorf("the app role: %+v, %v", boss.User, err)
	}
	home := func(oid string) Result {
		got, err := signIn(map[string]any{"tid": personal, "iss": e.url + "/" + personal + "/v2.0", "oid": oid})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if home("p1").User.OrganizationID == home("p2").User.OrganizationID {
		t.Error("two personal accounts share an organization")
	}
	for name, change := range map[string]map[string]any{
		"issuer of another tenant": {"iss": e.url + "/" + tenantB + "/v2.0"},
		"issuer of another host":   {"iss": "https://evil.example/" + tenantA + "/v2.0"},
		"tenant is no GUID":        {"tid": "x", "iss": e.url + "/x/v2.0"},
		"version 1":                {"ver": "1.0"},
		"no object id":             {"oid": ""},
		"another audience":         {"aud": "api://" + app},
		"expired":                  {"exp": time.Now().Add(-time.Hour).Unix()},
	} {
		if _, err := signIn(change); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEntraTenants(t *testing.T) {
	s, e := startEntra(t, func(o *Options) { o.Tenants = []string{tenantB} })
	if _, err := s.Bearer(t.Context(), e.token(t, map[string]any{"scp": "access_as_user"})); !errors.Is(err, ErrSignedOut) {
		t.Errorf("a tenant that is not allowed: %v", err)
	}
}

// TestNestedApp checks access tokens that Outlook's own broker gave.
func TestNestedApp(t *testing.T) {
	s, e := startEntra(t, nil)
	good, err := s.Bearer(t.Context(), e.token(t, map[string]any{"scp": "profile access_as_user", "roles": []string{"Admin"}}))
	if err != nil || good.User.Name != "Ann" || good.Admin || !good.Demoted {
		t.Fatalf("bearer: %+v, %v", good, err)
	}
	forged := e.token(t, map[string]any{"scp": "access_as_user"})
	for name, raw := range map[string]string{
		"for Graph":           e.token(t, map[string]any{"scp": "access_as_user", "aud": "00000003-0000-0000-c000-000000000000"}),
		"an ID token":         e.token(t, nil),
		"of an application":   e.token(t, map[string]any{"roles": []string{"access_as_user"}}),
		"a scope like ours":   e.token(t, map[string]any{"scp": "access_as_user.x"}),
		"another tenant's":    e.token(t, map[string]any{"scp": "access_as_user", "tid": tenantB}),
		"expired":             e.token(t, map[string]any{"scp": "access_as_user", "exp": time.Now().Add(-time.Minute).Unix()}),
		"signature cut":       forged[:strings.LastIndex(forged, ".")+1],
		"algorithm none":      "eyJhbGciOiJub25lIn0." + strings.Split(forged, ".")[1] + ".",
		"no token":            "a.b.c",
		"signature of others": forged[:len(forged)-8] + "AAAAAAAA",
	} {
		if _, err := s.Bearer(t.Context(), raw); !errors.Is(err, ErrSignedOut) {
			t.Errorf("%s: %v", name, err)
		}
	}
	off, e2 := startEntra(t, func(o *Options) { o.APIScope = "" })
	if _, err := off.Bearer(t.Context(), e2.token(t, map[string]any{"scp": "access_as_user"})); !errors.Is(err, ErrSignedOut) {
		t.Errorf("where it is not set up: %v", err)
	}
}
