package google

import (
	"context"
	"slices"
	"time"

	"tandem/server/contact"
)

// fresh is how long a complete reading answers for: after an interruption many
// markers are looked for, one after another.
const fresh = time.Minute

// snapshot is everybody, for Find.
type snapshot struct {
	built   time.Time
	records []contact.Record
}

// Find implements contact.Book by reading everybody: Google's own search knows
// no marker, no phone number in another format, and is behind by minutes. Who
// bears a marker that was seen before is read directly.
func (b *book) Find(ctx context.Context, q contact.Query) ([]contact.Record, error) {
	if err := ended(ctx); err != nil {
		return nil, err
	}
	if q.Limit <= 0 {
		q.Limit = 20
	}
	if q.Marker == "" && len(q.Emails) == 0 && q.Name == "" && q.Phone == "" {
		return nil, nil
	}
	if q.Marker != "" {
		if found := filter(b.remembered(), q); len(found) > 0 {
			return found, nil
		}
		if found, err := b.bearer(ctx, q.Marker); err != nil || len(found) > 0 {
			return filter(found, q), err
		}
	}
	all, err := b.everybody(ctx)
	if err != nil {
		return nil, err
	}
	return filter(all, q), nil
}

// bearer is the record that is known to bear a marker, as it is now.
func (b *book) bearer(ctx context.Context, marker string) ([]contact.Record, error) {
	b.mu.Lock()
	id, known := b.marks[marker]
	b.mu.Unlock()
	if !known {
		return nil, nil
	}
	found, _, err := b.Get(ctx, []contact.ID{id})
	return slices.DeleteFunc(found, func(r contact.Record) bool { return r.Marker != marker }), err
}

// remembered is everybody as read a moment ago, nil where that is too long ago
// or something was written since.
func (b *book) remembered() []contact.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.found == nil || time.Since(b.found.built) >= fresh {
		return nil
	}
	return b.found.records
}

// everybody reads all contacts, unless that was done a moment ago.
func (b *book) everybody(ctx context.Context) ([]contact.Record, error) {
	if known := b.remembered(); known != nil {
		return known, nil
	}
	g, err := b.groups(ctx)
	if err != nil {
		return nil, err
	}
	next := &snapshot{built: time.Now(), records: []contact.Record{}}
	err = b.everyone(ctx, personFields, func(p *person) error {
		if r, ok := b.record(p, "", g); ok {
			next.records = append(next.records, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = next
	return next.records, nil
}

// forgetFound makes the next Find read everybody again.
func (b *book) forgetFound() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = nil
}

// filter gives the records for which all of q's conditions hold.
func filter(all []contact.Record, q contact.Query) []contact.Record {
	var norm contact.Norm
	var out []contact.Record
	for _, r := range all {
		if len(out) < q.Limit && holds(norm, r, q) {
			out = append(out, r)
		}
	}
	return out
}

func holds(norm contact.Norm, r contact.Record, q contact.Query) bool {
	any := func(of []string, is func(string) bool) bool { return slices.ContainsFunc(of, is) }
	if q.Marker != "" && r.Marker != q.Marker {
		return false
	}
	if len(q.Emails) > 0 && !any(q.Emails, func(want string) bool {
		return any(r.Contact.Emails, func(have string) bool { return contact.Fold(have) == contact.Fold(want) })
	}) {
		return false
	}
	if q.Name != "" && contact.Fold(r.Contact.Name.Text()) != contact.Fold(q.Name) {
		return false
	}
	return q.Phone == "" || slices.ContainsFunc(r.Contact.Phones, func(p contact.Phone) bool {
		return norm.Phone(p.Number) == norm.Phone(q.Phone)
	})
}
