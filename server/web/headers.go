package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// outlook are the origins in which Outlook on the web and the new Outlook
// frame the sidebar.
var outlook = []string{
	"https://outlook.office.com", "https://outlook.office365.com", "https://outlook.cloud.microsoft",
	"https://outlook.live.com", "https://outlook.office365.us", "https://outlook-dod.office365.us", "https://partner.outlook.cn",
}

// closedPolicy is for answers that are no pages.
const closedPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// headers are sent with every answer; the policies are set by the groups of
// routes. Whether https is the only way here is told by the public address: a
// proxy in front may end TLS. Never for this machine, because it would count for
// everything else that runs on it.
func (w *Web) headers(next echo.HandlerFunc) echo.HandlerFunc {
	strict := strings.HasPrefix(w.BaseURL, "https://") && !loopback(w.BaseURL)
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", closedPolicy)
		if strict {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// pagePolicy is for the page: nobody frames it, and it loads nothing of others.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// asPage gives the page its policies.
func (w *Web) asPage(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		return next(c)
	}
}

// sidebarPolicy is for what Outlook frames, and for the sign-in's dialog, which
// must be able to talk to its opener.
func (w *Web) sidebarPolicy(next echo.HandlerFunc) echo.HandlerFunc {
	office := "https://appsforoffice.microsoft.com https://ajax.aspnetcdn.com"
	if o := origin(w.OfficeURL); o != "" && !strings.Contains(office, o) {
		office += " " + o
	}
	policy := "default-src 'none'; script-src 'self' " + office + "; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self'; font-src 'self'; frame-src https://telemetryservice.firstpartyapps.oaspapps.com; " +
		"form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors " +
		strings.Join(append(append([]string{}, outlook...), w.Frames...), " ")
	return func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", policy)
		return next(c)
	}
}

// loopback says whether an origin names this machine.
func loopback(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		return a.IsLoopback()
	}
	return u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost")
}

// origin is scheme and host of an absolute address, "" for a relative one.
func origin(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return ""
	}
	h, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + h
}

// sameOrigin refuses state changes that another site has asked for. The
// provider's answer to an OAuth redirect is a GET, which changes nothing but
// the attempt that this browser began.
func (w *Web) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	guard := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		if err := guard.Check(c.Request()); err != nil {
			return problem(http.StatusForbidden, "This request came from another site, so it was not carried out.",
				"Go back to Tandem and try again there.")
		}
		return next(c)
	}
}

// onHost keeps the page's routes on the page's host and the sidebar's on the
// sidebar's, where the two differ: a cookie of one never serves the other.
func (w *Web) onHost(own string) echo.MiddlewareFunc {
	page, addin := host(w.BaseURL), host(w.AddinURL)
	other := addin
	if host(own) == addin {
		other = page
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if page == addin || strings.ToLower(c.Request().Host) != other {
				return next(c)
			}
			if c.Request().Method == http.MethodGet {
				return c.Redirect(http.StatusFound, strings.TrimRight(own, "/")+c.Request().URL.RequestURI())
			}
			return problem(http.StatusNotFound, "There is no such page here.", "Check the address.")
		}
	}
}
