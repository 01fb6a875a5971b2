package kit

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Failure names one way in which the provider fails once; see FailNext.
type Failure string

// The failures.
const (
	FailDiscovery    Failure = "discovery"     // 503 for the discovery document
	FailKeys         Failure = "keys"          // 503 for the key set
	FailUserinfo     Failure = "userinfo"      // 503 for userinfo
	FailAuthorize    Failure = "authorize"     // redirects back with error=server_error
	FailToken        Failure = "token"         // 503 at the token endpoint, nothing done
	FailTokenLost    Failure = "token-lost"    // the token request takes effect, its answer is lost
	FailInvalidGrant Failure = "invalid-grant" // invalid_grant, nothing done
	FailRevoke       Failure = "revoke"        // 503 at the revocation endpoint
	FailNonce        Failure = "nonce"         // the next ID token has another nonce
	FailSignature    Failure = "signature"     // the next ID token has a broken signature
)

// oidcState is what survives a restart.
type oidcState struct {
	Key    []byte // PKCS #1; nil until one was made
	Users  []User
	Grants map[string]*grant
	Access map[string]access
	// Refresh maps tokens to their grants' ids.
	Refresh map[string]string
	// Consents are "subject client scope".
	Consents map[string]bool
}

// grant is one permission that a user gave to a client.
type grant struct {
	Client, Subject string
	Scopes          []string
	Refresh         bool
}

type access struct {
	Grant   string
	Expires time.Time
}

func (s *oidcState) reset() {
	*s = oidcState{Grants: map[string]*grant{}, Access: map[string]access{}, Refresh: map[string]string{}, Consents: map[string]bool{}}
}

// Verify checks an access token: whom it speaks for and with which scopes. It
// is what a resource server asks.
func (p *OIDC) Verify(token string) (u User, scopes []string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.state.Access[token]
	if !ok || !p.o.Now().Before(a.Expires) {
		return User{}, nil, false
	}
	g := p.state.Grants[a.Grant]
	u, ok = p.userLocked(g.Subject)
	return u, slices.Clone(g.Scopes), ok
}

// RevokeUser withdraws everything that a user, named by e-mail or subject,
// ever granted: refresh answers invalid_grant and access tokens stop working.
func (p *OIDC) RevokeUser(user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, g := range p.state.Grants {
		u, _ := p.userLocked(g.Subject)
		if g.Subject == user || strings.EqualFold(u.Email, user) {
			p.dropGrant(id)
		}
	}
}

// ExpireAccess makes every access token expire now. Refresh tokens stay.
func (p *OIDC) ExpireAccess() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.state.Access)
	p.changes++
}

// FailNext makes the next request of that kind fail; called twice, the next two.
func (p *OIDC) FailNext(f Failure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures = append(p.failures, f)
}

func (p *OIDC) fail(f Failure) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.failures, f)
	if i < 0 {
		return false
	}
	p.failures = slices.Delete(p.failures, i, i+1)
	return true
}

// Tokens gives an access and a refresh token for a user, named by e-mail or
// subject, as if that person had just allowed the client these scopes.
func (p *OIDC) Tokens(user, client string, scopes ...string) (accessToken, refreshToken string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, ok := p.userLocked(user)
	if !ok {
		return "", "", fmt.Errorf("the sandbox has no user %q", user)
	}
	id := random()
	p.state.Grants[id] = &grant{Client: client, Subject: u.Subject, Scopes: scopes, Refresh: true}
	accessToken, refreshToken = p.issue(id)
	return accessToken, refreshToken, nil
}

// Sign gives a JWT with any claims, signed with the provider's key: for tests
// of what verifies tokens.
func (p *OIDC) Sign(claims map[string]any) (string, error) {
	opts := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", p.keyID())
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: p.key()}, opts)
	if err != nil {
		return "", fmt.Errorf("the token cannot be signed: %w", err)
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

// issue makes the tokens of a grant. The caller holds the lock.
func (p *OIDC) issue(id string) (accessToken, refreshToken string) {
	p.changes++
	accessToken = random()
	p.state.Access[accessToken] = access{Grant: id, Expires: p.o.Now().Add(p.o.AccessTTL)}
	if p.state.Grants[id].Refresh {
		refreshToken = random()
		p.state.Refresh[refreshToken] = id
	}
	return accessToken, refreshToken
}

// dropGrant forgets a grant and its tokens. The caller holds the lock.
func (p *OIDC) dropGrant(id string) {
	p.changes++
	delete(p.state.Grants, id)
	for t, a := range p.state.Access {
		if a.Grant == id {
			delete(p.state.Access, t)
		}
	}
	for t, g := range p.state.Refresh {
		if g == id {
			delete(p.state.Refresh, t)
		}
	}
}

// userLocked finds a user by subject or e-mail. The caller holds the lock.
func (p *OIDC) userLocked(name string) (User, bool) {
	i := slices.IndexFunc(p.state.Users, func(u User) bool {
		return u.Subject == name || strings.EqualFold(u.Email, name)
	})
	if name == "" || i < 0 {
		return User{}, false
	}
	return p.state.Users[i], true
}

func (p *OIDC) client(id string) (Client, bool) {
	i := slices.IndexFunc(p.o.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return p.o.Clients[i], true
}

// signingKey is the stored key, or a new one.
func (p *OIDC) signingKey() *rsa.PrivateKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k, err := x509.ParsePKCS1PrivateKey(p.state.Key); err == nil {
		return k
	}
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // a size that Go accepts and a reader that never fails
	}
	p.state.Key = x509.MarshalPKCS1PrivateKey(k)
	p.changes++
	return k
}

func (p *OIDC) keyID() string {
	sum := sha256.Sum256(p.key().N.Bytes())
	return base64.RawURLEncoding.EncodeToString(sum[:8])
}

// Changes counts the changes of what Save keeps; see Keep.
func (p *OIDC) Changes() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changes
}

// Save writes the signing key, users, consents and tokens to a file.
func (p *OIDC) Save(file string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return SaveJSON(file, p.state)
}

// Load reads what Save wrote; a file that does not exist changes nothing. It
// must be called before the first request. The users of the options win over
// those of the file.
func (p *OIDC) Load(file string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var s oidcState
	s.reset()
	found, err := LoadJSON(file, &s)
	if err != nil || !found {
		return err
	}
	seeded := p.state.Users
	for _, u := range s.Users {
		if !slices.ContainsFunc(seeded, func(o User) bool { return o.Subject == u.Subject }) {
			seeded = append(seeded, u)
		}
	}
	s.Users = seeded
	p.state = s
	return nil
}
