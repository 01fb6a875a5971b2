package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

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
		if method == provider.Form || len(r.Choose) > 0 {
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

// connect takes a connect form in, or begins the redirect.
func (w *Web) connect(c echo.Context) error {
	ctx, u := c.Request().Context(), user(c)
	side := provider.Side(c.Param("side"))
	if side != provider.CRM && side != provider.Contacts {
		return errNotFound
	}
	a := attempt{side: side, provider: c.FormValue("provider"), method: provider.Method(c.FormValue("method")), custom: c.FormValue("custom_url_on") == "on"}
	p, ok := w.Connect.Provider(side, a.provider)
	if !ok {
		return seeOther(c, views.RouteConnections)
	}
	if err := w.allowed(ctx, u, side, p.ID); err != nil {
		return err
	}
	typed := map[string]string{connect.URLField: strings.TrimSpace(c.FormValue("custom_url"))}
	form, err := c.FormParams()
	if err != nil {
		return problem(http.StatusBadRequest, "The form could not be read.", "Go back and try again.")
	}
	for name, values := range form {
		if field, ok := strings.CutPrefix(name, "f."); ok && len(values) > 0 {
			typed[field] = values[0]
		}
	}
	if pending := c.FormValue("attempt"); pending != "" {
		typed[connect.PendingField] = pending
	}
	if a.method == provider.OAuth && typed[connect.PendingField] == "" {
		address, err := w.Connect.BeginOAuth(ctx, u, current(c).Hash, side, p.ID, typed)
		var faults connect.Faults
		switch {
		case errors.As(err, &faults):
			a.result = connect.Result{Faults: faults, Typed: typed}
			return w.showConnections(c, http.StatusUnprocessableEntity, &a)
		case err != nil:
			a.result = connect.Result{Faults: map[string]string{"": explain(err).Text}, Typed: typed}
			return w.showConnections(c, http.StatusUnprocessableEntity, &a)
		}
		return w.leave(c, p.Name, address)
	}
	if a.result, err = w.Connect.Form(ctx, u, side, p.ID, typed); err != nil {
		return err
	}
	if a.result.Connection == nil {
		status := http.StatusUnprocessableEntity
		if len(a.result.Faults) == 0 {
			status = http.StatusOK
		}
		return w.showConnections(c, status, &a)
	}
	return seeOther(c, views.RouteConnections+"?done="+string(side))
}

// allowed refuses a CRM other than the one that the organization has chosen.
func (w *Web) allowed(ctx context.Context, u store.User, side provider.Side, id string) error {
	if side != provider.CRM {
		return nil
	}
	settings, err := w.Store.Effective(ctx, u.ID)
	if err != nil {
		return err
	}
	if own := settings[store.SettingCRM].Value; own != "" && own != id {
		return problem(http.StatusForbidden, "Your organization uses another CRM.", "Go back and connect to that one.")
	}
	return nil
}

// connectBack is where a provider sends the browser back to.
func (w *Web) connectBack(c echo.Context) error {
	res, err := w.Connect.FinishOAuth(c.Request().Context(), user(c), current(c).Hash, c.Param("provider"), c.QueryParams())
	if err != nil {
		w.Log.Info("connect refused", "provider", c.Param("provider"), "error", err)
		p := explain(err)
		if errors.Is(err, connect.ErrAttempt) || errors.Is(err, connect.ErrDenied) || errors.Is(err, connect.ErrNoSuch) {
			p.Text = err.Error()
		}
		return w.showConnections(c, http.StatusUnprocessableEntity, w.failed(c.Param("provider"), connect.Result{Faults: map[string]string{"": p.Text}}))
	}
	if res.Connection == nil {
		return w.showConnections(c, http.StatusUnprocessableEntity, w.failed(c.Param("provider"), res))
	}
	return c.Redirect(http.StatusFound, views.RouteConnections+"?done="+res.Connection.Side)
}

// failed is the redirect's form, as it comes back.
func (w *Web) failed(id string, r connect.Result) *attempt {
	for _, side := range []provider.Side{provider.CRM, provider.Contacts} {
		if _, ok := w.Connect.Provider(side, id); ok {
			return &attempt{side: side, provider: id, method: provider.OAuth, result: r}
		}
	}
	return nil
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

// disconnectPage asks before disconnecting.
func (w *Web) disconnectPage(c echo.Context) error {
	side := provider.Side(c.Param("side"))
	conn, err := w.Connect.Current(c.Request().Context(), user(c).ID, side)
	if err != nil {
		return err
	}
	v := w.connectionView(conn)
	return render(c, http.StatusOK, views.ConfirmPage(views.Confirm{
		Page: w.frame(c, views.TabConnections, "Disconnect "+v.Provider+"?", ""),
		Text: []string{
			"The sign-in of " + v.Account + " is erased at once.",
			"The contacts on both sides stay as they are. When you connect the same account again within 30 days, the sync goes on without duplicates.",
		},
		Post: views.DisconnectPath(string(side)), Yes: "Disconnect", Danger: true, Back: views.RouteConnections,
	}))
}

// disconnect ends a connection.
func (w *Web) disconnect(c echo.Context) error {
	err := w.Connect.Disconnect(c.Request().Context(), user(c).ID, provider.Side(c.Param("side")))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return seeOther(c, views.RouteConnections+"?done=disconnected")
}
