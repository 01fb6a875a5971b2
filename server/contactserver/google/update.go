package google

import (
	"maps"
	"slices"
	"strings"

	"tandem/server/contact"
)

// rereads is how often an etag that is refused is read anew: Google refuses
// right ones, too, shortly after a write.
const rereads = 3

// updates changes contacts. What a refused etag leaves open is read and merged
// again; what still moves then is a conflict.
func (w *writing) updates(all []int) error {
	var names []string
	for _, i := range all {
		if w.m[i].Mask.Has(contact.Categories) {
			names = append(names, project(w.m[i].Contact).Categories...)
		}
	}
	if len(names) > 0 {
		if _, err := w.ensure(w.ctx, names); err != nil {
			return err
		}
	}
	for n := 0; len(all) > 0; n++ {
		if n > rereads {
			w.set(contact.Conflict, "", nil, all...)
			return nil
		}
		var err error
		if all, err = w.update(all, n > 0); err != nil {
			return err
		}
	}
	return nil
}

// change is one update that is ready to be sent.
type change struct {
	i    int
	name string // of the resource
	p    person
}

// update merges and sends. Direct reads everybody anew. again are those to be
// merged once more.
func (w *writing) update(all []int, direct bool) (again []int, err error) {
	byMask, again, err := w.merge(all, direct)
	if err != nil {
		return nil, err
	}
	for _, mask := range slices.Sorted(maps.Keys(byMask)) {
		for batch := range slices.Chunk(byMask[mask], updateMost) {
			more, err := w.sendUpdates(mask, batch)
			if err != nil {
				return nil, err
			}
			again = append(again, more...)
		}
	}
	return again, nil
}

// merge writes each update into the person as it is, and sorts them by the
// fields that change: a batch has one mask for all. Two updates of one person
// follow each other.
func (w *writing) merge(all []int, direct bool) (byMask map[string][]change, later []int, err error) {
	g, err := w.groups(w.ctx)
	if err != nil {
		return nil, nil, err
	}
	now := map[contact.ID]got{}
	var ask []contact.ID
	for _, i := range all {
		id := w.m[i].ID
		if p, ok := w.people.get(id, w.m[i].Version); ok && !direct {
			if r, ok := p.record(id, g); ok {
				now[id] = got{p, r}
				continue
			}
		}
		ask = append(ask, id)
	}
	if len(ask) > 0 {
		read, err := w.read(w.ctx, ask)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(now, read)
	}
	byMask = map[string][]change{}
	busy := map[contact.ID]bool{}
	for _, i := range all {
		m := w.m[i]
		one, there := now[m.ID]
		switch {
		case !there:
			w.set(contact.Gone, "", nil, i)
		case m.Version != "" && m.Version != one.r.Version:
			w.set(contact.Conflict, "", nil, i)
		case w.malformed(i, one.r.Contact.Emails):
		case busy[m.ID]:
			later = append(later, i)
		default:
			p, changed := one.p.patched(m.Contact, m.Mask, g)
			if len(changed) == 0 {
				w.results[i] = contact.Result{Outcome: contact.OK, ID: m.ID, Version: one.r.Version, Record: &one.r}
				continue
			}
			busy[m.ID] = true
			s := one.p.contactSource(string(m.ID))
			p.Metadata = &metadata{Sources: []source{{Type: sourceContact, ID: s.ID, Etag: s.Etag}}}
			mask := strings.Join(changed, ",")
			byMask[mask] = append(byMask[mask], change{i, one.p.ResourceName, p})
		}
	}
	return byMask, later, nil
}

// sendUpdates sends one batch; again are those whose etag was refused.
func (w *writing) sendUpdates(mask string, batch []change) (again []int, err error) {
	people := make(map[string]person, len(batch))
	var all []int
	for _, c := range batch {
		people[c.name] = c.p
		all = append(all, c.i)
	}
	answers, err := w.client.update(w.ctx, people, strings.Split(mask, ","))
	if err != nil {
		return w.refusedUpdates(all, err)
	}
	g, err := w.groups(w.ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range batch {
		w.people.drop(w.m[c.i].ID)
		a, answeredAt := answers[c.name]
		switch code := a.code(); {
		case !answeredAt:
			w.set(contact.Unknown, "", nil, c.i)
		case code == codeFailed || code == codeAborted:
			again = append(again, c.i)
		case code != codeOK:
			w.part(c.i, code)
		default:
			// Without the person, an empty Version has it read again.
			w.results[c.i] = contact.Result{Outcome: contact.OK, ID: w.m[c.i].ID}
			if r, ok := w.recordOf(a.Person, w.m[c.i].ID, g); ok {
				w.done(c.i, r)
			}
		}
	}
	return again, nil
}

func (w *writing) recordOf(p *person, id contact.ID, g *groupSet) (r contact.Record, ok bool) {
	if p == nil {
		return r, false
	}
	return w.record(p, id, g)
}

// refusedUpdates goes on after a batch that was refused as a whole. Nothing
// says whether a part of it was kept, so all are read before any is repeated:
// first all together, where it was for an etag, then in halves.
func (w *writing) refusedUpdates(all []int, err error) (again []int, _ error) {
	r, err := w.failed(err, all)
	switch {
	case err != nil:
		return nil, err
	case r.stale() && w.rereads < rereads:
		w.rereads++
		return w.update(all, true)
	case len(all) == 1:
		w.refuse(all[0], r)
		return nil, nil
	}
	if mask := w.m[all[0]].Mask; mask.Has(contact.Categories) {
		w.forgetGroups()
	}
	for _, half := range halves(all) {
		more, err := w.update(half, true)
		if err != nil {
			return nil, err
		}
		again = append(again, more...)
	}
	return again, nil
}
