package tryton

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/rest"
)

// object is a JSON object on its way to Tryton.
type object = map[string]any

// list is a JSON array on its way to Tryton: domains, commands.
type list = []any

// fault is an error that Tryton itself answered: nothing was changed, since
// every call is a transaction of its own.
type fault struct {
	// class is UserError, UserWarning, ConcurrencyException, LoginException,
	// or "" for a failure inside the server.
	class string
	// message is Tryton's text. It may hold contact data: never log it.
	message string
	method  string
}

var quoted = regexp.MustCompile(`(?s)["'].*["']`)

// Error is for the log: everything in quotation marks is left out, because
// Tryton quotes names and numbers.
func (f *fault) Error() string {
	class := f.class
	if class == "" {
		class = "failure"
	}
	text := quoted.ReplaceAllString(f.message, `"…"`)
	return "tryton: " + f.method + " answers " + class + ": " + text[:min(len(text), 200)]
}

func (f *fault) denied() bool {
	return f.class == "UserError" && strings.Contains(f.message, "not allowed")
}

func (f *fault) absent() bool {
	return f.class == "UserError" && !f.denied() && strings.Contains(f.message, "exist")
}

// passing reports whether the database was busy: the same call may succeed later.
func (f *fault) passing() bool {
	if f.class != "" {
		return false
	}
	text := strings.ToLower(f.message)
	for _, sign := range []string{"locked", "lock ", "deadlock", "serialize", "timeout", "too many connections", "connection"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

type answer struct {
	Result json.RawMessage   `json:"result"`
	Error  []json.RawMessage `json:"error"`
}

func (a answer) fault(method string) *fault {
	if len(a.Error) == 0 {
		return nil
	}
	f := &fault{method: method}
	var first string
	json.Unmarshal(a.Error[0], &first)
	switch first {
	case "UserError", "UserWarning", "ConcurrencyException", "LoginException":
	default:
		f.message = first
		return f
	}
	f.class = first
	if len(a.Error) < 2 {
		return f
	}
	// One text, or several of which the message comes first (second for warnings).
	var texts []any
	if json.Unmarshal(a.Error[1], &f.message) != nil && json.Unmarshal(a.Error[1], &texts) == nil {
		for _, t := range texts {
			if s, ok := t.(string); ok && s != "" {
				f.message = strings.TrimSpace(f.message + " " + s)
			}
		}
	}
	return f
}

// server is one database of one Tryton server, as one user sees it.
type server struct {
	http     *rest.Client
	database string
	gate     *gate
}

// call calls a method within a session, signing in where needed. The error is
// a *fault, or a *contact.Error for the connection as a whole. read marks
// calls that may be repeated. The answer's Date is given where there is one.
func (s *server) call(ctx context.Context, read bool, out any, method string, params ...any) (time.Time, error) {
	for signedIn := false; ; signedIn = true {
		session, err := s.gate.enter(ctx, s)
		if err != nil {
			return time.Time{}, err
		}
		var a answer
		res, err := s.post(ctx, s.path(), read, method, params, &a)
		if err != nil {
			return time.Time{}, err
		}
		if res.Status == http.StatusUnauthorized && !signedIn {
			s.gate.leave(session)
			continue
		}
		if err := status(res); err != nil {
			return time.Time{}, err
		}
		date, _ := http.ParseTime(res.Header.Get("Date"))
		if f := a.fault(method); f != nil {
			return date, f
		}
		if out == nil {
			return date, nil
		}
		if err := json.Unmarshal(a.Result, out); err != nil {
			return date, &contact.Error{Kind: contact.ErrProtocol, Message: "Tryton's answer could not be understood.", Cause: errors.New("tryton: " + method + " answers of another type")}
		}
		return date, nil
	}
}

func (s *server) path() string { return url.PathEscape(s.database) + "/" }

func (s *server) post(ctx context.Context, path string, read bool, method string, params list, out *answer) (*rest.Response, error) {
	if params == nil {
		params = list{}
	}
	r := rest.Request{Method: http.MethodPost, URL: path, Repeatable: read, MaxBytes: 64 << 20}
	return rest.JSON(ctx, s.http, r, object{"id": 1, "method": method, "params": params}, out)
}

// status judges answers that are no JSON-RPC.
func status(res *rest.Response) error {
	cause := errors.New("tryton: status " + http.StatusText(res.Status))
	switch {
	case res.OK():
		return nil
	case res.Status == http.StatusUnauthorized:
		return &contact.Error{Kind: contact.ErrReconnect, Field: keyPassword, Cause: cause,
			Message: "Tryton ended the sign-in. Connect again with your user name and password."}
	case res.Status == http.StatusForbidden:
		return &contact.Error{Kind: contact.ErrForbidden, Cause: cause,
			Message: "Your Tryton user may not use what the sync needs. Ask your Tryton administrator."}
	case res.Status == http.StatusNotFound, res.Status == http.StatusMethodNotAllowed:
		return &contact.Error{Kind: contact.ErrBaseURL, Field: "url", Cause: cause,
			Message: "There is no Tryton database at this address any more. Check the address and the database."}
	}
	// The request arrived, and nobody knows what became of it.
	return &contact.Error{Kind: contact.ErrUnavailable, Cause: &uncertain{cause},
		Message: "Tryton is failing at the moment. The sync goes on later by itself."}
}

// uncertain marks an answer that does not tell whether a write was carried out.
type uncertain struct{ cause error }

func (u *uncertain) Error() string { return u.cause.Error() }

// maybeDone tells whether a call that failed with err may have been carried out.
func maybeDone(err error) bool {
	var u *uncertain
	return rest.Sent(err) || errors.As(err, &u)
}
