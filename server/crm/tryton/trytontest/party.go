package trytontest

import (
	"slices"
	"testing"
)

// Party is a party as a colleague types it.
type Party struct {
	Name                                     string
	Emails, Phones, Mobiles, Faxes, Websites []string
	Street, PostalCode, City                 string
	Country                                  string // its ISO 3166-1 alpha-2 code
}

// CreateParties creates parties, in order, a hundred per call.
func (s *Server) CreateParties(t testing.TB, parties ...Party) []int {
	t.Helper()
	countries := map[string]int{}
	for _, p := range parties {
		if p.Country != "" && countries[p.Country] == 0 {
			countries[p.Country] = ids(t, s.Call(t, "model.country.country.search", []any{[]any{"code", "=", p.Country}}, 0, 1, nil))[0]
		}
	}
	var made []int
	for chunk := range slices.Chunk(parties, 100) {
		var values []any
		for _, p := range chunk {
			values = append(values, p.values(countries))
		}
		made = append(made, ids(t, s.Call(t, "model.party.party.create", values))...)
	}
	return made
}

func (p Party) values(countries map[string]int) map[string]any {
	var mechanisms []any
	for _, m := range []struct {
		kind   string
		values []string
	}{{"email", p.Emails}, {"phone", p.Phones}, {"mobile", p.Mobiles}, {"fax", p.Faxes}, {"website", p.Websites}} {
		for _, v := range m.values {
			mechanisms = append(mechanisms, map[string]any{"type": m.kind, "value": v})
		}
	}
	values := map[string]any{"name": p.Name}
	if mechanisms != nil {
		values["contact_mechanisms"] = create(mechanisms...)
	}
	if p.Street+p.PostalCode+p.City+p.Country != "" {
		address := map[string]any{"street": p.Street, "postal_code": p.PostalCode, "city": p.City}
		if p.Country != "" {
			address["country"] = countries[p.Country]
		}
		values["addresses"] = create(address)
	}
	return values
}

// create is Tryton's action that creates records inside another one.
func create(records ...any) []any { return []any{[]any{"create", records}} }

// Rename gives a party another name.
func (s *Server) Rename(t testing.TB, id int, name string) {
	t.Helper()
	s.Call(t, "model.party.party.write", []int{id}, map[string]any{"name": name})
}

// DeleteParties deletes parties for good; Tryton keeps no trace of them.
func (s *Server) DeleteParties(t testing.TB, ids ...int) {
	t.Helper()
	s.Call(t, "model.party.party.delete", ids)
}

// AddMechanism adds an e-mail ("email"), a number ("phone", "mobile", "fax")
// or the like to a party, which does not change the party itself.
func (s *Server) AddMechanism(t testing.TB, party int, kind, value string) int {
	t.Helper()
	values := map[string]any{"party": party, "type": kind, "value": value}
	return ids(t, s.Call(t, "model.party.contact_mechanism.create", []any{values}))[0]
}

// Mechanisms reads the ids of a party's contact mechanisms of one type.
func (s *Server) Mechanisms(t testing.TB, party int, kind string) []int {
	t.Helper()
	domain := []any{[]any{"party", "=", party}, []any{"type", "=", kind}}
	return ids(t, s.Call(t, "model.party.contact_mechanism.search", domain, 0, nil, []any{[]any{"id", "ASC"}}))
}

// SetMechanism changes the value of a contact mechanism, which does not change
// the party itself.
func (s *Server) SetMechanism(t testing.TB, id int, value string) {
	t.Helper()
	s.Call(t, "model.party.contact_mechanism.write", []int{id}, map[string]any{"value": value})
}

// Count counts the active parties.
func (s *Server) Count(t testing.TB) int {
	t.Helper()
	return int(s.Call(t, "model.party.party.search_count", []any{}).(float64))
}

// NewUser makes a user of the server's company who may work with parties and
// opportunities, but is no administrator. Tryton refuses passwords of fewer than
// 8 characters and those that repeat characters much.
func (s *Server) NewUser(t testing.TB, login, password string) {
	t.Helper()
	company := ids(t, s.Call(t, "model.company.company.search", []any{}, 0, 1, nil))[0]
	person := s.CreateParties(t, Party{Name: login})[0]
	employee := ids(t, s.Call(t, "model.company.employee.create", []any{map[string]any{"party": person, "company": company}}))[0]
	s.Call(t, "model.party.party.write", []int{person}, map[string]any{"active": false})
	groups := ids(t, s.Call(t, "model.res.group.search", []any{[]any{"name", "in", []string{"Sales", "Sale Opportunity"}}}, 0, nil, nil))
	values := s.belongs(company, employee)
	values["login"], values["name"], values["password"] = login, login, password
	values["groups"] = []any{[]any{"add", groups}}
	s.Call(t, "model.res.user.create", []any{values})
}

// SetPassword sets a user's password. Tryton then ends all sessions of that
// user, even where the password is the same as before.
func (s *Server) SetPassword(t testing.TB, login, password string) {
	t.Helper()
	user := ids(t, s.Call(t, "model.res.user.search", []any{[]any{"login", "=", login}}, 0, 1, nil))
	s.Call(t, "model.res.user.write", user, map[string]any{"password": password})
	if login == s.User {
		s.mu.Lock()
		s.Password, s.session = password, ""
		s.mu.Unlock()
	}
}
