package auth

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tandem/store"
)

// personal is the tenant of all personal Microsoft accounts. They have nothing
// in common, so each of them is an organization of its own.
const personal = "9188040d-6c67-4c5b-b112-36a304b66dad"

// claims are what a token says of a person.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Nonce    string   `json:"nonce"`
	Name     string   `json:"name"`
	Email    string   `json:"email"`
	Verified truth    `json:"email_verified"`
	Username string   `json:"preferred_username"`
	Tenant   string   `json:"tid"`
	Object   string   `json:"oid"`
	Version  string   `json:"ver"`
	Scope    string   `json:"scp"`
	Roles    []string `json:"roles"`
	// Owned: Entra says that the e-mail's domain belongs to the tenant.
	Owned truth `json:"xms_edov"`
}

// truth reads true, "true", 1 and "1": issuers differ.
type truth bool

// UnmarshalJSON implements json.Unmarshaler.
func (t *truth) UnmarshalJSON(b []byte) error {
	s := strings.ToLower(strings.Trim(string(b), `"`))
	*t = s == "true" || s == "1"
	return nil
}

var _ json.Unmarshaler = (*truth)(nil)

// identity makes a person of claims whose signature, audience and time were
// checked. For Entra it makes the checks that go-oidc cannot: the issuer is the
// token's own tenant's, and the tenant is allowed. admin is the issuer's word.
func (s *Service) identity(c claims) (id store.SignIn, admin bool, err error) {
	id = store.SignIn{
		Issuer: c.Issuer, Subject: c.Subject, Name: strings.TrimSpace(c.Name),
		Email: strings.ToLower(strings.TrimSpace(c.Email)), EmailVerified: bool(c.Verified),
	}
	if !s.isEntra() {
		if c.Subject == "" {
			err = fmt.Errorf("%w (no sub)", ErrRefused)
		}
		return id, false, err
	}
	switch {
	case uuid.Validate(c.Tenant) != nil || len(c.Tenant) != 36:
		return id, false, fmt.Errorf("%w (tid is no GUID)", ErrRefused)
	case c.Issuer != s.entra+"/"+c.Tenant+"/v2.0":
		return id, false, fmt.Errorf("%w (iss is not the tenant's)", ErrRefused)
	case c.Version != "2.0":
		return id, false, fmt.Errorf("%w (ver is not 2.0)", ErrRefused)
	case c.Object == "":
		return id, false, fmt.Errorf("%w (no oid)", ErrRefused)
	case len(s.o.Tenants) > 0 && !slices.Contains(s.o.Tenants, c.Tenant):
		return id, false, ErrTenant
	}
	// The issuer names the tenant, so that (issuer, object id) is (tenant, object
	// id), and (issuer, tenant) is the tenant.
	id.Subject, id.Tenant = c.Object, c.Tenant
	if c.Tenant == personal {
		id.Tenant += "/" + c.Object
	}
	if id.EmailVerified = bool(c.Owned); id.Email == "" {
		id.Email, id.EmailVerified = strings.ToLower(c.Username), false // to be shown, no more
	}
	return id, slices.Contains(c.Roles, "Admin"), nil
}
