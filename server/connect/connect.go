// Package connect leads from a stored Connection to an open Book, and says how
// Connections come to be: by a form or by an OAuth redirect, the same piece for
// every provider.
//
// A user has at most one Connection in use on each side. Connecting anew
// replaces it only once the new one has proved itself. The same account at the
// same provider and address keeps the Connection's ID, so that its links go on;
// another account is another Connection, and so another first run.
package connect

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/sync/singleflight"

	"tandem/server/provider"
	"tandem/server/rest"
	"tandem/store"
)

// The lives of what is begun and of what is kept.
const (
	AttemptLife = 10 * time.Minute    // a redirect or a choice under way
	KeepLinks   = 30 * 24 * time.Hour // the links of a connection that ended
	callLimit   = 30 * time.Second    // one call of a token or revocation endpoint
	revokeLimit = 10 * time.Second    // withdrawing a permission
	probeLimit  = 2 * time.Minute     // proving new credentials
)

// Options are what a Service needs.
type Options struct {
	Store     *store.Store
	Providers []provider.Provider // in menu order
	// HTTP is the process's one way out, token endpoints included.
	HTTP *rest.Transport
	// BaseURL is the page's origin: redirects come back to it.
	BaseURL string
	Now     func() time.Time
	Log     *slog.Logger
}

// Service makes, opens and ends Connections. It is safe for concurrent use.
type Service struct {
	o       Options
	out     *http.Client // token endpoints, through Options.HTTP
	refresh singleflight.Group

	mu      sync.Mutex
	issuers map[string]*oidc.Provider // by issuer, once discovered
	spent   map[string]spent          // by connection: request budgets
}

// New makes a Service. It touches neither the store nor the network.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	return &Service{
		o: o, out: o.HTTP.HTTPClient(callLimit),
		issuers: make(map[string]*oidc.Provider), spent: make(map[string]spent),
	}
}

// Menu lists the providers of one side, in market order.
func (s *Service) Menu(side provider.Side) []provider.Provider {
	var menu []provider.Provider
	for _, p := range s.o.Providers {
		if p.Side == side {
			menu = append(menu, p)
		}
	}
	return menu
}

// Provider finds a provider of one side by its ID.
func (s *Service) Provider(side provider.Side, id string) (provider.Provider, bool) {
	i := slices.IndexFunc(s.o.Providers, func(p provider.Provider) bool { return p.Side == side && p.ID == id })
	if i < 0 {
		return provider.Provider{}, false
	}
	return s.o.Providers[i], true
}

// RedirectURL is the address that must be registered at an OAuth provider. It
// differs from provider to provider, so that none can pass its answer off as
// another's (RFC 9700 section 4.4).
func (s *Service) RedirectURL(providerID string) string {
	return s.o.BaseURL + "/connect/" + providerID + "/callback"
}

// Current is the user's Connection in use on a side: connected, or with
// "Reconnect needed". It answers store.ErrNotFound.
func (s *Service) Current(ctx context.Context, userID string, side provider.Side) (store.Connection, error) {
	return s.o.Store.ConnectionOn(ctx, userID, string(side))
}
