package carddav_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/sandbox/carddav"
	"tandem/server/sandbox/kit"
)

// What the people page wrote, it reads again: for every sample person.
func TestPeopleRoundTrip(t *testing.T) {
	s := start(t, carddav.Quirks{})
	_, want := kit.Book(300, 2)
	s.Seed(me, "contacts", want)
	s.Seed(me, "contacts", want) // a book that has people is left alone
	d := s.People(me, "contacts")
	list, err := d.List(context.Background())
	if err != nil || len(list) != 300 {
		t.Fatal(len(list), err)
	}
	left := map[string]int{}
	for _, c := range want {
		left[flat(c)]++
	}
	for _, p := range list {
		if left[flat(p.Contact)]--; left[flat(p.Contact)] < 0 {
			t.Errorf("nobody is like %+v", p.Contact)
		}
	}
	for _, card := range s.Cards(me, "contacts") {
		for line := range strings.SplitSeq(card, "\r\n") {
			if len(line) > 75 {
				t.Errorf("a line of %d octets", len(line))
			}
		}
	}
}

// flat leaves out what a card says in another way than the sample: FN. Phones
// and addresses come back in the order of the card, e-mails too.
func flat(c contact.Contact) string {
	var b strings.Builder
	for f := range contact.AllFields.Without(contact.FullName).All() {
		b.WriteString(f.String() + "=" + strings.Join(c.Value(f), "|") + "\n")
	}
	return b.String()
}

func TestEditKeepsOtherLines(t *testing.T) {
	const before = "BEGIN:VCARD\nVERSION:4.0\nUID:x\nPRODID:-//Other//EN\nN:Lovelace;Ada;;;\nFN:Ada Lovelace\n" +
		"item1.EMAIL;TYPE=\"home,pref\":ada@home.test\nitem1.X-ABLabel:Own\nEMAIL;PREF=1:ada@work.test\n" +
		"item2.TEL;VALUE=uri;TYPE=cell:tel:+44-7700\nitem2.X-ABLabel:Odd\nTEL;TYPE=HOME:1\n" +
		"ADR;TYPE=home:;;One;City;;;\nADR;TYPE=home:;;Second;City;;;\nBDAY:--0304\nNOTE:semi\\; comma\\, new\\nline and a very long line that goes on\n  and on\n" +
		"PHOTO:data:image/png;base64,AAAA\nX-ODD;P=\"a:b;c\":kept\nEND:VCARD\n"
	s := start(t, carddav.Quirks{})
	s.Put(me, "contacts", "x.vcf", before)
	d := s.People(me, "contacts")
	c, err := d.Get(t.Context(), "x.vcf")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Emails, []string{"ada@home.test", "ada@work.test"}; !reflect.DeepEqual(got, want) {
		t.Errorf("e-mails %v", got)
	}
	if c.Birth != (contact.Date{Month: 3, Day: 4}) || c.Notes != "semi; comma, new\nline and a very long line that goes on and on" ||
		!reflect.DeepEqual(c.Value(contact.MobilePhones), contact.Value{"+44-7700"}) {
		t.Errorf("read %+v", c)
	}
	if err := d.Save(t.Context(), "x.vcf", c); err != nil || s.Cards(me, "contacts")["x.vcf"] != before {
		t.Error("saving what was read changed the card", err)
	}
	c = c.Set(contact.Emails, contact.Value{"ada@work.test", "new@example.test"}).Set(contact.Given, contact.Value{"Augusta"}).
		Set(contact.HomePhones, contact.Value{"2"}).Set(contact.HomeAddress, nil).Set(contact.Birth, contact.Value{"1815-12-10"})
	if err := d.Save(t.Context(), "x.vcf", c); err != nil {
		t.Fatal(err)
	}
	after := s.Cards(me, "contacts")["x.vcf"]
	for _, want := range []string{
		"N:Lovelace;Augusta;;;", "FN:Augusta Lovelace", "EMAIL;PREF=1:ada@work.test\n", "EMAIL;TYPE=INTERNET:new@example.test",
		"item2.TEL;VALUE=uri;TYPE=cell:tel:+44-7700\n", "item2.X-ABLabel:Odd\n", "TEL;TYPE=HOME,VOICE:2", "ADR;TYPE=home:;;Second;City;;;\n",
		"BDAY:18151210", "PHOTO:data:image/png;base64,AAAA\n", "X-ODD;P=\"a:b;c\":kept\n", "goes on\n  and on\n",
	} {
		if !strings.Contains(after, want) {
			t.Errorf("%q is not in\n%s", want, after)
		}
	}
	for _, gone := range []string{"ada@home.test", "X-ABLabel:Own", "TEL;TYPE=HOME:1", ";;One;"} {
		if strings.Contains(after, gone) {
			t.Errorf("%q is still in\n%s", gone, after)
		}
	}
	if err := d.Delete(t.Context(), "x.vcf"); err != nil {
		t.Error(err)
	}
	if err := d.Save(t.Context(), "x.vcf", c); err != kit.ErrNoPerson {
		t.Error(err)
	}
}

func TestReadDates(t *testing.T) {
	for line, want := range map[string]contact.Date{
		"BDAY:1985-03-04":                        {Year: 1985, Month: 3, Day: 4},
		"BDAY:19850304":                          {Year: 1985, Month: 3, Day: 4},
		"BDAY:1985-03-04T00:00:00Z":              {Year: 1985, Month: 3, Day: 4},
		"BDAY:--0304":                            {Month: 3, Day: 4},
		"BDAY;VALUE=date:--03-04":                {Month: 3, Day: 4},
		"BDAY:next week":                         {},
		"BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29": {Month: 2, Day: 29},
	} {
		s := start(t, carddav.Quirks{})
		s.Put(me, "contacts", "x", "BEGIN:VCARD\r\nVERSION:3.0\r\n"+line+"\r\nEND:VCARD\r\n")
		c, err := s.People(me, "contacts").Get(t.Context(), "x")
		if err != nil || c.Birth != want {
			t.Errorf("%s: %v %v", line, c.Birth, err)
		}
	}
}
