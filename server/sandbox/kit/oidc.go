package kit

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// User is somebody who can sign in. Subject is made from Email where it is "".
type User struct {
	Subject       string
	Email         string
	EmailVerified bool
	Name          string
	// TenantID and ObjectID become the claims "tid" and "oid" where they are
	// set, as Microsoft Entra gives them.
	TenantID, ObjectID string
}

// Client is a registered client. A Client without Secret is a public one: it
// proves itself by PKCE alone.
type Client struct {
	ID, Secret, Name string
	// RedirectURIs are compared character by character (RFC 9700 section 4.1.3).
	RedirectURIs []string
	// SkipConsent is for the product's own sign-in, which asks for nothing.
	SkipConsent bool
}

// OIDCOptions configure an OIDC.
type OIDCOptions struct {
	// Issuer is the provider's URL without a trailing slash; its path is where
	// the handler is mounted, unstripped. Where Issuer is "", it is made from
	// each request's scheme, Host and Path: enough for a test.
	Issuer string
	// Path is the path of the provider where Issuer is "".
	Path string
	// Title heads the pages. "" means "Demo sign-in".
	Title   string
	Users   []User
	Clients []Client
	// AllowRedirect allows a redirect URI that is not registered, for example
	// one with the port that the demo happened to get. Nil allows none.
	AllowRedirect func(c Client, uri string) bool
	// Scopes are the scopes beyond OpenID's own, each with the sentence that
	// the consent page shows ("Read and change your contacts").
	Scopes map[string]string
	// AnyEmail lets an unknown e-mail be typed on the sign-in page. It becomes
	// a user whose e-mail is not verified.
	AnyEmail bool
	// SingleSignOn skips the sign-in page for somebody who signed in before in
	// this browser. Without it the page is shown each time, unless login_hint
	// names the one who is signed in: a visitor of the demo changes users often.
	SingleSignOn bool
	// AccessTTL is how long an access token lives. 0 means one hour.
	AccessTTL time.Duration
	// KeepRefresh leaves a refresh token valid after its use, as Google does.
	// Without it each use gives a new one and the old one is refused.
	KeepRefresh bool
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// OIDC is an OAuth 2 authorization server (RFC 6749, 7009, 7636, 9207) and an
// OpenID Connect provider (Core 1.0, Discovery 1.0) for the code flow with
// PKCE. Without the scope "openid" it is plain OAuth. A refresh token is given
// with offline_access, with Google's access_type=offline, and to plain OAuth.
// It is safe for concurrent use.
type OIDC struct {
	o      OIDCOptions
	path   string
	cookie string
	mux    *http.ServeMux
	key    func() *rsa.PrivateKey

	mu       sync.Mutex
	state    oidcState
	pending  map[string]*pending
	codes    map[string]*code
	sessions map[string]string // cookie to subject
	failures []Failure
	changes  uint64
}

// NewOIDC makes a provider. Mount it at the path of its issuer and everything below.
func NewOIDC(o OIDCOptions) (*OIDC, error) {
	o.Issuer = strings.TrimSuffix(o.Issuer, "/")
	o.Title = cmp.Or(o.Title, "Demo sign-in")
	o.AccessTTL = cmp.Or(o.AccessTTL, time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
	path := strings.TrimSuffix(o.Path, "/")
	if o.Issuer != "" {
		u, err := url.Parse(o.Issuer)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("the issuer %q is not a URL with a host", o.Issuer)
		}
		path = u.Path
	}
	sum := sha256.Sum256([]byte(o.Issuer + path))
	p := &OIDC{
		o: o, path: path,
		// Cookies know no port: the name keeps two providers on one host apart.
		cookie:   "demo-signin-" + hex.EncodeToString(sum[:4]),
		pending:  map[string]*pending{},
		codes:    map[string]*code{},
		sessions: map[string]string{},
	}
	p.state.reset()
	for _, u := range o.Users {
		u.Subject = cmp.Or(u.Subject, subjectOf(u.Email))
		p.state.Users = append(p.state.Users, u)
	}
	p.key = sync.OnceValue(p.signingKey)
	p.mux = http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /.well-known/openid-configuration": p.discovery,
		"GET /keys":                             p.keys,
		"GET /authorize":                        p.authorize,
		"POST /signin":                          p.signin,
		"GET /consent":                          p.consentPage,
		"POST /consent":                         p.consent,
		"POST /token":                           p.token,
		"POST /revoke":                          p.revoke,
		"GET /userinfo":                         p.userinfo,
		"POST /userinfo":                        p.userinfo,
		"GET /logout":                           p.logout,
		"GET /style.css":                        serveStyle,
	} {
		method, rest, _ := strings.Cut(pattern, " ")
		p.mux.HandleFunc(method+" "+path+rest, h)
	}
	return p, nil
}

// ServeHTTP answers requests below the issuer's path.
func (p *OIDC) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// issuer is the provider's URL as this request reached it.
func (p *OIDC) issuer(r *http.Request) string {
	if p.o.Issuer != "" {
		return p.o.Issuer
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + p.path
}

func (p *OIDC) discovery(w http.ResponseWriter, r *http.Request) {
	if p.fail(FailDiscovery) {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	iss := p.issuer(r)
	scopes := []string{"openid", "profile", "email", "offline_access"}
	for s := range p.o.Scopes {
		scopes = append(scopes, s)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         iss,
		"authorization_endpoint":                         iss + "/authorize",
		"token_endpoint":                                 iss + "/token",
		"revocation_endpoint":                            iss + "/revoke",
		"userinfo_endpoint":                              iss + "/userinfo",
		"end_session_endpoint":                           iss + "/logout",
		"jwks_uri":                                       iss + "/keys",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post", "none"},
		"code_challenge_methods_supported":               []string{"S256"},
		"scopes_supported":                               scopes,
		"claims_supported":                               []string{"sub", "email", "email_verified", "name", "preferred_username", "tid", "oid"},
		"prompt_values_supported":                        []string{"none", "login", "consent", "select_account"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func (p *OIDC) keys(w http.ResponseWriter, _ *http.Request) {
	if p.fail(FailKeys) {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	k := jose.JSONWebKey{Key: p.key().Public(), KeyID: p.keyID(), Algorithm: string(jose.RS256), Use: "sig"}
	writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k}})
}

// userinfo answers OpenID Connect Core section 5.3.
func (p *OIDC) userinfo(w http.ResponseWriter, r *http.Request) {
	if p.fail(FailUserinfo) {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	u, scopes, ok := p.Verify(token)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		http.Error(w, "the access token is not valid", http.StatusUnauthorized)
		return
	}
	writeJSON(w, http.StatusOK, u.claims(scopes))
}

// claims are what a token says about u under the given scopes.
func (u User) claims(scopes []string) map[string]any {
	c := map[string]any{"sub": u.Subject}
	for _, s := range scopes {
		switch s {
		case "email":
			c["email"], c["email_verified"] = u.Email, u.EmailVerified
		case "profile":
			c["name"], c["preferred_username"] = u.Name, u.Email
		}
	}
	if u.TenantID != "" {
		c["tid"] = u.TenantID
	}
	if u.ObjectID != "" {
		c["oid"] = u.ObjectID
	}
	return c
}

func subjectOf(email string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(email)))
	return hex.EncodeToString(sum[:10])
}

func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader went away: nothing to be done
}
