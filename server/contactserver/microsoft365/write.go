package microsoft365

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	"github.com/google/uuid"

	"tandem/server/contact"
)

// rereads is how often an update without a condition is decided anew when the
// record changed under our hands.
const rereads = 3

// job is one mutation on its way.
type job struct {
	i      int // its place among the mutations
	m      contact.Mutation
	before *item
	part   part
}

// Write implements contact.Book: one batch that writes, before it one that reads
// where the records, or what became of an earlier create, are not known.
func (b *book) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	if len(ms) > maxParts {
		return nil, &contact.Error{Kind: contact.ErrProtocol, Message: fmt.Sprintf("%d writes were sent at once; %d are allowed.", len(ms), maxParts)}
	}
	w := &writing{b: b, results: make([]contact.Result, len(ms))}
	for i, m := range ms {
		w.results[i] = contact.Result{Outcome: contact.NotRun, ID: m.ID}
		if r, bad := refuse(m); bad {
			w.results[i] = r
			continue
		}
		w.todo = append(w.todo, job{i: i, m: m})
	}
	for range rereads + 1 {
		if len(w.todo) == 0 {
			break
		}
		if err := w.round(ctx); err != nil {
			return w.results, err
		}
	}
	for _, j := range w.todo {
		w.results[j.i] = contact.Result{Outcome: contact.Conflict, ID: j.m.ID}
	}
	return w.results, nil
}

// writing is one Write under way. Todo are those that have no result yet.
type writing struct {
	b       *book
	results []contact.Result
	todo    []job
}

// round reads what has to be known and sends what then has to be sent.
func (w *writing) round(ctx context.Context) error {
	if err := w.look(ctx); err != nil {
		return err
	}
	if err := w.read(ctx); err != nil {
		return err
	}
	var send, later []job
	busy := map[contact.ID]bool{}
	for _, j := range w.todo {
		if j.m.ID != "" && busy[j.m.ID] {
			later = append(later, j) // one after the other
			continue
		}
		busy[j.m.ID] = true
		if ready, ok := w.decide(j); ok {
			send = append(send, ready)
		}
	}
	w.todo = later
	parts := make([]part, len(send))
	for n, j := range send {
		parts[n] = j.part
	}
	w.b.sending(send)
	answers, broken := w.b.batch(ctx, parts)
	barred := barred(answers)
	for n, j := range send {
		r, again, err := w.b.result(j, answers[n])
		if barred != nil && r.Outcome == contact.Forbidden {
			r, err = contact.Result{Outcome: contact.NotRun, ID: j.m.ID, Cause: r.Cause}, barred
		}
		if again {
			w.todo = append(w.todo, job{i: j.i, m: j.m})
			continue
		}
		if w.results[j.i] = r; err != nil && broken == nil {
			broken = err
		}
	}
	return broken
}

// barred is what it means that the service denies access and carries nothing
// out: in one's own mailbox that is hardly ever about one record.
func barred(answers []answer) error {
	var err error
	for _, a := range answers {
		if a.ok() {
			return nil
		}
		if a.Status == http.StatusForbidden {
			err = faultOf(a.Status, a.Body)
		}
	}
	return err
}

// look finds the creates that an earlier attempt may have carried out.
func (w *writing) look(ctx context.Context) error {
	var markers []string
	var jobs, rest []job
	for _, j := range w.todo {
		if j.m.Op == contact.Create && j.m.Marker != "" && !w.b.first(j.m.Marker) {
			markers, jobs = append(markers, markerFilter(j.m.Marker)), append(jobs, j)
		} else {
			rest = append(rest, j)
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	found, err := w.b.search(ctx, markers)
	if err != nil {
		return err
	}
	for n, j := range jobs {
		var same *item
		for k := range found[n] {
			if found[n][k].marker() == j.m.Marker {
				same = &found[n][k]
			}
		}
		if same == nil {
			rest = append(rest, j)
			continue
		}
		w.results[j.i] = w.b.ok(same, j.m)
	}
	w.todo = rest
	return nil
}

// read reads the records that are to be decided on and are not at hand.
func (w *writing) read(ctx context.Context) error {
	var ids []contact.ID
	var at []int
	for n := range w.todo {
		j := &w.todo[n]
		if j.m.Op == contact.Create || j.m.Op == contact.Delete && j.m.Version != "" {
			continue
		}
		if j.before = w.b.known(j.m.ID, j.m.Version); j.before == nil {
			ids, at = append(ids, j.m.ID), append(at, n)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	items, fates, err := w.b.fetch(ctx, ids)
	if err != nil {
		return err
	}
	for k, n := range at {
		switch fates[k] {
		case present:
			w.todo[n].before = items[k]
		case hidden:
			w.results[w.todo[n].i] = contact.Result{Outcome: contact.Forbidden, ID: ids[k],
				Message: "Microsoft 365 does not let your account see this contact. Ask your administrator."}
		default:
			w.results[w.todo[n].i] = contact.Result{Outcome: contact.Gone, ID: ids[k]}
		}
	}
	kept := w.todo[:0]
	for _, j := range w.todo {
		if o := w.results[j.i].Outcome; o != contact.Gone && o != contact.Forbidden {
			kept = append(kept, j)
		}
	}
	w.todo = kept
	return nil
}

// decide makes the request of a mutation; ok is false where none is needed.
func (w *writing) decide(j job) (ready job, ok bool) {
	m := j.m
	switch m.Op {
	case contact.Create:
		body := patch(nil, m.Contact, m.Mask)
		if m.Marker != "" {
			body["singleValueExtendedProperties"] = []extended{{ID: markerID, Value: m.Marker}}
		}
		j.part = write(http.MethodPost, w.b.place(), "", body)
	case contact.Update:
		if m.Version != "" && j.before.version() != m.Version {
			w.results[j.i] = contact.Result{Outcome: contact.Conflict, ID: m.ID}
			return j, false
		}
		body := patch(j.before, m.Contact, m.Mask)
		if body == nil {
			w.results[j.i] = w.b.ok(j.before, m)
			return j, false
		}
		j.part = write(http.MethodPatch, itemRef(m.ID), j.before.version(), body)
	case contact.Delete:
		j.part = write(http.MethodDelete, itemRef(m.ID), m.Version, nil)
	}
	return j, true
}

// result reads the answer to one write; again asks for another decision.
func (b *book) result(j job, a answer) (r contact.Result, again bool, err error) {
	if !a.ok() {
		r, err = outcome(j.m, a)
		if j.m.Op == contact.Create && r.Outcome != contact.Unknown {
			b.unsent(j.m.Marker)
		}
		b.forget(j.m.ID)
		return r, r.Outcome == contact.Conflict && j.m.Op == contact.Update && j.m.Version == "", err
	}
	b.forget(j.m.ID)
	r = contact.Result{Outcome: contact.OK, ID: j.m.ID}
	if j.m.Op == contact.Delete {
		return r, false, nil
	}
	i := new(item)
	if len(a.Body) == 0 || json.Unmarshal(a.Body, i) != nil || i.ID == "" {
		if j.m.Op == contact.Create {
			// It is there, and its marker finds it.
			return contact.Result{Outcome: contact.Unknown, Cause: errNoContact}, false, nil
		}
		return r, false, nil // the service stored it and did not say how
	}
	if j.m.Op == contact.Create {
		b.learn(i)
	} else if !b.here(i) {
		return contact.Result{Outcome: contact.Gone, ID: j.m.ID}, false, nil // it was in the trash
	}
	return b.ok(i, j.m), false, nil
}

// ok is the result of a write that left this item.
func (b *book) ok(i *item, m contact.Mutation) contact.Result {
	r := b.record(i)
	if r.Marker == "" && m.Op == contact.Create {
		r.Marker = m.Marker // an answer does not hold it
	}
	return contact.Result{Outcome: contact.OK, ID: r.ID, Version: r.Version, Record: &r}
}

// first reports whether a create under this marker is certainly the first one:
// the marker was made after this Book was opened, and was not sent by it. The
// engine's markers are UUIDs that tell their time (RFC 9562 section 5.7).
func (b *book) first(marker string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	id, err := uuid.Parse(marker)
	if b.sent[marker] || err != nil || id.Version() != 7 {
		return false
	}
	seconds, nanos := id.Time().UnixTime()
	return seconds*1000+nanos/1e6 > b.opened.UnixMilli()
}

// sending notes the markers that go out now.
func (b *book) sending(jobs []job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range jobs {
		if j.m.Op == contact.Create && j.m.Marker != "" {
			b.sent[j.m.Marker] = true
		}
	}
}

// unsent takes back a marker of which it is certain that nothing was created.
func (b *book) unsent(marker string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sent, marker)
}

func (b *book) forget(id contact.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.kept, id)
}

// mail is what Exchange takes for an address. Of anything else it would keep
// the text as somebody's name.
var mail = regexp.MustCompile(`^[^\s@,;<>()"]+@[^\s@,;<>()"]+$`)

// refuse says what the service would spoil rather than refuse.
func refuse(m contact.Mutation) (contact.Result, bool) {
	if m.Op == contact.Delete || !m.Mask.Has(contact.Emails) {
		return contact.Result{}, false
	}
	for _, e := range project(m.Contact).Emails {
		if !mail.MatchString(e) {
			return contact.Result{Outcome: contact.Invalid, ID: m.ID, Field: contact.Emails, HasField: true,
				Message: "One of the e-mail addresses is not complete, and Outlook would drop it. Correct it."}, true
		}
	}
	return contact.Result{}, false
}
