package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"tandem/server/connect"
	"tandem/server/provider"
	"tandem/store"
	"tandem/views"
)

// connections is the page Connections > Contacts.
func (w *Web) connections(c echo.Context) error {
	return w.showConnections(c, http.StatusOK, nil)
}

// attempt is a connect form that comes back: with faults, or with one more
// thing to choose.
type attempt struct {
	side     provider.Side
	provider string
	method   provider.Method
	result   connect.Result
	custom   bool // the box "Custom URL" was ticked
}

func (w *Web) showConnections(c echo.Context, status int, back *attempt) error {
	ctx := c.Request().Context()
	u := user(c)
	v := views.Connections{Page: w.frame(c, views.TabConnections, "Connections",
		"Connect your CRM and your contacts server, and Tandem keeps their contacts in step.")}
	var conn [2]*store.Connection
	for i, side := range []provider.Side{provider.CRM, provider.Contacts} {
		found, err := w.Connect.Current(ctx, u.ID, side)
		if err == nil {
			conn[i] = &found
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		sv, err := w.side(c, side, conn[i], back)
		if err != nil {
			return err
		}
		if side == provider.CRM {
			v.CRM = sv
		} else {
			v.Contacts = sv
		}
	}
	var err error
	if v.Sync, err = w.syncView(ctx, u, conn); err != nil {
		return err
	}
	v.Notices = notices(c)
	return render(c, status, views.ConnectionsPage(v))
}

// side is one of the two sections.
func (w *Web) side(c echo.Context, side provider.Side, conn *store.Connection, back *attempt) (views.Side, error) {
	ctx := c.Request().Context()
	v := views.Side{Key: string(side), Chosen: c.QueryParam(string(side))}
	settings, err := w.Store.Effective(ctx, user(c).ID)
	if err != nil {
		return v, err
	}
	organization := settings[store.SettingCRM].Value
	fixed := side == provider.CRM && organization != ""
	if fixed {
		v.Chosen = organization
	} else {
		for _, p := range w.Connect.Menu(side) {
			v.Providers = append(v.Providers, views.Option{Value: p.ID, Label: p.Name})
		}
	}
	if conn != nil {
		v.Connection = w.connectionView(*conn)
		if conn.State == store.StateConnected {
			v.Providers, v.Chosen = nil, conn.Provider
			if back == nil || back.side != side {
				return v, nil
			}
		}
		if v.Chosen == "" {
			v.Chosen = conn.Provider
		}
	}
	if back != nil && back.side == side {
		v.Chosen = back.provider
	}
	switch {
	case v.Chosen != "":
	case len(v.Providers) == 1:
		v.Chosen = v.Providers[0].Value
	case side == provider.Contacts:
		v.Chosen = w.Contacts
	}
	p, ok := w.Connect.Provider(side, v.Chosen)
	if !ok {
		v.Chosen = ""
		return v, nil
	}
	v.Form = w.form(p, settings, back)
	return v, nil
}

func (w *Web) connectionView(conn store.Connection) *views.Connection {
	v := &views.Connection{Account: conn.AccountName, Since: views.At(conn.ConnectedAt, w.Now())}
	if v.Account == "" {
		v.Account = conn.AccountEmail
	}
	if p, ok := w.Connect.Provider(provider.Side(conn.Side), conn.Provider); ok {
		v.Provider = p.Name
		if p.NoOwner {
			v.Notes = append(v.Notes, "Records in "+p.Name+" have no owner, so everybody's contacts are synchronised.")
		}
	} else {
		v.Provider = conn.Provider
	}
	v.Address = host(conn.BaseURL)
	if conn.State == store.StateReconnect {
		v.Reconnect = conn.Reason
		if v.Reconnect == "" {
			v.Reconnect = "The sign-in is no longer valid. Connect again: nothing is lost, and the next sync goes on where it stopped."
		}
	}
	return v
}

// notices says what has just been done.
func notices(c echo.Context) []views.Notice {
	done := map[string]string{
		"crm": "Your CRM is connected.", "contacts": "Your contacts server is connected.",
		"disconnected": "Disconnected. The sign-in is erased here; the contacts on both sides stay as they are.",
		"reset":        "Contacts sync was reset. No contact was changed on either side. The next sync is a first run.",
		"undone":       "The reset was undone. The next sync goes on as before.",
		"queued":       "The sync has begun.",
	}
	if text, ok := done[c.QueryParam("done")]; ok {
		return []views.Notice{{Tone: views.Success, Text: text}}
	}
	return nil
}
