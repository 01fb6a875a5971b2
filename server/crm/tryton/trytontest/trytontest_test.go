package trytontest_test

import (
	"testing"

	"tandem/server/crm/tryton/trytontest"
)

func TestStart(t *testing.T) {
	s := trytontest.Start(t)
	if n := s.Count(t); n != 0 {
		t.Errorf("a fresh server has %d parties, want none", n)
	}
	made := s.CreateParties(t,
		trytontest.Party{Name: "Ann Miller", Emails: []string{"ann@example.com"}, City: "Berlin", Country: "DE"},
		trytontest.Party{Name: "Bob", Phones: []string{"+49 30 1234567"}})
	s.Rename(t, made[0], "Ann Smith")
	s.SetMechanism(t, s.Mechanisms(t, made[0], "email")[0], "smith@example.com")
	s.AddMechanism(t, made[0], "fax", "+49 30 7654321")
	s.DeleteParties(t, made[1])
	s.NewUser(t, "berta", "Kantig-4-Speer")
	s.SetPassword(t, s.User, s.Password)
	s.Restart(t)
	if n := s.Count(t); n != 1 {
		t.Errorf("%d parties are left, want 1", n)
	}
	if _, err := s.TryCall("model.nothing.search"); err == nil {
		t.Error("an unknown method gives no error")
	}
}
