package google

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"tandem/server/contact"
)

// place is what a cursor holds: the token, and the parameters of the list that
// gave it, since a list with a token must have the same.
type place struct {
	Format  int    `json:"v"`
	Token   string `json:"token"`
	Fields  string `json:"fields"`
	Sources string `json:"sources"`
	Size    string `json:"size"`
}

const placeFormat = 1

func (p place) cursor() (contact.Cursor, error) { return json.Marshal(p) }

// here is the place of a list as it is asked for now.
func here(token string) place {
	return place{Format: placeFormat, Token: token, Fields: personFields, Sources: ownSource, Size: pageSize}
}

var errPlace = &contact.Error{Kind: contact.ErrCursorExpired, Message: "Google has to be read completely once."}

// begin is where a cursor leads: another mapping, another format or no token
// make a complete list necessary.
func begin(cursor contact.Cursor) (place, error) {
	if cursor == nil {
		return here(""), nil
	}
	var p place
	if json.Unmarshal(cursor, &p) != nil || p.Token == "" || p != here(p.Token) {
		return place{}, errPlace
	}
	return p, nil
}

// Changes implements contact.Book.
func (b *book) Changes(ctx context.Context, cursor contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		at, err := begin(cursor)
		if err == nil {
			err = ended(ctx)
		}
		if err != nil {
			yield(contact.Page{}, err)
			return
		}
		s := &stream{b: b, full: at.Token == "", recent: b.own.recent(), told: map[contact.ID]bool{}, gone: map[contact.ID]bool{}, merged: map[contact.ID]contact.ID{}}
		q := url.Values{"personFields": {at.Fields}, "sources": {at.Sources}, "pageSize": {at.Size}, "requestSyncToken": {"true"}}
		if at.Token != "" {
			q.Set("syncToken", at.Token)
		}
		for {
			page, next, err := s.page(ctx, q)
			if !yield(page, err) || err != nil || next == "" {
				return
			}
			q.Set("pageToken", next)
		}
	}
}

// stream is one reading of a list.
type stream struct {
	b      *book
	full   bool
	recent map[contact.ID]ownWrite
	told   map[contact.ID]bool // as changed
	gone   map[contact.ID]bool // told at the end: they may live on elsewhere
	merged map[contact.ID]contact.ID
}

// page reads one page of the list; next leads to the one that follows.
func (s *stream) page(ctx context.Context, q url.Values) (page contact.Page, next string, err error) {
	answer, err := s.b.list(ctx, q)
	if err != nil {
		return page, "", s.trouble(err)
	}
	page.Full = s.full
	if page.Changes, err = s.take(ctx, answer.Connections); err != nil {
		return contact.Page{}, "", err
	}
	if answer.NextPageToken != "" {
		if answer.NextPageToken == q.Get("pageToken") {
			return contact.Page{}, "", &contact.Error{Kind: contact.ErrProtocol, Message: "Google's list of contacts goes round in circles. The next run tries again."}
		}
		return page, answer.NextPageToken, nil
	}
	if answer.NextSyncToken == "" {
		return contact.Page{}, "", &contact.Error{Kind: contact.ErrProtocol, Message: "Google's list of contacts ended without saying where the next one begins. The next run tries again."}
	}
	rest, err := s.end(ctx)
	if err != nil {
		return contact.Page{}, "", err
	}
	page.Changes = append(page.Changes, rest...)
	page.Next, err = here(answer.NextSyncToken).cursor()
	return page, "", err
}

// trouble tells a place that is lost from all else. Any refusal of a list with
// a token is worth a list without: it names the token, the parameters, or both.
func (s *stream) trouble(err error) error {
	var r *refusal
	if errors.As(err, &r) && (r.expired() || !s.full && r.status == http.StatusBadRequest && !r.quota()) {
		return &contact.Error{Kind: contact.ErrCursorExpired, Message: errPlace.Message, Cause: r}
	}
	return trouble(err)
}

// take makes changes of a page's people. Those whose listed form may be behind
// are read directly.
func (s *stream) take(ctx context.Context, list []person) ([]contact.Change, error) {
	if len(list) == 0 {
		return nil, nil
	}
	g, err := s.b.groups(ctx)
	if err != nil {
		return nil, err
	}
	var out []contact.Change
	var again []contact.ID
	for i := range list {
		p := &list[i]
		if p.Metadata != nil && p.Metadata.Deleted {
			if !s.lost(p) {
				return nil, errPlace
			}
			continue
		}
		r, ok := s.b.record(p, "", g)
		if !ok {
			continue // no contact of the account's own
		}
		for _, former := range p.Metadata.PreviousResourceNames {
			if id, ok := numbered(former); ok && id != r.ID {
				s.merged[id] = r.ID
			}
		}
		w, known := s.recent[r.ID]
		switch {
		case known && w.version == r.Version && !w.gone: // our own last write, told back
		case !s.full, known && w.behind(r), cut(p):
			again = append(again, r.ID)
			continue
		}
		s.told[r.ID] = true
		out = append(out, contact.Change{ID: r.ID, Record: r})
	}
	more, err := s.direct(ctx, again)
	return append(out, more...), err
}

// listMost is how many e-mails and numbers of one person a list gives at most.
const listMost = 100

// cut says that a list may have left something out.
func cut(p *person) bool {
	return len(p.EmailAddresses) >= listMost || len(p.PhoneNumbers) >= listMost
}

// lost notes a deleted person; false where nobody can say who it was.
func (s *stream) lost(p *person) bool {
	var id contact.ID
	if src := p.contactSource(""); src != nil {
		id = contact.ID(src.ID)
	} else if n, ok := numbered(p.ResourceName); ok {
		id = n
	} else {
		return false
	}
	s.gone[id] = true
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.names[id] = p.ResourceName
	return true
}

// direct reads records as they are now. Those that exist no more are gone.
func (s *stream) direct(ctx context.Context, ids []contact.ID) ([]contact.Change, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, missing, err := s.b.Get(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []contact.Change
	for _, r := range found {
		s.told[r.ID] = true
		out = append(out, contact.Change{ID: r.ID, Record: r})
	}
	for _, id := range missing {
		s.gone[id] = !s.full // a complete list tells it by leaving it out
	}
	return out, nil
}

// end tells what only the whole list can: own creates that a complete list does
// not show yet, deletions, and who lives on in whom.
func (s *stream) end(ctx context.Context) ([]contact.Change, error) {
	var unseen []contact.ID
	for id, w := range s.recent {
		if s.full && !w.gone && !s.told[id] && time.Since(w.at) < grace {
			unseen = append(unseen, id)
		}
	}
	slices.Sort(unseen)
	if s.full {
		s.b.mu.Lock()
		s.b.whole = time.Now()
		s.b.mu.Unlock()
	}
	out, err := s.direct(ctx, unseen)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(s.merged)) {
		if !s.told[id] {
			out = append(out, contact.Change{Kind: contact.Merged, ID: id, Into: s.merged[id]})
		}
		delete(s.gone, id)
	}
	maps.DeleteFunc(s.gone, func(id contact.ID, gone bool) bool { return !gone || s.told[id] })
	more, err := s.fates(ctx, slices.Sorted(maps.Keys(s.gone)))
	return append(out, more...), err
}

// fates looks at what the list calls deleted. One that is there without any
// group became an "other contact", which lists do not show; one with a group was
// taken back out of the trash.
func (s *stream) fates(ctx context.Context, ids []contact.ID) ([]contact.Change, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	there, err := s.b.read(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []contact.Change
	for _, id := range ids {
		switch one, ok := there[id]; {
		case !ok:
			out = append(out, contact.Change{Kind: contact.Deleted, ID: id})
		case len(one.p.Memberships) == 0:
			out = append(out, contact.Change{Kind: contact.LeftScope, ID: id})
		default:
			out = append(out, contact.Change{ID: id, Record: one.r})
		}
	}
	return out, nil
}
