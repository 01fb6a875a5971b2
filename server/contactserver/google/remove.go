package google

import (
	"slices"

	"tandem/server/contact"
)

// deletes removes contacts. The API has no condition for it, so versions are
// compared by reading just before.
func (w *writing) deletes(all []int) error {
	there, err := w.readAll(all)
	if err != nil {
		return err
	}
	seen := map[contact.ID]bool{}
	all = slices.DeleteFunc(all, func(i int) bool {
		one, ok := there[w.m[i].ID]
		switch {
		case !ok || seen[w.m[i].ID]:
			w.set(contact.Gone, "", nil, i)
		case w.m[i].Version != "" && w.m[i].Version != one.r.Version:
			w.set(contact.Conflict, "", nil, i)
		default:
			seen[w.m[i].ID] = true
			return false
		}
		return true
	})
	for batch := range slices.Chunk(all, deleteMost) {
		if err := w.remove(batch, there); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) readAll(which []int) (map[contact.ID]got, error) {
	if len(which) == 0 {
		return nil, nil
	}
	ids := make([]contact.ID, len(which))
	for n, i := range which {
		ids[n] = w.m[i].ID
	}
	return w.read(w.ctx, ids)
}

// remove sends one batch. Its answer has no parts: where it is refused, what is
// still there is tried in halves.
func (w *writing) remove(batch []int, there map[contact.ID]got) error {
	names := make([]string, len(batch))
	for n, i := range batch {
		names[n] = there[w.m[i].ID].p.ResourceName
	}
	err := w.client.remove(w.ctx, names)
	if err == nil {
		w.removed(batch...)
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
	for _, half := range halves(batch) {
		still, err := w.readAll(half)
		if err != nil {
			w.set(contact.Unknown, "", r, half...)
			return err
		}
		half = slices.DeleteFunc(slices.Clone(half), func(i int) bool {
			_, ok := still[w.m[i].ID]
			if !ok {
				w.removed(i)
			}
			return !ok
		})
		if len(half) == 0 {
			continue
		}
		if err := w.remove(half, still); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) removed(which ...int) {
	for _, i := range which {
		id := w.m[i].ID
		w.own.removed(id)
		w.people.drop(id)
		w.results[i] = contact.Result{Outcome: contact.OK, ID: id}
	}
}
