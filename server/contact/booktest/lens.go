package booktest

import (
	"strings"
	"testing"

	"tandem/server/contact"
)

// testDescribe: a Description is stable and does not contradict itself.
func testDescribe(t *testing.T, s *suite) {
	again, err := s.book.Describe(t.Context())
	if err != nil || again.Account != s.d.Account || again.Fields != s.d.Fields || again.Writable != s.d.Writable {
		t.Errorf("the second Describe differs: %+v, %v", again, err)
	}
	if s.d.Account.ID == "" || s.d.Account.Name == "" {
		t.Errorf("the account has no stable ID or no name: %+v", s.d.Account)
	}
	if extra := s.d.Writable &^ s.d.Fields; extra != 0 {
		t.Errorf("%v can be written but not held", extra)
	}
	if s.d.Batch < 1 {
		t.Errorf("Batch is %d: at least one mutation must be allowed", s.d.Batch)
	}
	if s.d.Fields&contact.FieldsOf(contact.Surname, contact.FullName) == 0 {
		t.Error("the Book holds neither a surname nor a whole name")
	}
	for f, n := range s.d.Capacity {
		if f.Shape() != contact.Set || n < 1 || !s.d.Fields.Has(f) {
			t.Errorf("the capacity of %v is %d", f, n)
		}
	}
	for f, n := range s.d.MaxLen {
		if n < 1 || !s.d.Fields.Has(f) {
			t.Errorf("the greatest length of %v is %d", f, n)
		}
	}
	for _, sentence := range s.d.Lossy {
		if !strings.HasSuffix(sentence, ".") {
			t.Errorf("Lossy %q is no sentence", sentence)
		}
	}
}

// testCreateGet: PutGet for a full contact, and an empty one's minimum.
func testCreateGet(t *testing.T, s *suite) {
	c := s.sample(s.key(), 0)
	r := s.create(t, c)
	s.same(t, "PutGet", s.compared(), s.book.Project(c), r.Contact)
	if r.Marker != "" {
		t.Errorf("a record created without a marker has %q", r.Marker)
	}
	// Reading twice gives the same, version included.
	again := s.get(t, r.ID)
	s.exact(t, "a second Get", s.compared(), r.Contact, again.Contact)
	if again.Version != r.Version {
		t.Errorf("the version moved from %q to %q by reading", r.Version, again.Version)
	}
	// Asking twice for one record, and for none.
	found, missing, err := s.book.Get(t.Context(), []contact.ID{r.ID, r.ID})
	if err != nil || len(found) == 0 || len(missing) > 0 {
		t.Errorf("Get of the same ID twice gives %d found, %d missing, %v", len(found), len(missing), err)
	}
	if found, missing, err := s.book.Get(t.Context(), nil); err != nil || len(found)+len(missing) > 0 {
		t.Errorf("Get of no IDs gives %d found, %d missing, %v", len(found), len(missing), err)
	}

	key := s.key()
	var least contact.Contact
	for f := range (contact.FieldsOf(contact.Surname, contact.Emails) | s.Required&^contact.FieldsOf(contact.FullName)).All() {
		if s.writable.Has(f) {
			least = least.Set(f, s.value(f, key, 1))
		}
	}
	least = s.named(least, key, 1)
	s.same(t, "PutGet of little", s.compared(), s.book.Project(least), s.create(t, least).Contact)
}

// testAwkward: PutGet for texts that break careless adapters.
func testAwkward(t *testing.T, s *suite) {
	texts := map[contact.Field]string{
		contact.Given:        "Zoë Jose\u0301", // "é" in two runes
		contact.Organization: `O'Neil, "Sons" & <Söhne>; C:\temp`,
		contact.JobTitle:     "Häuptling 👩‍👩‍👧 von שלום",
		contact.Unit:         "100% a;b,c:d=e \\n",
		contact.Notes:        "Line one, with a comma; and more\n\nBEGIN:VCARD\nx\\n \"quoted\" <b>&amp;</b> " + strings.Repeat("Grüße 東京 ", 60),
	}
	key := s.key()
	c := s.sample(key, 2)
	for f, text := range texts {
		free := f != contact.Organization || !s.d.OrganizationExisting
		if s.writable.Has(f) && free && s.fits(f, text) {
			c = c.Set(f, contact.Value{text})
		}
	}
	if s.writable.Has(contact.WorkAddress) {
		c = c.Set(contact.WorkAddress, contact.Value{"Haus \"A\"; Hof, links\n3. Stock", "Köln", "", "50667", "Germany"})
	}
	if s.writable.Has(contact.FullName) {
		c.Name.Full = ""
		c = s.named(c, key, 2)
	}
	r := s.create(t, c)
	s.same(t, "PutGet", s.compared(), s.book.Project(c), r.Contact)
	if s.writable.Has(contact.Given) && r.Contact.Name.Given == "" {
		t.Error("the given name is lost")
	}
}

func (s *suite) fits(f contact.Field, text string) bool {
	most, limited := s.d.MaxLen[f]
	return !limited || len([]rune(text)) <= most
}

// testMask: a field outside the mask stays what it is, to the letter. Each
// round writes the fields whose number has one bit set, so that every pair of
// fields is parted by some round.
func testMask(t *testing.T, s *suite) {
	key := s.key()
	r := s.create(t, s.sample(key, 0))
	fields := s.writable & s.compared()
	for bit := range 5 {
		var mask contact.Fields
		for f := range fields.All() {
			if f>>bit&1 == 1 {
				mask = mask.With(f)
			}
		}
		if mask == 0 {
			continue
		}
		next := s.sample(key, bit+1)
		want := s.put(r.Contact, next, mask)
		after := s.update(t, r.ID, next, mask)
		s.same(t, "inside the mask", mask, want, after.Contact)
		s.exact(t, "outside the mask", s.compared()&^mask, r.Contact, after.Contact)
		r = after
	}
}

// testClear: a masked empty field is cleared, and nothing else is.
func testClear(t *testing.T, s *suite) {
	key := s.key()
	r := s.create(t, s.sample(key, 0))
	names := contact.FieldsOf(contact.Surname, contact.FullName, contact.Emails)
	fields := s.writable & s.compared() &^ s.Required &^ names
	for odd := range 2 {
		var mask contact.Fields
		for f := range fields.All() {
			if int(f)%2 == odd {
				mask = mask.With(f)
			}
		}
		if mask == 0 {
			continue
		}
		after := s.update(t, r.ID, contact.Contact{}, mask)
		for f := range mask.All() {
			if v := after.Contact.Value(f); !v.IsEmpty() {
				t.Errorf("%v was cleared and reads %q", f, v)
			}
		}
		s.exact(t, "outside the mask", s.compared()&^mask, r.Contact, after.Contact)
		r = after
	}
	after := s.update(t, r.ID, s.sample(key, 3), fields)
	s.same(t, "filled again", fields, s.put(r.Contact, s.sample(key, 3), fields), after.Contact)
}

// testGetPut: writing back what was read changes nothing.
func testGetPut(t *testing.T, s *suite) {
	r := s.create(t, s.sample(s.key(), 1))
	raw := ""
	if s.Raw != nil {
		raw = s.Raw(t, r.ID)
	}
	after := s.update(t, r.ID, r.Contact, s.writable&s.compared())
	s.exact(t, "GetPut", s.compared(), r.Contact, after.Contact)
	if s.Raw != nil {
		if now := s.Raw(t, r.ID); now != raw {
			t.Errorf("writing back what was read changed the record from\n%s\nto\n%s", raw, now)
		}
	}
}

// testPutPut: the second write wins, whatever the first one was.
func testPutPut(t *testing.T, s *suite) {
	key := s.key()
	fields := s.writable & s.compared()
	r := s.create(t, s.sample(key, 0))
	s.write(t, contact.Mutation{Op: contact.Update, ID: r.ID, Contact: s.sample(key, 1), Mask: fields})
	after := s.update(t, r.ID, s.sample(key, 2), fields)
	s.same(t, "PutPut", fields, s.put(r.Contact, s.sample(key, 2), fields), after.Contact)
}

// testForeign: what the Book does not map survives an update.
func testForeign(t *testing.T, s *suite) {
	s.needs(t, s.Foreign != nil, "hook for foreign content")
	key := s.key()
	r := s.create(t, s.sample(key, 0))
	check := s.Foreign(t, r.ID)
	s.Settle()
	s.update(t, r.ID, s.sample(key, 1), s.writable&s.compared())
	check(t)
}
