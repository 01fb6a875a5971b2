package carddav

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
)

// batch is how many mutations one Write takes, and how many cards one multiget
// asks for.
const batch = 200

// book is one address book. It is safe for concurrent use.
type book struct {
	dav
	client  *rest.Client
	coll    collection
	account contact.Account
	name    string
	slots   chan struct{} // requests in flight
	cards   *cache
	pace    *gauge

	mu       sync.Mutex
	features *features
	chunk    int                   // cards per multiget that this server takes
	noSync   bool                  // sync-collection was refused
	spelled  map[contact.ID]string // hrefs that the server spells in a way of its own
	uids     *uids                 // nil after a write
}

// open makes the Book of a connection.
func open(_ context.Context, a provider.Access) (contact.Book, error) {
	u, err := url.Parse(a.Values[fieldBook])
	if err != nil || u.Host == "" {
		return nil, &contact.Error{Kind: contact.ErrReconnect, Cause: err,
			Message: "The address book of this connection is not known. Connect again."}
	}
	client, err := a.HTTP(originOf(u), signIn(a))
	if err != nil {
		return nil, err
	}
	coll := newCollection(u)
	b := &book{
		dav: dav{client}, client: client, coll: coll, account: account(a, coll.url, a.Values[keepName]), name: a.Values[keepName],
		slots: make(chan struct{}, inFlight), cards: newCache(cacheBytes), pace: newGauge(), chunk: batch, spelled: map[contact.ID]string{},
	}
	if f, ok := parseFeatures(a.Values[keepFeatures]); ok {
		b.features = &f
	}
	return b, nil
}

// Requests is how many requests the connection has sent.
func (b *book) Requests() int64 { return b.client.Requests() }

// Describe answers from what was learnt at the connect; the server is asked
// where that is missing, or where it has refused a write since. There is no
// Grace: a create that is repeated goes to the same resource, whether the server
// shows it already or not.
func (b *book) Describe(ctx context.Context) (contact.Description, error) {
	f, err := b.known(ctx)
	if err != nil {
		return contact.Description{}, err
	}
	d := contact.Description{
		Account: b.account, Fields: contact.AllFields, Writable: contact.AllFields,
		Batch: batch, InFlight: 1, Marker: true, Tombstones: f.sync, Conditional: true, ReadOnly: f.readOnly,
	}
	if f.readOnly {
		d.Writable = 0
		d.Lossy = []string{"This address book can be read but not changed with this account."}
	}
	return d, nil
}

func (b *book) known(ctx context.Context) (features, error) {
	b.mu.Lock()
	f := b.features
	b.mu.Unlock()
	if f != nil {
		return b.seen(*f), nil
	}
	rows, res, err := b.propfind(ctx, b.coll.url.EscapedPath(), "0", `<d:resourcetype/>`+bookProps)
	if err != nil {
		return features{}, err
	}
	if res.Status != http.StatusMultiStatus || len(rows) == 0 {
		return features{}, b.trouble(res)
	}
	learnt := readFeatures(rows[0])
	b.mu.Lock()
	b.features = &learnt
	b.mu.Unlock()
	return b.seen(learnt), nil
}

// seen corrects what a server said of itself by what it did.
func (b *book) seen(f features) features {
	b.mu.Lock()
	defer b.mu.Unlock()
	f.sync = f.sync && !b.noSync
	return f
}

// forget makes the next Describe ask the server again.
func (b *book) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.features = nil
}

// Project is what a card makes of c.
func (b *book) Project(c contact.Contact) contact.Contact { return project(c) }

// href is where a card is, as the server spells it.
func (b *book) href(id contact.ID) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.spelled[id]; ok {
		return s
	}
	return b.coll.href(id)
}

// place is collection.place; a spelling that is not ours is remembered.
func (b *book) place(href string) (id contact.ID, self, ok bool) {
	id, self, ok = b.coll.place(href)
	if !ok || self {
		return id, self, ok
	}
	if u, err := url.Parse(href); err == nil && u.Path != "" && u.Path[0] == '/' && u.EscapedPath() != b.coll.href(id) {
		b.mu.Lock()
		b.spelled[id] = u.EscapedPath()
		b.mu.Unlock()
	}
	return id, self, ok
}

// record makes a Record of a card's text. ok is false for what is no person,
// or cannot be read: such a card exists and is out of our scope.
func (b *book) record(id contact.ID, version contact.Version, text string) (r contact.Record, ok bool) {
	c, err := parseCard(text)
	if err != nil || c.isGroup() {
		return r, false
	}
	b.cards.put(id, version, text)
	r = contact.Record{ID: id, Version: version, Private: c.private()}
	r.Contact, r.Read = c.contact()
	if uid := c.uid(); uid != "" && contact.ID(url.PathEscape(uid+".vcf")) == id {
		r.Marker = uid
	}
	return r, true
}
