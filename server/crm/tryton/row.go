package tryton

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tandem/server/contact"
)

// moment is Tryton's time without a zone; it keeps UTC.
type moment struct{ time.Time }

type wireTime struct {
	Class       string `json:"__class__"`
	Year        int    `json:"year"`
	Month       int    `json:"month"`
	Day         int    `json:"day"`
	Hour        int    `json:"hour"`
	Minute      int    `json:"minute"`
	Second      int    `json:"second"`
	Microsecond int    `json:"microsecond"`
}

func (m *moment) UnmarshalJSON(text []byte) error {
	var w *wireTime
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	if *m = (moment{}); w != nil {
		m.Time = time.Date(w.Year, time.Month(w.Month), w.Day, w.Hour, w.Minute, w.Second, w.Microsecond*1000, time.UTC)
	}
	return nil
}

func (m moment) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireTime{"datetime", m.Year(), int(m.Month()), m.Day(), m.Hour(), m.Minute(), m.Second(), m.Nanosecond() / 1000})
}

// flag is a boolean, which SQLite gives as a number.
type flag bool

func (f *flag) UnmarshalJSON(text []byte) error {
	*f = string(text) == "true" || string(text) == "1"
	return nil
}

// stamp is what every row carries.
type stamp struct {
	ID      int64  `json:"id"`
	Created moment `json:"create_date"`
	Written moment `json:"write_date"`
	Creator int64  `json:"create_uid"`
	Writer  int64  `json:"write_uid"`
	// Lock is the row's time of change as Tryton's optimistic lock wants it.
	Lock string `json:"_timestamp"`
}

// changed is when the row was last changed.
func (s stamp) changed() time.Time {
	if s.Written.After(s.Created.Time) {
		return s.Written.Time
	}
	return s.Created.Time
}

// author is who changed it last.
func (s stamp) author() int64 {
	if s.Writer != 0 {
		return s.Writer
	}
	return s.Creator
}

type mechanism struct {
	stamp
	Active   flag   `json:"active"`
	Type     string `json:"type"`
	Value    string `json:"value"`
	Sequence *int   `json:"sequence"`
}

type address struct {
	stamp
	Active      flag   `json:"active"`
	Street      string `json:"street"`
	PostalCode  string `json:"postal_code"`
	Zip         string `json:"zip"` // until 5.8
	City        string `json:"city"`
	Country     *named `json:"country."`
	Subdivision *named `json:"subdivision."`
	Sequence    *int   `json:"sequence"`
	Invoice     flag   `json:"invoice"`
}

type named struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type party struct {
	stamp
	Name       string      `json:"name"`
	Active     flag        `json:"active"`
	ReplacedBy int64       `json:"replaced_by"`
	Mechanisms []mechanism `json:"contact_mechanisms."`
	Addresses  []address   `json:"addresses."`
}

// row is one record of a Book: a party, alone or as the person of a lead.
type row struct {
	party
	lead *opportunity
}

type opportunity struct {
	stamp
	State string `json:"state"`
	Party *party `json:"party."`
}

func (r row) id() int64 {
	if r.lead != nil {
		return r.lead.ID
	}
	return r.ID
}

// mark is the stamp of one of the rows that make up a record.
type mark struct {
	stamp
	model string
}

// text names the row and when it was changed.
func (m mark) text() string { return fmt.Sprint(m.model, ",", m.ID, " ", m.changed().UnixMicro()) }

// marks are those of all rows that make up the record.
func (r row) marks() []mark {
	all := []mark{{r.stamp, "party.party"}}
	for _, m := range r.Mechanisms {
		all = append(all, mark{m.stamp, "party.contact_mechanism"})
	}
	for _, a := range r.Addresses {
		all = append(all, mark{a.stamp, "party.address"})
	}
	if r.lead != nil {
		all = append(all, mark{r.lead.stamp, "sale.opportunity"})
	}
	return all
}

// changed is when any of the record's rows was last changed.
func (r row) changed() time.Time {
	var last time.Time
	for _, m := range r.marks() {
		if at := m.changed(); at.After(last) {
			last = at
		}
	}
	return last
}

// version is a digest of which rows there are and when each was changed.
func (r row) version() contact.Version {
	var parts []string
	for _, m := range r.marks() {
		parts = append(parts, m.text())
	}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return contact.Version(base64.RawURLEncoding.EncodeToString(sum[:12]))
}

// The columns that are read. Those with a point are read through a relation.
var (
	stampColumns = []string{"create_date", "write_date"}
	lockColumns  = append([]string{"create_uid", "write_uid", "_timestamp"}, stampColumns...)
)

// columns are those of a party: the stamps alone, or everything.
func (k kind) columns(all bool) []string {
	stamps := stampColumns
	if all {
		stamps = lockColumns
	}
	c := append([]string{"active", "replaced_by"}, stamps...)
	for _, s := range stamps {
		c = append(c, "contact_mechanisms."+s, "addresses."+s)
	}
	if all {
		c = append(c, "name", "contact_mechanisms.active", "contact_mechanisms.type", "contact_mechanisms.value", "contact_mechanisms.sequence",
			"addresses.active", "addresses.street", "addresses.city", "addresses.country.name", "addresses.sequence")
		for _, optional := range []string{"postal_code", "zip", "invoice"} {
			if k.addressHas[optional] {
				c = append(c, "addresses."+optional)
			}
		}
		if k.addressHas["subdivision"] {
			c = append(c, "addresses.subdivision.name")
		}
	}
	if !k.leads {
		return c
	}
	for i := range c {
		c[i] = "party." + c[i]
	}
	return append(append(c, "state"), stamps...)
}

// kind is what the queries depend on.
type kind struct {
	leads bool
	// addressHas are the optional columns that this server's addresses have.
	addressHas map[string]bool
}
