// Package contactserver is the menu of contacts servers, listed by hand in the
// order in which people choose among them.
package contactserver

import (
	"slices"

	"tandem/server/contactserver/carddav"
	"tandem/server/contactserver/google"
	"tandem/server/contactserver/microsoft365"
	"tandem/server/provider"
)

// Options are what the menu depends on besides the code.
type Options struct {
	// Extra are entries put before all others, such as the demo's own server.
	Extra []provider.Provider
	// Microsoft and Google are this service's registrations there. Without one
	// the entry stands in the menu and says whom to ask.
	Microsoft microsoft365.Config
	Google    google.Config
}

// All lists the contacts servers in menu order.
func All(o Options) []provider.Provider {
	return slices.Concat(o.Extra, []provider.Provider{
		microsoft365.Provider(o.Microsoft),
		google.Provider(o.Google),
		carddav.ICloud(),
		carddav.Fastmail(),
		carddav.Nextcloud(),
		carddav.Other(),
	})
}
