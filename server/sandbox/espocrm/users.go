package espocrm

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// User is somebody who may sign in.
type User struct {
	ID, UserName, Name, Email string
	// Password or APIKey: the user of an API key has no password.
	Password, APIKey string
	// Type is "regular", "admin" or "api". "" means regular, or api with a key.
	Type string
	// Teams are the IDs of the user's teams.
	Teams []string
	// Roles are the levels per entity; an entity without one is out of bounds.
	// Administrators may do everything. nil means Everywhere for all entities.
	Roles map[string]Levels
	// Fields are restricted fields per entity: "no" to read or to edit.
	Fields map[string]map[string]FieldLevels
	// Inactive users cannot sign in; TwoFactor ones only with a token.
	Inactive, TwoFactor bool
}

// Levels are how far each action reaches: "all", "team", "own" or "no"; for
// Create "yes" or "no".
type Levels struct {
	Create string `json:"create"`
	Read   string `json:"read"`
	Stream string `json:"stream"`
	Edit   string `json:"edit"`
	Delete string `json:"delete"`
}

// FieldLevels are "yes" or "no".
type FieldLevels struct {
	Read string `json:"read"`
	Edit string `json:"edit"`
}

// Everywhere allows everything, ReadOnly only to look, Own only what is
// assigned to the user.
var (
	Everywhere = Levels{"yes", "all", "all", "all", "all"}
	ReadOnly   = Levels{"no", "all", "all", "no", "no"}
	Own        = Levels{"yes", "own", "own", "own", "own"}
)

// AddUser adds a user, or replaces the one with this ID, and gives its ID.
func (s *Server) AddUser(u User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" {
		u.ID = s.newID()
	}
	if u.Name == "" {
		u.Name = u.UserName
	}
	if u.Type == "" {
		u.Type = "regular"
		if u.APIKey != "" {
			u.Type = "api"
		}
	}
	s.state.Users = slices.DeleteFunc(s.state.Users, func(x *User) bool { return x.ID == u.ID })
	s.state.Users = append(s.state.Users, &u)
	s.changes++
	return u.ID
}

// ExpireTokens makes all tokens worthless, as 48 idle hours do.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.state.Tokens)
	s.changes++
}

func (u *User) levels(entity string) Levels {
	if u.Type == "admin" || u.Roles == nil {
		return Everywhere
	}
	return u.Roles[entity]
}

// may says whether a level covers a record.
func (u *User) may(level string, r *Record) bool {
	switch level {
	case "all", "yes":
		return true
	case "team":
		return r.AssignedUserID == u.ID || slices.ContainsFunc(r.TeamsIDs, func(id string) bool { return slices.Contains(u.Teams, id) })
	case "own":
		return r.AssignedUserID == u.ID
	}
	return false
}

func (u *User) blocked(entity, field string, edit bool) bool {
	l := u.Fields[entity][field]
	return l.Read == "no" || edit && l.Edit == "no"
}

// The limits of failed sign-ins, as they are installed.
const (
	maxFailures   = 10
	failurePeriod = time.Minute
)

// authenticate finds the user of a request.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) (*User, *refusal) {
	r.Header.Del(newToken)
	denied := &refusal{status: http.StatusUnauthorized}
	if key := r.Header.Get("X-Api-Key"); key != "" && r.Header.Get("Espo-Authorization") == "" {
		for _, u := range s.state.Users {
			if u.APIKey == key && !u.Inactive {
				return u, nil
			}
		}
		return nil, denied
	}
	name, secret, own, ok := credentials(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm=""`)
		return nil, denied
	}
	byToken := r.Header.Get("Espo-Authorization-By-Token") == "true"
	now := s.o.Now()
	s.failures = slices.DeleteFunc(s.failures, func(t time.Time) bool { return now.Sub(t) > failurePeriod })
	if !byToken && len(s.failures) > maxFailures {
		return nil, forbidden("Max failed login attempts exceeded for IP address 127.0.0.1.")
	}
	for _, u := range s.state.Users {
		if !strings.EqualFold(u.UserName, name) || u.Inactive || u.Type == "api" {
			continue
		}
		if holder, known := s.state.Tokens[secret]; known && holder == u.ID {
			return u, nil
		}
		if byToken || u.Password == "" || u.Password != secret {
			continue
		}
		if u.TwoFactor {
			return nil, &refusal{http.StatusUnauthorized, "second-step-required", map[string]any{"status": "secondStepRequired", "message": "enterTotpCode"}}
		}
		if own && !s.o.NoTokens {
			r.Header.Set(newToken, s.token(u))
		}
		return u, nil
	}
	if !byToken {
		s.failures = append(s.failures, now)
	}
	return nil, denied
}

// newToken carries a token from the sign-in to the answer, inside the sandbox.
const newToken = "Sandbox-Token"

// credentials reads the two headers. own is EspoCRM's own, which gives tokens.
func credentials(r *http.Request) (name, secret string, own, ok bool) {
	if header := r.Header.Get("Espo-Authorization"); header != "" {
		pair, err := base64.StdEncoding.DecodeString(header)
		name, secret, ok = strings.Cut(string(pair), ":")
		return strings.TrimSpace(name), strings.TrimSpace(secret), true, ok && err == nil
	}
	name, secret, ok = r.BasicAuth()
	return name, secret, false, ok
}

func (s *Server) token(u *User) string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	token := hex.EncodeToString(raw)
	s.state.Tokens[token] = u.ID
	s.changes++
	return token
}

// appUser is GET App/user: who is signed in, with the role's table.
func (s *Server) appUser(r *http.Request, u *User) (any, *refusal) {
	table, fields := map[string]any{}, map[string]any{}
	for entity := range entities {
		if l := u.levels(entity); l.Read != "" && l.Read != "no" {
			table[entity] = l
		}
		fields[entity] = map[string]FieldLevels{}
		if f := u.Fields[entity]; f != nil && u.Type != "admin" {
			fields[entity] = f
		}
	}
	var token any
	if t := r.Header.Get(newToken); t != "" {
		token = t
	} else if _, secret, own, _ := credentials(r); own && s.state.Tokens[secret] != "" {
		token = secret
	}
	return map[string]any{
		"user": map[string]any{
			"id": u.ID, "userName": u.UserName, "name": u.Name, "type": u.Type, "isActive": true,
			"emailAddress": null(u.Email), "teamsIds": list(u.Teams), "emailAddressList": list(nil), "userEmailAddressList": list(nil),
		},
		"acl":         map[string]any{"table": table, "fieldTable": fields, "assignmentPermission": "all"},
		"preferences": map[string]any{"timeZone": ""},
		"token":       token,
		"settings": map[string]any{
			"applicationName": "EspoCRM", "phoneNumberInternational": !s.o.LoosePhones, "phoneNumberExtensions": s.o.PhoneExtensions,
		},
		"language":  "en_US",
		"appParams": map[string]any{},
	}, nil
}

func (s *Server) destroyToken(r *http.Request, _ *User) (any, *refusal) {
	data, no := object(r)
	if no != nil {
		return nil, no
	}
	token, _ := data["token"].(string)
	_, known := s.state.Tokens[token]
	delete(s.state.Tokens, token)
	s.changes++
	return known, nil
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func list(v []string) []string { return append([]string{}, v...) }
