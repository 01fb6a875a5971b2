package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"tandem/server/provider"
	"tandem/store"
	"tandem/views"
)

// globalPage is Global settings: they apply to all users.
func (w *Web) globalPage(c echo.Context) error { return w.showGlobal(c, http.StatusOK, nil, nil, nil) }

func (w *Web) showGlobal(c echo.Context, status int, typed map[string]string, locks []string, faults map[string]string) error {
	stored, err := w.Store.GlobalSettings(c.Request().Context(), user(c).OrganizationID)
	if err != nil {
		return err
	}
	v := views.Global{Page: w.frame(c, views.TabGlobal, "Global settings", "They apply to all users. A sync profile can differ for individual users.")}
	if c.QueryParam("done") != "" {
		v.Notices = []views.Notice{{Tone: views.Success, Text: "Global settings saved. They apply to every user's next run."}}
	}
	one := func(name string) views.Setting {
		s := setting(name, stored[name].Value)
		s.Locked, s.Error = stored[name].Locked, faults[name]
		if value, ok := typed[name]; ok {
			s.Value, s.Locked = value, slices.Contains(locks, name)
		}
		if s.Value == "" {
			s.Value = store.Preset(name)
		}
		return s
	}
	v.CRM, v.CRMURL = one(store.SettingCRM), one(store.SettingCRMURL)
	v.CRM.Options = []views.Option{{Label: "Not chosen"}}
	for _, p := range w.Connect.Menu(provider.CRM) {
		v.CRM.Options = append(v.CRM.Options, views.Option{Value: p.ID, Label: p.Name})
	}
	for _, name := range userSettings {
		v.Settings = append(v.Settings, one(name))
	}
	return render(c, status, views.GlobalPage(v))
}

// saveGlobal stores the Global settings.
func (w *Web) saveGlobal(c echo.Context) error {
	typed, locks, values, err := settingsForm(c, append([]string{store.SettingCRM, store.SettingCRMURL}, userSettings...))
	if err != nil {
		return err
	}
	for i, v := range values {
		if v.Value == store.Preset(v.Name) && !v.Locked {
			values[i].Value = "" // what is left as it is stays the default
		}
	}
	err = w.Store.SaveGlobal(c.Request().Context(), user(c).OrganizationID, values...)
	if faults := settingFaults(err); faults != nil {
		return w.showGlobal(c, http.StatusUnprocessableEntity, typed, locks, faults)
	} else if err != nil {
		return err
	}
	return seeOther(c, views.RouteGlobal+"?done=saved")
}

// settingsForm reads an administrator's form: values, and the names of those
// that are locked.
func settingsForm(c echo.Context, names []string) (typed map[string]string, locks []string, values []store.Setting, err error) {
	form, err := c.FormParams()
	if err != nil {
		return nil, nil, nil, problem(http.StatusBadRequest, "The form could not be read.", "Go back and try again.")
	}
	locks, typed = form["lock"], map[string]string{}
	for _, name := range names {
		if sent, ok := form[name]; ok && len(sent) > 0 {
			typed[name] = sent[0]
			values = append(values, store.Setting{Name: name, Value: sent[0], Locked: slices.Contains(locks, name)})
		}
	}
	return typed, locks, values, nil
}
