package espocrm

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
)

// Put adds a record as a person would who types it in, and gives its ID. It is
// assigned to the user with that ID; a company that does not exist is made.
func (s *Server) Put(entity, user string, c contact.Contact) string {
	return s.Seed(entity, user, []contact.Contact{c})[0]
}

// Seed adds many records, made one second after the other until now.
func (s *Server) Seed(entity, user string, people []contact.Contact) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, len(people))
	now := s.o.Now().UTC()
	for i, c := range people {
		rec := &Record{Attrs: map[string]any{}, AssignedUserID: user}
		if entity == Lead {
			rec.Attrs["status"] = "New"
		}
		s.apply(entity, rec, nil, c, user)
		if at := now.Add(time.Duration(i+1-len(people)) * time.Second).Format(timeFormat); len(people) > 1 {
			rec.CreatedAt, rec.ModifiedAt = at, at
		}
		ids[i] = rec.ID
	}
	return ids
}

// Edit changes a record as a person would. It reports whether it exists.
func (s *Server) Edit(entity, id string, change func(*contact.Contact)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.alive(entity, id)
	if old == nil {
		return false
	}
	c := s.contact(entity, old)
	change(&c)
	s.apply(entity, old.clone(), old, c, old.AssignedUserID)
	return true
}

// Set changes attributes by their API names, as an administrator's script would.
func (s *Server) Set(entity, id string, data map[string]any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.alive(entity, id)
	if old == nil {
		return false
	}
	rec := old.clone()
	s.assign(entity, rec, data)
	s.store(entity, rec, old, old.AssignedUserID)
	return true
}

// Remove deletes a record; as in the real one it stays, marked.
func (s *Server) Remove(entity, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.alive(entity, id)
	if r != nil {
		r.Deleted = true
		s.changes++
	}
	return r != nil
}

// Convert makes a contact of a lead and gives its ID.
func (s *Server) Convert(lead string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.alive(Lead, lead)
	if old == nil {
		return ""
	}
	made := &Record{Attrs: map[string]any{}, AssignedUserID: old.AssignedUserID}
	s.apply(Contact, made, nil, s.contact(Lead, old), old.AssignedUserID)
	rec := old.clone()
	rec.Attrs["status"], rec.Attrs["createdContactId"] = "Converted", made.ID
	s.store(Lead, rec, old, old.AssignedUserID)
	return made.ID
}

// Raw is a record as the API shows it, without what changes with every write.
func (s *Server) Raw(entity, id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.alive(entity, id)
	if r == nil {
		return nil
	}
	view := s.view(entity, r, true)
	for _, name := range []string{"modifiedAt", "modifiedById", "modifiedByName", "versionNumber"} {
		delete(view, name)
	}
	return view
}

// AddAccount adds a company and gives its ID.
func (s *Server) AddAccount(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account(name, "")
}

// Count is how many records there are.
func (s *Server) Count(entity string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.state.Records[entity] {
		if !r.Deleted {
			n++
		}
	}
	return n
}

func (s *Server) alive(entity, id string) *Record {
	if r := s.state.Records[entity][id]; r != nil && !r.Deleted {
		return r
	}
	return nil
}

// account finds a company by its name, or makes it.
func (s *Server) account(name, user string) string {
	for _, a := range s.state.Records[Account] {
		if !a.Deleted && a.text("name") == name {
			return a.ID
		}
	}
	rec := &Record{Attrs: map[string]any{"name": name}, AssignedUserID: user}
	s.store(Account, rec, nil, user)
	return rec.ID
}

// kinds maps the kinds of phones, both ways.
var kinds = map[contact.PhoneKind]string{contact.PhoneWork: "Office", contact.PhoneMobile: "Mobile",
	contact.PhoneHome: "Home", contact.PhoneFax: "Fax", contact.PhoneOther: "Other"}

// apply writes a whole contact into a record: what a form would send.
func (s *Server) apply(entity string, rec, old *Record, c contact.Contact, user string) {
	if !slices.Contains(entities[Contact][0].options, c.Name.Title) {
		c.Name.Title = "" // the form offers no other
	}
	data := map[string]any{
		"salutationName": null(c.Name.Title), "firstName": null(c.Name.Given), "middleName": null(c.Name.Given2),
		"lastName": null(c.Name.Surname), "description": null(c.Notes), "title": null(c.JobTitle),
	}
	parts := append(c.Value(contact.WorkAddress), make([]string, 5)...)
	for i, name := range []string{"Street", "City", "State", "PostalCode", "Country"} {
		data["address"+name] = null(parts[i])
	}
	if entity == Lead {
		data["accountName"], data["website"] = null(c.Organization), null(c.Website)
	} else if data["accountId"] = nil; c.Organization != "" {
		data["accountId"] = s.account(c.Organization, user)
	} else {
		data["accountsIds"] = []any{}
	}
	emails, phones := []any{}, []any{}
	for i, e := range c.Emails {
		row := map[string]any{"emailAddress": e, "primary": i == 0}
		for _, was := range rec.Emails {
			if was.Lower == strings.ToLower(e) {
				row["optOut"], row["invalid"] = was.OptOut, was.Invalid
			}
		}
		emails = append(emails, row)
	}
	for i, p := range c.Phones {
		phones = append(phones, map[string]any{"phoneNumber": p.Number, "primary": i == 0, "type": kinds[p.Kind]})
	}
	data["emailAddressData"], data["phoneNumberData"] = emails, phones
	s.sanitizePhones(data)
	s.assign(entity, rec, data)
	s.store(entity, rec, old, user)
}

// contact reads a record, whole.
func (s *Server) contact(entity string, r *Record) contact.Contact {
	var c contact.Contact
	c.Name = contact.Name{Title: r.text("salutationName"), Given: r.text("firstName"), Given2: r.text("middleName"), Surname: r.text("lastName")}
	c.Notes, c.Website = r.text("description"), r.text("website")
	c.JobTitle, c.Organization = r.text("title"), r.text("accountName")
	if entity == Contact {
		c.JobTitle, c.Organization = r.role(), s.accountName(r.AccountID)
	}
	for _, e := range emailRows(r) {
		c.Emails = append(c.Emails, e.EmailAddress)
	}
	for _, p := range phoneRows(r) {
		kind := contact.PhoneOther
		for k, name := range kinds {
			if name == p.Type {
				kind = k
			}
		}
		c.Phones = append(c.Phones, contact.Phone{Kind: kind, Number: p.PhoneNumber})
	}
	return c.Set(contact.WorkAddress, contact.Value{r.text("addressStreet"), r.text("addressCity"),
		r.text("addressState"), r.text("addressPostalCode"), r.text("addressCountry")})
}

// PeopleFields are the fields that a record holds.
func PeopleFields(entity string) contact.Fields {
	fields := contact.FieldsOf(contact.Title, contact.Given, contact.Given2, contact.Surname, contact.Organization,
		contact.JobTitle, contact.Emails, contact.WorkPhones, contact.MobilePhones, contact.HomePhones,
		contact.OtherPhones, contact.Faxes, contact.WorkAddress, contact.Notes)
	if entity == Lead {
		fields = fields.With(contact.Website)
	}
	return fields
}

// Directory is one entity for kit.NewPeople: all its records, as an
// administrator sees them. Who is added there is assigned to user.
func (s *Server) Directory(entity, user string) kit.Directory { return &directory{s, entity, user} }

type directory struct {
	s            *Server
	entity, user string
}

func (d *directory) List(context.Context) ([]kit.Person, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	var out []kit.Person
	for _, r := range d.s.sorted(d.entity) {
		if !r.Deleted {
			out = append(out, kit.Person{ID: r.ID, Contact: d.s.contact(d.entity, r), Note: d.s.userName(r.AssignedUserID)})
		}
	}
	return out, nil
}

func (d *directory) Get(_ context.Context, id string) (contact.Contact, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	r := d.s.alive(d.entity, id)
	if r == nil {
		return contact.Contact{}, kit.ErrNoPerson
	}
	return d.s.contact(d.entity, r), nil
}

func (d *directory) Save(_ context.Context, id string, c contact.Contact) error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if c.Name.Surname == "" && d.entity == Contact {
		return errors.New("Last name must not be empty.")
	}
	if c.Name.Title != "" && !slices.Contains(entities[Contact][0].options, c.Name.Title) {
		return errors.New("The prefix must be one of Mr., Ms., Mrs. and Dr.")
	}
	rec := &Record{Attrs: map[string]any{}, AssignedUserID: d.user}
	var old *Record
	if id != "" {
		if old = d.s.alive(d.entity, id); old == nil {
			return kit.ErrNoPerson
		}
		rec = old.clone()
	} else if d.entity == Lead {
		rec.Attrs["status"] = "New"
	}
	d.s.apply(d.entity, rec, old, c, d.user)
	return nil
}

func (d *directory) Delete(_ context.Context, id string) error {
	if !d.s.Remove(d.entity, id) {
		return kit.ErrNoPerson
	}
	return nil
}
