// Package auth says who is there. The page signs in by OpenID Connect
// (authorization code, PKCE, state and nonce) and keeps a cookie; the sidebar,
// which has no cookies, signs in by Outlook's dialog and keeps an opaque bearer
// token in memory; a ticket hands the signed-in person over from the sidebar to
// a tab. All these secrets are 256 random bits, of which only the SHA-256 is
// stored.
//
// A user is (issuer, subject), for Entra (tenant, object id); an organization
// is an Entra tenant, else one per issuer. An e-mail address identifies nobody,
// except that ADMIN_EMAILS and users made by commands are matched by one that
// the issuer has verified.
//
// The package speaks no HTTP to browsers: package web turns its results into
// cookies, redirects and pages.
package auth

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"tandem/store"
)

// The lives of secrets.
const (
	Idle         = 12 * time.Hour     // a page session that nobody uses
	Absolute     = 7 * 24 * time.Hour // any page session
	BearerLife   = time.Hour
	TicketLife   = time.Minute
	AttemptLife  = 10 * time.Minute
	SetupLife    = 24 * time.Hour
	touchEvery   = 5 * time.Minute // how precisely Idle is kept
	requestLimit = 15 * time.Second
)

// The names of the cookies. Both are Secure, HttpOnly, SameSite=Lax, Path=/ and
// have no Domain, as the prefix demands; Chromium takes Secure cookies from
// http://localhost too.
const (
	SessionCookie = "__Host-tandem"
	AttemptCookie = "__Host-tandem-attempt"
)

// The faults of signing in, as sentences for the person. ErrSignedOut is no
// fault: there is nobody.
var (
	ErrSignedOut = errors.New("You are signed out. Sign in to go on.")
	ErrAttempt   = errors.New("This sign-in was already used, is too old or was begun in another browser. Please sign in again.")
	ErrDenied    = errors.New("You did not allow the sign-in. Sign in again when you want to go on.")
	ErrConsent   = errors.New("Your organization has to allow Tandem first. Ask your administrator to approve it.")
	ErrRefused   = errors.New("The sign-in service gave an answer that cannot be trusted. Please sign in again.")
	ErrIssuer    = errors.New("The sign-in service cannot be reached at the moment. Please try again in a minute.")
	ErrTenant    = errors.New("Your organization may not sign in here.")
	ErrTicket    = errors.New("This link was already used or is older than a minute. Please sign in.")
	ErrSetup     = errors.New("This is not the set-up code, or it was used already. It is printed when the service starts.")
)

// Options are what a Service needs.
type Options struct {
	Store *store.Store
	// Issuer, ClientID and ClientSecret are the OpenID Connect provider's.
	Issuer, ClientID, ClientSecret string
	// BaseURL is the page's origin, AddinURL the sidebar's (BaseURL where empty).
	BaseURL, AddinURL string
	// PageCallback is the path below BaseURL to which the issuer sends the page's
	// sign-in back ("" means /sign-in/callback), DialogCallback the one below
	// AddinURL for the dialog's (/sidebar/dialog/done). The issuer must know both.
	PageCallback, DialogCallback string
	// Admins are e-mail addresses of administrators, in lower case.
	Admins []string
	// Loopback: BaseURL names this machine alone, so that the first user is the
	// administrator.
	Loopback bool
	// Tenants are the Entra tenants that may sign in; none means all.
	Tenants []string
	// APIScope is the scope of our own API ("access_as_user") that nested app
	// authentication asks for. Empty: such tokens are refused.
	APIScope string
	// ReturnTo are the paths to which a sign-in may lead back; one that ends in
	// "/*" allows one more segment.
	ReturnTo []string
	// HTTP reaches the issuer; nil means a plain client with a time limit.
	HTTP *http.Client
	Now  func() time.Time
	Log  *slog.Logger
}

// Service answers who is there. It is safe for concurrent use.
type Service struct {
	o       Options
	entra   string // authority of Entra; another one in tests
	flight  singleflight.Group
	issuer  pointer
	patient time.Duration // first pause between attempts to reach the issuer
}

// New makes a Service. It touches neither the store nor the network.
func New(o Options) *Service {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: requestLimit}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.AddinURL = strings.TrimRight(o.AddinURL, "/"); o.AddinURL == "" {
		o.AddinURL = o.BaseURL
	}
	if o.PageCallback == "" {
		o.PageCallback = "/sign-in/callback"
	}
	if o.DialogCallback == "" {
		o.DialogCallback = "/sidebar/dialog/done"
	}
	return &Service{o: o, entra: "https://login.microsoftonline.com", patient: 200 * time.Millisecond}
}

// RedirectURLs are the addresses that must be registered at the issuer: the
// page's and the sidebar's dialog.
func (s *Service) RedirectURLs() (page, dialog string) {
	return s.o.BaseURL + s.o.PageCallback, s.o.AddinURL + s.o.DialogCallback
}

// Current is who is there.
type Current struct {
	User store.User
	// Admin: may manage the organization with this session. A session that came
	// from a ticket, or the sidebar's, never may; Demoted then says that the
	// user may after an ordinary sign-in.
	Admin, Demoted bool
	// Hash identifies the session; it is no secret.
	Hash string
	Kind store.SessionKind
	// ExpiresAt is when the session ends unless it is used.
	ExpiresAt time.Time
}
