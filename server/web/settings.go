package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/server/provider"
	"tandem/store"
	"tandem/views"
)

// userSettings are the settings that a user may see.
var userSettings = []string{
	store.SettingDirection, store.SettingEntity, store.SettingMine, store.SettingConflict, store.SettingDeleteCRM,
	store.SettingDeleteContacts, store.SettingScope, store.SettingInterval, store.SettingCountry,
}

// settingsPage is Sync settings > Contacts.
func (w *Web) settingsPage(c echo.Context) error {
	return w.showSettings(c, http.StatusOK, nil, nil)
}

// showSettings shows the settings; typed and faults come back from a form.
func (w *Web) showSettings(c echo.Context, status int, typed, faults map[string]string) error {
	ctx, u := c.Request().Context(), user(c)
	effective, err := w.Store.Effective(ctx, u.ID)
	if err != nil {
		return err
	}
	v := views.Settings{Page: w.frame(c, views.TabSettings, "Sync settings", "What is synchronised, and in which direction."), Left: "CRM", Right: "Contacts server"}
	if c.QueryParam("done") != "" {
		v.Notices = []views.Notice{{Tone: views.Success, Text: "Settings saved. They apply from the next run on."}}
	}
	one := func(name string) views.Setting {
		e := effective[name]
		s := setting(name, e.Value)
		s.From, s.Open, s.Error = layerWords[e.From], e.Open, faults[name]
		if value, ok := typed[name]; ok && e.Open {
			s.Value = value
		}
		if s.Error != "" && !slices.Contains([]string{store.SettingDirection, store.SettingEntity, store.SettingMine}, name) {
			v.MoreOpen = true
		}
		return s
	}
	v.Direction, v.Entity, v.Mine = one(store.SettingDirection), one(store.SettingEntity), one(store.SettingMine)
	v.Conflict, v.DeleteCRM, v.DeleteContacts = one(store.SettingConflict), one(store.SettingDeleteCRM), one(store.SettingDeleteContacts)
	v.Scope, v.Interval, v.Country = one(store.SettingScope), one(store.SettingInterval), one(store.SettingCountry)
	for i, side := range []provider.Side{provider.CRM, provider.Contacts} {
		conn, err := w.Connect.Current(ctx, u.ID, side)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return err
		}
		if i == 0 {
			v.Left = w.providerName(conn)
			w.fitToCRM(&v, conn)
		} else {
			v.Right = w.providerName(conn)
		}
	}
	if v.MineCounts, err = w.mineCounts(c); err != nil {
		return err
	}
	v.Map = fieldMap(plan.Direction(v.Direction.Value), v.Entity.Value == "leads")
	return render(c, status, views.SettingsPage(v))
}

// mineCounts says how many contacts "all of my contacts" means, as far as a
// listing has counted them.
func (w *Web) mineCounts(c echo.Context) (map[string]string, error) {
	pair, _, err := w.pair(c.Request().Context(), user(c))
	if errors.Is(err, store.ErrNotConnected) || err == nil && pair.RightSize <= 0 {
		return nil, nil
	}
	return map[string]string{"all": fmt.Sprintf("%d contacts at the last complete listing", pair.RightSize)}, err
}

// fitToCRM shows only what the connected CRM can do.
func (w *Web) fitToCRM(v *views.Settings, conn store.Connection) {
	p, ok := w.Connect.Provider(provider.CRM, conn.Provider)
	if !ok {
		return
	}
	if !p.Leads {
		v.Entity.Help = p.Name + " has no leads that can be synchronised."
		options := slices.Clone(v.Entity.Options)
		for i := range options {
			options[i].Disabled = options[i].Value == "leads"
		}
		v.Entity.Options = options
	}
	if p.NoOwner {
		v.Scope.Help = "Records in " + p.Name + " have no owner, so everybody's are synchronised."
	}
}

// fieldMap is the field map in view: what travels where.
func fieldMap(direction plan.Direction, leads bool) []views.MapRow {
	m := plan.DefaultMap(leads)
	var rows []views.MapRow
	for f := range contact.AllFields.Without(contact.FullName).All() {
		row := views.MapRow{Field: f.Label()}
		if own, ok := m[f]; ok {
			row.Direction = string(narrower(direction, own))
		}
		switch f {
		case contact.Categories:
			row.Note = "Only our own category is set, on contacts that Tandem creates."
		case contact.Notes:
			row.Note = "Private notes stay where they are."
		case contact.Organization:
			if !leads {
				row.Note = "In the CRM a company is only ever chosen among those that exist."
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// narrower is the direction in which a field travels under a Sync direction.
func narrower(direction, field plan.Direction) plan.Direction {
	switch {
	case field == plan.TwoWay:
		return direction
	case direction == plan.TwoWay, direction == field:
		return field
	}
	return ""
}

// saveSettings is "Save settings".
func (w *Web) saveSettings(c echo.Context) error {
	ctx, u := c.Request().Context(), user(c)
	effective, err := w.Store.Effective(ctx, u.ID)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return problem(http.StatusBadRequest, "The form could not be read.", "Go back and try again.")
	}
	typed := map[string]string{}
	var values []store.Setting
	for _, name := range userSettings {
		e := effective[name]
		if sent, ok := form[name]; ok && len(sent) > 0 && e.Open {
			typed[name] = sent[0]
			// What is left as it is keeps following the organization.
			if sent[0] != e.Value {
				values = append(values, store.Setting{Name: name, Value: sent[0]})
			}
		}
	}
	err = w.Store.SaveUser(ctx, u.ID, values...)
	if faults := settingFaults(err); faults != nil {
		return w.showSettings(c, http.StatusUnprocessableEntity, typed, faults)
	} else if errors.Is(err, store.ErrLocked) {
		return problem(http.StatusConflict, "Your organization has just set one of these settings itself.", "Go back to the settings, and look at them anew.")
	} else if err != nil {
		return err
	}
	if err := w.reschedule(c); err != nil {
		return err
	}
	return seeOther(c, views.RouteSettingsPage+"?done=saved")
}

// reschedule lets a new interval count from now on.
func (w *Web) reschedule(c echo.Context) error {
	pair, _, err := w.pair(c.Request().Context(), user(c))
	if errors.Is(err, store.ErrNotConnected) {
		return nil
	}
	if err != nil || !pair.Auto {
		return err
	}
	return w.Jobs.SetAuto(c.Request().Context(), pair, true)
}

// settingFaults are the faults of typed settings by name; nil where err is
// something else.
func settingFaults(err error) map[string]string {
	faults := map[string]string{}
	var walk func(error)
	walk = func(err error) {
		var joined interface{ Unwrap() []error }
		var one *store.SettingError
		switch {
		case err == nil:
		case errors.As(err, &joined):
			for _, e := range joined.Unwrap() {
				walk(e)
			}
		case errors.As(err, &one):
			faults[one.Name] = one.Message
		}
	}
	walk(err)
	if len(faults) == 0 {
		return nil
	}
	return faults
}
