package engine

import (
	"context"
	"strings"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// claims are the organization-wide notes that this run is creating people in
// the CRM: one for each e-mail, else one for the name with phone or company.
func (r *run) claims(s plan.Side, steps []step, intents []store.Intent) []store.Claim {
	if s != plan.Left {
		return nil
	}
	var out []store.Claim
	for i, st := range steps {
		if st.op.Kind != plan.Create {
			continue
		}
		for _, key := range r.claimKeys(st.op.Contact) {
			out = append(out, store.Claim{
				OrganizationID: r.pair.OrganizationID, CRM: r.conn[s].Provider + " " + r.conn[s].BaseURL,
				Entity: r.settings.Entity, Key: key, UserID: r.pair.UserID, IntentID: intents[i].ID, CreatedAt: r.Now(),
			})
		}
	}
	return out
}

func (r *run) claimKeys(c contact.Contact) []string {
	var emails, rest []string
	for _, k := range r.settings.Norm.MatchKeys(c) {
		if k.Kind == contact.KeyEmail {
			emails = append(emails, "email "+mailKey(c, k.Text))
		} else {
			rest = append(rest, k.Text)
		}
	}
	if len(emails) > 0 {
		return emails
	}
	return []string{"match " + strings.Join(rest, "|")}
}

// mailKey is what an e-mail says about who somebody is: an address that belongs
// to a desk means the person only together with the name.
func mailKey(c contact.Contact, email string) string {
	key := contact.Fold(email)
	if plan.IsRole(key) {
		key += " " + contact.Fold(c.Name.Text())
	}
	return key
}

// others deals with creates that somebody else of the organization has claimed.
// Where the CRM's record exists already and this user may see it, the contact
// is linked with it; otherwise it waits for the next run.
func (r *run) others(ctx context.Context, steps []step, intents []store.Intent, taken []store.Claim) ([]step, []store.Intent, []*group, error) {
	if len(taken) == 0 {
		return steps, intents, nil, nil
	}
	record := map[string]contact.ID{}
	for _, c := range taken {
		if record[c.ForIntent] == "" {
			record[c.ForIntent] = contact.ID(c.RecordID)
		}
	}
	var keptSteps []step
	var keptIntents []store.Intent
	var redo []*group
	for i, st := range steps {
		id, lost := record[intents[i].ID]
		if !lost {
			keptSteps, keptIntents = append(keptSteps, st), append(keptIntents, intents[i])
			continue
		}
		st.g.failed = true
		if id == "" {
			r.transient = true // its creator is at work
			continue
		}
		if err := r.adopt(ctx, st, id); err != nil {
			return nil, nil, nil, err
		}
	}
	return keptSteps, keptIntents, redo, nil
}

// adopt links a contact with the CRM's record that somebody else created, as a
// first meeting: blanks are filled, differences are listed.
func (r *run) adopt(ctx context.Context, st step, id contact.ID) error {
	found, gone, err := r.book[plan.Left].Get(ctx, []contact.ID{id})
	if err != nil {
		return sideError(plan.Left, "read a claimed record", err)
	}
	if len(gone) > 0 {
		r.transient = true // the claim ends soon, and then it is created anew
		return nil
	}
	source, ok := r.lists[plan.Right].records[st.op.Half[plan.Right].ID]
	if len(found) == 0 || !ok {
		var b store.Batch
		r.report.Review++
		op := st.op
		op.Reason = "a colleague has created this person in the CRM, and you may not see the record"
		b.Items = append(b.Items, r.item("review", "left", st.g.link, op, Detail{Name: op.Name, Candidates: []contact.ID{id}}))
		return r.Ledger.Commit(ctx, r.pair.ID, r.fence, b)
	}
	p := plan.Make(plan.Input{
		Settings: r.settings.Settings, First: true, Confirmed: true,
		Book: [2]plan.Book{
			{Description: r.desc[0], Project: r.book[0].Project, Listed: -1, Before: -1},
			{Description: r.desc[1], Project: r.book[1].Project, Listed: -1, Before: -1},
		},
		Fresh: [2][]contact.Record{{found[0]}, {source}},
	})
	if err := r.notes(ctx, p.Notes); err != nil {
		return err
	}
	_, err = r.round(ctx, r.groups(p.Ops, nil))
	return err
}

// colleagues takes out the creates of people whom the CRM already has outside
// this user's scope: a colleague's record is neither doubled nor taken over.
func (r *run) colleagues(ctx context.Context, s plan.Side, steps []step) ([]step, error) {
	if s != plan.Left || steps[0].op.Kind != plan.Create || !r.desc[s].Owner || r.settings.Scope != "mine" {
		return steps, nil
	}
	var emails []string
	for _, st := range steps {
		emails = append(emails, st.op.Contact.Emails...)
	}
	if len(emails) == 0 {
		return steps, nil
	}
	found, err := r.book[s].Find(ctx, contact.Query{Emails: emails, Anyone: true, Limit: 4*len(emails) + 20})
	if err != nil {
		return nil, sideError(s, "look for colleagues' records", err)
	}
	theirs := map[string]contact.ID{}
	for _, rec := range found {
		for _, e := range rec.Contact.Emails {
			if !rec.Mine { // the user's own are no colleague's: the plan has seen them
				theirs[mailKey(rec.Contact, e)] = rec.ID
			}
		}
	}
	var b store.Batch
	kept := steps[:0:0]
	for _, st := range steps {
		id := contact.ID("")
		for _, e := range st.op.Contact.Emails {
			if hit, ok := theirs[mailKey(st.op.Contact, e)]; ok {
				id = hit
			}
		}
		if id == "" {
			kept = append(kept, st)
			continue
		}
		st.g.failed = true
		r.report.Review++
		op := st.op
		op.Reason = "a colleague's record in the CRM has the same e-mail"
		b.Items = append(b.Items, r.item("review", "left", st.g.link, op, Detail{Name: op.Name, Candidates: []contact.ID{id}}))
	}
	if len(b.Items) > 0 {
		return kept, r.Ledger.Commit(ctx, r.pair.ID, r.fence, b)
	}
	return kept, nil
}
