// Package contact is the language of the house: the canonical Contact, its
// fields and their normalised equality, and the Book interface that every
// adapter speaks. It does no I/O and knows no provider.
//
// Parts of a Contact bear JSContact's terms (RFC 9553) where it has one and
// map to vCard as RFC 9555 does.
package contact

import "fmt"

// Contact is the canonical record of a person, free of any provider's
// peculiarities. The zero Contact is empty. Which parts were really read from
// a provider is told by Record.Read, never by emptiness.
type Contact struct {
	Name         Name
	Nickname     string
	Organization string // company, as text
	Unit         string // department within Organization
	JobTitle     string
	Emails       []string // preferred first
	Phones       []Phone
	Addresses    []Address
	Website      string
	Birth        Date
	Notes        string
	Categories   []string // all categories seen; only our own is ever written
}

// Name holds the components of RFC 9553 section 2.2.1. Systems that keep one
// text for the whole name fill Full alone.
type Name struct {
	Title      string // honorific prefix ("Dr.")
	Given      string
	Given2     string // middle name
	Surname    string
	Generation string // suffix ("Jr.")
	Full       string // the whole name as one text; vCard FN
}

// PhoneKind says what a number is for.
type PhoneKind string

// The kinds of phone numbers that the field map knows.
const (
	PhoneWork   PhoneKind = "work"
	PhoneMobile PhoneKind = "mobile"
	PhoneHome   PhoneKind = "home"
	PhoneOther  PhoneKind = "other"
	PhoneFax    PhoneKind = "fax"
)

// Phone is one number, kept as it was typed.
type Phone struct {
	Kind   PhoneKind
	Number string
}

// AddressKind says what an address is for.
type AddressKind string

// The kinds of addresses that the field map knows.
const (
	AddressWork  AddressKind = "work"
	AddressHome  AddressKind = "home"
	AddressOther AddressKind = "other"
)

// Address is a postal address. Its parts move together, as one unit.
type Address struct {
	Kind     AddressKind
	Street   string // may hold several lines separated by "\n"
	Locality string
	Region   string
	Postcode string
	Country  string // a name or an ISO 3166-1 code, as the provider gives it
}

// Date is a calendar date without time or zone. Year 0 means that the year is
// not known; the zero Date means that no date is known.
type Date struct {
	Year, Month, Day int
}

// IsZero reports whether no date is known.
func (d Date) IsZero() bool { return d.Month == 0 || d.Day == 0 }

// String gives "1985-03-04", "--03-04" without a year, or "" for no date.
func (d Date) String() string {
	switch {
	case d.IsZero():
		return ""
	case d.Year == 0:
		return fmt.Sprintf("--%02d-%02d", d.Month, d.Day)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// ParseDate reads the forms that String writes. It returns the zero Date for
// anything that is not a real day of the calendar (29 February is accepted
// without a year).
func ParseDate(s string) Date {
	var d Date
	if n, err := fmt.Sscanf(s, "--%02d-%02d", &d.Month, &d.Day); err == nil && n == 2 && len(s) == 7 {
		return valid(d)
	}
	d = Date{}
	if n, err := fmt.Sscanf(s, "%04d-%02d-%02d", &d.Year, &d.Month, &d.Day); err != nil || n != 3 || len(s) != 10 {
		return Date{}
	}
	return valid(d)
}

func valid(d Date) Date {
	if d.Month < 1 || d.Month > 12 || d.Day < 1 || d.Day > daysIn(d.Year, d.Month) || d.Year < 0 {
		return Date{}
	}
	return d
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		leap := year == 0 || year%4 == 0 && (year%100 != 0 || year%400 == 0)
		if leap {
			return 29
		}
		return 28
	}
	return 31
}
