package microsoft365

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
)

// maxKept is how many records a Book remembers as they were read, so that one
// that was just listed need not be read again before it is updated.
const maxKept = 10_000

// grace is how long a create may still be under way after its answer was lost.
const grace = time.Minute

// book is one folder of a mailbox.
type book struct {
	api
	own    bool // a folder of its own, not the default one
	opened time.Time

	mu      sync.Mutex
	account contact.Account // zero until it is known
	folder  string          // its ID, "" while it is not known
	kept    map[contact.ID]*item
	sent    map[string]bool // the markers of creates that went out
}

var _ contact.Book = (*book)(nil)

func open(a provider.Access, boxes *mailboxes) (*book, error) {
	if a.Token == nil {
		return nil, &contact.Error{Kind: contact.ErrReconnect, Message: "Microsoft 365 is connected by signing in there. Connect again."}
	}
	client, err := a.HTTP(a.BaseURL, rest.Bearer(a.Token))
	if err != nil {
		return nil, err
	}
	v := a.Values
	b := &book{
		api: api{client, boxes.of(v[keepAccount])}, own: v[fieldFolder] == folderOwn, folder: v[keepFolder], opened: time.Now(),
		kept: map[contact.ID]*item{}, sent: map[string]bool{},
	}
	if v[keepAccount] != "" {
		b.account = contact.Account{ID: accountID(v), Name: v[keepName], Email: v[keepEmail]}
	}
	return b, nil
}

// Requests is how many requests this Book has sent; a batch is one of them.
func (b *book) Requests() int64 { return b.client.Requests() }

// Project implements contact.Book.
func (b *book) Project(c contact.Contact) contact.Contact { return project(c) }

// Describe answers from what was learnt at the connect.
func (b *book) Describe(ctx context.Context) (contact.Description, error) {
	b.mu.Lock()
	who := b.account
	b.mu.Unlock()
	if who.ID == "" {
		var me account
		if err := b.get(ctx, query("me", "$select", "id,displayName,mail,userPrincipalName"), &me); err != nil {
			return contact.Description{}, err
		}
		who = me.account()
		b.mu.Lock()
		b.account = who
		b.mu.Unlock()
	}
	d := contact.Description{
		Account: who, Fields: fields, Writable: fields, Capacity: map[contact.Field]int{}, MaxLen: map[contact.Field]int{},
		Batch: maxParts, InFlight: 1, Marker: true, Tombstones: true, Conditional: true, Trash: true, Grace: grace,
		Lossy: []string{
			"Outlook takes three e-mails, two business phones, two home phones and one mobile; what is more stays in the CRM.",
			"Fax and other numbers, and birthdays without a year, have no place in Outlook's interface for other programs.",
			"Notes are private and stay where they are.",
			"Outlook does not tell other programs which contacts are marked private. Leave them out of the category \"CRM Contacts\".",
		},
	}
	for f, n := range capacity {
		d.Capacity[f] = n
	}
	return d, nil
}

// place is the address of the folder's contacts.
func (b *book) place() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.folder == "" {
		return "me/contacts"
	}
	return "me/contactFolders/" + url.PathEscape(b.folder) + "/contacts"
}

// here reports whether an item is in the Book's folder. Where that is the
// default one and not known yet, unlearnt items tell it.
func (b *book) here(i *item) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.folder == "" || i.ParentFolderID == "" || i.ParentFolderID == b.folder
}

// learn notes the default folder from an item that is certainly in it.
func (b *book) learn(i *item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.folder == "" && !b.own {
		b.folder = i.ParentFolderID
	}
}

// record makes a Record of an item and remembers the item.
func (b *book) record(i *item) contact.Record {
	c, unread := i.contact()
	b.mu.Lock()
	if len(b.kept) >= maxKept {
		clear(b.kept)
	}
	b.kept[contact.ID(i.ID)] = i
	b.mu.Unlock()
	return contact.Record{
		ID: contact.ID(i.ID), Version: i.version(), Contact: c, Read: fields &^ unread,
		Marker: i.marker(), Modified: i.Modified, Created: i.Created,
	}
}

// known is the item as it was at a version, nil where it is not remembered.
func (b *book) known(id contact.ID, v contact.Version) *item {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.kept[id]; i != nil && v != "" && i.version() == v {
		return i
	}
	return nil
}

func itemRef(id contact.ID) string { return "me/contacts/" + url.PathEscape(string(id)) }

// fate is what was found under an identifier.
type fate uint8

const (
	present fate = iota
	gone
	elsewhere // in another folder, or in the trash
	hidden
)

// fetch reads items by ID, twenty with each request.
func (b *book) fetch(ctx context.Context, ids []contact.ID) ([]*item, []fate, error) {
	items, fates := make([]*item, len(ids)), make([]fate, len(ids))
	parts := make([]part, len(ids))
	for n, id := range ids {
		parts[n] = read(query(itemRef(id), "$select", properties, "$expand", withMarker))
	}
	answers, err := b.batch(ctx, parts)
	if err != nil {
		return nil, nil, err
	}
	for n, a := range answers {
		code, _ := problemOf(a.Body)
		switch {
		case a.ok():
			i := new(item)
			if err := json.Unmarshal(a.Body, i); err != nil || i.ID == "" {
				return nil, nil, unreadable(err)
			}
			if items[n] = i; !b.here(i) {
				fates[n] = elsewhere
			}
		case a.Status == http.StatusNotFound && !noMailbox(code), is(code, "ErrorInvalidIdMalformed"):
			fates[n] = gone
		case a.Status == http.StatusForbidden:
			fates[n] = hidden
		default:
			return nil, nil, faultOf(max(a.Status, 1), a.Body)
		}
	}
	return items, fates, nil
}

// Get implements contact.Book. What was moved to another folder is in neither
// answer; what is in the trash is missing.
func (b *book) Get(ctx context.Context, ids []contact.ID) (found []contact.Record, missing []contact.ID, err error) {
	var ask []contact.ID
	for _, id := range ids {
		switch {
		case id == "":
			missing = append(missing, id)
		case !slices.Contains(ask, id):
			ask = append(ask, id)
		}
	}
	items, fates, err := b.fetch(ctx, ask)
	if err != nil {
		return nil, nil, err
	}
	moved, err := b.moved(ctx, items, fates)
	if err != nil {
		return nil, nil, err
	}
	for n, id := range ask {
		switch {
		case fates[n] == present:
			found = append(found, b.record(items[n]))
		case fates[n] == gone, fates[n] == elsewhere && !moved[n]:
			missing = append(missing, id)
		}
	}
	return found, missing, nil
}

// moved tells for items that are elsewhere whether that is another folder for
// contacts. Otherwise it is the trash.
func (b *book) moved(ctx context.Context, items []*item, fates []fate) ([]bool, error) {
	out := make([]bool, len(items))
	folders := map[string]bool{}
	for n, i := range items {
		if fates[n] != elsewhere {
			continue
		}
		known, asked := folders[i.ParentFolderID]
		if !asked {
			res, err := b.do(ctx, http.MethodGet, "me/contactFolders/"+url.PathEscape(i.ParentFolderID), nil, nil)
			if err != nil {
				return nil, err
			}
			if !res.OK() && res.Status != http.StatusNotFound && res.Status != http.StatusBadRequest {
				return nil, faultOf(res.Status, res.Body)
			}
			known = res.OK()
			folders[i.ParentFolderID] = known
		}
		out[n] = known
	}
	return out, nil
}

var errNoContact = errors.New("the answer holds no contact")

func unreadable(cause error) error {
	if cause == nil {
		cause = errNoContact
	}
	return &contact.Error{Kind: contact.ErrProtocol, Cause: cause, Message: "The answer of Microsoft 365 could not be understood. Try again later."}
}
