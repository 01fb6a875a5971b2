package espocrm

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) read(entity string) handler {
	return func(r *http.Request, u *User) (any, *refusal) {
		if l := u.levels(entity).Read; l == "" || l == "no" {
			return nil, forbidden("No read access.")
		}
		id := r.PathValue("id")
		rec := s.state.Records[entity][id]
		if rec == nil || rec.Deleted && u.Type != "admin" {
			return nil, notFound(id)
		}
		if !u.may(u.levels(entity).Read, rec) {
			return nil, forbidden("No 'read' access.")
		}
		return u.shown(entity, s.view(entity, rec, true)), nil
	}
}

func (s *Server) create(entity string) handler {
	return func(r *http.Request, u *User) (any, *refusal) {
		if l := u.levels(entity).Create; l == "" || l == "no" {
			return nil, forbidden("No create access.")
		}
		data, no := object(r)
		if no != nil {
			return nil, no
		}
		rec := &Record{Attrs: map[string]any{}}
		if entity == Lead {
			rec.Attrs["status"] = "New"
		}
		s.filter(entity, u, data)
		s.assign(entity, rec, data)
		if no := s.validate(entity, rec, data, true); no != nil {
			return nil, no
		}
		if !strings.EqualFold(r.Header.Get("X-Skip-Duplicate-Check"), "true") {
			if found := s.duplicates(entity, rec, u); len(found) > 0 {
				return nil, &refusal{http.StatusConflict, "duplicate", found}
			}
		}
		s.store(entity, rec, nil, u.ID)
		return u.shown(entity, s.view(entity, rec, true)), nil
	}
}

func (s *Server) update(entity string) handler {
	return func(r *http.Request, u *User) (any, *refusal) {
		if l := u.levels(entity).Edit; l == "" || l == "no" {
			return nil, forbidden("No edit access.")
		}
		data, no := object(r)
		if no != nil {
			return nil, no
		}
		id := r.PathValue("id")
		old := s.state.Records[entity][id]
		if old == nil || old.Deleted {
			return nil, &refusal{status: http.StatusNotFound, reason: "Record " + id + " not found."}
		}
		if !u.may(u.levels(entity).Edit, old) {
			return nil, forbidden("No edit access.")
		}
		if v := r.Header.Get("X-Version-Number"); v != "" && s.o.Versions && v != strconv.Itoa(old.Version) {
			return nil, &refusal{http.StatusConflict, "modified", map[string]any{"values": map[string]any{}, "versionNumber": old.Version}}
		}
		rec := old.clone()
		s.filter(entity, u, data)
		s.assign(entity, rec, data)
		if no := s.validate(entity, rec, data, false); no != nil {
			return nil, no
		}
		s.store(entity, rec, old, u.ID)
		view := s.view(entity, rec, true)
		if entity == Contact && rec.AccountID != old.AccountID {
			// The real one answers what it had loaded before.
			view["accountName"] = null(s.accountName(old.AccountID))
			if _, sent := data["title"]; !sent {
				view["title"] = null(old.role())
			}
		}
		return u.shown(entity, view), nil
	}
}

func (s *Server) delete(entity string) handler {
	return func(r *http.Request, u *User) (any, *refusal) {
		if l := u.levels(entity).Delete; l == "" || l == "no" {
			return nil, forbidden("No delete access.")
		}
		id := r.PathValue("id")
		rec := s.state.Records[entity][id]
		if rec == nil || rec.Deleted {
			return nil, &refusal{status: http.StatusNotFound, reason: "Record " + id + " not found."}
		}
		if !u.may(u.levels(entity).Delete, rec) {
			return nil, forbidden("No delete access.")
		}
		rec.Deleted = true
		s.changes++
		return true, nil
	}
}

// system are attributes that nobody may write; what is sent is dropped.
var system = []string{"deleted", "id", "name", "modifiedById", "modifiedByName", "modifiedAt", "createdById",
	"createdByName", "createdAt", "versionNumber", "accountName", "assignedUserName", "teamsNames", "accountsNames"}

// filter drops what this user may not write, and trims what is left.
func (s *Server) filter(entity string, u *User, data map[string]any) {
	writable := map[string]bool{}
	for _, f := range entities[entity] {
		writable[f.name] = !f.readOnly
	}
	for name, v := range data {
		blocked := slices.Contains(system, name) && !writable[name]
		if allowed, known := writable[name]; known && !allowed {
			blocked = true
		}
		for field := range u.Fields[entity] {
			blocked = blocked || belongs(name, field) && u.blocked(entity, field, true)
		}
		if blocked {
			delete(data, name)
			continue
		}
		text, ok := v.(string)
		if !ok {
			continue
		}
		if name != "description" && name != "addressStreet" {
			text = strings.Trim(text, " \t\n\r\x00\x0b")
		}
		if data[name] = text; text == "" {
			data[name] = nil
		}
	}
	s.sanitizePhones(data)
}

// assign takes the data into the record.
func (s *Server) assign(entity string, rec *Record, data map[string]any) {
	for name, v := range data {
		switch name {
		case "emailAddress", "emailAddressData", "phoneNumber", "phoneNumberData", "title", "accountsIds", "accountsColumns":
			if name != "title" || entity == Contact {
				continue
			}
		case "accountId":
			rec.AccountID, _ = v.(string)
			continue
		case "assignedUserId":
			rec.AssignedUserID, _ = v.(string)
			continue
		case "teamsIds":
			rec.TeamsIDs = texts(v)
			continue
		}
		if v == nil {
			delete(rec.Attrs, name)
		} else {
			rec.Attrs[name] = v
		}
	}
	assignSets(rec, data)
	if ids, ok := data["accountsIds"]; ok {
		var links []AccountLink
		for _, id := range texts(ids) {
			l := AccountLink{AccountID: id}
			for _, old := range rec.Accounts {
				if old.AccountID == id {
					l = old
				}
			}
			links = append(links, l)
		}
		rec.Accounts = links
	}
	if title, ok := data["title"]; ok && entity == Contact {
		rec.Attrs[pendingTitle], _ = title.(string)
	}
}

// pendingTitle is where a sent title waits until its account is known.
const pendingTitle = "\x00title"

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, x := range list {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// store saves a new record, or the change of an old one: the time moves only
// where something changed.
func (s *Server) store(entity string, rec, old *Record, user string) {
	if entity == Contact {
		s.relink(rec, old)
	}
	if old != nil && sameContent(rec, old) {
		return
	}
	now := s.o.Now().UTC().Format(timeFormat)
	rec.ModifiedAt, rec.ModifiedByID = now, user
	rec.Version++
	if old == nil {
		rec.ID, rec.CreatedAt, rec.CreatedByID = s.newID(), now, user
	}
	if entity == Lead && rec.text("status") == "Converted" && rec.Attrs["convertedAt"] == nil {
		rec.Attrs["convertedAt"] = now
	}
	s.state.Records[entity][rec.ID] = rec
	s.changes++
}

func sameContent(a, b *Record) bool { return reflect.DeepEqual(a, b) }

// relink does what EspoCRM's hooks do when a contact is saved.
func (s *Server) relink(rec, old *Record) {
	was := &Record{}
	if old != nil {
		was = old
	}
	title, titled := rec.Attrs[pendingTitle].(string)
	delete(rec.Attrs, pendingTitle)
	if !titled {
		title = was.role()
	}
	if rec.AccountID != was.AccountID && rec.AccountID == "" && len(rec.Accounts) > 0 {
		rec.AccountID = rec.Accounts[0].AccountID
	}
	changed, retitled := rec.AccountID != was.AccountID, title != was.role()
	if rec.AccountID == "" {
		rec.Accounts = slices.DeleteFunc(rec.Accounts, func(l AccountLink) bool { return l.AccountID == was.AccountID })
		return
	}
	i := slices.IndexFunc(rec.Accounts, func(l AccountLink) bool { return l.AccountID == rec.AccountID })
	switch {
	case i < 0 && changed:
		rec.Accounts = append(rec.Accounts, AccountLink{rec.AccountID, title})
	case i >= 0 && retitled:
		rec.Accounts[i].Role = title
	}
}

// duplicates is the rule as it is installed: the same first and last name, or
// one of the e-mails, among the records that the user may see; five at most.
func (s *Server) duplicates(entity string, rec *Record, u *User) []map[string]any {
	var found []map[string]any
	for _, other := range s.sorted(entity) {
		if other.Deleted || entity == Account || !u.may(u.levels(entity).Read, other) {
			continue
		}
		named := rec.text("firstName")+rec.text("lastName") != "" &&
			strings.EqualFold(rec.text("firstName"), other.text("firstName")) && strings.EqualFold(rec.text("lastName"), other.text("lastName"))
		mailed := slices.ContainsFunc(rec.Emails, func(e Email) bool {
			return slices.ContainsFunc(other.Emails, func(x Email) bool { return x.Lower == e.Lower })
		})
		if (named || mailed) && len(found) < 5 {
			found = append(found, u.shown(entity, s.view(entity, other, false)))
		}
	}
	return found
}

func (s *Server) sorted(entity string) []*Record {
	var all []*Record
	for _, r := range s.state.Records[entity] {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Record) int { return strings.Compare(a.CreatedAt+a.ID, b.CreatedAt+b.ID) })
	return all
}
