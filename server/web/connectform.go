package web

import (
	"slices"

	"tandem/server/connect"
	"tandem/server/provider"
	"tandem/store"
	"tandem/views"
)

// form is the connect form of one provider, with what came back.
func (w *Web) form(p provider.Provider, settings map[string]store.Effective, back *attempt) *views.ConnectForm {
	f := &views.ConnectForm{Provider: p.ID, Name: p.Name, Help: p.Help, HelpURL: p.HelpURL}
	ours := back != nil && back.provider == p.ID && back.side == p.Side
	if ours {
		f.Error = back.result.Faults[""]
	}
	for _, method := range p.Methods {
		way := views.ConnectWay{Method: string(method)}
		var r connect.Result
		if ours && back.method == method {
			r = back.result
			way.Typed, way.Attempt = true, r.Pending
		}
		fields := p.Fields
		if len(r.Choose) > 0 {
			fields = r.Choose
		} else if p.URL != provider.URLNever {
			way.URL = urlField(p, settings, r, ours && back.custom)
		}
		if method == provider.Form || len(r.Choose) > 0 || !slices.Contains(p.Methods, provider.Form) {
			for _, field := range fields {
				way.Fields = append(way.Fields, formField(field, r))
			}
		}
		f.Ways = append(f.Ways, way)
	}
	return f
}

// urlField is the address: a box that shows a field where the organization or
// the provider has an address of its own, else a plain field.
func urlField(p provider.Provider, settings map[string]store.Effective, r connect.Result, ticked bool) *views.URLField {
	u := &views.URLField{
		Label: "Server address", Value: r.Typed[connect.URLField], Error: r.Faults[connect.URLField],
		Placeholder: "https://", Required: p.URL == provider.URLRequired,
	}
	known := p.DefaultURL
	if p.Side == provider.CRM {
		u.Label, u.Placeholder = "Custom URL", "https://crm.example.com"
		if own := settings[store.SettingCRMURL].Value; own != "" && settings[store.SettingCRM].Value == p.ID {
			known = own
		}
	}
	if known != "" || p.Side == provider.CRM {
		u.Checkbox, u.Required = true, false
		u.Checked = ticked || u.Error != "" || u.Value != "" || known == ""
		u.Help = "Leave it blank if unsure."
		if known != "" {
			u.Help = "Leave it blank if unsure: " + host(known) + " is used then."
		}
	}
	return u
}

func formField(f provider.Field, r connect.Result) views.Field {
	v := views.Field{
		Name: f.Name, Label: f.Label, Help: f.Help, Placeholder: f.Placeholder, Value: f.Default,
		Required: f.Required, Secret: f.Secret, OnlyIf: f.OnlyIf, Autocomplete: f.Autocomplete, Error: r.Faults[f.Name],
	}
	if typed, ok := r.Typed[f.Name]; ok && !f.Secret {
		v.Value = typed
	}
	for _, o := range f.Options {
		v.Options = append(v.Options, views.Option{Value: o.Value, Label: o.Label})
	}
	return v
}
