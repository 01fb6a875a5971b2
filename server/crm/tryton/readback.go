package tryton

import (
	"context"

	"tandem/server/contact"
)

// readBack reads what was written, for Record and Version. Where that fails
// they stay unknown.
func (w *writer) readBack(ctx context.Context) {
	var ids []contact.ID
	for i, before := range w.done {
		if before != nil && w.ms[i].Op != contact.Delete {
			ids = append(ids, w.results[i].ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	rows, _, err := w.rows(ctx, w.knowledge, ids)
	if err != nil {
		return
	}
	for i, before := range w.done {
		r, ok := rows[w.results[i].ID]
		if before == nil || w.ms[i].Op == contact.Delete || !ok {
			continue
		}
		rec := w.record(r)
		if w.overtaken(*before, r) {
			// A colleague was quicker than our reading. Their edit must be seen as
			// one: the record is what we wrote, under a version that it never has.
			c := w.contact(*before)
			for f := range w.ms[i].Mask.All() {
				if f == contact.FullName {
					c.Name = contact.Name{Full: w.ms[i].Contact.Name.Text()}
					continue
				}
				c = c.Set(f, w.ms[i].Contact.Value(f))
			}
			rec.Contact, rec.Version = w.Project(c), "overtaken"
		}
		w.results[i].Version, w.results[i].Record = rec.Version, &rec
	}
}

// overtaken reports whether somebody else changed after what we wrote.
func (w *writer) overtaken(before, after row) bool {
	me := w.server.gate.user()
	known := map[string]bool{}
	for _, s := range before.marks() {
		known[s.text()] = true
	}
	for _, s := range after.marks() {
		if s.author() != me && !known[s.text()] {
			return true
		}
	}
	return false
}
