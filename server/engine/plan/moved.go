package plan

import (
	"slices"

	"tandem/server/contact"
)

// moved turns the deletion of a record that lives on under another ID into a
// merger: servers give new IDs when they move or import records, and people
// delete and type anew. Deleting the partner and creating it again would lose
// what only the partner holds. A record that could be the heir of two is the heir
// of none.
func (p *planner) moved(pairs []Pair) []Pair {
	claims := [2]map[contact.ID][]int{{}, {}}
	for i, pair := range pairs {
		for s := range claims {
			side := Side(s)
			if pair.Fate[s] != Deleted || pair.Fate[side.Other()] == Deleted || pair.Link.State != Active {
				continue
			}
			if id := p.heir(side, pair.Link.Side[s]); id != "" {
				claims[s][id] = append(claims[s][id], i)
			}
		}
	}
	pairs = slices.Clone(pairs)
	for s := range claims {
		for id, heirs := range claims[s] {
			if len(heirs) == 1 {
				pairs[heirs[0]].Fate[s], pairs[heirs[0]].Into[s] = Merged, id
			}
		}
	}
	return pairs
}

// heir is the one fresh record on side s that is the same person as a deleted
// one: the same name and a common e-mail. "" where there is none, or several.
func (p *planner) heir(s Side, half Half) contact.ID {
	gone := p.entry(s, &contact.Record{Contact: p.side(s, half, nil).now})
	if gone.who == "" {
		return ""
	}
	var heir contact.ID
	for _, key := range gone.emails {
		for _, e := range p.heirs(s)[key] {
			if e.who != gone.who || e.rec.ID == heir {
				continue
			}
			if heir != "" {
				return ""
			}
			heir = e.rec.ID
		}
	}
	return heir
}

// heirs files the fresh records of side s that may be linked by their e-mails.
func (p *planner) heirs(s Side) map[string][]*entry {
	if p.byMail[s] != nil {
		return p.byMail[s]
	}
	p.byMail[s] = map[string][]*entry{}
	for id, rec := range p.listed[s] {
		if len(p.owners[s][id]) > 0 || p.bars(s, rec) != "" {
			continue
		}
		e := p.entry(s, rec)
		for _, key := range slices.Compact(slices.Sorted(slices.Values(e.emails))) {
			p.byMail[s][key] = append(p.byMail[s][key], e)
		}
	}
	return p.byMail[s]
}
