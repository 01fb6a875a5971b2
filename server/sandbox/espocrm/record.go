package espocrm

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Record is one contact, lead or account as the sandbox keeps it.
type Record struct {
	ID string
	// Attrs are the plain attributes that hold something, by their API names.
	Attrs    map[string]any
	Emails   []Email
	Phones   []Phone
	Accounts []AccountLink // of contacts

	AccountID      string // the first of Accounts
	AssignedUserID string
	TeamsIDs       []string
	CreatedByID    string
	ModifiedByID   string
	CreatedAt      string
	ModifiedAt     string
	Version        int
	Deleted        bool
}

// Email is one row of emailAddressData.
type Email struct {
	EmailAddress string `json:"emailAddress"`
	Lower        string `json:"lower"`
	Primary      bool   `json:"primary"`
	OptOut       bool   `json:"optOut"`
	Invalid      bool   `json:"invalid"`
}

// Phone is one row of phoneNumberData.
type Phone struct {
	PhoneNumber string `json:"phoneNumber"`
	Type        string `json:"type"`
	Primary     bool   `json:"primary"`
	OptOut      bool   `json:"optOut"`
	Invalid     bool   `json:"invalid"`
}

// AccountLink is a contact's place at an account.
type AccountLink struct{ AccountID, Role string }

const timeFormat = "2006-01-02 15:04:05"

// field is one plain attribute of an entity.
type field struct {
	name     string
	kind     kind
	most     int
	plain    bool // may not hold <, > and =
	required bool
	options  []string
	readOnly bool
}

type kind uint8

const (
	varchar kind = iota
	text
	enum
	url
	boolean
	other
)

var (
	person = []field{
		{name: "salutationName", kind: enum, options: []string{"Mr.", "Ms.", "Mrs.", "Dr."}},
		{name: "firstName", most: 100, plain: true},
		{name: "middleName", most: 100, plain: true},
	}
	address = []field{
		{name: "addressStreet", kind: text, most: 255},
		{name: "addressCity", most: 100, plain: true},
		{name: "addressState", most: 100, plain: true},
		{name: "addressCountry", most: 100, plain: true},
		{name: "addressPostalCode", most: 40, plain: true},
	}
	entities = map[string][]field{
		Contact: slices.Concat(person, []field{
			{name: "lastName", most: 100, plain: true, required: true},
			{name: "description", kind: text},
			{name: "doNotCall", kind: boolean},
		}, address),
		Lead: slices.Concat(person, []field{
			{name: "lastName", most: 100, plain: true},
			{name: "title", most: 100, plain: true},
			{name: "status", kind: enum, options: []string{"New", "Assigned", "In Process", "Converted", "Recycled", "Dead"}},
			{name: "source", kind: enum, options: []string{"Call", "Email", "Existing Customer", "Partner", "Public Relations", "Web Site", "Campaign", "Other"}},
			{name: "website", kind: url, most: 255},
			{name: "accountName", most: 255, plain: true},
			{name: "description", kind: text},
			{name: "doNotCall", kind: boolean},
			{name: "convertedAt", kind: other, readOnly: true},
			{name: "createdContactId", kind: other},
			{name: "createdAccountId", kind: other},
		}, address),
		Account: {
			{name: "name", most: 249, required: true},
			{name: "website", kind: url, most: 255},
			{name: "description", kind: text},
		},
	}
	sitePattern = regexp.MustCompile(`^([a-zA-Z0-9]+://)?[a-zA-Z0-9%./?:@\-_=#$!+*()',]+\.[a-zA-Z0-9%&./?:@\-_=#$!+*()',~]*$`)
)

func (r *Record) text(name string) string {
	s, _ := r.Attrs[name].(string)
	return s
}

// name is the whole name.
func (r *Record) name(entity string) string {
	if entity == Account {
		return r.text("name")
	}
	return strings.Join(strings.Fields(r.text("firstName")+" "+r.text("lastName")), " ")
}

func (r *Record) role() string {
	for _, l := range r.Accounts {
		if l.AccountID == r.AccountID {
			return l.Role
		}
	}
	return ""
}

func (r *Record) primaryEmail() string {
	for _, e := range r.Emails {
		if e.Primary {
			return e.EmailAddress
		}
	}
	return ""
}

func (r *Record) primaryPhone() string {
	for _, p := range r.Phones {
		if p.Primary {
			return p.PhoneNumber
		}
	}
	return ""
}

func (r *Record) clone() *Record {
	c := *r
	c.Attrs = maps.Clone(r.Attrs)
	c.Emails, c.Phones, c.Accounts = slices.Clone(r.Emails), slices.Clone(r.Phones), slices.Clone(r.Accounts)
	c.TeamsIDs = slices.Clone(r.TeamsIDs)
	return &c
}

// view is the record as a list shows it, complete as a direct read does.
func (s *Server) view(entity string, r *Record, complete bool) map[string]any {
	out := map[string]any{
		"id": r.ID, "name": r.name(entity), "deleted": r.Deleted,
		"emailAddress": null(r.primaryEmail()), "phoneNumber": null(r.primaryPhone()),
		"createdAt": null(r.CreatedAt), "modifiedAt": null(r.ModifiedAt),
		"createdById": null(r.CreatedByID), "modifiedById": null(r.ModifiedByID),
		"createdByName": null(s.userName(r.CreatedByID)), "modifiedByName": null(s.userName(r.ModifiedByID)),
		"assignedUserId": null(r.AssignedUserID), "assignedUserName": null(s.userName(r.AssignedUserID)),
	}
	for _, f := range entities[entity] {
		out[f.name] = r.Attrs[f.name]
		if f.kind == boolean && out[f.name] == nil {
			out[f.name] = false
		}
	}
	for name, v := range r.Attrs {
		if _, known := out[name]; !known {
			out[name] = v
		}
	}
	if s.o.Versions && entity != Account {
		out["versionNumber"] = r.Version
	}
	if entity == Contact {
		out["accountId"], out["accountName"] = null(r.AccountID), null(s.accountName(r.AccountID))
		out["title"] = null(r.role())
	}
	if !complete {
		return out
	}
	out["emailAddressData"], out["phoneNumberData"] = emailRows(r), phoneRows(r)
	out["teamsIds"], out["teamsNames"] = list(r.TeamsIDs), map[string]string{}
	if entity == Contact {
		ids, names, columns := []string{}, map[string]string{}, map[string]any{}
		for _, l := range r.Accounts {
			ids = append(ids, l.AccountID)
			names[l.AccountID] = s.accountName(l.AccountID)
			columns[l.AccountID] = map[string]any{"role": l.Role, "isInactive": false}
		}
		out["accountsIds"], out["accountsNames"], out["accountsColumns"] = ids, names, columns
	}
	return out
}

func emailRows(r *Record) []Email {
	rows := append([]Email{}, r.Emails...)
	slices.SortStableFunc(rows, func(a, b Email) int { return less(a.Primary, b.Primary) })
	return rows
}

func phoneRows(r *Record) []Phone {
	rows := append([]Phone{}, r.Phones...)
	slices.SortStableFunc(rows, func(a, b Phone) int { return less(a.Primary, b.Primary) })
	return rows
}

func less(a, b bool) int {
	switch {
	case a && !b:
		return -1
	case b && !a:
		return 1
	}
	return 0
}

func (s *Server) userName(id string) string {
	for _, u := range s.state.Users {
		if u.ID == id {
			return u.Name
		}
	}
	return ""
}

func (s *Server) accountName(id string) string {
	if a := s.state.Records[Account][id]; a != nil && !a.Deleted {
		return a.text("name")
	}
	return ""
}

// shown takes out what the user's role hides.
func (u *User) shown(entity string, out map[string]any) map[string]any {
	if u.Type == "admin" {
		return out
	}
	for name := range u.Fields[entity] {
		if !u.blocked(entity, name, false) {
			continue
		}
		for attribute := range out {
			if belongs(attribute, name) {
				delete(out, attribute)
			}
		}
	}
	return out
}

// belongs says whether an attribute is part of a field.
func belongs(attribute, field string) bool {
	switch field {
	case "emailAddress", "phoneNumber", "address", "assignedUser", "account", "accounts":
		return strings.HasPrefix(attribute, field)
	case "name":
		return slices.Contains([]string{"name", "salutationName", "firstName", "middleName", "lastName"}, attribute)
	}
	return attribute == field
}

// newID is 17 hexadecimal digits, as PHP's uniqid and four more.
func (s *Server) newID() string {
	s.state.Serial++
	return fmt.Sprintf("%013x%04x", s.o.Now().UnixMicro()&0xfffffffffffff, s.state.Serial&0xffff)
}
