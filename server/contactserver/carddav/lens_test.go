package carddav

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
)

// alike fails unless two contacts hold the very same texts in fs.
func alike(t interface{ Fatalf(string, ...any) }, what string, fs contact.Fields, got, want contact.Contact) {
	for f := range fs.All() {
		g, w := got.Value(f), want.Value(f)
		if f == contact.FullName {
			g, w = contact.Value{got.Name.Full}, contact.Value{want.Name.Full}
		}
		if !slices.Equal(g, w) && !(g.IsEmpty() && w.IsEmpty()) {
			t.Fatalf("%s: %v reads %q, want %q", what, f, g, w)
		}
	}
}

// TestLens holds the lens laws for contacts of every kind, in a new card of
// both versions and in a card of the corpus.
func TestLens(t *testing.T) {
	cards := corpus(t)
	rapid.Check(t, func(t *rapid.T) {
		first, next := booktest.Contacts().Draw(t, "first"), booktest.Contacts().Draw(t, "next")
		c := newCard(rapid.SampledFrom([]string{"3.0", "4.0"}).Draw(t, "version"), "uid")
		c.patch(first, contact.AllFields)
		text := c.String()
		c = reparsed(t, text)
		held, read := c.contact()
		alike(t, "PutGet", contact.AllFields, held, project(first))
		if read != contact.AllFields {
			t.Fatalf("read only %v", read)
		}
		for l := range strings.SplitSeq(text, "\r\n") {
			if len(l) > foldAt || strings.ContainsAny(l, "\r\n") {
				t.Fatalf("a line of %d octets: %q", len(l), l)
			}
		}
		c.patch(held, contact.AllFields)
		if c.String() != text {
			t.Fatalf("GetPut changes\n%s\nto\n%s", text, c.String())
		}
		c.patch(next, contact.AllFields)
		held, _ = reparsed(t, c.String()).contact()
		alike(t, "PutPut", contact.AllFields, held, project(next))

		// In somebody's card: what is set and may be set reads as wanted.
		s := rapid.SampledFrom(cards).Draw(t, "card")
		c = reparsed(t, s.text)
		filled := project(next).Filled() // clearing lets a second value appear
		c.patch(next, filled)
		once := c.String()
		held, _ = reparsed(t, once).contact()
		alike(t, s.name, filled.Without(contact.FullName), held, project(next))
		for range 5 {
			c = reparsed(t, c.String())
			held, _ = c.contact()
			c.patch(held, contact.AllFields)
			c.patch(next, filled)
		}
		if c.String() != once {
			t.Fatalf("%s grows from\n%s\nto\n%s", s.name, once, c.String())
		}
	})
}

func reparsed(t *rapid.T, text string) *card {
	c, err := parseCard(text)
	if err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return c
}

// TestNames: FN follows the components as long as it was made of them.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		n, fn string // before
		set   contact.Contact
		mask  contact.Fields
		want  string // FN afterwards
	}{
		{"Miller;Ann;;;", "Ann Miller", contact.Contact{Name: contact.Name{Surname: "Moore"}}, contact.FieldsOf(contact.Surname), "Ann Moore"},
		{"Miller;Ann;;;", "Miller, Ann", contact.Contact{Name: contact.Name{Surname: "Moore"}}, contact.FieldsOf(contact.Surname), "Moore, Ann"},
		{"Miller;Ann;;Dr.;", "Ann Miller", contact.Contact{Name: contact.Name{Given: "Anna"}}, contact.FieldsOf(contact.Given), "Anna Miller"},
		{"Miller;Ann;;;", "Aunt Ann", contact.Contact{Name: contact.Name{Surname: "Moore"}}, contact.FieldsOf(contact.Surname), "Aunt Ann"},
		{"Miller;Ann;;;", "Aunt Ann", contact.Contact{Name: contact.Name{Surname: "Moore", Full: "A. Moore"}}, contact.FieldsOf(contact.Surname, contact.FullName), "A. Moore"},
		{"Miller;Ann;;;", "Ann Miller", contact.Contact{}, contact.NameParts, "Acme"},
		{";;;;", "Acme", contact.Contact{Name: contact.Name{Surname: "Moore"}}, contact.FieldsOf(contact.Surname), "Moore"},
		{";;;;", "Acme", contact.Contact{Organization: "Bolt"}, contact.FieldsOf(contact.Organization), "Bolt"},
		{"Miller;Ann;;;", "Acme", contact.Contact{Organization: "Bolt"}, contact.FieldsOf(contact.Organization), "Acme"},
		{"", "Ann Miller", contact.Contact{Name: contact.Name{Surname: "Moore"}}, contact.FieldsOf(contact.Surname), "Ann Moore"},
	} {
		text := "BEGIN:VCARD\r\nVERSION:3.0\r\n"
		if tt.n != "" {
			text += "N:" + tt.n + "\r\n"
		}
		c := parsed(t, text+"FN:"+escape(tt.fn, "3.0")+"\r\nORG:Acme\r\nEND:VCARD\r\n")
		c.patch(tt.set, tt.mask)
		if got := c.text("FN"); got != tt.want {
			t.Errorf("N:%s FN:%s with %v of %+v makes FN %q, want %q", tt.n, tt.fn, tt.mask, tt.set.Name, got, tt.want)
		}
	}
}

// TestSets: one changed element keeps its line's parameters, label and place.
func TestSets(t *testing.T) {
	text := "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;A;;;\r\nFN:A\r\n" +
		"item1.EMAIL;type=INTERNET;X-Foo=bar:one@example.com\r\nitem1.X-ABLabel:School\r\n" +
		"EMAIL;type=INTERNET;type=pref:two@example.com\r\nEMAIL:three@example.com\r\nEND:VCARD\r\n"
	for _, tt := range []struct {
		want []string
		has  []string
		not  []string
	}{
		{[]string{"two@example.com", "new@example.com", "three@example.com"},
			[]string{"item1.EMAIL;type=INTERNET;X-Foo=bar:new@example.com\r\nitem1.X-ABLabel:School", "type=pref:two@"}, nil},
		{[]string{"two@example.com", "three@example.com"}, []string{"type=pref:two@"}, []string{"School", "item1"}},
		{[]string{"two@example.com", "ONE@example.com", "three@example.com"}, []string{"X-Foo=bar:ONE@example.com"}, nil},
		{[]string{"one@example.com", "two@example.com", "three@example.com"},
			[]string{"item1.EMAIL;type=INTERNET;X-Foo=bar;TYPE=pref:one@", "EMAIL;type=INTERNET:two@"}, nil},
		{[]string{"three@example.com", "two@example.com", "one@example.com", "four@example.com"}, []string{"School", "four@"}, nil},
		{nil, nil, []string{"EMAIL", "School"}},
	} {
		c := parsed(t, text)
		c.patch(contact.Contact{Emails: tt.want}, contact.FieldsOf(contact.Emails))
		got, _ := parsed(t, c.String()).contact()
		if !slices.Equal(got.Emails, tt.want) {
			t.Errorf("want %q, read %q of\n%s", tt.want, got.Emails, c)
		}
		for _, s := range tt.has {
			if !strings.Contains(c.String(), s) {
				t.Errorf("want %q: no %q in\n%s", tt.want, s, c)
			}
		}
		for _, s := range tt.not {
			if strings.Contains(c.String(), s) {
				t.Errorf("want %q: %q in\n%s", tt.want, s, c)
			}
		}
	}
}

// TestInjection: no text can end its line or leave its component.
func TestInjection(t *testing.T) {
	for _, payload := range []string{"a\r\nEMAIL:evil@example.com", "a\nEND:VCARD", "a\rNOTE:x", "a\\", "a\\\\;b", "a;b;c;d;e;f;g;h",
		"a,b", "a\x00b", "a\u2028EMAIL:x", "a\u0085EMAIL:x", "a\vEMAIL:x", "a\fX:y", "\"", "a\";x=\"b", ":", "=0D=0A", "\\n\\N", "a\\\r\nb", " \r\n x"} {
		for _, version := range []string{"3.0", "4.0"} {
			var c contact.Contact
			for f := range contact.AllFields.Without(contact.Birth).All() {
				v := contact.Value{payload}
				if f.Shape() == contact.Compound {
					v = contact.Value{payload, payload, payload, payload, payload}
				}
				c = c.Set(f, v)
			}
			k := newCard(version, payload)
			k.patch(c, contact.AllFields)
			text := k.String()
			if got := strings.Count(text, "\n") - strings.Count(text, "\r\n "); got != strings.Count(text, "\r\n")-strings.Count(text, "\r\n ") {
				t.Errorf("%q leaves a bare line end in\n%q", payload, text)
			}
			again := parsed(t, text)
			for _, l := range again.lines {
				if l.name == "" || l.value == "" && ours[l.name] && l.name != "N" {
					t.Errorf("%q makes the line %q", payload, l.raw)
				}
			}
			if len(again.all("EMAIL")) != 1 {
				t.Errorf("%q makes %d e-mails", payload, len(again.all("EMAIL")))
			}
			held, _ := again.contact()
			alike(t, fmt.Sprintf("%q", payload), contact.AllFields, held, project(c))
		}
	}
}

// TestDates reads and writes every form of a birthday, over and over.
func TestDates(t *testing.T) {
	for _, version := range []string{"2.1", "3.0", "4.0"} {
		for _, d := range []string{"1985-03-04", "--02-29", "2000-02-29", "0999-12-31", "--12-31"} {
			c := newCard(version, "u")
			for range 50 {
				c.patch(contact.Contact{Birth: contact.ParseDate(d)}, contact.FieldsOf(contact.Birth))
				c = parsed(t, c.String())
				if got, _ := c.contact(); got.Birth.String() != d {
					t.Fatalf("%s in %s reads %s of\n%s", d, version, got.Birth, c)
				}
			}
		}
	}
	for in, want := range map[string]string{
		"BDAY:1985-03-04": "1985-03-04", "BDAY:19850304": "1985-03-04", "BDAY:--0304": "--03-04", "BDAY:--03-04": "--03-04",
		"BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-04": "--03-04", "BDAY:1604-03-04": "--03-04", "BDAY:0000-03-04": "--03-04",
		"BDAY;VALUE=date-time:1985-03-04T23:59:00-12:00": "1985-03-04", "BDAY:19850304T000000Z": "1985-03-04",
		"BDAY:2016-0928": "2016-09-28", "BDAY:0001-01-01": "", "BDAY;VALUE=date:2000-02-29": "2000-02-29",
		"BDAY:1985": "?", "BDAY:1985-03": "?", "BDAY:---04": "?", "BDAY:1985-02-30": "?", "BDAY;VALUE=text:circa 1800": "?", "BDAY:04.03.1985": "?",
	} {
		got, read := parsed(t, "BEGIN:VCARD\r\nVERSION:3.0\r\n"+in+"\r\nEND:VCARD\r\n").contact()
		text := got.Birth.String()
		if !read.Has(contact.Birth) {
			text = "?"
		}
		if text != want {
			t.Errorf("%s reads %q, want %q", in, text, want)
		}
	}
}

func FuzzCard(f *testing.F) {
	for _, s := range corpus(f) {
		f.Add(s.text, "x\r\nEMAIL:y", uint32(0xffffffff))
	}
	f.Fuzz(func(t *testing.T, text, value string, mask uint32) {
		c, err := parseCard(text)
		if err != nil || single(value) == "" {
			return // clearing lets a second value appear
		}
		if c.String() != text {
			t.Fatalf("%q became %q", text, c.String())
		}
		var next contact.Contact
		for f := range contact.AllFields.Without(contact.Birth).All() {
			v := contact.Value{value}
			if f.Shape() == contact.Compound {
				v = contact.Value{value, "", value, "", ""}
			}
			next = next.Set(f, v)
		}
		fields := contact.Fields(mask) & contact.AllFields
		c.patch(next, fields)
		again, err := parseCard(c.String())
		if err != nil {
			t.Fatalf("the patched card cannot be read: %v\n%q", err, c.String())
		}
		once := again.String()
		again.patch(next, fields)
		if again.String() != once {
			t.Fatalf("patching twice changes\n%q\nto\n%q", once, again.String())
		}
	})
}
