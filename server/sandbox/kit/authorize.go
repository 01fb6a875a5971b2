package kit

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// pending is an authorization request on its way through the pages.
type pending struct {
	client                                  Client
	redirect, state, nonce, challenge, hint string
	scopes                                  []string
	refresh, askConsent                     bool
	subject                                 string // once signed in
	issuer                                  string
	expires                                 time.Time
}

// code is an authorization code that was given and perhaps used.
type code struct {
	pending
	used    bool
	grant   string // the grant that its use made
	signed  time.Time
	expires time.Time
}

const (
	pendingTTL = 10 * time.Minute
	codeTTL    = time.Minute
)

// authorize is the authorization endpoint (RFC 6749 section 4.1.1). Faults of
// the client and its redirect URI are shown; all others are sent back to it.
func (p *OIDC) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c, ok := p.client(q.Get("client_id"))
	if !ok {
		p.page(w, r, http.StatusBadRequest, "error.html", view{Message: "The application that sent you here is not known (client_id)."})
		return
	}
	redirect := q.Get("redirect_uri")
	if u, err := url.Parse(redirect); err != nil || u.Host == "" || u.Fragment != "" || !p.redirectAllowed(c, redirect) {
		p.page(w, r, http.StatusBadRequest, "error.html", view{Message: "The address to return to is not registered for this application (redirect_uri)."})
		return
	}
	a := &pending{
		client: c, redirect: redirect, issuer: p.issuer(r), state: q.Get("state"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), hint: q.Get("login_hint"), scopes: strings.Fields(q.Get("scope")),
		expires: p.o.Now().Add(pendingTTL),
	}
	a.refresh = !slices.Contains(a.scopes, "openid") || slices.Contains(a.scopes, "offline_access") || q.Get("access_type") == "offline"
	prompt := strings.Fields(q.Get("prompt"))
	a.askConsent = slices.Contains(prompt, "consent")
	if oauthError, text := p.checkRequest(q, a.scopes); oauthError != "" {
		back(w, r, a, url.Values{"error": {oauthError}, "error_description": {text}})
		return
	}
	a.subject = p.session(r)
	u, _ := p.user(a.subject)
	hinted := a.hint != "" && strings.EqualFold(a.hint, u.Email)
	switch {
	case slices.Contains(prompt, "none"):
		switch {
		case a.subject == "" || a.hint != "" && !hinted:
			back(w, r, a, url.Values{"error": {"login_required"}})
		case p.needsConsent(a):
			back(w, r, a, url.Values{"error": {"consent_required"}})
		default:
			p.giveCode(w, r, a)
		}
	case a.subject != "" && (hinted || p.o.SingleSignOn && a.hint == "") &&
		!slices.Contains(prompt, "login") && !slices.Contains(prompt, "select_account"):
		p.afterSignin(w, r, p.remember(a), a)
	default:
		a.subject = ""
		p.signinPage(w, r, http.StatusOK, p.remember(a), a, "", "")
	}
}

// checkRequest finds what is wrong with a request whose client is known.
func (p *OIDC) checkRequest(q url.Values, scopes []string) (oauthError, text string) {
	switch {
	case p.fail(FailAuthorize):
		return "server_error", "the sandbox was told to fail"
	case q.Has("request") || q.Has("request_uri"):
		return "request_not_supported", "request objects are not supported"
	case q.Get("response_type") != "code":
		return "unsupported_response_type", "only response_type=code is supported"
	case q.Get("response_mode") != "" && q.Get("response_mode") != "query":
		return "invalid_request", "only response_mode=query is supported"
	case q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256":
		return "invalid_request", "PKCE with code_challenge_method=S256 is required"
	case len(scopes) == 0:
		return "invalid_scope", "no scope was asked for"
	}
	for _, s := range scopes {
		if _, ok := p.o.Scopes[s]; !ok && !slices.Contains([]string{"openid", "profile", "email", "offline_access"}, s) {
			return "invalid_scope", "the scope " + s + " does not exist"
		}
	}
	return "", ""
}

func (p *OIDC) redirectAllowed(c Client, uri string) bool {
	return slices.Contains(c.RedirectURIs, uri) || p.o.AllowRedirect != nil && p.o.AllowRedirect(c, uri)
}

// signin takes the form of the sign-in page.
func (p *OIDC) signin(w http.ResponseWriter, r *http.Request) {
	id, a, ok := p.recall(w, r)
	if !ok {
		return
	}
	if r.PostForm.Get("cancel") != "" {
		p.forget(id)
		back(w, r, a, url.Values{"error": {"access_denied"}, "error_description": {"the sign-in was cancelled"}})
		return
	}
	typed := strings.TrimSpace(cmp.Or(r.PostForm.Get("user"), r.PostForm.Get("email")))
	u, ok := p.user(typed)
	if !ok && p.o.AnyEmail && strings.Contains(typed, "@") {
		u, ok = p.newUser(typed), true
	}
	if !ok {
		message := "Nobody here has this e-mail. Choose one of the people above."
		if typed == "" {
			message = "Choose one of the people above, or type an e-mail."
		}
		p.signinPage(w, r, http.StatusUnprocessableEntity, id, a, typed, message)
		return
	}
	cookie := random()
	p.mu.Lock()
	p.sessions[cookie] = u.Subject
	a.subject = u.Subject
	p.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: p.cookie, Value: cookie, Path: cmp.Or(p.path, "/"), HttpOnly: true,
		Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
	p.afterSignin(w, r, id, a)
}

// afterSignin goes on to the consent page, or straight back with a code.
func (p *OIDC) afterSignin(w http.ResponseWriter, r *http.Request, id string, a *pending) {
	if p.needsConsent(a) {
		http.Redirect(w, r, p.path+"/consent?id="+id, http.StatusSeeOther)
		return
	}
	p.forget(id)
	p.giveCode(w, r, a)
}

func (p *OIDC) consentPage(w http.ResponseWriter, r *http.Request) {
	if id, a, ok := p.recall(w, r); ok && p.signedIn(w, r, a) {
		p.showConsent(w, r, id, a)
	}
}

// consent takes the form of the consent page: Allow or Deny.
func (p *OIDC) consent(w http.ResponseWriter, r *http.Request) {
	id, a, ok := p.recall(w, r)
	if !ok || !p.signedIn(w, r, a) {
		return
	}
	p.forget(id)
	if r.PostForm.Get("answer") != "allow" {
		back(w, r, a, url.Values{"error": {"access_denied"}, "error_description": {"the user denied access"}})
		return
	}
	p.mu.Lock()
	for _, s := range a.scopes {
		p.state.Consents[a.subject+" "+a.client.ID+" "+s] = true
	}
	p.changes++
	p.mu.Unlock()
	p.giveCode(w, r, a)
}

// signedIn refuses a page that belongs to somebody else's sign-in.
func (p *OIDC) signedIn(w http.ResponseWriter, r *http.Request, a *pending) bool {
	if a.subject != "" && a.subject == p.session(r) {
		return true
	}
	p.page(w, r, http.StatusForbidden, "error.html", view{Message: "This sign-in was started in another browser. Go back to the application and start again."})
	return false
}

func (p *OIDC) needsConsent(a *pending) bool {
	if a.client.SkipConsent {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range a.scopes {
		if !p.state.Consents[a.subject+" "+a.client.ID+" "+s] {
			return true
		}
	}
	return a.askConsent
}

// giveCode ends the request with an authorization code.
func (p *OIDC) giveCode(w http.ResponseWriter, r *http.Request, a *pending) {
	text := random()
	now := p.o.Now()
	p.mu.Lock()
	p.codes[text] = &code{pending: *a, signed: now, expires: now.Add(codeTTL)}
	p.mu.Unlock()
	back(w, r, a, url.Values{"code": {text}})
}

// back redirects to the client; iss is RFC 9207's guard against mix-up.
func back(w http.ResponseWriter, r *http.Request, a *pending, answer url.Values) {
	u, err := url.Parse(a.redirect)
	if err != nil { // it was parsed when the request came in
		http.Error(w, "the address to return to is not a URL", http.StatusBadRequest)
		return
	}
	q := u.Query()
	for k, v := range answer {
		q[k] = v
	}
	if a.state != "" {
		q.Set("state", a.state)
	}
	q.Set("iss", a.issuer)
	u.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}

func (p *OIDC) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(p.cookie); err == nil {
		p.mu.Lock()
		delete(p.sessions, c.Value)
		p.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: p.cookie, Path: cmp.Or(p.path, "/"), MaxAge: -1})
	p.page(w, r, http.StatusOK, "error.html", view{Title: "Signed out", Message: "You are signed out."})
}

// session is the subject who is signed in in this browser, or "".
func (p *OIDC) session(r *http.Request) string {
	c, err := r.Cookie(p.cookie)
	if err != nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions[c.Value]
}

func (p *OIDC) user(name string) (User, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.userLocked(name)
}

func (p *OIDC) newUser(email string) User {
	p.mu.Lock()
	defer p.mu.Unlock()
	name, _, _ := strings.Cut(email, "@")
	u := User{Subject: subjectOf(email), Email: email, Name: name}
	p.state.Users = append(p.state.Users, u)
	p.changes++
	return u
}

// remember keeps a request while its pages are shown, and drops old ones.
func (p *OIDC) remember(a *pending) (id string) {
	id = random()
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	for k, old := range p.pending {
		if now.After(old.expires) {
			delete(p.pending, k)
		}
	}
	for k, c := range p.codes {
		if now.After(c.expires.Add(pendingTTL)) {
			delete(p.codes, k)
		}
	}
	p.pending[id] = a
	return id
}

func (p *OIDC) recall(w http.ResponseWriter, r *http.Request) (id string, a *pending, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err == nil {
		id = r.Form.Get("id")
		p.mu.Lock()
		a, ok = p.pending[id]
		ok = ok && p.o.Now().Before(a.expires)
		p.mu.Unlock()
	}
	if !ok {
		p.page(w, r, http.StatusBadRequest, "error.html", view{Message: "This page is no longer valid. Go back to the application and start again."})
	}
	return id, a, ok
}

func (p *OIDC) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, id)
}
