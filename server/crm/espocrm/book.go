package espocrm

import (
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
)

// inFlight is how many requests of one Book run at the same time.
const inFlight = 4

// book is a contact.Book and contact.Sweeper.
type book struct {
	api
	client  *rest.Client
	shape   *shape
	mine    bool
	phones  string
	country string

	mu       sync.Mutex
	who      *identity         // nil until it was asked for
	accounts map[string]string // IDs by name, "" where there is no such account
	pageSize int

	creating sync.Mutex
}

var (
	_ contact.Book    = (*book)(nil)
	_ contact.Sweeper = (*book)(nil)
)

func open(a provider.Access) (*book, error) {
	client, err := a.HTTP(a.BaseURL, auth(a.Values))
	if err != nil {
		return nil, err
	}
	b := &book{
		api: api{client}, client: client, shape: shapeOf(a.Entity), mine: a.Scope != provider.ScopeAll,
		phones: a.Values[keepPhones], country: strings.ToUpper(a.Country),
		accounts: map[string]string{}, pageSize: maxPage,
	}
	if b.phones == "" {
		b.phones = phonesLoose
	}
	return b, nil
}

// Requests is how many requests this Book has sent.
func (b *book) Requests() int64 { return b.client.Requests() }

// identity is who is signed in, asked for once.
func (b *book) identity(ctx context.Context) (*identity, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.who == nil {
		who, err := b.whoAmI(ctx)
		if err != nil {
			return nil, err
		}
		if !who.reads(b.shape.entity) {
			return nil, &contact.Error{Kind: contact.ErrForbidden,
				Message: "Your EspoCRM account may not see " + strings.ToLower(b.shape.entity) + "s. Ask your EspoCRM administrator for a role that allows it."}
		}
		b.who = who
	}
	return b.who, nil
}

// Describe implements contact.Book.
func (b *book) Describe(ctx context.Context) (contact.Description, error) {
	who, err := b.identity(ctx)
	if err != nil {
		return contact.Description{}, err
	}
	fields, writable := b.allowed(who)
	d := contact.Description{
		Account: who.account(), Fields: fields, Writable: writable,
		Capacity: map[contact.Field]int{}, MaxLen: map[contact.Field]int{},
		NameFallback: b.shape.linked, OrganizationExisting: b.shape.linked,
		Batch: 20, InFlight: inFlight, Owner: true, ReadOnly: writable == 0,
		Lossy: []string{
			"EspoCRM has no place for suffixes, nicknames, departments, birthdays, home and other addresses.",
			"Of prefixes it knows Mr., Ms., Mrs. and Dr. only.",
		},
	}
	for f := range (phoneFields.With(contact.Emails) & fields).All() {
		d.Capacity[f] = setMost
	}
	for f, n := range b.shape.maxLen() {
		if fields.Has(f) {
			d.MaxLen[f] = n
		}
	}
	if b.shape.linked {
		d.Lossy = append(d.Lossy,
			"A contact's company is linked only where an account with exactly that name exists; accounts are never created.",
			"A contact's job title belongs to its account, so it is not kept without one.")
	}
	if b.phones != phonesLoose {
		d.Lossy = append(d.Lossy, "This EspoCRM keeps phone numbers in international form only; numbers that cannot be understood are left out.")
	}
	return d, nil
}

// restrictedFields are the fields that go with a field of EspoCRM's roles.
var restrictedFields = map[string]contact.Fields{
	"name":           contact.FieldsOf(contact.Title, contact.Given, contact.Given2, contact.Surname),
	"salutationName": contact.FieldsOf(contact.Title),
	"firstName":      contact.FieldsOf(contact.Given),
	"middleName":     contact.FieldsOf(contact.Given2),
	"lastName":       contact.FieldsOf(contact.Surname),
	"title":          contact.FieldsOf(contact.JobTitle),
	"account":        contact.FieldsOf(contact.Organization),
	"accounts":       contact.FieldsOf(contact.Organization, contact.JobTitle),
	"accountName":    contact.FieldsOf(contact.Organization),
	"emailAddress":   contact.FieldsOf(contact.Emails),
	"phoneNumber":    phoneFields,
	"address":        contact.FieldsOf(contact.WorkAddress),
	"addressStreet":  contact.FieldsOf(contact.WorkAddress),
	"addressCity":    contact.FieldsOf(contact.WorkAddress),
	"website":        contact.FieldsOf(contact.Website),
	"description":    contact.FieldsOf(contact.Notes),
}

// allowed are the fields that this user may read and write.
func (b *book) allowed(who *identity) (fields, writable contact.Fields) {
	fields, writable = b.shape.fields, b.shape.fields
	unread, unedited := who.restricted(b.shape.entity)
	for _, name := range unread {
		fields &^= restrictedFields[name]
	}
	for _, name := range unedited {
		writable &^= restrictedFields[name]
	}
	if b.shape.linked && !who.reads(entityAccount) {
		writable = writable.Without(contact.Organization)
	}
	if l := who.levels(b.shape.entity); !granted(l.Create) && !granted(l.Edit) {
		return fields, 0
	}
	return fields, writable & fields
}

// record reads a row that came from a direct read.
func (b *book) record(who *identity, r *row) contact.Record {
	fields, _ := b.allowed(who)
	rec := contact.Record{
		ID: contact.ID(r.ID), Version: r.version(), Contact: b.contact(r), Read: fields,
		Modified: moment(r.ModifiedAt), Created: moment(r.CreatedAt),
		Mine:     r.AssignedUserID == who.User.ID,
		ReadOnly: r.converted() || !who.may(who.levels(b.shape.entity).Edit, r),
		URL:      b.client.Base().String() + "/#" + b.shape.entity + "/view/" + r.ID,
	}
	if fields != b.shape.fields {
		rec.Contact = rec.Contact.Only(fields)
	}
	if r.SalutationName != "" && rec.Contact.Name.Title == "" {
		// A choice that an administrator added: unknown to us, not empty.
		rec.Read = rec.Read.Without(contact.Title)
	}
	return rec
}

// fetch reads records directly; nil stands for one that is gone or hidden.
func (b *book) fetch(ctx context.Context, ids []contact.ID) (rows []*row, hidden []bool, err error) {
	rows, hidden = make([]*row, len(ids)), make([]bool, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for i, id := range ids {
		group.Go(func() (err error) {
			rows[i], hidden[i], err = b.read(ctx, b.shape.entity, id)
			return err
		})
	}
	return rows, hidden, group.Wait()
}

// Get implements contact.Book. Every ID costs a request.
func (b *book) Get(ctx context.Context, ids []contact.ID) (found []contact.Record, missing []contact.ID, err error) {
	who, err := b.identity(ctx)
	if err != nil {
		return nil, nil, err
	}
	var ask []contact.ID
	for _, id := range ids {
		switch {
		case id == "":
			missing = append(missing, id)
		case !slices.Contains(ask, id):
			ask = append(ask, id)
		}
	}
	rows, hidden, err := b.fetch(ctx, ask)
	if err != nil {
		return nil, nil, err
	}
	for i, r := range rows {
		switch {
		case r != nil:
			found = append(found, b.record(who, r))
		case !hidden[i]:
			missing = append(missing, ask[i])
		}
	}
	return found, missing, nil
}
