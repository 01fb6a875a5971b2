package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tandem/server/auth"
	"tandem/views"
)

// signInPage shows the one button of the sign-in.
func (w *Web) signInPage(c echo.Context) error {
	return w.renderSignIn(c, http.StatusOK, nil)
}

func (w *Web) renderSignIn(c echo.Context, status int, notice *views.Notice) error {
	v := views.SignIn{Page: views.Page{Title: "Sign in"}, To: w.Auth.ReturnTo(c.QueryParam("to")), Provider: w.SignInName}
	if notice != nil {
		v.Notices = []views.Notice{*notice}
	}
	return render(c, status, views.SignInPage(v))
}

// signIn begins a sign-in at the OpenID Connect provider.
func (w *Web) signIn(c echo.Context) error {
	begun, err := w.Auth.Begin(c.Request().Context(), auth.Begin{
		ReturnTo: c.FormValue("to"), Attempt: cookie(c, auth.AttemptCookie),
	})
	if err != nil {
		return w.notSignedIn(c, err)
	}
	setCookie(c, auth.AttemptCookie, begun.Attempt, auth.AttemptLife)
	return w.leave(c, w.SignInName, begun.URL)
}

// notSignedIn shows the sign-in page with what went wrong.
func (w *Web) notSignedIn(c echo.Context, err error) error {
	text, status := w.refusal(err)
	return w.renderSignIn(c, status, &views.Notice{Tone: views.Danger, Title: "Not signed in", Text: text})
}

// refusal is the sentence for a sign-in that failed. What is no fault of signing
// in is one of ours, whose text goes to the log alone.
func (w *Web) refusal(err error) (text string, status int) {
	for _, known := range []error{auth.ErrAttempt, auth.ErrDenied, auth.ErrConsent, auth.ErrRefused, auth.ErrTenant, auth.ErrIssuer} {
		if errors.Is(err, known) {
			w.Log.Info("sign-in refused", "error", known)
			if known == auth.ErrIssuer {
				return known.Error(), http.StatusBadGateway
			}
			return known.Error(), http.StatusUnauthorized
		}
	}
	w.Log.Error("sign-in failed", "error", err)
	p := explain(err)
	return strings.TrimSpace(p.Text + " " + p.Todo), p.Status
}

// leave sends the browser to another site. Browsers apply form-action to the
// redirect after a form, so the answer to a form is a page with a link that is
// followed by itself.
func (w *Web) leave(c echo.Context, name, address string) error {
	if htmx(c) {
		c.Response().Header().Set("HX-Redirect", address)
		return c.NoContent(http.StatusOK)
	}
	if c.Request().Method == http.MethodGet {
		return c.Redirect(http.StatusFound, address)
	}
	c.Response().Header().Set("Refresh", "0; url="+address)
	return render(c, http.StatusOK, views.LeavePage(views.Leave{Page: views.Page{Title: "One moment"}, Provider: name, URL: address}))
}

// signInBack is where the provider sends the browser back to.
func (w *Web) signInBack(c echo.Context) error {
	ctx := c.Request().Context()
	res, err := w.Auth.Finish(ctx, c.QueryParams(), cookie(c, auth.AttemptCookie))
	if err != nil {
		return w.notSignedIn(c, err)
	}
	w.replaceSession(c, res.Session)
	return c.Redirect(http.StatusFound, res.ReturnTo)
}

// replaceSession ends the browser's session and begins another, so that an old
// cookie is worth nothing after a sign-in.
func (w *Web) replaceSession(c echo.Context, secret string) {
	if old := cookie(c, auth.SessionCookie); old != "" {
		if err := w.Auth.SignOut(c.Request().Context(), old); err != nil {
			w.Log.Error("old session not ended", "error", err)
		}
	}
	setCookie(c, auth.SessionCookie, secret, auth.Absolute)
}

// signOut ends the session.
func (w *Web) signOut(c echo.Context) error {
	if err := w.Auth.SignOut(c.Request().Context(), cookie(c, auth.SessionCookie)); err != nil {
		return err
	}
	setCookie(c, auth.SessionCookie, "", -time.Second)
	return seeOther(c, views.RouteSignIn)
}

// continuePage is where the sidebar's ticket leads: one button.
func (w *Web) continuePage(c echo.Context) error {
	ticket := c.QueryParam("ticket")
	u, err := w.Auth.PeekTicket(c.Request().Context(), ticket, auth.AutoSync)
	if err == auth.ErrTicket {
		// A stale ticket leads to ordinary sign-in and back to the same page.
		return c.Redirect(http.StatusFound, views.SignInPath(views.RouteConnections))
	} else if err != nil {
		return err
	}
	name := u.Name
	if name == "" {
		name = u.Email
	}
	return render(c, http.StatusOK, views.ContinuePage(views.Continue{Page: views.Page{Title: "Automatic sync"}, Name: name, Email: u.Email, Ticket: ticket}))
}

// continueAs redeems the ticket. Only this POST does: neither a link scanner
// nor a prefetch uses it up, and nobody is signed in as somebody else unasked.
func (w *Web) continueAs(c echo.Context) error {
	_, secret, err := w.Auth.RedeemTicket(c.Request().Context(), c.FormValue("ticket"), auth.AutoSync)
	if err == auth.ErrTicket {
		return seeOther(c, views.SignInPath(views.RouteConnections))
	} else if err != nil {
		return err
	}
	w.replaceSession(c, secret)
	return seeOther(c, views.RouteConnections)
}

// setupPage asks for the set-up code; setup makes the first administrator.
func (w *Web) setupPage(c echo.Context) error {
	return render(c, http.StatusOK, views.SetupPage(views.Setup{Page: w.frame(c, views.TabNone, "Set-up", "")}))
}

func (w *Web) setup(c echo.Context) error {
	err := w.Auth.ClaimSetup(c.Request().Context(), user(c), c.FormValue("code"))
	if err == auth.ErrSetup {
		return render(c, http.StatusUnprocessableEntity, views.SetupPage(views.Setup{Page: w.frame(c, views.TabNone, "Set-up", ""), Error: err.Error()}))
	} else if err != nil {
		return err
	}
	return seeOther(c, views.RouteGlobal)
}
