package web

import (
	"context"
	"strings"
	"sync"
	"time"

	"tandem/server/contact"
)

// lookupLife is how long the CRM's answer about an address is believed.
const lookupLife = 5 * time.Minute

// lookupMost is how many answers are kept.
const lookupMost = 10_000

// lookups remembers what the CRM answered about e-mail addresses, per user and
// connection: what one may see, another may not.
type lookups struct {
	now func() time.Time
	mu  sync.Mutex
	all map[lookupKey]answer
}

type lookupKey struct{ user, connection, entity, email string }

// answer is what the CRM said about one address, and when.
type answer struct {
	records []contact.Record
	at      time.Time
}

func newLookups(now func() time.Time) *lookups {
	return &lookups{now: now, all: map[lookupKey]answer{}}
}

// find asks the CRM about the addresses that are not remembered, all in one
// question, and gives the answers by folded address. An error means that the
// CRM did not answer: then nothing is said about those addresses.
func (l *lookups) find(ctx context.Context, k lookupKey, emails []string, book func() (contact.Book, error)) (map[string]answer, error) {
	out := map[string]answer{}
	var ask []string
	l.mu.Lock()
	for _, e := range emails {
		k.email = contact.Fold(e)
		if a, ok := l.all[k]; ok && l.now().Sub(a.at) < lookupLife {
			out[k.email] = a
		} else {
			ask = append(ask, e)
		}
	}
	l.mu.Unlock()
	if len(ask) == 0 {
		return out, nil
	}
	b, err := book()
	if err != nil {
		return out, err
	}
	found, err := b.Find(ctx, contact.Query{Emails: ask, Anyone: true, Limit: 10 * len(ask)})
	if err != nil {
		return out, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) > lookupMost {
		clear(l.all)
	}
	for _, e := range ask {
		k.email = contact.Fold(e)
		a := answer{at: l.now()}
		for _, rec := range found {
			for _, own := range rec.Contact.Emails {
				if strings.EqualFold(contact.Fold(own), k.email) {
					a.records = append(a.records, rec)
					break
				}
			}
		}
		l.all[k], out[k.email] = a, a
	}
	return out, nil
}
