package engine

import (
	"strings"

	"tandem/server/engine/plan"
)

// Settings are the effective settings of one user for one run.
type Settings struct {
	plan.Settings
	// Entity is "contacts" or "leads", Scope "mine" or "all".
	Entity, Scope string
}

// Key stands for what decides which records a run is about. Where it changes,
// the next run is a first run again: it links and creates, and never deletes.
func (s Settings) Key() string {
	mine := "category"
	if s.AllMine {
		mine = "all"
	}
	return strings.Join([]string{string(s.Direction), s.Entity, s.Scope, mine}, "|")
}

// FromValues makes Settings of the stored values (see store.Setting* names).
// Values that are missing are the defaults.
func FromValues(v map[string]string) Settings {
	s := Settings{Settings: plan.Defaults(), Entity: "contacts", Scope: "mine"}
	pick := func(name string, into *string) {
		if v[name] != "" {
			*into = v[name]
		}
	}
	pick("entity", &s.Entity)
	pick("scope", &s.Scope)
	pick("direction", (*string)(&s.Direction))
	pick("conflict", (*string)(&s.Conflict))
	pick("delete-crm", (*string)(&s.OnDelete[plan.Left]))
	pick("delete-contacts", (*string)(&s.OnDelete[plan.Right]))
	s.Norm.Country = v["country"]
	s.AllMine = v["mine"] == "all"
	if s.Lead = s.Entity == "leads"; s.Lead {
		s.Category = "CRM Leads"
	}
	s.Map = plan.DefaultMap(s.Lead)
	return s
}
