package tryton

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"tandem/server/contact"
)

// gate keeps the session of one user. Whoever needs one waits for the first
// who signs in. A refused password is not tried again: Tryton locks users out
// after a few attempts.
type gate struct {
	username, password string

	session atomic.Pointer[session]
	turn    chan struct{} // holds one token: the right to sign in
	refused error         // guarded by turn
}

// session is Tryton's "login:user id:key", as the Authorization header has it.
type session string

func newGate(username, password, kept string) *gate {
	g := &gate{username: username, password: password, turn: make(chan struct{}, 1)}
	if kept != "" {
		s := session(kept)
		g.session.Store(&s)
	}
	return g
}

// sign is the rest.Auth of the connection. Signing in itself is sent without.
func (g *gate) sign(r *http.Request) error {
	if s := g.session.Load(); s != nil {
		r.Header.Set("Authorization", "Session "+base64.StdEncoding.EncodeToString([]byte(*s)))
	}
	return nil
}

// enter gives the session, signing in where there is none.
func (g *gate) enter(ctx context.Context, s *server) (*session, error) {
	if at := g.session.Load(); at != nil {
		return at, nil
	}
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return nil, &contact.Error{Kind: contact.ErrUnreachable, Message: "The request was interrupted.", Cause: ctx.Err()}
	}
	if at := g.session.Load(); at != nil {
		return at, nil
	}
	if g.refused != nil {
		return nil, g.refused
	}
	at, err := g.signIn(ctx, s)
	if errors.Is(err, contact.ErrReconnect) {
		g.refused = err
	}
	if err != nil {
		return nil, err
	}
	g.session.Store(at)
	return at, nil
}

// leave forgets a session that Tryton does not accept any more.
func (g *gate) leave(old *session) { g.session.CompareAndSwap(old, nil) }

// user is the user's id within the session, 0 where it is not known.
func (g *gate) user() int64 {
	at := g.session.Load()
	if at == nil {
		return 0
	}
	parts := strings.Split(string(*at), ":")
	if len(parts) < 3 {
		return 0
	}
	id, _ := strconv.ParseInt(parts[len(parts)-2], 10, 64)
	return id
}

func (g *gate) signIn(ctx context.Context, s *server) (*session, error) {
	var a answer
	res, err := s.post(ctx, s.path(), false, "common.db.login", list{g.username, object{"password": g.password}}, &a)
	var trouble *contact.Error
	if errors.As(err, &trouble) && errors.Is(err, contact.ErrQuota) {
		trouble.Field = keyPassword
		trouble.Message = "Tryton does not accept sign-ins at the moment, because there were too many wrong ones. Wait five minutes and try again."
	}
	if err != nil {
		return nil, err
	}
	f := a.fault("common.db.login")
	switch {
	case res.Status == http.StatusUnauthorized:
		return nil, &contact.Error{Kind: contact.ErrReconnect, Field: keyPassword,
			Message: "Tryton does not accept this user name and password. Check both and connect again."}
	case f != nil && f.class == "LoginException":
		return nil, &contact.Error{Kind: contact.ErrReconnect, Field: keyUsername, Cause: f,
			Message: "This Tryton user needs a second step to sign in, which the sync cannot take. Ask your Tryton administrator for a user with a password alone."}
	case f != nil && f.passing():
		return nil, &contact.Error{Kind: contact.ErrUnavailable, Cause: f,
			Message: "Tryton's database is busy at the moment. The sync goes on later by itself."}
	case f != nil, res.Status == http.StatusNotFound, res.Status == http.StatusMethodNotAllowed, res.Status == http.StatusInternalServerError:
		e := &contact.Error{Kind: contact.ErrBaseURL, Field: keyDatabase,
			Message: "This Tryton server has no database of that name. Check the spelling; capital letters matter."}
		if f != nil {
			e.Cause = f
		}
		return nil, e
	}
	if err := status(res); err != nil {
		return nil, err
	}
	var pair []json.RawMessage
	var id int64
	var key string
	if json.Unmarshal(a.Result, &pair) != nil || len(pair) < 2 || json.Unmarshal(pair[0], &id) != nil || json.Unmarshal(pair[1], &key) != nil {
		return nil, &contact.Error{Kind: contact.ErrProtocol, Message: "Tryton's answer to the sign-in could not be understood."}
	}
	at := session(fmt.Sprintf("%s:%d:%s", g.username, id, key))
	return &at, nil
}
