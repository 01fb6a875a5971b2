package engine

import (
	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// succeeded takes a write that was carried out into the batch to commit: the
// link with what the written side now holds, and a line of the report.
func (r *run) succeeded(b *store.Batch, seen *store.SeenBatch, s plan.Side, st step, in store.Intent, res contact.Result, back contact.Record) {
	g, op := st.g, st.op
	side := r.report.side(s)
	if op.Kind == plan.Delete {
		side.Deleted++
		seen.Drop = append(seen.Drop, string(g.link.Side[s].ID))
		b.Items = append(b.Items, r.item("deleted", s.String(), g.link, op, Detail{Name: op.Name, Before: values(op.Before, contact.AllFields)}))
		if g.link.State = op.State; op.State == plan.Active {
			b.DropLinks = append(b.DropLinks, g.link.ID)
			return
		}
		b.Links = append(b.Links, r.kept(g))
		return
	}
	if res.Record != nil {
		back = *res.Record
	}
	now, version := back.Contact, res.Version
	var read *contact.Record
	if back.ID == "" {
		// A strong version came: the provider stored what was sent.
		now = r.book[s].Project(op.Contact)
	} else {
		read, version = &back, back.Version
	}
	g.done(op, read)
	if res.ID != "" {
		g.link.Side[s].ID = res.ID
	}
	g.link.Side[s].Version = version
	if read != nil && r.apart(g.link.Side[s].Base, back) {
		g.link.Side[s].Version = ""
	}
	r.wrote[s][g.link.Side[s].ID] = true
	if res.Record == nil && back.ID != "" {
		r.rewritten(b, st, back)
	}
	d := Detail{Name: op.Name, Changes: changes(op.Before, op.Contact, op.Mask)}
	switch op.Kind {
	case plan.Create:
		side.Created++
		g.link.CreatedSide = int8(s)
		d.Changes = changes(contact.Contact{}, op.Contact, op.Mask)
		o := s.Other()
		if s == plan.Left {
			b.Settle[in.ID] = string(res.ID)
		}
		delete(r.again[o], op.Half[o].ID)
		b.Items = append(b.Items, r.item("created", s.String(), g.link, op, d))
	default:
		side.Updated++
		d.Before = values(op.Before, contact.AllFields)
		b.Items = append(b.Items, r.item("updated", s.String(), g.link, op, d))
	}
	b.Links = append(b.Links, r.kept(g))
	seen.Put = append(seen.Put, store.Seen{ConnectionID: r.conn[s].ID, Entity: r.settings.Entity,
		RecordID: string(g.link.Side[s].ID), Version: string(version), Keys: r.keys(now)})
}

// rewritten lists the fields that were read back with another meaning than was
// sent. The server may have altered them, or a person typed at that moment: both
// look the same. What was read becomes the base, so that a server's mind is never
// taken for an edit; a person who typed finds the value in the list.
func (r *run) rewritten(b *store.Batch, st step, back contact.Record) {
	op, s := st.op, st.op.Side
	sent, fields := r.book[s].Project(op.Contact), op.Mask
	if op.Kind == plan.Create {
		for f := range op.Half[s].Base { // all that was read becomes the base
			fields = fields.With(f)
		}
	}
	for f := range fields.All() {
		if !back.Read.Has(f) || f == contact.Categories || f == contact.FullName && fields&contact.NameParts != 0 ||
			r.settings.Norm.Equal(f, sent.Value(f), back.Contact.Value(f)) {
			continue
		}
		d := Detail{Name: op.Name, Field: f.String()}
		d.Left, d.Right = op.Contact.Value(f), back.Contact.Value(f)
		if s == plan.Left {
			d.Left, d.Right = d.Right, d.Left
		}
		op.Reason = "the server holds something else than was sent: it altered it, or somebody typed at that moment"
		r.report.Difference++
		b.Items = append(b.Items, r.item("difference", s.String(), st.g.link, op, d))
	}
}

// refused notes a write that the provider did not accept. The record waits; it
// is tried again when a person edits it.
func (r *run) refused(b *store.Batch, st step, res contact.Result) {
	op := st.op
	if res.Outcome == contact.Duplicate {
		r.report.Review++
		op.Reason = "the CRM says that this person is there already"
		b.Items = append(b.Items, r.item("review", op.Side.String(), st.g.link, op, Detail{Name: op.Name, Candidates: res.Existing}))
		return
	}
	r.report.Failed++
	op.Reason = plan.Reason(outcomeSentence(res))
	r.Log.Info("write refused", "run", r.row.ID, "side", op.Side.String(), "op", op.Kind.String(), "outcome", res.Outcome.String(), "cause", res.Cause)
	d := Detail{Name: op.Name, Changes: changes(op.Before, op.Contact, op.Mask)}
	if res.HasField {
		d.Field = res.Field.String()
	}
	b.Items = append(b.Items, r.item("failed", op.Side.String(), st.g.link, op, d))
}

// unknown notes a write whose answer was lost. Its intent stays, and the next
// look at it finds out.
func (r *run) unknown(b *store.Batch, st step) {
	r.transient = true
	r.report.Failed++
	st.g.failed = true
	op := st.op
	op.Reason = "the answer was lost; whether it was carried out is looked up before anything is repeated"
	b.Items = append(b.Items, r.item("failed", op.Side.String(), st.g.link, op, Detail{Name: op.Name}))
}

// outcomeSentence says what a refusal means and what to do.
func outcomeSentence(res contact.Result) string {
	if res.Message != "" {
		return res.Message
	}
	switch res.Outcome {
	case contact.ReadOnly:
		return "The record is locked there. It is tried again after the next edit."
	case contact.Forbidden:
		return "Your account may not change this record. Ask its owner or your administrator."
	case contact.Retry, contact.NotRun:
		return "The server was busy. The next run tries again."
	case contact.Gone:
		return "The record no longer exists there."
	}
	return "The server refused the record. Edit it, and it is tried again."
}

// changes lists the fields of fs that differ between before and after.
func changes(before, after contact.Contact, fs contact.Fields) []Change {
	var out []Change
	for f := range fs.All() {
		b, a := before.Value(f), after.Value(f)
		if !(contact.Norm{}).Equal(f, b, a) || b.First() != a.First() {
			out = append(out, Change{Field: f.String(), Before: b, After: a})
		}
	}
	return out
}

// keys are the blind keys of a record, as the store takes them.
func (r *run) keys(c contact.Contact) []store.Key {
	ks := r.settings.Norm.MatchKeys(c)
	out := make([]store.Key, len(ks))
	for i, k := range ks {
		out[i] = store.Key{Kind: string(k.Kind), Text: k.Text}
	}
	return out
}
