package graph

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tandem/server/sandbox/kit"
)

// mailbox is what one user has. Every change gets the next number of Seq; a
// delta token is the number of the last change that it covers.
type mailbox struct {
	User User `json:"-"`
	// Epoch is in every token: those of another mailbox or life are refused.
	Epoch       string
	Seq, Serial int
	// Oldest is the least number that a token may still have.
	Oldest int
	// Folders begin with the default one. Trash is in no list of folders.
	Folders []*folder
	Trash   string
	Items   map[string]*item // by immutable ID
	// Gone holds when records left a folder, by folder and immutable ID.
	Gone map[string]map[string]int

	busy int
	log  []time.Time // of the requests in the present window
}

type folder struct{ ID, Name string }

// item is a contact. Props are Graph's own, normalised as the service does;
// Ext are the single-value extended properties.
type item struct {
	ID, Folder        string
	Seq               int
	Props             map[string]any
	Ext               map[string]string
	Created, Modified time.Time
}

func newMailbox(u User) *mailbox {
	u.ID = cmp.Or(u.ID, uuid.NewSHA1(uuid.NameSpaceOID, []byte("user "+u.Name)).String())
	u.DisplayName, u.PrincipalName = cmp.Or(u.DisplayName, u.Name), cmp.Or(u.PrincipalName, u.Mail, u.Name)
	m := &mailbox{User: u, Epoch: uuid.NewString()[:8], Items: map[string]*item{}, Gone: map[string]map[string]int{}}
	m.folder("Contacts")
	m.Trash = m.name("AQMkTrash", 0)
	return m
}

// folder adds a folder.
func (m *mailbox) folder(name string) *folder {
	m.Serial++
	f := &folder{ID: m.name("AQMkFolder", m.Serial), Name: name}
	m.Folders = append(m.Folders, f)
	return f
}

func (m *mailbox) find(id string) *folder {
	i := slices.IndexFunc(m.Folders, func(f *folder) bool { return f.ID == id })
	if i < 0 {
		return nil
	}
	return m.Folders[i]
}

// name makes an identifier. Two neighbours differ in the case of one letter
// only, as identifiers of Exchange may.
func (m *mailbox) name(kind string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", m.User.ID, kind, n/2))
	text := base64.URLEncoding.EncodeToString(sum[:18])
	if n%2 == 0 {
		return kind + text + "Qa="
	}
	return kind + text + "QA="
}

// touch makes it.Props new, at the next number.
func (s *Server) touch(m *mailbox, it *item) {
	s.changes++
	m.Seq++
	it.Seq = m.Seq
	it.Modified = s.o.Now().UTC().Truncate(time.Second)
}

// leave notes that a record is no longer in its folder.
func (m *mailbox) leave(it *item) {
	if m.Gone[it.Folder] == nil {
		m.Gone[it.Folder] = map[string]int{}
	}
	m.Gone[it.Folder][it.ID] = m.Seq
}

// remove deletes a record: out of the trash for good, else into it.
func (s *Server) remove(m *mailbox, it *item) {
	if it.Folder == m.Trash {
		s.changes++
		delete(m.Items, it.ID)
		return
	}
	s.move(m, it, m.Trash)
}

func (s *Server) move(m *mailbox, it *item, folder string) {
	s.touch(m, it)
	m.leave(it)
	it.Folder = folder
	delete(m.Gone[folder], it.ID)
}

// changeKey changes with every change of the record.
func (m *mailbox) changeKey(it *item) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", m.Epoch, it.ID, it.Seq))
	return "EQAAAB" + base64.StdEncoding.EncodeToString(sum[:15])
}

func (m *mailbox) etag(it *item) string { return `W/"` + m.changeKey(it) + `"` }

// spell gives a record's identifier as a request wants it: immutable, or one
// that changes with the folder.
func (m *mailbox) spell(it *item, immutable bool) string {
	if immutable {
		return it.ID
	}
	sum := sha256.Sum256([]byte(it.Folder))
	return "AAMk" + hex.EncodeToString(sum[:4]) + "-" + it.ID
}

// item finds a record by either identifier. What is in the trash is found only
// where a quirk says so.
func (s *Server) item(m *mailbox, id string) *item {
	it := m.Items[id]
	if text, ok := strings.CutPrefix(id, "AAMk"); ok && it == nil {
		if _, inner, ok := strings.Cut(text, "-"); ok {
			if it = m.Items[inner]; it != nil && m.spell(it, false) != id {
				it = nil
			}
		}
	}
	if it != nil && it.Folder == m.Trash && !s.quirks.TrashReadable {
		return nil
	}
	return it
}

// in lists the records of a folder in the order of their last change.
func (m *mailbox) in(folder string) []*item {
	var out []*item
	for _, it := range m.Items {
		if it.Folder == folder {
			out = append(out, it)
		}
	}
	slices.SortFunc(out, func(a, b *item) int { return a.Seq - b.Seq })
	return out
}

// Changes counts the changes of what Save keeps.
func (s *Server) Changes() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// Save writes all mailboxes to a file. Users stay with the options.
func (s *Server) Save(file string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return kit.SaveJSON(file, s.mailboxes)
}

// Load reads what Save wrote and says whether there was a file. Mailboxes of
// users that the options do not name are left out.
func (s *Server) Load(file string) (found bool, err error) {
	in := map[string]*mailbox{}
	if found, err = kit.LoadJSON(file, &in); err != nil || !found {
		return found, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, m := range in {
		if old := s.mailboxes[name]; old != nil && m != nil && len(m.Folders) > 0 {
			m.User = old.User
			s.mailboxes[name] = m
		}
	}
	s.changes++
	return true, nil
}

var _ kit.Keeper = (*Server)(nil)
