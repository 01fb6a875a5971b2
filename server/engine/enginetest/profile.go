package enginetest

import (
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/contact/memory"
)

// Profile is a pair of servers with their abilities.
type Profile struct {
	Name string
	// Side are the servers, left and right.
	Side [2]memory.Options
	// NoSweep: the server can list its IDs only by listing everything.
	NoSweep [2]bool
	// Users is how many share the CRM, each with an address book.
	Users int
	Scope string
}

// Profiles are the pairs of servers that every fault suite runs on.
func Profiles() []Profile {
	return []Profile{rich(), markerless(), normalising(), lagging(), shared()}
}

// server is a server that can do everything, with pages so small that a few
// people need several.
func everything() memory.Options {
	return memory.Options{Description: memory.Everything(), PageSize: 3}
}

func rich() Profile {
	p := Profile{Name: "rich", Users: 1, Scope: "all", Side: [2]memory.Options{everything(), everything()}}
	p.Side[1].Description.Grace = 2 * time.Minute
	return p
}

// markerless can hold no key of ours on either side, lists only the user's own
// records in the CRM, and reports no deletion there.
func markerless() Profile {
	p := Profile{Name: "markerless", Users: 1, Scope: "mine", Side: [2]memory.Options{everything(), everything()}}
	for s := range p.Side {
		d := &p.Side[s].Description
		d.Marker, d.Conditional, d.Grace = false, false, 10*time.Minute
	}
	p.Side[0].Description.Tombstones, p.Side[0].Mine = false, true
	return p
}

// normalising is a CRM with one text for the name and little room, and an
// address book that rewrites what it is given, tells nothing of it, and reports
// no deletion.
func normalising() Profile {
	p := Profile{Name: "normalising", Users: 1, Scope: "all", NoSweep: [2]bool{false, true}, Side: [2]memory.Options{everything(), everything()}}
	l, r := &p.Side[0], &p.Side[1]
	l.Description.Fields &^= contact.NameParts
	l.Description.Writable = l.Description.Fields
	l.Description.Capacity = map[contact.Field]int{contact.Emails: 2, contact.MobilePhones: 1}
	l.Description.NameFallback = true
	r.Description.Tombstones, r.Description.Owner = false, false
	r.Taciturn = true
	r.Normalize = func(c contact.Contact) contact.Contact {
		for i, e := range c.Emails {
			c.Emails[i] = strings.ToLower(e)
		}
		c.JobTitle = strings.TrimSpace(c.JobTitle)
		return c
	}
	return p
}

// lagging are servers whose new records show up late; the CRM refuses a second
// record with the same e-mail and answers with nothing but the ID.
func lagging() Profile {
	p := Profile{Name: "lagging", Users: 1, Scope: "mine", Side: [2]memory.Options{everything(), everything()}}
	for s := range p.Side {
		p.Side[s].Description.Grace = 15 * time.Minute
	}
	p.Side[0].Taciturn, p.Side[0].UniqueEmail = true, true
	p.Side[0].Description.Batch = 2
	return p
}

// shared is one CRM of three users.
func shared() Profile {
	p := Profile{Name: "shared", Users: 3, Scope: "all", Side: [2]memory.Options{everything(), everything()}}
	p.Side[0].Description.Grace = 2 * time.Minute
	return p
}
