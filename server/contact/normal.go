package contact

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Norm compares values the way people do. It never changes what is stored:
// values are kept as typed, and a difference in format alone is no difference.
type Norm struct {
	// Country is the ISO 3166-1 alpha-2 code for phone numbers without a
	// country code; "" compares their digits.
	Country string
}

// Equal reports whether two values of f mean the same. Sets are compared
// without regard to order and repetition.
func (n Norm) Equal(f Field, a, b Value) bool {
	switch f.Shape() {
	case Set:
		return slices.Equal(n.Keys(f, a), n.Keys(f, b))
	case Compound:
		for i := range max(len(a), len(b)) {
			if n.part(i, a) != n.part(i, b) {
				return false
			}
		}
		return true
	}
	return n.Key(f, a.First()) == n.Key(f, b.First())
}

// Keys are the distinct normalised elements of a Set, sorted.
func (n Norm) Keys(f Field, v Value) []string {
	keys := make([]string, 0, len(v))
	for _, s := range v {
		if k := n.Key(f, s); k != "" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Key is one text of f in the form in which it is compared.
func (n Norm) Key(f Field, s string) string {
	switch f {
	case Emails:
		return Fold(s)
	case Categories:
		return Fold(s)
	case WorkPhones, MobilePhones, HomePhones, OtherPhones, Faxes:
		return n.Phone(s)
	case Website:
		return strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(Fold(s), "https://"), "http://"), "/")
	case Notes:
		return strings.TrimSpace(norm.NFC.String(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)))
	}
	return Space(s)
}

func (n Norm) part(i int, v Value) string {
	if i >= len(v) {
		return ""
	}
	if i == 4 {
		return country(v[i])
	}
	return Space(v[i])
}

// Phone is E.164 with an extension where the number can be understood, else
// its digits. "" where there is no digit.
func (n Norm) Phone(s string) string {
	s = dialled(s)
	if !strings.ContainsAny(s, "0123456789") {
		return ""
	}
	if n.Country != "" || strings.HasPrefix(strings.TrimSpace(s), "+") {
		if p, err := phonenumbers.Parse(s, n.Country); err == nil && phonenumbers.IsPossibleNumber(p) {
			key := phonenumbers.Format(p, phonenumbers.E164)
			if ext := p.GetExtension(); ext != "" {
				key += ";" + ext
			}
			return key
		}
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, s)
}

// dialled is s with every script's digits as ASCII ones, and with the letters
// of a number such as 1-800-FLOWERS as the digits they stand for. Words behind
// a whole number ("0171 1234567 office") are no part of it.
func dialled(s string) string {
	digits, letters := 0, 0
	s = strings.Map(func(r rune) rune {
		for _, zero := range []rune{'\u0660', '\u06f0', '\u0966', '\uff10'} {
			if r >= zero && r <= zero+9 {
				r = '0' + r - zero
			}
		}
		switch {
		case letters == 0 && r >= '0' && r <= '9':
			digits++
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			letters++
		}
		return r
	}, s)
	if digits == 0 || digits > 5 || letters < 4 {
		return s
	}
	return phonenumbers.ConvertAlphaCharactersInNumber(s)
}

// Space is s in Unicode's NFC with runs of white space made one space.
func Space(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// Fold is Space without regard to case.
func Fold(s string) string { return cases.Fold().String(Space(s)) }

// KeyKind is a way in which two records may be recognised as one person.
type KeyKind string

// The kinds of match keys.
const (
	KeyEmail        KeyKind = "email"
	KeyPhone        KeyKind = "phone"
	KeyName         KeyKind = "name"
	KeyOrganization KeyKind = "organization"
)

// Key is one normalised text by which a record may be recognised.
type Key struct {
	Kind KeyKind
	Text string
}

// MatchKeys are the keys of c: each e-mail, each phone number, the whole name
// and the company, folded. They are never stored in the clear.
func (n Norm) MatchKeys(c Contact) []Key {
	var keys []Key
	add := func(k KeyKind, text string) {
		if key := (Key{k, text}); text != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, e := range c.Emails {
		add(KeyEmail, Fold(e))
	}
	for _, p := range c.Phones {
		if p.Kind != PhoneFax {
			add(KeyPhone, n.Phone(p.Number))
		}
	}
	add(KeyName, Fold(c.Name.Text()))
	add(KeyOrganization, Fold(c.Organization))
	return keys
}
