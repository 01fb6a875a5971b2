package connect

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"tandem/server/contact"
	"tandem/server/provider"
)

// tenant stands in OAuthConfig.Issuer for the tenant that a token names, as in
// Entra's discovery document: https://login.microsoftonline.com/{tenantid}/v2.0.
const tenant = "{tenantid}"

// rightIssuer checks the iss of an answer where it is given (RFC 9207): it is
// the configured issuer, or, where none is configured, on the origin of the
// authorization endpoint.
func rightIssuer(c provider.OAuthConfig, iss string) bool {
	if iss == "" {
		return true
	}
	if before, after, ok := strings.Cut(c.Issuer, tenant); ok {
		return strings.HasPrefix(iss, before) && strings.HasSuffix(iss, after)
	}
	if c.Issuer != "" {
		return iss == c.Issuer
	}
	got, err := url.Parse(iss)
	want, err2 := url.Parse(c.AuthURL)
	return err == nil && err2 == nil && got.Scheme == want.Scheme && got.Host == want.Host
}

// checkIDToken verifies signature, audience, time, issuer and nonce.
func (s *Service) checkIDToken(ctx context.Context, c provider.OAuthConfig, raw, nonce string) error {
	s.mu.Lock()
	found := s.issuers[c.Issuer]
	s.mu.Unlock()
	many := strings.Contains(c.Issuer, tenant)
	if found == nil {
		from := c.Issuer
		if many {
			ctx = oidc.InsecureIssuerURLContext(ctx, c.Issuer) // checked by hand below
			from = strings.ReplaceAll(c.Issuer, tenant, "common")
		}
		var err error
		if found, err = oidc.NewProvider(ctx, from); err != nil {
			return err
		}
		s.mu.Lock()
		s.issuers[c.Issuer] = found
		s.mu.Unlock()
	}
	token, err := found.Verifier(&oidc.Config{ClientID: c.ClientID, SkipIssuerCheck: many, Now: s.o.Now}).Verify(ctx, raw)
	if err != nil {
		return err
	}
	var claims struct {
		Tenant string `json:"tid"`
	}
	if err := token.Claims(&claims); err != nil {
		return err
	}
	switch {
	case many && (claims.Tenant == "" || token.Issuer != strings.ReplaceAll(c.Issuer, tenant, claims.Tenant)):
		return errors.New("the issuer is not the tenant's")
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1:
		return errors.New("the nonce differs")
	}
	return nil
}

// adminCodes are errors that only an administrator can clear: Google's,
// Salesforce's and OpenID Connect's own; adminMarks are Entra's, in the text.
var (
	adminCodes = []string{"admin_policy_enforced", "consent_required", "unauthorized_client", "OAUTH_APP_BLOCKED", "OAUTH_APPROVAL_ERROR_GENERIC"}
	adminMarks = []string{"AADSTS65001", "AADSTS90094", "AADSTS90095", "AADSTS900941"}
)

// refusal is what an error in the answer means (RFC 6749 section 4.1.2.1). The
// provider's text is looked at but not shown: anybody can make a link with any.
func refusal(p provider.Provider, code, text string) error {
	switch {
	case slices.Contains(adminCodes, code) || slices.ContainsFunc(adminMarks, func(m string) bool { return strings.Contains(text, m) }):
		return adminNeeded(p, code)
	case code == "access_denied" || code == "user_denied":
		return ErrDenied
	case code == "temporarily_unavailable" || code == "server_error":
		return unavailable(p, errors.New(known(code)))
	}
	return &contact.Error{Kind: contact.ErrProtocol, Cause: errors.New(known(code)),
		Message: p.Name + " refused the connection. Click Connect again; if it is refused again, tell your administrator."}
}

// tokenError is what a failure of the token endpoint means (RFC 6749 section
// 5.2). The answer's body stays out of every log.
func (s *Service) tokenError(ctx context.Context, p provider.Provider, err error) error {
	var refused *oauth2.RetrieveError
	var done *contact.Error
	switch {
	case errors.As(err, &refused):
		status, code := refused.Response.StatusCode, known(refused.ErrorCode)
		cause := fmt.Errorf("token endpoint: status %d, %q", status, code)
		s.o.Log.WarnContext(ctx, "token refused", "provider", p.ID, "status", status, "code", code)
		switch {
		case slices.Contains(endCodes, refused.ErrorCode):
			return &contact.Error{Kind: contact.ErrReconnect, Cause: cause,
				Message: "The permission at " + p.Name + " is no longer valid. Connect again."}
		case refused.ErrorCode == "invalid_client" || slices.Contains(adminCodes, refused.ErrorCode):
			return adminNeeded(p, code)
		case status >= 500 || status == 429 || status == 408:
			return unavailable(p, cause)
		}
		return &contact.Error{Kind: contact.ErrProtocol, Cause: cause, Message: p.Name + " did not complete the sign-in. Click Connect again."}
	case errors.As(err, &done):
		return done
	}
	s.o.Log.WarnContext(ctx, "token call failed", "provider", p.ID)
	return unavailable(p, errors.New("the token endpoint gave no usable answer"))
}

// endCodes end a permission for good: only the person can give it anew.
var endCodes = []string{"invalid_grant", "interaction_required", "login_required", "consent_required"}

func adminNeeded(p provider.Provider, code string) error {
	return &contact.Error{Kind: contact.ErrAdminNeeded, Cause: errors.New(known(code)),
		Message: "An administrator has to allow this service at " + p.Name + " first. Ask your administrator, then click Connect again."}
}

func unavailable(p provider.Provider, cause error) error {
	return &contact.Error{Kind: contact.ErrUnavailable, Cause: cause,
		Message: p.Name + " cannot sign you in at the moment. Try again later."}
}

// known is an error code fit for a log: what is no plain word is left out.
func known(code string) string {
	for _, c := range code {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return "?"
		}
	}
	if len(code) > 64 {
		return "?"
	}
	return code
}
