package espocrm

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"tandem/server/contact"
	"tandem/server/rest"
)

const batch = 20

// Write implements contact.Book: one request and more per mutation. Creates go
// one at a time, because a lost one can only be found again by its content.
func (b *book) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	if len(ms) > batch {
		return nil, &contact.Error{Kind: contact.ErrProtocol, Message: fmt.Sprintf("%d writes were sent at once; %d are allowed.", len(ms), batch)}
	}
	results := make([]contact.Result, len(ms))
	for i, m := range ms {
		results[i] = contact.Result{Outcome: contact.NotRun, ID: m.ID}
	}
	who, err := b.identity(ctx)
	if err != nil || len(ms) == 0 {
		return results, err
	}
	var (
		mu     sync.Mutex
		broken error // trouble with the connection: what did not start yet stays NotRun
		group  errgroup.Group
	)
	run := func(i int) {
		mu.Lock()
		stop := broken != nil
		mu.Unlock()
		if stop {
			return
		}
		result, err := b.write(ctx, who, ms[i])
		mu.Lock()
		defer mu.Unlock()
		results[i] = result
		if err != nil && broken == nil {
			broken = err
		}
	}
	group.SetLimit(inFlight)
	group.Go(func() error {
		b.creating.Lock()
		defer b.creating.Unlock()
		for i, m := range ms {
			if m.Op == contact.Create {
				run(i)
			}
		}
		return nil
	})
	for i, m := range ms {
		if m.Op != contact.Create {
			group.Go(func() error { run(i); return nil })
		}
	}
	_ = group.Wait()
	return results, broken
}

func (b *book) write(ctx context.Context, who *identity, m contact.Mutation) (contact.Result, error) {
	if m.Op == contact.Delete {
		return b.remove(ctx, m)
	}
	if refusal, bad := b.check(m); bad {
		return refusal, nil
	}
	if m.Op == contact.Create {
		return b.create(ctx, who, m)
	}
	return b.update(ctx, who, m)
}

// check refuses what the server would refuse, without asking it.
func (b *book) check(m contact.Mutation) (contact.Result, bool) {
	refuse := func(f contact.Field, why string) (contact.Result, bool) {
		return contact.Result{Outcome: contact.Invalid, ID: m.ID, Field: f, HasField: true, Message: f.Label() + " " + why}, true
	}
	long := func(most int) string {
		return fmt.Sprintf("is longer than %d characters, which is all that EspoCRM takes. Shorten it.", most)
	}
	for f, most := range b.shape.maxLen() {
		for _, s := range m.Contact.Value(f) {
			if m.Mask.Has(f) && len([]rune(s)) > most {
				return refuse(f, long(most))
			}
		}
	}
	if m.Mask.Has(contact.WorkAddress) {
		for i, s := range m.Contact.Value(contact.WorkAddress) {
			if most := addressMost[i]; len([]rune(s)) > most {
				return refuse(contact.WorkAddress, long(most))
			}
		}
	}
	named := b.Project(m.Contact).Name.Surname != ""
	if b.shape.linked && !named && (m.Op == contact.Create || m.Mask.Has(contact.Surname)) {
		return refuse(contact.Surname, "must not be empty in EspoCRM. Fill it in.")
	}
	return contact.Result{}, false
}

func (b *book) create(ctx context.Context, who *identity, m contact.Mutation) (contact.Result, error) {
	d, err := b.draft(ctx, &row{}, m)
	if err != nil {
		return contact.Result{Outcome: contact.NotRun}, err
	}
	d.body["assignedUserId"] = who.User.ID
	header := http.Header{}
	if m.AllowDuplicate {
		header.Set("X-Skip-Duplicate-Check", "true")
	}
	r := new(row)
	res, err := rest.JSON(ctx, b.doer, rest.Request{Method: http.MethodPost, URL: apiPath + b.shape.entity, Header: header}, d.body, r)
	if result, done, err := b.outcome(m, res, err); done {
		return result, err
	}
	if r.ID == "" {
		return contact.Result{Outcome: contact.Unknown}, notEspo(res)
	}
	if r.AccountName == "" && r.AccountID != "" && r.AccountID == d.account {
		r.AccountName = d.accountName // this answer does not look names up
	}
	return b.done(who, r), nil
}

// update reads, compares and writes what differs. Between the read and the
// write somebody else may write: EspoCRM offers nothing against that here,
// unless its administrator made it count versions.
func (b *book) update(ctx context.Context, who *identity, m contact.Mutation) (contact.Result, error) {
	old, refusal, err := b.before(ctx, m)
	if old == nil {
		return refusal, err
	}
	d, err := b.draft(ctx, old, m)
	if err != nil {
		return contact.Result{Outcome: contact.NotRun, ID: m.ID}, err
	}
	if len(d.body) == 0 {
		return b.done(who, old), nil
	}
	r, result, err := b.patch(ctx, m, old, d.body)
	if r == nil {
		return result, err
	}
	if !d.relinked {
		return b.done(who, r), nil
	}
	// The answer tells neither the new account's name nor the job title kept
	// there, if the contact was linked with it before.
	if r, _, err = b.read(ctx, b.shape.entity, m.ID); err != nil || r == nil {
		return contact.Result{Outcome: contact.OK, ID: m.ID}, err
	}
	if d.account != "" && r.AccountID == d.account && r.Title != d.title {
		if again, _, err := b.patch(ctx, m, r, map[string]any{"title": null(d.title)}); again != nil && err == nil {
			r = again
			r.AccountName = d.accountName
		}
	}
	return b.done(who, r), nil
}

// patch sends a change and reads the answer; nil means that result says all.
func (b *book) patch(ctx context.Context, m contact.Mutation, old *row, body map[string]any) (*row, contact.Result, error) {
	header := http.Header{}
	if old.VersionNumber != nil {
		header.Set("X-Version-Number", strconv.Itoa(*old.VersionNumber))
	}
	if m.AllowDuplicate {
		header.Set("X-Skip-Duplicate-Check", "true")
	}
	r := new(row)
	res, err := rest.JSON(ctx, b.doer, rest.Request{Method: http.MethodPatch, URL: recordURL(b.shape.entity, m.ID), Header: header}, body, r)
	if result, done, err := b.outcome(m, res, err); done {
		return nil, result, err
	}
	if r.ID == "" {
		return nil, contact.Result{Outcome: contact.Unknown, ID: m.ID}, notEspo(res)
	}
	return r, contact.Result{}, nil
}

func (b *book) remove(ctx context.Context, m contact.Mutation) (contact.Result, error) {
	if m.Version != "" {
		if old, refusal, err := b.before(ctx, m); old == nil {
			return refusal, err
		}
	}
	if m.ID == "" {
		return contact.Result{Outcome: contact.Gone}, nil
	}
	// Deleting again what is deleted is answered with 404 and does no harm.
	res, err := rest.JSON(ctx, b.doer, rest.Request{Method: http.MethodDelete, URL: recordURL(b.shape.entity, m.ID), Repeatable: true}, nil, nil)
	if result, done, err := b.outcome(m, res, err); done {
		return result, err
	}
	return contact.Result{Outcome: contact.OK, ID: m.ID}, nil
}

// before reads the record that a write depends on; nil means that result says
// why there is nothing to write.
func (b *book) before(ctx context.Context, m contact.Mutation) (*row, contact.Result, error) {
	if m.ID == "" {
		return nil, contact.Result{Outcome: contact.Gone}, nil
	}
	r, hidden, err := b.read(ctx, b.shape.entity, m.ID)
	switch {
	case err != nil:
		return nil, contact.Result{Outcome: contact.NotRun, ID: m.ID}, err
	case hidden:
		return nil, contact.Result{Outcome: contact.Forbidden, ID: m.ID, Message: "Your EspoCRM account may not see this record any more."}, nil
	case r == nil:
		return nil, contact.Result{Outcome: contact.Gone, ID: m.ID}, nil
	case r.converted():
		return nil, contact.Result{Outcome: contact.ReadOnly, ID: m.ID, Message: "This lead was converted and is no longer written."}, nil
	case m.Version != "" && m.Version != r.version():
		return nil, contact.Result{Outcome: contact.Conflict, ID: m.ID}, nil
	}
	return r, contact.Result{}, nil
}

func (b *book) done(who *identity, r *row) contact.Result {
	rec := b.record(who, r)
	return contact.Result{Outcome: contact.OK, ID: rec.ID, Version: rec.Version, Record: &rec}
}

// draft is what a mutation sends.
type draft struct {
	body map[string]any
	// relinked: the company changes. account and accountName are the new one.
	relinked             bool
	account, accountName string
	// title is the job title that shall be read afterwards.
	title string
}

// draft compares the record with what it shall become, and takes in only what
// differs: what nobody changed is not even sent.
func (b *book) draft(ctx context.Context, old *row, m contact.Mutation) (draft, error) {
	d := draft{body: map[string]any{}}
	now := b.contact(old)
	next := now
	for f := range (m.Mask & b.shape.fields).All() {
		next = next.Set(f, m.Contact.Value(f))
	}
	next = b.Project(next)
	differs := func(f contact.Field) bool { return m.Mask.Has(f) && !slices.Equal(now.Value(f), next.Value(f)) }

	if b.shape.linked && differs(contact.Organization) {
		found, err := b.link(ctx, old, next.Organization, &d)
		if err != nil {
			return d, err
		}
		if !found {
			// Left out: the record keeps the company that it has.
			next.Organization = now.Organization
			next = b.Project(next)
		}
	}
	d.title = next.JobTitle
	for _, t := range b.shape.texts {
		if differs(t.field) {
			d.body[t.attribute] = null(next.Value(t.field).First())
		}
	}
	if d.relinked && d.account == "" {
		// The title goes with its account; sent, it would become the title at
		// the account that takes its place.
		delete(d.body, "title")
	}
	if differs(contact.Title) {
		d.body["salutationName"] = null(next.Name.Title)
	}
	if differs(contact.WorkAddress) {
		parts := append(next.Value(contact.WorkAddress), make([]string, 5)...)
		for i, name := range []string{"Street", "City", "State", "PostalCode", "Country"} {
			d.body["address"+name] = null(parts[i])
		}
	}
	if differs(contact.Emails) {
		rows := emailRows(old, now.Emails, next.Emails)
		d.body["emailAddressData"], d.body["emailAddress"] = rows, nil
		if len(rows) > 0 {
			d.body["emailAddress"] = rows[0].EmailAddress
		}
	}
	if slices.ContainsFunc(slices.Collect(phoneFields.All()), differs) {
		rows := b.phoneRows(old, now.Phones, next.Phones)
		d.body["phoneNumberData"], d.body["phoneNumber"] = rows, nil
		for _, p := range rows {
			if p.Primary {
				d.body["phoneNumber"] = p.PhoneNumber
			}
		}
	}
	return d, nil
}

// link drafts another company: an existing account, or none.
func (b *book) link(ctx context.Context, old *row, name string, d *draft) (found bool, err error) {
	if name == "" {
		// Only the first account is taken away. Without the list EspoCRM would
		// put it back as the first of those that are linked.
		others := slices.DeleteFunc(slices.Clone(old.AccountsIDs), func(id string) bool { return id == old.AccountID })
		d.body["accountId"], d.body["accountsIds"] = nil, append([]string{}, others...)
		d.relinked = true
		return true, nil
	}
	id, err := b.account(ctx, name)
	if err != nil || id == "" {
		return false, err
	}
	d.body["accountId"] = id
	d.relinked, d.account, d.accountName = true, id, name
	return true, nil
}

// null clears an attribute that is empty.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
