package tryton

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"tandem/server/contact"
)

// Write implements contact.Book. Mutations of one kind that follow each other
// go to Tryton in one call, which is one transaction; where that is refused,
// each is tried alone, so that one bad record stops no other.
func (b *Book) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	w := &writer{Book: b, ms: ms, results: make([]contact.Result, len(ms)), done: make([]*row, len(ms))}
	for i := range w.results {
		w.results[i] = contact.Result{Outcome: contact.NotRun, ID: ms[i].ID}
	}
	k, err := b.learn(ctx)
	if err != nil {
		return w.results, err
	}
	w.knowledge = k
	for start := 0; start < len(ms); {
		end := start + 1
		for end < len(ms) && ms[end].Op == ms[start].Op {
			end++
		}
		if err := w.run(ctx, start, end); err != nil {
			return w.results, err
		}
		start = end
	}
	w.readBack(ctx)
	return w.results, nil
}

// writer is one Write.
type writer struct {
	*Book
	*knowledge
	ms      []contact.Mutation
	results []contact.Result
	// done are, for what was written, the rows as they were before: zero rows
	// for creates.
	done []*row
}

// step is one mutation that is ready to be sent.
type step struct {
	i      int // its place in ms
	before row
	values object
}

func (w *writer) run(ctx context.Context, start, end int) error {
	switch w.ms[start].Op {
	case contact.Create:
		var steps []step
		for i := start; i < end; i++ {
			steps = append(steps, step{i: i, values: w.encode(w.knowledge, row{}, w.ms[i].Contact, w.ms[i].Mask)})
		}
		return w.send(ctx, steps, w.create)
	case contact.Update:
		steps, err := w.prepare(ctx, start, end)
		if err != nil {
			return err
		}
		steps = slices.DeleteFunc(steps, func(s step) bool {
			if len(s.values) > 0 {
				return false
			}
			rec := w.record(s.before)
			w.results[s.i] = contact.Result{Outcome: contact.OK, ID: rec.ID, Version: rec.Version, Record: &rec}
			return true
		})
		return w.send(ctx, steps, w.update)
	}
	steps, err := w.prepare(ctx, start, end)
	if err != nil {
		return err
	}
	return w.send(ctx, steps, w.remove)
}

// prepare reads the records to be changed, answers for those that may not be,
// and gives the others. A record that is named twice is changed once; the
// second one has to read it again.
func (w *writer) prepare(ctx context.Context, start, end int) ([]step, error) {
	var ids []contact.ID
	for _, m := range w.ms[start:end] {
		ids = append(ids, m.ID)
	}
	rows, missing, err := w.rows(ctx, w.knowledge, ids)
	if err != nil {
		return nil, err
	}
	var steps []step
	taken := map[int64]bool{}
	for i := start; i < end; i++ {
		m, result := w.ms[i], &w.results[i]
		r, ok := rows[m.ID]
		written := r.ID
		if m.Op == contact.Delete {
			written = r.id() // the party of a lead stays
		}
		switch {
		case !ok && slices.Contains(missing, m.ID):
			result.Outcome = contact.Gone
		case !ok:
			result.Outcome, result.Message = contact.Forbidden, "Your Tryton user may not see this record any more."
		case r.fate() == contact.Converted:
			result.Outcome, result.Message = contact.ReadOnly, "The lead has become an opportunity in Tryton."
		case r.fate() != contact.Changed:
			result.Outcome, result.Message = contact.ReadOnly, "The record is archived in Tryton. Activate it there to go on."
		case m.Version != "" && m.Version != r.version():
			rec := w.record(r)
			result.Outcome, result.Version, result.Record = contact.Conflict, rec.Version, &rec
		case taken[written]:
			result.Outcome, result.Message = contact.Conflict, "The record was changed a moment ago."
		default:
			taken[written] = true
			s := step{i: i, before: r}
			if m.Op == contact.Update {
				s.values = w.encode(w.knowledge, r, m.Contact, m.Mask)
			}
			steps = append(steps, s)
		}
	}
	return steps, nil
}

// send sends steps together, and where Tryton refuses them, one by one. The
// error is for the connection; the steps under way are then Unknown if they
// may have been carried out.
func (w *writer) send(ctx context.Context, steps []step, do func(context.Context, []step) error) error {
	if len(steps) == 0 {
		return nil
	}
	err := do(ctx, steps)
	var f *fault
	switch {
	case err == nil:
		for _, s := range steps {
			w.done[s.i] = &s.before
		}
		return nil
	case !errors.As(err, &f):
		if maybeDone(err) {
			for _, s := range steps {
				w.results[s.i].Outcome = contact.Unknown
			}
		}
		return err
	case len(steps) > 1:
		for _, s := range steps {
			if err := w.send(ctx, []step{s}, do); err != nil {
				return err
			}
		}
		return nil
	}
	w.refuse(steps[0], f)
	return nil
}

func (w *writer) update(ctx context.Context, steps []step) error {
	var params list
	locks := object{}
	for _, s := range steps {
		params = append(params, []int64{s.before.ID}, s.values)
		w.lock(s, locks)
	}
	_, err := w.server.call(ctx, false, nil, "model.party.party.write", append(params, w.locked(locks))...)
	if err != nil {
		return err
	}
	for _, s := range steps {
		w.results[s.i].Outcome = contact.OK
	}
	return nil
}

// lock adds what makes Tryton refuse a conditional step where a row that it
// writes was changed since it was read.
func (w *writer) lock(s step, into object) {
	if w.ms[s.i].Version == "" {
		return
	}
	for _, m := range s.before.marks() {
		into[fmt.Sprint(m.model, ",", m.ID)] = m.Lock
	}
}

// locked is the context of a write with these locks.
func (w *writer) locked(locks object) object {
	c := object{"_timestamp": locks}
	for key, v := range w.context {
		c[key] = v
	}
	return c
}

func (w *writer) create(ctx context.Context, steps []step) error {
	if w.leads {
		return w.createLeads(ctx, steps)
	}
	ids, err := w.createParties(ctx, steps)
	if err != nil {
		return err
	}
	w.created(steps, ids)
	return nil
}

func (w *writer) createParties(ctx context.Context, steps []step) ([]int64, error) {
	var values list
	for _, s := range steps {
		values = append(values, s.values)
	}
	return w.make(ctx, "model.party.party.create", values)
}

// make creates records and gives their ids, in order.
func (w *writer) make(ctx context.Context, method string, values list) ([]int64, error) {
	var ids []int64
	if _, err := w.server.call(ctx, false, &ids, method, values, w.context); err != nil {
		return nil, err
	}
	if len(ids) != len(values) {
		return nil, &contact.Error{Kind: contact.ErrProtocol, Message: "Tryton's answer could not be understood.",
			Cause: &uncertain{errors.New("tryton: " + method + " gives another number of ids")}}
	}
	return ids, nil
}

func (w *writer) created(steps []step, ids []int64) {
	for n, s := range steps {
		w.results[s.i].Outcome = contact.OK
		w.results[s.i].ID = contact.ID(strconv.FormatInt(ids[n], 10))
	}
}

func (w *writer) remove(ctx context.Context, steps []step) error {
	var ids []int64
	locks := object{}
	for _, s := range steps {
		ids = append(ids, s.before.id())
		w.lock(s, locks)
	}
	if w.leads {
		// Deleting a lead cancels it first, which changes it: no lock holds.
		locks = object{}
	}
	_, err := w.server.call(ctx, false, nil, "model."+w.model()+".delete", ids, w.locked(locks))
	if err != nil {
		return err
	}
	for _, s := range steps {
		w.results[s.i].Outcome = contact.OK
	}
	return nil
}
