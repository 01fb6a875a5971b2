package google

import (
	"slices"

	"tandem/server/contact"
)

// creates makes contacts. Those whose marker somebody bears are there already.
func (w *writing) creates(all []int) error {
	all, err := w.known(all)
	if err != nil || len(all) == 0 {
		return err
	}
	var names []string
	for _, i := range all {
		if w.m[i].Mask.Has(contact.Categories) {
			names = append(names, project(w.m[i].Contact).Categories...)
		}
	}
	if _, err := w.ensure(w.ctx, names); err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(i int) bool { return w.malformed(i, nil) })
	for batch := range slices.Chunk(all, createMost) {
		if err := w.create(batch); err != nil {
			return err
		}
	}
	return nil
}

// known answers the creates whose marker somebody is known to bear, and gives
// the others.
func (w *writing) known(all []int) (others []int, err error) {
	w.mu.Lock()
	bearers := map[int]contact.ID{}
	var ids []contact.ID
	for _, i := range all {
		if id, ok := w.marks[w.m[i].Marker]; ok && w.m[i].Marker != "" {
			bearers[i], ids = id, append(ids, id)
		}
	}
	w.mu.Unlock()
	if len(ids) == 0 {
		return all, nil
	}
	there, err := w.read(w.ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if one, ok := there[bearers[i]]; ok && one.r.Marker == w.m[i].Marker {
			w.done(i, one.r)
		} else {
			others = append(others, i)
		}
	}
	return others, nil
}

// made is the person that a create asks for.
func made(m contact.Mutation, g *groupSet) person {
	var p person
	p.Memberships = []membership{{Group: &groupMembers{myContacts}}}
	p.write(project(m.Contact), m.Mask, g)
	var out person
	for _, one := range parts {
		one.send(&p, &out)
	}
	if m.Marker != "" {
		out.ClientData = []clientData{{Key: markerKey, Value: m.Marker}}
	}
	return out
}

// create sends one batch.
func (w *writing) create(batch []int) error {
	g, err := w.groups(w.ctx)
	if err != nil {
		return err
	}
	var people []person
	for _, i := range batch {
		people = append(people, made(w.m[i], g))
	}
	answers, err := w.client.create(w.ctx, people)
	if err == nil {
		w.created(batch, answers, g)
		return nil
	}
	r, err := w.failed(err, batch)
	switch {
	case err != nil:
		return err
	case len(batch) == 1:
		w.refuse(batch[0], r)
		return nil
	}
	return w.apart(batch, r)
}

// apart repeats a batch that was refused for one of its contacts in halves. No
// page says that nothing of such a batch was kept, so it is looked for first.
func (w *writing) apart(batch []int, r *refusal) error {
	w.forgetGroups() // perhaps one of them is what is wrong
	if err := w.everyone(w.ctx, "clientData,metadata", func(p *person) error {
		if rec, ok := p.record("", newGroupSet(nil)); ok {
			w.learn(p, rec)
		}
		return nil
	}); err != nil {
		w.set(contact.Unknown, "", r, batch...)
		return err
	}
	batch = slices.DeleteFunc(slices.Clone(batch), func(i int) bool {
		if w.m[i].Marker != "" {
			return false
		}
		w.set(contact.Unknown, "", r, i) // nothing tells it from others
		return true
	})
	batch, err := w.known(batch)
	if err != nil {
		w.set(contact.Unknown, "", r, batch...)
		return err
	}
	if len(batch) == 1 {
		return w.create(batch)
	}
	for _, half := range halves(batch) {
		if len(half) == 0 {
			continue
		}
		if err := w.create(half); err != nil {
			return err
		}
	}
	return nil
}

// created takes in the answers of a batch: by the markers that the people bear,
// else in their order, where there is one for each.
func (w *writing) created(batch []int, answers []answered, g *groupSet) {
	byMarker := map[string]int{}
	for _, i := range batch {
		w.set(contact.Unknown, "", nil, i)
		if w.m[i].Marker != "" {
			byMarker[w.m[i].Marker] = i
		}
	}
	taken, used := map[int]bool{}, make([]bool, len(answers))
	for n, a := range answers {
		if a.Person == nil {
			continue
		}
		if i, ok := byMarker[a.Person.marker()]; ok && !taken[i] {
			taken[i], used[n] = true, true
			w.takeCreated(i, a, g)
		}
	}
	for n, a := range answers {
		if len(answers) == len(batch) && !used[n] && !taken[batch[n]] {
			w.takeCreated(batch[n], a, g)
		}
	}
}

func (w *writing) takeCreated(i int, a answered, g *groupSet) {
	if code := a.code(); code != codeOK {
		w.part(i, code)
		return
	}
	if a.Person == nil {
		return
	}
	if r, ok := w.record(a.Person, "", g); ok {
		w.done(i, r)
	}
}
