package espocrm

import (
	"tandem/server/sandbox/kit"
)

// state is what survives a restart.
type state struct {
	Serial  uint64
	Users   []*User
	Tokens  map[string]string // user IDs
	Records map[string]map[string]*Record
}

func newState() state {
	st := state{Tokens: map[string]string{}, Records: map[string]map[string]*Record{}}
	for entity := range entities {
		st.Records[entity] = map[string]*Record{}
	}
	return st
}

var _ kit.Keeper = (*Server)(nil)

// Changes implements kit.Keeper.
func (s *Server) Changes() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// Save writes users, tokens and records to a file. It implements kit.Keeper.
func (s *Server) Save(file string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return kit.SaveJSON(file, s.state)
}

// Load reads what Save wrote. Without such a file nothing changes and found is
// false.
func (s *Server) Load(file string) (found bool, err error) {
	st := newState()
	if found, err = kit.LoadJSON(file, &st); !found || err != nil {
		return found, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = st
	s.changes++
	return true, nil
}
