package microsoft365

import (
	"errors"
	"net/url"
	"strings"
)

// Cloud is where people sign in and where Graph is.
type Cloud struct {
	// Authority is the sign-in address with its tenant, without a slash behind.
	Authority string
	// Issuer is what ID tokens name, "{tenantid}" standing for their tenant.
	Issuer string
	// Graph is the address of Graph's v1.0.
	Graph string
	// national clouds need the address of their Graph before each scope.
	national bool
}

const (
	anyTenant = "common" // work, school and personal accounts
	apiPath   = "/v1.0"
)

// clouds are Microsoft's own, by the word for them and by their sign-in host.
var clouds = []struct{ word, login, graph string }{
	{"global", "https://login.microsoftonline.com", "https://graph.microsoft.com"},
	{"us", "https://login.microsoftonline.us", "https://graph.microsoft.us"},
	{"dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
	{"china", "https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"},
}

// The faults of an endpoint, as sentences for the administrator.
var (
	ErrEndpointForm = errors.New("MICROSOFT_ENDPOINT takes global, us, dod or china, or the sign-in address with its tenant, for example https://login.microsoftonline.com/contoso.com, and behind a space the address of Graph where it is another than usual.")
	ErrEndpointURL  = errors.New("The addresses in MICROSOFT_ENDPOINT should look like https://login.microsoftonline.com/contoso.com, without user name, query and fragment.")
)

// Endpoint reads MICROSOFT_ENDPOINT. It is one of
//
//	(empty) or global    Microsoft's worldwide cloud, every kind of account
//	us, dod, china       the sovereign clouds
//	LOGIN                a sign-in address with the tenant as its path, for an
//	                     application of one organization only
//	LOGIN GRAPH          the same, and Graph's address without its version
//
// Without a path LOGIN is for every tenant ("common"). Graph belongs to the
// cloud that LOGIN is of; at an address that is none of Microsoft's, such as a
// sandbox's, both are on that one server, Graph below the path before the tenant.
func Endpoint(text string) (Cloud, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		words = []string{"global"}
	}
	for _, c := range clouds {
		if len(words) == 1 && strings.EqualFold(words[0], c.word) {
			return at(c.login, "", anyTenant, c.graph, c.word != "global"), nil
		}
	}
	if len(words) > 2 || !strings.Contains(words[0], "://") {
		return Cloud{}, ErrEndpointForm
	}
	for i, w := range words {
		u, err := url.Parse(w)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return Cloud{}, ErrEndpointURL
		}
		words[i] = strings.TrimRight(w, "/")
	}
	u, _ := url.Parse(words[0])
	origin := u.Scheme + "://" + u.Host
	before, tenant := "", strings.Trim(u.EscapedPath(), "/")
	if i := strings.LastIndexByte(tenant, '/'); i >= 0 {
		before, tenant = "/"+tenant[:i], tenant[i+1:]
	}
	if tenant == "" {
		tenant = anyTenant
	}
	graph, national := origin+before, false
	for _, c := range clouds {
		if strings.EqualFold(c.login, origin) {
			graph, national = c.graph, c.word != "global"
			break
		}
	}
	if len(words) == 2 {
		graph = strings.TrimSuffix(words[1], apiPath)
	}
	return at(origin, before, tenant, graph, national), nil
}

func at(origin, before, tenant, graph string, national bool) Cloud {
	return Cloud{
		Authority: origin + before + "/" + tenant, Issuer: origin + before + "/{tenantid}/v2.0",
		Graph: graph + apiPath, national: national,
	}
}

// scopes are those of Graph with its address where the cloud needs that.
func (c Cloud) scopes() []string {
	out := make([]string, len(scopes))
	for i, s := range scopes {
		if out[i] = s; c.national && strings.Contains(s, ".") {
			out[i] = strings.TrimSuffix(c.Graph, apiPath) + "/" + s
		}
	}
	return out
}
