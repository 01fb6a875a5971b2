package contactserver

import (
	"testing"

	"tandem/server/provider"
)

// TestMenu: every entry can be chosen, and what is extra comes first.
func TestMenu(t *testing.T) {
	extra := provider.Provider{ID: "demo", Name: "Demo", Side: provider.Contacts, Connect: All(Options{})[0].Connect, Open: All(Options{})[0].Open}
	all := All(Options{Extra: []provider.Provider{extra}})
	if all[0].ID != "demo" || len(all) != 1+len(All(Options{})) {
		t.Errorf("the extra entry is not first of %d", len(all))
	}
	seen := map[string]bool{}
	for _, p := range all {
		if p.ID == "" || p.Name == "" || seen[p.ID] || p.Side != provider.Contacts || p.Connect == nil || p.Open == nil {
			t.Errorf("the entry %q cannot be used", p.ID)
		}
		seen[p.ID] = true
	}
}
