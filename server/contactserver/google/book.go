package google

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tandem/server/contact"
	"tandem/server/rest"
)

// book is a contact.Book over one account's contacts.
type book struct {
	client
	counting *rest.Client
	account  contact.Account
	own      *ownWrites
	people   *people

	mu    sync.Mutex
	names map[contact.ID]string // resource names, learnt
	marks map[string]contact.ID // who bears a marker
	whole time.Time             // when names was last complete
	found *snapshot             // of Find

	grouping sync.Mutex
	groupSet *groupSet
}

// Requests is how many requests this Book has sent.
func (b *book) Requests() int64 { return b.counting.Requests() }

// Describe implements contact.Book. It asks Google nothing.
func (b *book) Describe(ctx context.Context) (contact.Description, error) {
	if err := ended(ctx); err != nil {
		return contact.Description{}, err
	}
	return contact.Description{
		Account: b.account, Fields: mapped, Writable: mapped,
		Batch: updateMost, InFlight: 2,
		Marker: true, Tombstones: true, Conditional: true, Grace: grace,
		Lossy: []string{"Pagers, custom fields and a second address of the same kind stay in Google Contacts and are not synced."},
	}, nil
}

// Project implements contact.Book.
func (b *book) Project(c contact.Contact) contact.Contact { return project(c) }

// ended is the error of a context that has ended.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &contact.Error{Kind: contact.ErrUnreachable, Message: "The request to Google was interrupted.", Cause: err}
	}
	return nil
}

// learn takes in a person that was read: who bears which name and marker.
func (b *book) learn(p *person, r contact.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names[r.ID] = p.ResourceName
	if r.Marker != "" {
		b.marks[r.Marker] = r.ID
	}
}

// record makes a Record of a person that was read and remembers the person. ok
// is false where it is no contact.
func (b *book) record(p *person, wanted contact.ID, g *groupSet) (r contact.Record, ok bool) {
	p.tidy()
	if r, ok = p.record(wanted, g); ok {
		b.learn(p, r)
		if !cut(p) {
			b.people.put(r.ID, *p)
		}
	}
	return r, ok
}

// spelled is Google's usual resource name for a contact of this number; "" for
// what is no number.
func spelled(id contact.ID) string {
	n, err := strconv.ParseUint(string(id), 16, 64)
	if err != nil || strconv.FormatUint(n, 16) != string(id) {
		return ""
	}
	return "people/c" + strconv.FormatUint(n, 10)
}

// numbered is the ID in a name that spelled gives; ok is false for any other.
func numbered(name string) (contact.ID, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(name, "people/c"), 10, 64)
	id := contact.ID(strconv.FormatUint(n, 16))
	return id, err == nil && spelled(id) == name
}

// nameOf is a record's resource name; sure says that it was learnt.
func (b *book) nameOf(id contact.ID) (name string, sure bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if name = b.names[id]; name != "" {
		return name, true
	}
	return spelled(id), time.Since(b.whole) < fresh
}

// got is a person that was read directly.
type got struct {
	p person
	r contact.Record
}

// read reads records directly. What is not in the answer does not exist.
func (b *book) read(ctx context.Context, ids []contact.ID) (map[contact.ID]got, error) {
	out := make(map[contact.ID]got, len(ids))
	open, err := b.readNamed(ctx, ids, out)
	if err != nil || len(open) == 0 {
		return out, err
	}
	// The usual spelling led nowhere: perhaps these have a profile's name.
	if err := b.locate(ctx); err != nil {
		return nil, err
	}
	open = slices.DeleteFunc(open, func(id contact.ID) bool { name, _ := b.nameOf(id); return name == spelled(id) })
	_, err = b.readNamed(ctx, open, out)
	return out, err
}

// readNamed reads by the names that are known or likely. open are those that a
// likely name did not lead to.
func (b *book) readNamed(ctx context.Context, ids []contact.ID, out map[contact.ID]got) (open []contact.ID, err error) {
	wanted, guessed := map[string]contact.ID{}, map[contact.ID]bool{}
	var names []string
	for _, id := range ids {
		name, sure := b.nameOf(id)
		if name == "" || wanted[name] != "" {
			continue
		}
		wanted[name], guessed[id] = id, !sure
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, ended(ctx)
	}
	g, err := b.groups(ctx)
	if err != nil {
		return nil, err
	}
	for chunk := range slices.Chunk(names, getMost) {
		answers, err := b.get(ctx, chunk)
		if err != nil {
			return nil, trouble(err)
		}
		for i, a := range answers {
			if a.Requested == "" && i < len(chunk) {
				a.Requested = chunk[i]
			}
			id := wanted[a.Requested]
			if code := a.code(); code != codeOK && code != codeNotFound {
				return nil, partTrouble(code)
			}
			if a.Person == nil || id == "" {
				continue
			}
			if r, ok := b.record(a.Person, id, g); ok && r.ID == id {
				out[id] = got{*a.Person, r}
			}
		}
	}
	for id, guess := range guessed {
		if _, ok := out[id]; !ok && guess {
			open = append(open, id)
		}
	}
	return open, nil
}

// partTrouble is a failure of one person in an answer that must be whole.
func partTrouble(code int) error {
	switch code {
	case codeExhausted:
		return &contact.Error{Kind: contact.ErrQuota, RetryAt: time.Now().Add(quotaWait),
			Message: "Google limits how many requests it accepts. The sync goes on later by itself."}
	case codeDenied:
		return &contact.Error{Kind: contact.ErrForbidden, Message: "Google does not let this account read one of its contacts. Open Google Contacts and look whether it works there."}
	}
	return &contact.Error{Kind: contact.ErrUnavailable, Message: "Google could not read all contacts. The next run tries again."}
}

// locate learns everybody's resource name.
func (b *book) locate(ctx context.Context) error {
	return b.everyone(ctx, "metadata", func(p *person) error {
		if s := p.contactSource(""); s != nil {
			b.mu.Lock()
			b.names[contact.ID(s.ID)] = p.ResourceName
			b.mu.Unlock()
		}
		return nil
	})
}

// everyone reads the whole list, without a token: it serves no sync.
func (b *book) everyone(ctx context.Context, fields string, each func(*person) error) error {
	q := url.Values{"personFields": {fields}, "sources": {ownSource}, "pageSize": {pageSize}}
	for {
		page, err := b.list(ctx, q)
		if err != nil {
			return trouble(err)
		}
		for i := range page.Connections {
			if err := each(&page.Connections[i]); err != nil {
				return err
			}
		}
		if page.NextPageToken == "" || page.NextPageToken == q.Get("pageToken") {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.whole = time.Now()
			return nil
		}
		q.Set("pageToken", page.NextPageToken)
	}
}

// Get implements contact.Book, 200 records with a request.
func (b *book) Get(ctx context.Context, ids []contact.ID) (found []contact.Record, missing []contact.ID, err error) {
	people, err := b.read(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	seen := map[contact.ID]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		if one, ok := people[id]; ok {
			found = append(found, one.r)
		} else {
			missing = append(missing, id)
		}
	}
	return found, missing, nil
}
