package graph

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
)

// token is a place in a folder's stream of changes.
type token struct {
	Epoch, Folder string
	// After is the number of the last change that was given.
	After  int
	Select string
	// First: the round began without a token. Begun: its empty page was given.
	First, Begun bool
}

func (t token) String() string {
	data, err := json.Marshal(t)
	if err != nil {
		panic("graph: a token of plain texts cannot be written: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

const maxDeltaPage = 200

var pageSize = regexp.MustCompile(`odata\.maxpagesize=(\d+)`)

// size is the page that a call prefers.
func (c call) size(otherwise, most int) int {
	for _, v := range c.header.Values("Prefer") {
		if m := pageSize.FindStringSubmatch(v); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
				return min(n, most)
			}
		}
	}
	return otherwise
}

// moved is one element of the stream.
type moved struct {
	seq int
	it  *item
	id  string // of what is gone
}

// delta answers the function of that name for one folder.
func (s *Server) delta(c call, f *folder) reply {
	for name := range c.query {
		if name == "$expand" {
			return failed(http.StatusInternalServerError, "ErrorInternalServerError", "Value cannot be null. Parameter name: type")
		}
		if !slices.Contains([]string{"$select", "$skiptoken", "$deltatoken"}, name) {
			return failed(http.StatusBadRequest, "ErrorInvalidUrlQuery", "The following parameters are not supported with change tracking: '"+name+"'.")
		}
	}
	t := token{Epoch: c.box.Epoch, Folder: f.ID, Select: c.query.Get("$select"), First: true}
	given := c.query.Get("$skiptoken") + c.query.Get("$deltatoken")
	if given != "" {
		data, err := base64.RawURLEncoding.DecodeString(given)
		t = token{}
		if err != nil || json.Unmarshal(data, &t) != nil {
			return failed(http.StatusBadRequest, "BadRequest", "Badly formed token.")
		}
		if c.query.Has("$deltatoken") {
			t.First, t.Begun = false, false
		}
		if t.Epoch != c.box.Epoch || t.Folder != f.ID || t.After > c.box.Seq || t.After < c.box.Oldest && !t.First {
			return s.expired(c)
		}
	}
	return s.round(c, f, t)
}

// round gives the next page.
func (s *Server) round(c call, f *folder, t token) reply {
	value := []any{}
	body := map[string]any{"@odata.context": c.base + "/$metadata#Collection(contact)"}
	if s.quirks.EmptyPages && !t.Begun {
		t.Begun = true
		body["value"], body["@odata.nextLink"] = value, s.link(c, url.Values{"$skiptoken": {t.String()}})
		return reply{status: http.StatusOK, body: body}
	}
	t.Begun = true
	all := s.since(c.box, f, t)
	n := min(c.size(50, maxDeltaPage), len(all))
	for _, one := range all[:n] {
		switch {
		case one.it != nil:
			value = append(value, selected(c.box.render(one.it, c.immutable()), t.Select))
		default:
			gone := &item{ID: one.id, Folder: f.ID}
			value = append(value, map[string]any{"id": c.box.spell(gone, c.immutable()), "@removed": map[string]any{"reason": "deleted"}})
		}
	}
	body["value"] = value
	header := map[string]string{"Preference-Applied": "odata.maxpagesize=" + strconv.Itoa(maxDeltaPage)}
	if n < len(all) {
		t.After = all[n-1].seq
		if s.quirks.Replays && n > 1 {
			t.After = all[n-2].seq
		}
		body["@odata.nextLink"] = s.link(c, url.Values{"$skiptoken": {t.String()}})
		return reply{status: http.StatusOK, body: body, header: header}
	}
	t.After = c.box.Seq
	body["@odata.deltaLink"] = s.link(c, url.Values{"$deltatoken": {t.String()}})
	return reply{status: http.StatusOK, body: body, header: header}
}

// since lists what moved after a token, in order. What changes while a round is
// read comes again at its end.
func (s *Server) since(m *mailbox, f *folder, t token) []moved {
	var out []moved
	for _, it := range m.in(f.ID) {
		if it.Seq > t.After {
			out = append(out, moved{seq: it.Seq, it: it})
		}
	}
	if !t.First || s.quirks.RemovedFirst {
		for id, seq := range m.Gone[f.ID] {
			if seq > t.After {
				out = append(out, moved{seq: seq, id: id})
			}
		}
	}
	slices.SortFunc(out, func(a, b moved) int { return a.seq - b.seq })
	return out
}

// expired says that a token leads nowhere any more.
func (s *Server) expired(c call) reply {
	if s.quirks.SyncStateNotFound {
		return failed(http.StatusBadRequest, "SyncStateNotFound", "The sync state generation is not found; generation=605;[highest=841]")
	}
	a := failed(http.StatusGone, "SyncStateNotFound", "The sync state is not found. Start a new round.")
	a.header = map[string]string{"Location": s.link(c, url.Values{"$deltatoken": {""}})}
	return a
}

// folders answers what is below contactFolders. The default folder is in no
// list, but it is found under its identifier.
func (s *Server) folders(c call, rest []string) reply {
	switch {
	case len(rest) == 0 && c.method == http.MethodGet:
		value := []any{}
		for _, f := range c.box.Folders[1:] {
			value = append(value, c.box.folderView(f))
		}
		return reply{status: http.StatusOK, body: map[string]any{"value": value}}
	case len(rest) == 0 && c.method == http.MethodPost:
		return s.newFolder(c)
	case len(rest) == 0:
		return notAllowed()
	}
	f := c.box.find(rest[0])
	switch {
	case f == nil:
		return notFound()
	case len(rest) == 1 && c.method == http.MethodGet:
		return reply{status: http.StatusOK, body: c.box.folderView(f)}
	case len(rest) > 1 && rest[1] == "contacts":
		return s.contacts(c, f, rest[2:])
	}
	return notAllowed()
}

func (m *mailbox) folderView(f *folder) map[string]any {
	return map[string]any{"id": f.ID, "displayName": f.Name, "parentFolderId": "AQMkRoot"}
}

func (s *Server) newFolder(c call) reply {
	sent, no := object(c)
	if no != nil {
		return *no
	}
	name := text(sent, "displayName")
	if name == "" {
		return *wrongType("displayName")
	}
	for _, f := range c.box.Folders {
		if f.Name == name {
			return failed(http.StatusConflict, "ErrorFolderExists", "A folder with the specified name already exists.")
		}
	}
	s.changes++
	return reply{status: http.StatusCreated, body: c.box.folderView(c.box.folder(name))}
}
