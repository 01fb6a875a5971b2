package memory

import (
	"maps"
	"slices"
	"unicode/utf8"

	"tandem/server/contact"
)

// Put adds a record as a person would, and gives its ID. It belongs to the
// Book's user. What is typed goes through the server's own rules: Project, and
// nothing longer than MaxLen.
func (b *Book) Put(c contact.Contact) contact.ID {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	return b.add(b.typed(c), b.user).ID
}

// Edit changes a record as a person would. It reports whether it exists.
func (b *Book) Edit(id contact.ID, change func(*contact.Contact)) bool {
	return b.act(id, func(r *record) {
		c := clone(r.Contact)
		change(&c)
		r.Contact = b.typed(c)
	})
}

// Remove deletes a record as a person would.
func (b *Book) Remove(id contact.ID) bool {
	return b.finish(id, contact.Change{Kind: contact.Deleted, ID: id})
}

// Merge lets id live on as into.
func (b *Book) Merge(id, into contact.ID) bool {
	return b.finish(id, contact.Change{Kind: contact.Merged, ID: id, Into: into})
}

// Convert turns the lead id into the contact into ("" where nobody knows).
func (b *Book) Convert(id, into contact.ID) bool {
	return b.finish(id, contact.Change{Kind: contact.Converted, ID: id, Into: into})
}

// Assign gives the record to another user: with Options.Mine it leaves the
// scope of this one.
func (b *Book) Assign(id contact.ID, user string) bool {
	return b.act(id, func(r *record) {
		left := maps.Clone(r.left)
		if left == nil {
			left = map[string]struct{}{}
		}
		left[r.owner] = struct{}{}
		delete(left, user)
		r.left, r.owner = left, user
	})
}

// Hide takes away, or gives back, every user's sight of a record.
func (b *Book) Hide(id contact.ID, hidden bool) bool {
	return b.act(id, func(r *record) { r.hidden = hidden })
}

// Mark sets a record's flags: private to its owner, locked against writing.
func (b *Book) Mark(id contact.ID, private, readOnly bool) bool {
	return b.act(id, func(r *record) { r.Private, r.ReadOnly = private, readOnly })
}

// Bump gives a record a new version without any change of content, as servers
// do that touch what they only looked at.
func (b *Book) Bump(id contact.ID) bool { return b.act(id, func(*record) {}) }

// Expire makes all cursors given so far worthless.
func (b *Book) Expire() {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	b.store.seq++
	b.store.oldest = b.store.seq
}

// All are the records that exist, whoever may see them, by ID. It counts as no
// request.
func (b *Book) All() []contact.Record {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	var all []contact.Record
	for _, r := range b.alive() {
		all = append(all, b.view(r))
	}
	return all
}

func (b *Book) act(id contact.ID, do func(*record)) bool {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	r := b.store.records[id]
	if r == nil || r.end != nil {
		return false
	}
	do(r)
	b.touch(r)
	return true
}

func (b *Book) finish(id contact.ID, c contact.Change) bool {
	return b.act(id, func(r *record) { r.end = &c })
}

// typed is what is left of c where a person types it into the server's form.
func (b *Book) typed(c contact.Contact) contact.Contact {
	for f, most := range b.o.Description.MaxLen {
		long := func(s string) bool { return utf8.RuneCountInString(s) > most }
		if v := c.Value(f); slices.ContainsFunc(v, long) {
			c = c.Set(f, slices.DeleteFunc(slices.Clone(v), long))
		}
	}
	return b.Project(c)
}
