package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tandem/server/auth"
	"tandem/store"
	"tandem/views"
)

// currentKey is where the signed-in user is kept for a request.
const currentKey = "current"

// current is who is signed in. It is set on every route behind signedIn and
// bearer.
func current(c echo.Context) auth.Current {
	v, ok := c.Get(currentKey).(auth.Current)
	if !ok {
		panic("web: a route without sign-in asks who is there")
	}
	return v
}

// user is the signed-in user's row.
func user(c echo.Context) store.User { return current(c).User }

// signedIn lets only people with a page session in; others are sent to sign in
// and come back.
func (w *Web) signedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		cookie, err := c.Cookie(auth.SessionCookie)
		if err != nil {
			return w.toSignIn(c)
		}
		cur, err := w.Auth.Session(c.Request().Context(), cookie.Value)
		if errors.Is(err, auth.ErrSignedOut) {
			return w.toSignIn(c)
		} else if err != nil {
			return err
		}
		c.Set(currentKey, cur)
		return next(c)
	}
}

// maybeSignedIn lets everybody in, and knows who is signed in.
func (w *Web) maybeSignedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if secret := cookie(c, auth.SessionCookie); secret != "" {
			if cur, err := w.Auth.Session(c.Request().Context(), secret); err == nil {
				c.Set(currentKey, cur)
			}
		}
		return next(c)
	}
}

// toSignIn leads to the sign-in page and back. A request by htmx takes the
// whole page there.
func (w *Web) toSignIn(c echo.Context) error {
	to := ""
	if c.Request().Method == http.MethodGet {
		to = c.Request().URL.Path
	}
	if htmx(c) {
		c.Response().Header().Set("HX-Redirect", views.SignInPath(""))
		return c.NoContent(http.StatusUnauthorized)
	}
	if c.Request().Method != http.MethodGet {
		return problem(http.StatusUnauthorized, auth.ErrSignedOut.Error(), "What you sent was not carried out.")
	}
	return c.Redirect(http.StatusFound, views.SignInPath(to))
}

// admin lets only administrators in.
func (w *Web) admin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		cur := current(c)
		if cur.Admin {
			return next(c)
		}
		if cur.Demoted {
			return problem(http.StatusForbidden, "For administrators' pages you have to sign in once more, because you came here from the sidebar.",
				"Sign out, and sign in again.")
		}
		return problem(http.StatusForbidden, "Only administrators may see this page.", "Ask your administrator.")
	}
}

// bearer lets only the sidebar's tokens in.
func (w *Web) bearer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		token, ok := strings.CutPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
		if !ok {
			return c.NoContent(http.StatusUnauthorized)
		}
		cur, err := w.Auth.Bearer(c.Request().Context(), token)
		if errors.Is(err, auth.ErrSignedOut) {
			return c.NoContent(http.StatusUnauthorized)
		} else if err != nil {
			return err
		}
		c.Set(currentKey, cur)
		return next(c)
	}
}

// setCookie sets one of our cookies. The prefix __Host- demands all of this.
func setCookie(c echo.Context, name, value string, life time.Duration) {
	c.SetCookie(&http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(life.Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func cookie(c echo.Context, name string) string {
	if k, err := c.Cookie(name); err == nil {
		return k.Value
	}
	return ""
}

// frame is the frame around a page, with the tabs of the signed-in user where
// there is one.
func (w *Web) frame(c echo.Context, tab views.Tab, title, lead string) views.Page {
	cur, ok := c.Get(currentKey).(auth.Current)
	if !ok {
		return views.Page{Title: title, Lead: lead}
	}
	name := cur.User.Name
	if name == "" {
		name = cur.User.Email
	}
	return views.Page{Title: title, Lead: lead, Tab: tab, Viewer: &views.Viewer{Name: name, Email: cur.User.Email, Admin: cur.Admin}}
}
