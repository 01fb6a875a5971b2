package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"tandem/store"
	"tandem/views"
)

// profiles is the page Sync profiles.
func (w *Web) profiles(c echo.Context) error { return w.showProfiles(c, http.StatusOK, "", "") }

func (w *Web) showProfiles(c echo.Context, status int, name, fault string) error {
	ctx, org := c.Request().Context(), user(c).OrganizationID
	v := views.Profiles{Page: w.frame(c, views.TabProfiles, "Sync profiles", "Named settings for individual users. Where a profile says nothing, the global settings apply."), NewName: name, NewError: fault}
	if done := map[string]string{"assigned": "Sync profile assigned.", "deleted": "Sync profile deleted. Its users follow the global settings."}[c.QueryParam("done")]; done != "" {
		v.Notices = []views.Notice{{Tone: views.Success, Text: done}}
	} else if c.QueryParam("done") == "nobody" {
		v.Notices = []views.Notice{{Tone: views.Warning, Text: "Nobody was assigned. Tick one user or several, then choose the sync profile."}}
	}
	all, err := w.Store.Profiles(ctx, org)
	if err != nil {
		return err
	}
	if v.Users, err = w.userLines(ctx, org, all); err != nil {
		return err
	}
	for _, p := range all {
		line := views.ProfileLine{ID: p.ID, Name: p.Name}
		for _, u := range v.Users {
			if u.ProfileID == p.ID {
				line.Users++
			}
		}
		values, err := w.Store.ProfileSettings(ctx, org, p.ID)
		if err != nil {
			return err
		}
		for _, name := range userSettings {
			if values[name].Value != "" {
				line.Overrides = append(line.Overrides, settingWords[name].label)
			}
		}
		v.Profiles = append(v.Profiles, line)
	}
	return render(c, status, views.ProfilesPage(v))
}

// userLines are the organization's users with their profile and state.
func (w *Web) userLines(ctx context.Context, org string, profiles []store.Profile) ([]views.UserLine, error) {
	users, err := w.Store.Users(ctx, org)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, p := range profiles {
		names[p.ID] = p.Name
	}
	var out []views.UserLine
	for _, u := range users {
		l := views.UserLine{ID: u.ID, Name: displayName(u), Email: u.Email, Role: "User", ProfileID: u.ProfileID, Profile: names[u.ProfileID], State: "Not connected", Tone: views.Info}
		if u.Admin {
			l.Role = "Administrator"
		}
		conns, err := w.Store.Connections(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		sides := map[string]bool{}
		for _, conn := range conns {
			if conn.State == store.StateReconnect {
				l.State, l.Tone = "Reconnect needed", views.Warning
			}
			sides[conn.Side] = sides[conn.Side] || conn.State == store.StateConnected
		}
		if sides["crm"] && sides["contacts"] && l.Tone != views.Warning {
			l.State, l.Tone = "Connected", views.Success
		}
		out = append(out, l)
	}
	return out, nil
}

// longestName is how long a sync profile's name may be, in characters.
const longestName = 100

func nameFault(name string) string {
	switch {
	case name == "":
		return "Enter a name, for example Sales."
	case utf8.RuneCountInString(name) > longestName:
		return fmt.Sprintf("Enter a shorter name: at most %d characters.", longestName)
	}
	return ""
}

// createProfile makes a profile and opens it.
func (w *Web) createProfile(c echo.Context) error {
	name := strings.TrimSpace(c.FormValue("name"))
	if fault := nameFault(name); fault != "" {
		return w.showProfiles(c, http.StatusUnprocessableEntity, name, fault)
	}
	p, err := w.Store.CreateProfile(c.Request().Context(), user(c).OrganizationID, name)
	if errors.Is(err, store.ErrExists) {
		return w.showProfiles(c, http.StatusUnprocessableEntity, name, "There is a sync profile of this name already.")
	} else if err != nil {
		return err
	}
	return seeOther(c, views.ProfilePath(p.ID))
}

// assign gives one or many users a profile.
func (w *Web) assign(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return problem(http.StatusBadRequest, "The form could not be read.", "Go back and try again.")
	}
	users := form["user"]
	if len(users) == 0 {
		return seeOther(c, views.RouteProfiles+"?done=nobody")
	}
	if err := w.Store.AssignProfile(c.Request().Context(), user(c).OrganizationID, c.FormValue("profile"), users...); err != nil {
		return err
	}
	return seeOther(c, views.RouteProfiles+"?done=assigned")
}

// profile is the page of one profile.
func (w *Web) profile(c echo.Context) error {
	return w.showProfile(c, http.StatusOK, "", nil, nil, nil)
}

func (w *Web) showProfile(c echo.Context, status int, wrongName string, typed map[string]string, locks []string, faults map[string]string) error {
	ctx, org := c.Request().Context(), user(c).OrganizationID
	p, err := w.Store.Profile(ctx, org, c.Param("id"))
	if err != nil {
		return err
	}
	stored, err := w.Store.ProfileSettings(ctx, org, p.ID)
	if err != nil {
		return err
	}
	global, err := w.Store.GlobalSettings(ctx, org)
	if err != nil {
		return err
	}
	v := views.Profile{Page: w.frame(c, views.TabProfiles, p.Name, "What this profile leaves open follows the global settings."), ID: p.ID, Name: p.Name, NameError: wrongName}
	if c.QueryParam("done") != "" {
		v.Notices = []views.Notice{{Tone: views.Success, Text: "Sync profile saved. It applies from its users' next run on."}}
	}
	for _, name := range userSettings {
		s := setting(name, stored[name].Value)
		s.Locked, s.Error = stored[name].Locked, faults[name]
		if value, ok := typed[name]; ok {
			s.Value, s.Locked = value, slices.Contains(locks, name)
		}
		own := global[name].Value
		if own == "" {
			own = store.Preset(name)
		}
		s.Help = "Global: " + valueLabel(name, own)
		if len(s.Options) > 0 {
			s.Options = append([]views.Option{{Label: "Use global settings"}}, s.Options...)
		}
		v.Settings = append(v.Settings, s)
	}
	all, err := w.Store.Profiles(ctx, org)
	if err != nil {
		return err
	}
	if v.Users, err = w.userLines(ctx, org, all); err != nil {
		return err
	}
	return render(c, status, views.ProfilePage(v))
}

// valueLabel is a value as people read it.
func valueLabel(name, value string) string {
	for _, o := range settingWords[name].options {
		if o.Value == value {
			return o.Label
		}
	}
	switch {
	case value == "":
		return "none"
	case name == store.SettingInterval:
		return value + " minutes"
	}
	return value
}

// saveProfile stores a profile's name and values.
func (w *Web) saveProfile(c echo.Context) error {
	ctx, org, id := c.Request().Context(), user(c).OrganizationID, c.Param("id")
	typed, locks, values, err := settingsForm(c, userSettings)
	if err != nil {
		return err
	}
	if form, _ := c.FormParams(); form.Has("name") {
		name := strings.TrimSpace(form.Get("name"))
		if fault := nameFault(name); fault != "" {
			return w.showProfile(c, http.StatusUnprocessableEntity, fault, typed, locks, nil)
		}
		err := w.Store.RenameProfile(ctx, org, id, name)
		if errors.Is(err, store.ErrExists) {
			return w.showProfile(c, http.StatusUnprocessableEntity, "There is a sync profile of this name already.", typed, locks, nil)
		} else if err != nil {
			return err
		}
	}
	err = w.Store.SaveProfile(ctx, org, id, values...)
	if faults := settingFaults(err); faults != nil {
		return w.showProfile(c, http.StatusUnprocessableEntity, "", typed, locks, faults)
	} else if err != nil {
		return err
	}
	return seeOther(c, views.ProfilePath(id)+"?done=saved")
}

// deleteProfilePage asks before a profile is deleted.
func (w *Web) deleteProfilePage(c echo.Context) error {
	ctx, org := c.Request().Context(), user(c).OrganizationID
	p, err := w.Store.Profile(ctx, org, c.Param("id"))
	if err != nil {
		return err
	}
	users, err := w.Store.Users(ctx, org)
	if err != nil {
		return err
	}
	n := 0
	for _, u := range users {
		if u.ProfileID == p.ID {
			n++
		}
	}
	return render(c, http.StatusOK, views.ConfirmPage(views.Confirm{
		Page: w.frame(c, views.TabProfiles, "Delete the sync profile "+p.Name+"?", ""),
		Text: []string{fmt.Sprintf("%d users have it. They follow the global settings from their next run on.", n)},
		Post: views.ProfileDeletePath(p.ID), Yes: "Delete", Danger: true, Back: views.ProfilePath(p.ID),
	}))
}

// deleteProfile deletes a profile.
func (w *Web) deleteProfile(c echo.Context) error {
	if err := w.Store.DeleteProfile(c.Request().Context(), user(c).OrganizationID, c.Param("id")); err != nil {
		return err
	}
	return seeOther(c, views.RouteProfiles+"?done=deleted")
}
