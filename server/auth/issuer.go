package auth

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// issuer is a provider that was discovered.
type issuer struct {
	*oidc.Provider
	discovered string // the issuer as discovery gives it
	// multi: Entra for several tenants, whose tokens name each tenant's issuer.
	multi bool
	// responseIss: the answer must carry iss (RFC 9207).
	responseIss bool
	// style is how the client proves itself. It is never found out by trying,
	// which would spend the code.
	style oauth2.AuthStyle
}

type pointer = atomic.Pointer[issuer]

// discover finds the issuer's endpoints on first use and remembers them. It
// tries three times; a failure is not remembered, so the next sign-in tries
// again.
func (s *Service) discover(ctx context.Context) (*issuer, error) {
	if found := s.issuer.Load(); found != nil {
		return found, nil
	}
	// The first caller's cancellation must not fail those who wait with it.
	result := s.flight.DoChan("discover", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestLimit)
		defer cancel()
		return s.find(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		if r.Err != nil {
			s.o.Log.Error("sign-in: discovery failed", "issuer", s.o.Issuer, "error", r.Err)
			return nil, ErrIssuer
		}
		return r.Val.(*issuer), nil
	}
}

func (s *Service) find(ctx context.Context) (*issuer, error) {
	ctx = oidc.ClientContext(ctx, s.o.HTTP)
	multi := s.manyTenants()
	if multi {
		// Discovery's issuer is the literal ".../{tenantid}/v2.0"; each token's is
		// checked by hand against its tid, see claims.identity.
		ctx = oidc.InsecureIssuerURLContext(ctx, s.entra+"/{tenantid}/v2.0")
	}
	pause := s.patient
	for attempt := 1; ; attempt++ {
		p, err := oidc.NewProvider(ctx, s.o.Issuer)
		if err == nil {
			var more struct {
				Issuer      string `json:"issuer"`
				ResponseIss bool   `json:"authorization_response_iss_parameter_supported"`
				// Without it the method is client_secret_basic (Discovery section 3).
				Methods []string `json:"token_endpoint_auth_methods_supported"`
			}
			if err := p.Claims(&more); err != nil {
				return nil, err
			}
			found := &issuer{Provider: p, discovered: more.Issuer, multi: multi, responseIss: more.ResponseIss, style: oauth2.AuthStyleInHeader}
			if s.o.ClientSecret == "" || slices.Contains(more.Methods, "client_secret_post") {
				found.style = oauth2.AuthStyleInParams
			}
			s.issuer.Store(found)
			return found, nil
		}
		if attempt == 3 {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
			pause *= 4
		}
	}
}

// verifier checks signature, audience, time and, but for several tenants, the
// issuer of a token.
func (s *Service) verifier(i *issuer) *oidc.IDTokenVerifier {
	return i.Verifier(&oidc.Config{ClientID: s.o.ClientID, SkipIssuerCheck: i.multi, Now: s.o.Now})
}

// isEntra reports whether the issuer is Entra, for one tenant or several.
func (s *Service) isEntra() bool { return strings.HasPrefix(s.o.Issuer, s.entra+"/") }

// manyTenants reports whether the issuer is Entra for several tenants.
func (s *Service) manyTenants() bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(s.o.Issuer, s.entra+"/"), "/")
	return s.isEntra() && slices.Contains([]string{"common", "organizations", "consumers"}, first)
}

// rightIssuer checks the iss of an answer (RFC 9207): where it is given it must
// be the issuer's, and it must be given where discovery promised it.
func (s *Service) rightIssuer(i *issuer, q url.Values) bool {
	iss := q.Get("iss")
	switch {
	case iss == "":
		return !i.responseIss
	case i.multi:
		return strings.HasPrefix(iss, s.entra+"/")
	}
	return iss == i.discovered
}
