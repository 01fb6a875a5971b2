package kit

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// token is the token endpoint (RFC 6749 sections 4.1.3 and 6).
func (p *OIDC) token(w http.ResponseWriter, r *http.Request) {
	if p.fail(FailToken) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	c, ok := p.authenticate(w, r)
	if !ok {
		return
	}
	if p.fail(FailInvalidGrant) {
		tokenError(w, "invalid_grant", "the sandbox was told to refuse")
		return
	}
	var answer map[string]any
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		answer = p.useCode(w, r, c)
	case "refresh_token":
		answer = p.useRefresh(w, r, c)
	default:
		tokenError(w, "unsupported_grant_type", "only authorization_code and refresh_token are supported")
	}
	if answer == nil {
		return
	}
	if p.fail(FailTokenLost) {
		panic(http.ErrAbortHandler) // the effect stands, the connection is cut
	}
	writeJSON(w, http.StatusOK, answer)
}

// useCode exchanges a code. A code that is used twice takes back what its
// first use gave (RFC 6749 section 4.1.2).
func (p *OIDC) useCode(w http.ResponseWriter, r *http.Request, c Client) map[string]any {
	f := r.PostForm
	now := p.o.Now()
	p.mu.Lock()
	g, ok := p.codes[f.Get("code")]
	reused := ok && g.used
	if reused {
		p.dropGrant(g.grant)
	}
	sum := sha256.Sum256([]byte(f.Get("code_verifier")))
	problem := ""
	switch {
	case !ok, reused:
		problem = "the code is not valid or was used before"
	case !now.Before(g.expires):
		problem = "the code has expired"
	case g.client.ID != c.ID:
		problem = "the code belongs to another client"
	case g.redirect != f.Get("redirect_uri"):
		problem = "redirect_uri is not the one of the authorization request"
	case base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge:
		problem = "code_verifier does not fit the code_challenge"
	}
	if problem != "" {
		p.mu.Unlock()
		tokenError(w, "invalid_grant", problem)
		return nil
	}
	g.used, g.grant = true, random()
	p.state.Grants[g.grant] = &grant{Client: c.ID, Subject: g.subject, Scopes: g.scopes, Refresh: g.refresh}
	answer := p.answer(g.grant)
	u, _ := p.userLocked(g.subject)
	got := *g
	p.mu.Unlock()
	if !slices.Contains(got.scopes, "openid") {
		return answer
	}
	claims := u.claims(got.scopes)
	maps.Copy(claims, map[string]any{
		"iss": got.issuer, "aud": c.ID, "iat": now.Unix(), "exp": now.Add(p.o.AccessTTL).Unix(),
		"auth_time": got.signed.Unix(), "at_hash": atHash(answer["access_token"].(string)),
	})
	if got.nonce != "" {
		claims["nonce"] = got.nonce
	}
	if p.fail(FailNonce) {
		claims["nonce"] = random()
	}
	return p.withIDToken(w, answer, claims)
}

func (p *OIDC) withIDToken(w http.ResponseWriter, answer, claims map[string]any) map[string]any {
	idToken, err := p.Sign(claims)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return nil
	}
	if p.fail(FailSignature) {
		head, _, _ := strings.Cut(idToken, ".")
		_, signature, _ := strings.Cut(idToken[len(head)+1:], ".")
		body := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"somebody else"}`))
		idToken = head + "." + body + "." + signature
	}
	answer["id_token"] = idToken
	return answer
}

// useRefresh gives new tokens; see OIDCOptions.KeepRefresh for the old one.
func (p *OIDC) useRefresh(w http.ResponseWriter, r *http.Request, c Client) map[string]any {
	old := r.PostForm.Get("refresh_token")
	p.mu.Lock()
	defer p.mu.Unlock()
	id, ok := p.state.Refresh[old]
	if !ok || p.state.Grants[id].Client != c.ID {
		tokenError(w, "invalid_grant", "the refresh token is not valid")
		return nil
	}
	for _, s := range strings.Fields(r.PostForm.Get("scope")) {
		if !slices.Contains(p.state.Grants[id].Scopes, s) {
			tokenError(w, "invalid_scope", "the scope was not granted")
			return nil
		}
	}
	answer := p.answer(id)
	if p.o.KeepRefresh {
		delete(p.state.Refresh, answer["refresh_token"].(string))
		delete(answer, "refresh_token")
	} else {
		delete(p.state.Refresh, old)
	}
	return answer
}

// answer issues tokens for a grant. The caller holds the lock.
func (p *OIDC) answer(id string) map[string]any {
	accessToken, refreshToken := p.issue(id)
	answer := map[string]any{
		"access_token": accessToken, "token_type": "Bearer",
		"expires_in": int(p.o.AccessTTL.Seconds()), "scope": strings.Join(p.state.Grants[id].Scopes, " "),
	}
	if refreshToken != "" {
		answer["refresh_token"] = refreshToken
	}
	return answer
}

// revoke is RFC 7009: a refresh token takes its grant with it, an access token
// only itself, and an unknown token is no error.
func (p *OIDC) revoke(w http.ResponseWriter, r *http.Request) {
	if p.fail(FailRevoke) {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	c, ok := p.authenticate(w, r)
	if !ok {
		return
	}
	token := r.PostForm.Get("token")
	p.mu.Lock()
	defer p.mu.Unlock()
	if id, ok := p.state.Refresh[token]; ok && p.state.Grants[id].Client == c.ID {
		p.dropGrant(id)
	}
	if a, ok := p.state.Access[token]; ok && p.state.Grants[a.Grant].Client == c.ID {
		delete(p.state.Access, token)
		p.changes++
	}
	w.WriteHeader(http.StatusOK)
}

// authenticate finds out which client speaks (RFC 6749 section 2.3.1), by
// Basic or in the form.
func (p *OIDC) authenticate(w http.ResponseWriter, r *http.Request) (Client, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		tokenError(w, "invalid_request", "the form cannot be read")
		return Client{}, false
	}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		id, _ = url.QueryUnescape(user)
		secret, _ = url.QueryUnescape(pass)
	}
	c, ok := p.client(id)
	if !ok || subtle.ConstantTimeCompare([]byte(secret), []byte(c.Secret)) != 1 {
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": "the client or its secret is not known"})
		return Client{}, false
	}
	return c, true
}

func tokenError(w http.ResponseWriter, name, text string) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": name, "error_description": text})
}

// atHash is OpenID Connect Core section 3.1.3.6 for RS256.
func atHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
