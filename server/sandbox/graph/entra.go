package graph

import (
	"net/http"
	"strings"
)

// Authority puts an OpenID Connect provider at the addresses of Microsoft
// Entra. The provider's own issuer is the tenant's: prefix/{tenant}/v2.0, where
// tenant is a GUID, and its users have that TenantID. Mount the handler at
// prefix; an application then signs people in at prefix/common/oauth2/v2.0, or
// with any other word for the tenant, as at login.microsoftonline.com.
func Authority(prefix, tenant string, provider http.Handler) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/")
	own := prefix + "/" + tenant + "/v2.0"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.Path, prefix+"/")
		_, rest, deeper := strings.Cut(rest, "/")
		if !ok || !deeper {
			http.NotFound(w, r)
			return
		}
		if at, known := map[string]string{
			"oauth2/v2.0/authorize":                 "/authorize",
			"oauth2/v2.0/token":                     "/token",
			"oauth2/v2.0/logout":                    "/logout",
			"discovery/v2.0/keys":                   "/keys",
			"v2.0/.well-known/openid-configuration": "/.well-known/openid-configuration",
		}[rest]; known {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = own+at, ""
		}
		provider.ServeHTTP(w, r)
	})
}
