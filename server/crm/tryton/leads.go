package tryton

import (
	"context"
	"errors"
	"strconv"

	"tandem/server/contact"
)

// createLeads makes a party and an opportunity for each step. The two calls
// are no transaction: where the second is refused the parties go again, and
// where its answer is lost, a repetition takes the party that is there. So a
// party of the very same name and e-mail is taken over rather than doubled.
func (w *writer) createLeads(ctx context.Context, steps []step) error {
	parties := make([]int64, len(steps))
	var fresh []step
	var places []int
	for n, s := range steps {
		id, err := w.samePerson(ctx, w.ms[s.i].Contact)
		if err != nil {
			return err
		}
		if parties[n] = id; id == 0 {
			fresh, places = append(fresh, s), append(places, n)
		}
	}
	var made []int64
	if len(fresh) > 0 {
		var err error
		if made, err = w.createParties(ctx, fresh); err != nil {
			return err
		}
		for n, at := range places {
			parties[at] = made[n]
		}
	}
	var values list
	for n := range steps {
		values = append(values, object{"party": parties[n], "company": w.context["company"], "employee": w.employee(), "state": "lead"})
	}
	ids, err := w.make(ctx, "model.sale.opportunity.create", values)
	var f *fault
	if errors.As(err, &f) && len(made) > 0 {
		// Best effort: what stays is a contact without a lead.
		w.server.call(ctx, false, nil, "model.party.party.delete", made, w.context)
	}
	if err != nil {
		return err
	}
	w.created(steps, ids)
	return nil
}

func (w *writer) employee() any {
	if id, ok := w.context["employee"].(int64); ok && id != 0 {
		return id
	}
	return nil
}

// samePerson finds the one active party with this very name and e-mail.
func (w *writer) samePerson(ctx context.Context, c contact.Contact) (int64, error) {
	if len(c.Emails) == 0 || c.Name.Text() == "" {
		return 0, nil
	}
	contacts := &Book{server: w.server, root: w.root, norm: w.norm}
	k := *w.knowledge
	k.leads = false
	contacts.known.Store(&k)
	found, err := contacts.Find(ctx, contact.Query{Emails: c.Emails[:1], Name: c.Name.Text(), Limit: 2})
	if err != nil || len(found) != 1 {
		return 0, err
	}
	return strconv.ParseInt(string(found[0].ID), 10, 64)
}
