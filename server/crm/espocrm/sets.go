package espocrm

import (
	"regexp"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"tandem/server/contact"
)

// setMost is how many e-mails, and how many phones of all kinds together, a
// record may have.
const setMost = 10

// How a server wants its phone numbers, found out by Connect.
const (
	phonesLoose         = "loose"         // nearly any text
	phonesInternational = "international" // +493012345, nothing else
	phonesExtended      = "extended"      // the same, with " ext. 12"
)

var phoneFields = contact.FieldsOf(contact.WorkPhones, contact.MobilePhones, contact.HomePhones, contact.OtherPhones, contact.Faxes)

var phoneTypes = map[contact.PhoneKind]string{
	contact.PhoneWork: "Office", contact.PhoneMobile: "Mobile", contact.PhoneHome: "Home",
	contact.PhoneOther: "Other", contact.PhoneFax: "Fax",
}

// kindOf reads a type. Types that an administrator added are other numbers.
func kindOf(typ string) contact.PhoneKind {
	for kind, name := range phoneTypes {
		if name == typ {
			return kind
		}
	}
	return contact.PhoneOther
}

// emailPattern takes what PHP's FILTER_VALIDATE_EMAIL takes, without its quoted
// local parts and address literals.
var emailPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")

// projectEmails leaves out what the server refuses, and repetitions.
func projectEmails(emails []string) []string {
	var out []string
	for _, e := range emails {
		e = strings.TrimSpace(e)
		local, _, _ := strings.Cut(e, "@")
		known := func(x string) bool { return strings.EqualFold(x, e) }
		if len(e) > 254 || len(local) > 64 || !emailPattern.MatchString(e) || slices.ContainsFunc(out, known) {
			continue
		}
		if out = append(out, e); len(out) == setMost {
			break
		}
	}
	return out
}

// projectPhones spells numbers as the server wants them. A record holds each
// number once, whatever its kinds: the first one counts.
func (b *book) projectPhones(phones []contact.Phone) []contact.Phone {
	var out []contact.Phone
	for _, p := range phones {
		p.Number = b.number(p.Number)
		known := func(x contact.Phone) bool { return x.Number == p.Number }
		if _, kind := phoneTypes[p.Kind]; !kind || p.Number == "" || slices.ContainsFunc(out, known) {
			continue
		}
		if out = append(out, p); len(out) == setMost {
			break
		}
	}
	return out
}

// looseFault is what no number may hold (EspoCRM's phoneNumberLoose).
var looseFault = regexp.MustCompile(`[^0-9A-Za-z_@:#+()\-. ]+`)

// number is s as the server keeps it, "" where it cannot.
func (b *book) number(s string) string {
	if !strings.ContainsAny(s, "0123456789") {
		return ""
	}
	if b.phones == phonesLoose {
		return strings.Join(strings.Fields(looseFault.ReplaceAllString(s, " ")), " ")
	}
	n, err := phonenumbers.Parse(s, b.country)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return ""
	}
	out := phonenumbers.Format(n, phonenumbers.E164)
	if ext := n.GetExtension(); ext != "" && len(ext) <= 6 && b.phones == phonesExtended {
		out += " ext. " + ext
	}
	return out
}

// emailRows are the rows to write so that r shows want instead of shown. What
// the server says of an address that stays (opted out, invalid) stays too, and
// so do rows that were not shown.
func emailRows(r *row, shown, want []string) []emailRow {
	rows := []emailRow{}
	has := func(list []string, e string) bool {
		return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, strings.TrimSpace(e)) })
	}
	for _, e := range want {
		next := emailRow{EmailAddress: e}
		for _, old := range r.EmailAddressData {
			if strings.EqualFold(strings.TrimSpace(old.EmailAddress), e) {
				next.OptOut, next.Invalid = old.OptOut, old.Invalid
			}
		}
		rows = append(rows, next)
	}
	for _, old := range r.EmailAddressData {
		if !has(shown, old.EmailAddress) && !has(want, old.EmailAddress) {
			old.Primary = false
			rows = append(rows, old)
		}
	}
	if len(rows) > 0 {
		rows[0].Primary = true
	}
	return rows
}

// phoneRows does the same for phones. The number that is shown first everywhere
// in EspoCRM stays the first one as long as it is there.
func (b *book) phoneRows(r *row, shown, want []contact.Phone) []phoneRow {
	rows := []phoneRow{}
	first := 0
	has := func(list []contact.Phone, number string) bool {
		return slices.ContainsFunc(list, func(p contact.Phone) bool { return p.Number == number })
	}
	for _, p := range want {
		next := phoneRow{PhoneNumber: p.Number, Type: phoneTypes[p.Kind]}
		for _, old := range r.PhoneNumberData {
			if b.number(old.PhoneNumber) != p.Number {
				continue
			}
			next.PhoneNumber, next.OptOut, next.Invalid = old.PhoneNumber, old.OptOut, old.Invalid
			if kindOf(old.Type) == p.Kind && old.Type != "" {
				next.Type = old.Type
			}
			if old.Primary {
				first = len(rows)
			}
		}
		rows = append(rows, next)
	}
	for _, old := range r.PhoneNumberData {
		number := b.number(old.PhoneNumber)
		if number == "" || !has(shown, number) && !has(want, number) {
			old.Primary = false
			rows = append(rows, old)
		}
	}
	if len(rows) > 0 {
		rows[first].Primary = true
	}
	return rows
}
