package people

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/server/sandbox/kit"
)

// entry is one element of a field in the API's own words, without what is
// only ever given back; fields are a contact's, by the API's names.
type (
	entry  map[string]any
	fields map[string][]entry
)

// user is somebody's contacts. Every change gets the next number of Seq.
type user struct {
	User   User
	Epoch  string // in every token: those of another life are refused
	Seq    int
	People map[string]*person // by the contact's number, in hex
	Groups []*group
	spent  map[string]window
}

// person is a contact with those of its versions that a list may still show.
type person struct {
	ID       string
	Name     string   // the resource name
	Previous []string // former resource names
	Forget   bool     // former names lead nowhere
	Log      []version
}

type version struct {
	Seq    int
	At     time.Time
	Fields fields
	Gone   bool
}

// group is a contact group of the user's own.
type group struct {
	ID, Name string
	At       time.Time
}

func newUser(u User) *user {
	return &user{User: u, Epoch: strings.ToLower(rand.Text()[:12]), People: map[string]*person{}, spent: map[string]window{}}
}

// number makes a new contact's number.
func (u *user) number() uint64 {
	for {
		var b [8]byte
		rand.Read(b[:]) // never fails, see crypto/rand
		n := binary.BigEndian.Uint64(b[:]) >> 1
		if n > 1<<32 && u.People[hex(n)] == nil {
			return n
		}
	}
}

func hex(n uint64) string { return strconv.FormatUint(n, 16) }

// latest is the version that a direct reading gives.
func (p *person) latest() version { return p.Log[len(p.Log)-1] }

// at is the version that a list up to seq gives; ok is false before the first.
func (p *person) at(seq int) (v version, ok bool) {
	for _, one := range slices.Backward(p.Log) {
		if one.Seq <= seq {
			return one, true
		}
	}
	return version{}, false
}

// etag is the tag of the contact's source: same tag, same version.
func (p *person) etag(v version) string { return fmt.Sprintf("#%s.%d=", p.ID[:4], v.Seq) }

// visible is the number of the last change that lists may show.
func (s *Server) visible(u *user) int {
	until, seq := s.now().Add(-s.quirks.Delay), 0
	for _, p := range u.People {
		for _, v := range p.Log {
			if !v.At.After(until) && v.Seq > seq {
				seq = v.Seq
			}
		}
	}
	return seq
}

// put keeps a version and drops those that no list can show any more. The
// caller holds the lock.
func (s *Server) put(u *user, p *person, f fields, gone bool) {
	s.changes++
	u.Seq++
	now := s.now()
	p.Log = append(p.Log, version{Seq: u.Seq, At: now, Fields: f, Gone: gone})
	shown := now.Add(-s.quirks.Delay - 10*time.Minute)
	for len(p.Log) > 1 && p.Log[1].At.Before(shown) {
		p.Log = p.Log[1:]
	}
}

// add keeps a new contact. The caller holds the lock.
func (s *Server) add(u *user, f fields) *person {
	n := u.number()
	p := &person{ID: hex(n), Name: fmt.Sprintf("people/c%d", n)}
	if s.quirks.Linked {
		p.Name, p.Forget = fmt.Sprintf("people/1%019d", n%1e15), true
	}
	u.People[p.ID] = p
	s.put(u, p, f, false)
	return p
}

// find gives the contact of a resource name, a former one too, or nil.
func (u *user) find(name string) *person {
	if digits, ok := strings.CutPrefix(name, "people/c"); ok {
		if n, err := strconv.ParseUint(digits, 10, 64); err == nil {
			if p := u.People[hex(n)]; p != nil && (p.Name == name || !p.Forget) && !p.latest().Gone {
				return p
			}
		}
	}
	for _, p := range u.People {
		if !p.latest().Gone && (p.Name == name || !p.Forget && slices.Contains(p.Previous, name)) {
			return p
		}
	}
	return nil
}

// saved is what Save writes.
type saved struct{ Users map[string]*user }

// Changes counts the changes of what Save keeps.
func (s *Server) Changes() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// Save writes everybody's contacts to a file.
func (s *Server) Save(file string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return kit.SaveJSON(file, saved{s.users})
}

// Load reads what Save wrote and says whether there was a file. Users that the
// options do not name are left out; those that the file lacks stay as they are.
func (s *Server) Load(file string) (found bool, err error) {
	var in saved
	if found, err = kit.LoadJSON(file, &in); err != nil || !found {
		return found, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for subject, u := range in.Users {
		if now := s.users[subject]; now != nil {
			u.User, u.spent = now.User, map[string]window{}
			if u.People == nil {
				u.People = map[string]*person{}
			}
			s.users[subject] = u
		}
	}
	s.changes++
	return true, nil
}

// sorted are the people in the order of their last change up to seq.
func (u *user) sorted(seq int) []*person {
	all := slices.Collect(maps.Values(u.People))
	slices.SortFunc(all, func(a, b *person) int {
		x, _ := a.at(seq)
		y, _ := b.at(seq)
		return x.Seq - y.Seq
	})
	return all
}
