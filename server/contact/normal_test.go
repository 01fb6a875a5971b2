package contact_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
)

func TestPhoneEquality(t *testing.T) {
	for _, c := range []struct {
		country, a, b string
		same          bool
	}{
		{"DE", "+49 (0)171 1234567", "0171/1234567", true},
		{"DE", "+491711234567", "+49 171 123 45 67", true},
		{"DE", "0049 171 1234567", "0171 1234567", true},
		{"", "+49 171 1234567", "+49-171-1234567", true},
		{"", "0171 1234567", "0171/1234567", true},
		{"", "0171 1234567", "+49 171 1234567", false}, // without a country nobody knows
		{"US", "(212) 555-0100", "+1 212 555 0100", true},
		{"US", "212 555 0100 ext. 7", "+1 212 555 0100 x7", true},
		{"US", "212 555 0100 ext. 7", "212 555 0100", false},
		{"", "+1 212 555 0100 ext. 7", "+1 212 555 0100 ext. 8", false},
		{"US", "1-800-FLOWERS", "1-800-356-9377", true},
		{"US", "1-800-FLOWERS", "1-800-CONTACTS", false},
		{"", "1-800-FLOWERS", "1-800-CONTACTS", false},
		{"", "1-800-FLOWERS", "1 800 flowers", true},
		{"DE", "110", "110", true},
		{"DE", "110", "112", false},
		{"GB", "020 7946 0018", "+44 20 7946 0018", true},
		{"DE", "۰۱۷۱ ۱۲۳۴۵۶۷", "0171 1234567", true},
	} {
		n := contact.Norm{Country: c.country}
		if got := n.Equal(contact.WorkPhones, contact.Value{c.a}, contact.Value{c.b}); got != c.same {
			t.Errorf("%s: %q and %q: same is %v (%q, %q)", c.country, c.a, c.b, got, n.Phone(c.a), n.Phone(c.b))
		}
	}
	for _, s := range []string{"", "call me", "-", "n/a"} {
		if key := (contact.Norm{Country: "DE"}).Phone(s); key != "" {
			t.Errorf("%q has the key %q", s, key)
		}
	}
}

func TestEquality(t *testing.T) {
	one := func(s string) contact.Value { return contact.Value{s} }
	address := func(street, country string) contact.Value {
		return contact.Value{street, "Köln", "", "50667", country}
	}
	for _, c := range []struct {
		f    contact.Field
		a, b contact.Value
		same bool
	}{
		{contact.Given, one("Jose\u0301"), one("José"), true},
		{contact.Given, one(" Anna  Maria "), one("Anna Maria"), true},
		{contact.Given, one("anna"), one("Anna"), false},
		{contact.Given, nil, one(""), true},
		{contact.Given, nil, one("  "), true},
		{contact.Emails, contact.Value{"a@x.org", "B@X.org"}, contact.Value{"b@x.org", "A@x.org", "a@x.org "}, true},
		{contact.Emails, contact.Value{"a@x.org"}, contact.Value{"a@x.org", "b@x.org"}, false},
		{contact.Website, one("https://www.Example.com/"), one("www.example.com"), true},
		{contact.Website, one("https://example.com/a"), one("https://example.com/b"), false},
		{contact.Notes, one("a\r\nb\n"), one("a\nb"), true},
		{contact.Notes, one("a b"), one("a  b"), false},
		{contact.WorkAddress, address("Hof  1", "Germany"), address("Hof 1", "DE"), true},
		{contact.WorkAddress, address("Hof 1", "Deutschland"), address("Hof 1", "DEU"), true},
		{contact.WorkAddress, address("Hof 1", "United Kingdom"), address("Hof 1", "uk"), true},
		{contact.WorkAddress, address("Hof 1", "Germany"), address("Hof 1", "France"), false},
		{contact.WorkAddress, address("Hof 1", ""), nil, false},
		{contact.WorkAddress, contact.Value{"", "", "", "", ""}, nil, true},
		{contact.Birth, one("1985-03-04"), one("--03-04"), false},
	} {
		if got := (contact.Norm{}).Equal(c.f, c.a, c.b); got != c.same {
			t.Errorf("%v: %q and %q: same is %v", c.f, c.a, c.b, got)
		}
	}
}

// Equal is an equivalence, and a key is its own key: comparing what was
// normalised once more changes nothing.
func TestNormLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := contact.Norm{Country: rapid.SampledFrom([]string{"", "DE", "US"}).Draw(t, "country")}
		a, b := booktest.Contacts().Draw(t, "a"), booktest.Contacts().Draw(t, "b")
		for f := range contact.AllFields.All() {
			x, y := a.Value(f), b.Value(f)
			if !n.Equal(f, x, x) || n.Equal(f, x, y) != n.Equal(f, y, x) {
				t.Fatalf("%v: %q and %q", f, x, y)
			}
			reversed := slices.Clone(x)
			slices.Reverse(reversed)
			if f.Shape() == contact.Set && !n.Equal(f, x, reversed) {
				t.Fatalf("%v: the order of %q counts", f, x)
			}
			for _, s := range x {
				if k := n.Key(f, s); f.Shape() != contact.Compound && n.Key(f, k) != k {
					t.Fatalf("%v: the key of %q is %q, whose key is %q", f, s, k, n.Key(f, k))
				}
			}
		}
	})
}

func TestMatchKeys(t *testing.T) {
	c := contact.Contact{
		Name: contact.Name{Title: "Dr.", Given: "Anna", Surname: "Müller"}, Organization: " ACME ",
		Emails: []string{"Anna@Example.com", "anna@example.com", ""},
		Phones: []contact.Phone{{Kind: contact.PhoneWork, Number: "030 1234567"}, {Kind: contact.PhoneFax, Number: "030 7654321"}, {Kind: contact.PhoneMobile, Number: "call me"}},
	}
	want := []contact.Key{
		{Kind: contact.KeyEmail, Text: "anna@example.com"}, {Kind: contact.KeyPhone, Text: "+49301234567"},
		{Kind: contact.KeyName, Text: "anna müller"}, {Kind: contact.KeyOrganization, Text: "acme"},
	}
	if got := (contact.Norm{Country: "DE"}).MatchKeys(c); !slices.Equal(got, want) {
		t.Errorf("the keys are %v", got)
	}
	if got := (contact.Norm{}).MatchKeys(contact.Contact{}); len(got) != 0 {
		t.Errorf("nobody has the keys %v", got)
	}
}
