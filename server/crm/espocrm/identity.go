package espocrm

import (
	"context"
	"encoding/json"
	"slices"

	"tandem/server/contact"
	"tandem/server/rest"
)

// identity is who is signed in and what they may do (GET App/user).
type identity struct {
	User struct {
		ID           string   `json:"id"`
		UserName     string   `json:"userName"`
		Name         string   `json:"name"`
		EmailAddress string   `json:"emailAddress"`
		Type         string   `json:"type"`
		TeamsIDs     []string `json:"teamsIds"`
	} `json:"user"`
	Token string `json:"token"`
	ACL   struct {
		// Table is per entity false, true, or a level per action.
		Table map[string]json.RawMessage `json:"table"`
		// FieldTable names only fields that are restricted.
		FieldTable map[string]json.RawMessage `json:"fieldTable"`
	} `json:"acl"`
	Settings struct {
		PhoneNumberInternational bool `json:"phoneNumberInternational"`
		PhoneNumberExtensions    bool `json:"phoneNumberExtensions"`
	} `json:"settings"`
}

// levels are how far each action reaches: "all", "team", "own", "no"; for
// create "yes" or "no".
type levels struct {
	Create string `json:"create"`
	Read   string `json:"read"`
	Edit   string `json:"edit"`
	Delete string `json:"delete"`
}

var everything = levels{"yes", "all", "all", "all"}

func (a api) whoAmI(ctx context.Context) (*identity, error) {
	who := new(identity)
	res, err := rest.JSON(ctx, a.doer, rest.Request{URL: apiPath + "App/user"}, nil, who)
	if err != nil {
		if res != nil {
			// Data was expected and something else came: another product.
			return nil, notEspo(res)
		}
		return nil, err
	}
	if !res.OK() {
		if res.Status == 401 && rest.WebPage(res) {
			return nil, notEspo(res)
		}
		return nil, statusError(res)
	}
	if who.User.ID == "" {
		return nil, notEspo(res)
	}
	return who, nil
}

func (w *identity) account() contact.Account {
	name := w.User.Name
	if name == "" {
		name = w.User.UserName
	}
	return contact.Account{ID: w.User.ID, Name: name, Email: w.User.EmailAddress}
}

// levels are the user's for one entity. An entity that the table does not name
// is out of bounds, except for administrators.
func (w *identity) levels(entity string) levels {
	var l levels
	raw, named := w.ACL.Table[entity]
	switch {
	case !named && w.User.Type == "admin", string(raw) == "true":
		return everything
	case !named || json.Unmarshal(raw, &l) != nil:
		return levels{}
	}
	return l
}

func (w *identity) reads(entity string) bool { return granted(w.levels(entity).Read) }

func granted(level string) bool { return level != "" && level != "no" }

// restricted gives the fields of the API that the user may not read or edit.
func (w *identity) restricted(entity string) (unread, unedited []string) {
	var table map[string]struct{ Read, Edit string }
	// PHP writes an empty table as a list: then nothing is restricted.
	if json.Unmarshal(w.ACL.FieldTable[entity], &table) != nil {
		return nil, nil
	}
	for field, l := range table {
		if l.Read == "no" {
			unread = append(unread, field)
		}
		if l.Edit == "no" || l.Read == "no" {
			unedited = append(unedited, field)
		}
	}
	return unread, unedited
}

// may says whether a level covers a record.
func (w *identity) may(level string, r *row) bool {
	mine := r.AssignedUserID == w.User.ID
	switch level {
	case "all", "yes":
		return true
	case "team":
		return mine || slices.ContainsFunc(r.TeamsIDs, func(id string) bool { return slices.Contains(w.User.TeamsIDs, id) })
	case "own":
		return mine
	}
	return false
}

// phones is how this server wants its phone numbers.
func (w *identity) phones() string {
	switch {
	case w.Settings.PhoneNumberInternational && w.Settings.PhoneNumberExtensions:
		return phonesExtended
	case w.Settings.PhoneNumberInternational:
		return phonesInternational
	}
	return phonesLoose
}
