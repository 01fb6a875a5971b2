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
			w.Log.Error("connect not begun", "provider", p.ID, "error", err)
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
		w.Log.Info("connect refused", "error", err, "cause", errors.Unwrap(err))
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
