// Package crm is the menu of CRMs. Adding one is a folder beside this file, its
// sandbox, and a line here.
package crm

import (
	"tandem/server/crm/espocrm"
	"tandem/server/crm/tryton"
	"tandem/server/provider"
)

// All lists the CRMs in the order in which people choose among them.
func All() []provider.Provider {
	return []provider.Provider{
		espocrm.Provider(),
		tryton.Provider(),
	}
}
