package plan

import (
	"cmp"
	"slices"

	"tandem/server/contact"
)

// entry is one record that may be, or may prevent, somebody's partner.
type entry struct {
	side   Side
	rec    *contact.Record
	fresh  bool   // asks for a partner
	linked bool   // has one already, or found one in this run
	barred Reason // excluded from linking and creating
	emails, roles, phones,
	identities []string // see keys
	who string // whole name, else company, folded
}

// index finds entries by key in constant time, so that pairing is linear in
// the number of records.
type index [2]map[string][]*entry

// enough is how many entries one look-up gives: more would not make a match
// more ambiguous, and would make pairing quadratic.
const enough = 10

// add files e under each of its keys.
func (x *index) add(e *entry) {
	if x[e.side] == nil {
		x[e.side] = map[string][]*entry{}
	}
	for _, keys := range [][]string{e.emails, e.roles, e.identities} {
		for _, k := range keys {
			x[e.side][k] = append(x[e.side][k], e)
		}
	}
	if e.rec.Marker != "" {
		k := "marker\x00" + e.rec.Marker
		x[e.side][k] = append(x[e.side][k], e)
	}
}

// find gives the entries on side s, other than e, that share one of the keys.
func (x *index) find(s Side, e *entry, keys []string) []*entry {
	var found []*entry
	for _, k := range keys {
		for _, other := range x[s][k] {
			if other != e && len(found) < enough && !slices.Contains(found, other) {
				found = append(found, other)
			}
		}
	}
	slices.SortFunc(found, func(a, b *entry) int { return cmp.Compare(a.rec.ID, b.rec.ID) })
	return found
}

// entry prepares a record's keys. An e-mail is a key on its own, a role address
// only together with the same name; a name only together with a phone or a
// company. An identity is filed apart for records with and without an e-mail,
// because it counts only where at least one of the two has none.
func (p *planner) entry(s Side, rec *contact.Record) *entry {
	e := &entry{side: s, rec: rec}
	e.who = cmp.Or(contact.Fold(rec.Contact.Name.Text()), contact.Fold(rec.Contact.Organization))
	var name, company string
	for _, k := range p.set.Norm.MatchKeys(rec.Contact) {
		switch k.Kind {
		case contact.KeyEmail:
			if IsRole(k.Text) {
				e.roles = append(e.roles, "role\x00"+k.Text)
				e.emails = append(e.emails, "email\x00"+k.Text+"\x00"+e.who)
			} else {
				e.emails = append(e.emails, "email\x00"+k.Text)
			}
		case contact.KeyPhone:
			e.phones = append(e.phones, k.Text)
		case contact.KeyName:
			name = k.Text
		case contact.KeyOrganization:
			company = k.Text
		}
	}
	if name == "" {
		return e
	}
	mail := mailMark(len(e.emails) > 0)
	for _, phone := range e.phones {
		e.identities = append(e.identities, "phone\x00"+name+"\x00"+phone+mail)
	}
	if company != "" {
		e.identities = append(e.identities, "company\x00"+name+"\x00"+company+mail)
	}
	return e
}

const withMail, withoutMail = "\x00+", "\x00-"

func mailMark(has bool) string {
	if has {
		return withMail
	}
	return withoutMail
}

// counterparts are the identities under which a possible partner of e is filed.
func (e *entry) counterparts() []string {
	var keys []string
	for _, k := range e.identities {
		bare := k[:len(k)-len(withMail)]
		keys = append(keys, bare+withoutMail)
		if len(e.emails) == 0 {
			keys = append(keys, bare+withMail)
		}
	}
	return keys
}

// IsRole knows addresses, folded, that belong to a desk, not to a person.
func IsRole(email string) bool {
	for _, role := range []string{
		"info", "sales", "office", "contact", "admin", "support", "mail", "kontakt", "hello", "service",
		"team", "post", "buero", "büro", "vertrieb", "billing", "accounting", "buchhaltung", "invoice",
		"rechnung", "hr", "jobs", "press", "presse", "marketing", "reception", "empfang", "zentrale",
		"webmaster", "postmaster", "noreply", "no-reply", "contacto", "ventas", "bonjour", "secretariat",
	} {
		if len(email) > len(role) && email[:len(role)] == role && email[len(role)] == '@' {
			return true
		}
	}
	return false
}

// keysOf gives the keys by which e is looked up in one step of pairing.
type keysOf func(*entry) []string

func byMarker(e *entry) []string {
	if e.rec.Marker == "" {
		return nil
	}
	return []string{"marker\x00" + e.rec.Marker}
}

func byEmail(e *entry) []string { return e.emails }

func byIdentity(e *entry) []string { return e.counterparts() }

// match is what one step of pairing found for an entry.
type match struct {
	partner           *entry   // the one it is linked with
	candidates, twins []*entry // others on the other side, and on its own
}

// involved reports whether the step found anybody.
func (m match) involved() bool { return len(m.candidates)+len(m.twins) > 0 }

// match looks for e's partner by one kind of key. There is one only where each
// is the other's sole candidate, nobody on either side shares a key with them,
// and both are free.
func (x *index) match(e *entry, keys keysOf) match {
	m := match{candidates: x.find(e.side.Other(), e, keys(e)), twins: x.find(e.side, e, keys(e))}
	if len(m.candidates) != 1 || len(m.twins) > 0 || e.linked {
		return m
	}
	other := m.candidates[0]
	back, twins := x.find(e.side, other, keys(other)), x.find(other.side, other, keys(other))
	if len(back) == 1 && back[0] == e && len(twins) == 0 && !other.linked && other.barred == "" {
		m.partner = other
	}
	return m
}
