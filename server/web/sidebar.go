package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tandem/addin"
	"tandem/server/auth"
	"tandem/views"
)

// sidebar is the shell that Outlook frames: public, and without data.
func (w *Web) sidebar(c echo.Context) error {
	return render(c, http.StatusOK, views.SidebarPage(views.Sidebar{OfficeURL: w.OfficeURL, Script: addin.Asset("taskpane.js")}))
}

// dialog begins the sign-in in Outlook's dialog.
func (w *Web) dialog(c echo.Context) error {
	begun, err := w.Auth.Begin(c.Request().Context(), auth.Begin{
		Challenge: c.QueryParam("challenge"), Hint: c.QueryParam("hint"), Attempt: cookie(c, auth.AttemptCookie),
	})
	if err != nil {
		return w.endDialog(c, "", err)
	}
	setCookie(c, auth.AttemptCookie, begun.Attempt, auth.AttemptLife)
	return c.Redirect(http.StatusFound, begun.URL)
}

// dialogDone ends the dialog with the one-time code for its parent.
func (w *Web) dialogDone(c echo.Context) error {
	res, err := w.Auth.Finish(c.Request().Context(), c.QueryParams(), cookie(c, auth.AttemptCookie))
	return w.endDialog(c, res.Code, err)
}

func (w *Web) endDialog(c echo.Context, code string, err error) error {
	v := views.Dialog{OfficeURL: w.OfficeURL, Script: addin.Asset("dialog.js"), Code: code}
	status := http.StatusOK
	if err != nil {
		v.Error, status = w.refusal(err)
	}
	return render(c, status, views.DialogPage(v))
}

// token exchanges the dialog's code for a bearer token.
func (w *Web) token(c echo.Context) error {
	var in struct{ Code, Verifier string }
	if err := c.Bind(&in); err != nil {
		return problem(http.StatusBadRequest, "The request could not be read.", "Sign in again.")
	}
	t, err := w.Auth.Exchange(c.Request().Context(), in.Code, in.Verifier)
	if err == auth.ErrTicket {
		return problem(http.StatusUnauthorized, err.Error(), "")
	} else if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"token": t.Secret, "expires_in": int(t.ExpiresAt.Sub(w.Now()) / time.Second)})
}

// leaveSidebar ends the sidebar's token.
func (w *Web) leaveSidebar(c echo.Context) error {
	secret := c.Request().Header.Get("Authorization")[len("Bearer "):]
	if err := w.Auth.SignOut(c.Request().Context(), secret); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// menu is the opened menu with a fresh link to Automatic sync.
func (w *Web) menu(c echo.Context) error {
	link, err := w.ticketLink(c)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, views.MenuFragment(views.Menu{Link: link, Name: displayName(user(c))}))
}

// ticketLink is a link that opens the page in a tab as this user. It is
// rendered before the click, because a browser opens a tab only at once.
func (w *Web) ticketLink(c echo.Context) (views.TicketLink, error) {
	ticket, err := w.Auth.NewTicket(c.Request().Context(), user(c).ID, auth.AutoSync)
	return views.TicketLink{URL: w.BaseURL + views.ContinuePath(ticket)}, err
}
