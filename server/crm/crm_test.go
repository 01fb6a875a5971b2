package crm

import (
	"strings"
	"testing"

	"tandem/server/provider"
)

// TestAll: every entry of the menu is complete, and a form can be drawn of it.
func TestAll(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range All() {
		if p.ID == "" || p.Name == "" || p.Side != provider.CRM || p.Connect == nil || p.Open == nil || len(p.Methods) == 0 {
			t.Errorf("%q is not complete", p.ID)
		}
		if seen[p.ID] {
			t.Errorf("%q is listed twice", p.ID)
		}
		seen[p.ID] = true
		names := map[string]provider.Field{}
		for _, f := range p.Fields {
			if f.Name == "" || f.Label == "" || names[f.Name].Name != "" {
				t.Errorf("%s: the field %q is not complete or there twice", p.ID, f.Name)
			}
			names[f.Name] = f
		}
		for _, f := range p.Fields {
			if f.OnlyIf == "" {
				continue
			}
			name, value, _ := strings.Cut(f.OnlyIf, "=")
			found := false
			for _, o := range names[name].Options {
				found = found || o.Value == value
			}
			if !found {
				t.Errorf("%s: %q depends on %q, which cannot be chosen", p.ID, f.Name, f.OnlyIf)
			}
		}
	}
}
