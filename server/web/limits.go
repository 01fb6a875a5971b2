package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// The limits of a request's body. The largest form assigns a sync profile to
// ten thousand users, which is half of it.
const (
	bodyMost = 1 << 20
	bodyTime = 30 * time.Second
)

// limits reads a request's body before anything is done with it: no more than
// bodyMost, and no longer than bodyTime. What holds bytes that are no text is
// refused here, because Postgres refuses it too.
func limits(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		req := c.Request()
		if !plainText(req.URL.Path) {
			return errNotFound
		}
		if req.Body != nil && req.Body != http.NoBody {
			body, err := readBody(c)
			if err != nil {
				return err
			}
			req.Body = io.NopCloser(bytes.NewReader(body))
		}
		// It reads the query, and the body only where that is a plain form.
		if err := req.ParseForm(); err != nil || !plainForm(req.Form) {
			return problem(http.StatusBadRequest, "The request could not be read.", "Go back and try again.")
		}
		return next(c)
	}
}

func readBody(c echo.Context) ([]byte, error) {
	control := http.NewResponseController(c.Response())
	// Where it is not supported there is no network either.
	_ = control.SetReadDeadline(time.Now().Add(bodyTime))
	body, err := io.ReadAll(http.MaxBytesReader(c.Response().Writer, c.Request().Body, bodyMost))
	_ = control.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, problem(http.StatusRequestEntityTooLarge, "This is more than can be taken in at once.", "Go back, and send less.")
	case err != nil:
		return nil, problem(http.StatusBadRequest, "The request did not arrive as a whole.", "Go back and try again.")
	}
	return body, nil
}

func plainForm(form url.Values) bool {
	for name, values := range form {
		if !plainText(name) {
			return false
		}
		for _, v := range values {
			if !plainText(v) {
				return false
			}
		}
	}
	return true
}

func plainText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
