package provider

import (
	"errors"
	"net/url"
	"strings"
)

// The faults of a typed address, as sentences for the person.
var (
	ErrURLEmpty  = errors.New("Enter the address of your server, for example https://crm.example.com.")
	ErrURLForm   = errors.New("This is not a web address. It should look like https://crm.example.com.")
	ErrURLSecret = errors.New("Leave user name and password out of the address.")
)

// NormalizeURL turns what a person typed into scheme, host and path without a
// trailing slash. A missing scheme becomes https; query and fragment are
// dropped. It does not touch the network; which addresses may be reached is
// decided when they are dialled.
func NormalizeURL(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	if s == "" {
		return "", ErrURLEmpty
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Hostname() == "" || strings.ContainsAny(u.Host, " \\") {
		return "", ErrURLForm
	}
	if u.Scheme = strings.ToLower(u.Scheme); u.Scheme != "https" && u.Scheme != "http" {
		return "", ErrURLForm
	}
	if u.User != nil {
		return "", ErrURLSecret
	}
	u.Host = strings.ToLower(u.Host)
	u.RawQuery, u.Fragment, u.RawFragment, u.ForceQuery = "", "", "", false
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u.String(), nil
}
