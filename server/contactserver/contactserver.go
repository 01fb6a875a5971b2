// Package contactserver is the menu of contacts servers: one line each, in the
// order in which the market uses them.
package contactserver

import (
	"slices"

	"tandem/server/contactserver/carddav"
	"tandem/server/provider"
)

// Options are what the menu depends on besides the code.
type Options struct {
	// Extra are entries put before all others, such as the demo's own server.
	Extra []provider.Provider
}

// All lists the contacts servers in menu order.
func All(o Options) []provider.Provider {
	return slices.Concat(o.Extra, []provider.Provider{
		carddav.ICloud(),
		carddav.Fastmail(),
		carddav.Nextcloud(),
		carddav.Other(),
	})
}
