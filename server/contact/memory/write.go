package memory

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"tandem/server/contact"
)

// Write applies each mutation on its own: one that is refused stops no other.
func (b *Book) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	b.requests.Add(1)
	if len(ms) > b.o.Description.Batch {
		return nil, &contact.Error{Kind: contact.ErrProtocol, Message: fmt.Sprintf("%d writes were sent at once; %d are allowed.", len(ms), b.o.Description.Batch)}
	}
	results := make([]contact.Result, len(ms))
	if err := fault(ctx); err != nil {
		for i := range results {
			results[i].Outcome = contact.NotRun
		}
		return results, err
	}
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	for i, m := range ms {
		results[i] = b.write(m)
	}
	return results, nil
}

func (b *Book) write(m contact.Mutation) contact.Result {
	d := b.o.Description
	if d.ReadOnly || m.Op != contact.Delete && m.Mask&^d.Writable != 0 {
		return contact.Result{Outcome: contact.Forbidden, ID: m.ID, Message: "This account may not write that."}
	}
	if m.Op == contact.Create {
		return b.create(m)
	}
	r := b.store.records[m.ID]
	switch {
	case r == nil || r.end != nil:
		return contact.Result{Outcome: contact.Gone, ID: m.ID}
	case r.hidden:
		return contact.Result{Outcome: contact.Forbidden, ID: m.ID}
	case r.ReadOnly:
		return contact.Result{Outcome: contact.ReadOnly, ID: m.ID}
	case m.Version != "" && m.Version != r.Version:
		return contact.Result{Outcome: contact.Conflict, ID: m.ID}
	case m.Op == contact.Delete:
		b.end(r, contact.Change{Kind: contact.Deleted, ID: r.ID})
		return contact.Result{Outcome: contact.OK, ID: m.ID}
	}
	next := b.merge(r.Contact, m)
	if refusal, bad := b.check(next, m.Mask); bad {
		refusal.ID = m.ID
		return refusal
	}
	r.Contact = next
	b.touch(r)
	return b.answer(r)
}

func (b *Book) create(m contact.Mutation) contact.Result {
	c := b.merge(contact.Contact{}, m)
	if refusal, bad := b.check(c, m.Mask|contact.FieldsOf(contact.Surname)); bad {
		return refusal
	}
	if r := b.store.markers[m.Marker]; m.Marker != "" && r != nil && r.end == nil {
		return b.answer(r)
	}
	var existing []contact.ID
	if b.o.UniqueEmail {
		for _, r := range b.alive() {
			if matches(r, contact.Query{Emails: c.Emails}) {
				existing = append(existing, r.ID)
			}
		}
	}
	if len(existing) > 0 && !m.AllowDuplicate {
		return contact.Result{Outcome: contact.Duplicate, Existing: existing}
	}
	r := b.add(c, b.user)
	if b.o.Description.Marker {
		r.Marker = m.Marker
		b.store.markers[m.Marker] = r
	}
	return b.answer(r)
}

// merge is old with the masked fields replaced, as this server stores them.
func (b *Book) merge(old contact.Contact, m contact.Mutation) contact.Contact {
	sent, next := b.Project(m.Contact), clone(old)
	for f := range m.Mask.All() {
		if f == contact.FullName {
			next.Name.Full = sent.Name.Full
			continue
		}
		next = next.Set(f, sent.Value(f))
	}
	return next
}

// check refuses what the server would not take.
func (b *Book) check(c contact.Contact, mask contact.Fields) (contact.Result, bool) {
	refuse := func(f contact.Field, why string) (contact.Result, bool) {
		return contact.Result{Outcome: contact.Invalid, Field: f, HasField: true, Message: f.Label() + " " + why}, true
	}
	d := b.o.Description
	for f := range mask.All() {
		for _, s := range c.Value(f) {
			if most, ok := d.MaxLen[f]; ok && utf8.RuneCountInString(s) > most {
				return refuse(f, fmt.Sprintf("is longer than %d characters.", most))
			}
		}
	}
	if d.NameFallback && mask&contact.FieldsOf(contact.Surname, contact.FullName) != 0 && c.Name.Surname == "" && (d.Fields.Has(contact.Surname) || c.Name.Full == "") {
		return refuse(contact.Surname, "must not be empty.")
	}
	if d.OrganizationExisting && mask.Has(contact.Organization) && c.Organization != "" && !slices.Contains(b.o.Companies, c.Organization) {
		return refuse(contact.Organization, "is not known to this server.")
	}
	for f := range (b.o.Required & mask).All() {
		if c.Value(f).IsEmpty() {
			return refuse(f, "must not be empty.")
		}
	}
	return contact.Result{}, false
}

// add stores a new record.
func (b *Book) add(c contact.Contact, owner string) *record {
	b.store.serial++
	r := &record{owner: owner}
	r.ID = contact.ID(fmt.Sprintf("m%05d", b.store.serial))
	r.Contact = clone(c)
	b.store.records[r.ID] = r
	b.touch(r)
	r.Created = r.Modified
	return r
}

// end turns r into a tombstone.
func (b *Book) end(r *record, c contact.Change) {
	b.touch(r)
	r.end = &c
}

func (b *Book) answer(r *record) contact.Result {
	if b.o.Taciturn {
		return contact.Result{Outcome: contact.OK, ID: r.ID}
	}
	view := b.view(r)
	return contact.Result{Outcome: contact.OK, ID: r.ID, Version: r.Version, Record: &view}
}
