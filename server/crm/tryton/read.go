package tryton

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"tandem/server/contact"
)

// search reads records by a domain, in the order of their ids, archived ones
// and archived rows of theirs included. The time is the server's, as the answer
// tells it.
func (b *Book) search(ctx context.Context, k *knowledge, domain list, limit int, all bool) ([]row, time.Time, error) {
	byID := list{list{"id", "ASC"}}
	everything := maps.Clone(k.context)
	everything["active_test"] = false
	if !b.leads {
		var parties []party
		date, err := b.server.call(ctx, true, &parties, "model.party.party.search_read",
			domain, 0, limit, byID, k.columns(all), everything)
		rows := make([]row, len(parties))
		for i, p := range parties {
			rows[i].party = p
		}
		return rows, date, trouble(err)
	}
	var leads []opportunity
	date, err := b.server.call(ctx, true, &leads, "model.sale.opportunity.search_read", domain, 0, limit, byID, k.columns(all), everything)
	rows := make([]row, len(leads))
	for i := range leads {
		rows[i].lead = &leads[i]
		if leads[i].Party != nil {
			rows[i].party = *leads[i].Party
		}
	}
	return rows, date, trouble(err)
}

// inScope is the domain of the records that are synchronised.
func (b *Book) inScope() list {
	if b.leads {
		return list{list{"state", "=", "lead"}, list{"party.active", "=", true}}
	}
	return list{list{"active", "=", true}}
}

// ofParty is a condition on the party of a record.
func (b *Book) ofParty(domain list) list {
	if !b.leads || len(domain) == 0 {
		return domain
	}
	return list{list{"party", "where", domain}}
}

// fate tells what a record is to the sync.
func (r row) fate() contact.ChangeKind {
	switch {
	case r.lead != nil && slices.Contains([]string{"opportunity", "converted", "won"}, r.lead.State):
		return contact.Converted
	case r.lead != nil && r.lead.State != "lead":
		return contact.LeftScope
	case r.lead == nil && !bool(r.Active) && r.ReplacedBy != 0:
		return contact.Merged
	case !bool(r.Active):
		return contact.LeftScope
	}
	return contact.Changed
}

func (b *Book) record(r row) contact.Record {
	id := strconv.FormatInt(r.id(), 10)
	rec := contact.Record{
		ID: contact.ID(id), Version: r.version(), Contact: b.contact(r), Read: fields,
		Modified: r.changed(), Created: r.Created.Time,
	}
	model := "party.party"
	if r.lead != nil {
		rec.Created, model = r.lead.Created.Time, "sale.opportunity"
	}
	if b.web {
		rec.URL = b.root + "/#" + b.server.database + "/model/" + model + "/" + id
	}
	return rec
}

// Get implements contact.Book. Archived parties, and leads that are none any
// more, exist but are in neither answer.
func (b *Book) Get(ctx context.Context, ids []contact.ID) (found []contact.Record, missing []contact.ID, err error) {
	k, err := b.learn(ctx)
	if err != nil {
		return nil, nil, err
	}
	for chunk := range slices.Chunk(ids, pageSize) {
		rows, gone, err := b.rows(ctx, k, chunk)
		if err != nil {
			return nil, nil, err
		}
		missing = append(missing, gone...)
		for _, id := range chunk {
			if r, ok := rows[id]; ok && r.fate() == contact.Changed {
				found = append(found, b.record(r))
				delete(rows, id)
			}
		}
	}
	return found, missing, nil
}

// rows reads records by ID. What Tryton's search does not give is missing only
// if reading it by its id says so too: a rule may hide it.
func (b *Book) rows(ctx context.Context, k *knowledge, ids []contact.ID) (map[contact.ID]row, []contact.ID, error) {
	var numbers []int64
	asked := map[int64]contact.ID{}
	var missing []contact.ID
	for _, id := range ids {
		n, err := strconv.ParseInt(string(id), 10, 64)
		if err != nil || n <= 0 || n > 1<<31-1 || contact.ID(strconv.FormatInt(n, 10)) != id {
			if !slices.Contains(missing, id) {
				missing = append(missing, id) // no ID of ours: there is no such record
			}
			continue
		}
		if asked[n] == "" {
			asked[n] = id
			numbers = append(numbers, n)
		}
	}
	found := map[contact.ID]row{}
	if len(numbers) == 0 {
		return found, missing, nil
	}
	rows, _, err := b.search(ctx, k, list{list{"id", "in", numbers}}, len(numbers), true)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range rows {
		found[asked[r.id()]] = r
		delete(asked, r.id())
	}
	for _, n := range numbers {
		if asked[n] == "" {
			continue
		}
		absent, err := b.absent(ctx, k, n)
		if err != nil {
			return nil, nil, err
		}
		if absent {
			missing = append(missing, asked[n])
		}
	}
	return found, missing, nil
}

// absent asks for one record by its id.
func (b *Book) absent(ctx context.Context, k *knowledge, id int64) (bool, error) {
	denied, absent, err := b.peek(ctx, id, k.context)
	if err != nil || !denied {
		return absent, err
	}
	// Where there are rules, as for leads, Tryton answers alike for what they
	// hide and for what does not exist. History tells: what these rules showed
	// right before its last revision was deleted by that one, since the company
	// by which the rules go cannot be changed.
	var revisions [][]json.RawMessage
	var last moment
	_, err = b.server.call(ctx, true, &revisions, "model."+b.model()+".history_revisions", []int64{id}, k.context)
	var f *fault
	switch {
	case errors.As(err, &f), errors.Is(err, contact.ErrForbidden):
		return false, nil // this model keeps no history
	case err != nil:
		return false, err
	case len(revisions) == 0 || len(revisions[0]) == 0 || json.Unmarshal(revisions[0][0], &last) != nil:
		return false, nil
	}
	then := maps.Clone(k.context)
	then["_datetime"] = moment{last.Add(-time.Microsecond)}
	denied, absent, err = b.peek(ctx, id, then)
	return err == nil && !denied && !absent, err
}

// peek reads nothing but the id of a record.
func (b *Book) peek(ctx context.Context, id int64, at object) (denied, absent bool, err error) {
	_, err = b.server.call(ctx, true, nil, "model."+b.model()+".read", []int64{id}, []string{"id"}, at)
	var f *fault
	if errors.As(err, &f) && (f.absent() || f.denied()) {
		return f.denied(), f.absent(), nil
	}
	return false, false, trouble(err)
}

func (b *Book) model() string {
	if b.leads {
		return "sale.opportunity"
	}
	return "party.party"
}
