package microsoft365

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"tandem/server/contact"
)

// fields are what a Book holds. The whole name as one text follows from its
// parts; notes are left out.
var fields = contact.FieldsOf(
	contact.Title, contact.Given, contact.Given2, contact.Surname, contact.Generation, contact.Nickname,
	contact.Organization, contact.Unit, contact.JobTitle, contact.Emails,
	contact.WorkPhones, contact.MobilePhones, contact.HomePhones,
	contact.WorkAddress, contact.HomeAddress, contact.OtherAddress,
	contact.Website, contact.Birth, contact.Categories,
)

// capacity is how many values the service takes; it refuses the record
// otherwise.
var capacity = map[contact.Field]int{contact.Emails: 3, contact.WorkPhones: 2, contact.MobilePhones: 1, contact.HomePhones: 2}

// texts are the properties that are one text.
var texts = map[contact.Field]string{
	contact.Title: "title", contact.Given: "givenName", contact.Given2: "middleName", contact.Surname: "surname",
	contact.Generation: "generation", contact.Nickname: "nickName", contact.Organization: "companyName",
	contact.Unit: "department", contact.JobTitle: "jobTitle", contact.Website: "businessHomePage",
}

// omitted is the year that stands for none: phones write it.
const omitted = 1604

// contact reads an item. Unread are fields whose value we do not understand:
// they are unknown, not empty.
func (i *item) contact() (c contact.Contact, unread contact.Fields) {
	c = contact.Contact{
		Name:     contact.Name{Title: i.Title, Given: i.GivenName, Given2: i.MiddleName, Surname: i.Surname, Generation: i.Generation},
		Nickname: i.NickName, Organization: i.CompanyName, Unit: i.Department, JobTitle: i.JobTitle, Website: i.HomePage,
	}
	for _, e := range i.Emails {
		// Of a malformed address the service keeps the name alone.
		if a := line(e.Address); a != "" {
			c.Emails = append(c.Emails, a)
		}
	}
	c = c.Set(contact.WorkPhones, i.BusinessPhones).Set(contact.HomePhones, i.HomePhones).Set(contact.MobilePhones, contact.Value{i.MobilePhone})
	for f, a := range map[contact.Field]*address{contact.WorkAddress: i.Business, contact.HomeAddress: i.Home, contact.OtherAddress: i.Other} {
		c = c.Set(f, a.value())
	}
	c.Categories = slices.Clone(i.Categories)
	if i.Birthday != "" {
		// The time of day is to be ignored, and so is its zone.
		c.Birth = contact.ParseDate(i.Birthday[:min(10, len(i.Birthday))])
		if c.Birth.IsZero() || c.Birth.Year == omitted {
			c.Birth, unread = contact.Date{}, unread.With(contact.Birth)
		}
	}
	c = project(c)
	if text := line(i.DisplayName); c.Name.Text() == "" && text != "" && !i.standsIn(text) {
		c.Name = contact.Split(text, c.Name)
	}
	return c, unread
}

// standsIn says whether a display name is a company or an address rather than
// somebody's name.
func (i *item) standsIn(display string) bool {
	return contact.Fold(display) == contact.Fold(i.CompanyName) ||
		slices.ContainsFunc(i.Emails, func(e emailAddress) bool { return contact.Fold(display) == contact.Fold(e.Address) })
}

func (a *address) value() contact.Value {
	if a == nil {
		return nil
	}
	v := contact.Value{}
	for _, part := range []*string{a.Street, a.City, a.State, a.PostalCode, a.Country} {
		text := ""
		if part != nil {
			text = *part
		}
		v = append(v, text)
	}
	return v
}

// addressOf is what is sent; all of it null where there is none.
func addressOf(v contact.Value) address {
	v = append(slices.Clone(v), make(contact.Value, 5)...)
	part := func(i int) *string {
		if v[i] == "" {
			return nil
		}
		return &v[i]
	}
	return address{Street: part(0), City: part(1), State: part(2), PostalCode: part(3), Country: part(4)}
}

// project is c as Outlook keeps it and gives it back: three e-mails, two
// business and two home phones, one mobile; no birthday without its year; every
// text trimmed and, but for a street, on one line.
func project(c contact.Contact) contact.Contact {
	n := c.Name
	if n.Full != "" && n.Text() == line(n.Full) {
		n = contact.Split(line(n.Full), n)
	}
	out := contact.Contact{
		Name:     contact.Name{Title: line(n.Title), Given: line(n.Given), Given2: line(n.Given2), Surname: line(n.Surname), Generation: line(n.Generation)},
		Nickname: line(c.Nickname), Organization: line(c.Organization), Unit: line(c.Unit), JobTitle: line(c.JobTitle), Website: line(c.Website),
		Emails: lines(c.Emails), Categories: lines(c.Categories),
	}
	out.Emails = out.Emails[:min(len(out.Emails), capacity[contact.Emails])]
	for _, f := range []contact.Field{contact.WorkPhones, contact.MobilePhones, contact.HomePhones} {
		v := lines(c.Value(f))
		out = out.Set(f, v[:min(len(v), capacity[f])])
	}
	for _, f := range []contact.Field{contact.WorkAddress, contact.HomeAddress, contact.OtherAddress} {
		v := slices.Clone(c.Value(f))
		for i := range v {
			if v[i] = line(v[i]); i == 0 {
				v[i] = block(c.Value(f)[i])
			}
		}
		out = out.Set(f, v)
	}
	if d := contact.ParseDate(c.Birth.String()); d.Year != 0 && d.Year != omitted {
		out.Birth = d
	}
	return out
}

// line is s trimmed and on one line, without control characters.
func line(s string) string {
	s = block(s)
	if !strings.ContainsAny(s, "\n\t") && !strings.Contains(s, "  ") {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\t' || r == ' ' }), " ")
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// block is s trimmed, its lines ended by "\n" alone.
func block(s string) string {
	control := func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }
	if strings.ContainsFunc(s, control) || !utf8.ValidString(s) {
		s = strings.ToValidUTF8(lineEnds.Replace(s), "")
		s = strings.Map(func(r rune) rune {
			if control(r) {
				return -1
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}

// lines are the distinct texts of a set.
func lines(in []string) []string {
	var out []string
	for _, s := range in {
		if s = line(s); s != "" && !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, s) }) {
			out = append(out, s)
		}
	}
	return out
}

// patch is what has to be sent so that old becomes what c says in mask. It is
// nil where nothing differs. A new record has no old one.
func patch(old *item, c contact.Contact, mask contact.Fields) map[string]any {
	fresh := old == nil
	if fresh {
		old = &item{}
	}
	was, unread := old.contact()
	want := was
	c = project(c)
	for f := range (mask & fields).All() {
		want = want.Set(f, c.Value(f))
	}
	body := map[string]any{}
	for f := range (mask & fields).All() {
		v := want.Value(f)
		blank := v.IsEmpty() && (fresh || unread.Has(f))
		if !blank && (unread.Has(f) || !slices.Equal(was.Value(f), v)) {
			put(body, old, f, v)
		}
	}
	if len(body) == 0 && !fresh {
		return nil
	}
	if was.Name != want.Name && old.unnamed() {
		// The parts were made of the display name alone: now all are stored.
		for f := range contact.NameParts.All() {
			put(body, old, f, want.Value(f))
		}
	}
	body["displayName"] = nullable(display(old, was, want))
	return body
}

// unnamed reports whether an item holds no part of a name.
func (i *item) unnamed() bool {
	return i.ID != "" && i.Title == "" && i.GivenName == "" && i.MiddleName == "" && i.Surname == "" && i.Generation == ""
}

// put writes one field's property.
func put(body map[string]any, old *item, f contact.Field, v contact.Value) {
	list := func() []string { return append([]string{}, v...) }
	switch f {
	case contact.Emails:
		body["emailAddresses"] = emails(old.Emails, v)
	case contact.WorkPhones:
		body["businessPhones"] = list()
	case contact.HomePhones:
		body["homePhones"] = list()
	case contact.MobilePhones:
		body["mobilePhone"] = nullable(v.First())
	case contact.WorkAddress:
		body["businessAddress"] = addressOf(v)
	case contact.HomeAddress:
		body["homeAddress"] = addressOf(v)
	case contact.OtherAddress:
		body["otherAddress"] = addressOf(v)
	case contact.Categories:
		body["categories"] = list()
	case contact.Birth:
		// Noon is the same day in every zone that clients of Outlook live in.
		body["birthday"] = nullable(v.First())
		if !v.IsEmpty() {
			body["birthday"] = v.First() + "T12:00:00Z"
		}
	default:
		body[texts[f]] = nullable(v.First())
	}
}

// emails keeps the names of the addresses that stay.
func emails(old []emailAddress, v contact.Value) []emailAddress {
	out := make([]emailAddress, 0, len(v))
	for _, mail := range v {
		e := emailAddress{Address: mail}
		for _, had := range old {
			if strings.EqualFold(had.Address, mail) {
				e.Name = had.Name
			}
		}
		out = append(out, e)
	}
	for _, had := range old {
		// A malformed address of which the service kept the name alone.
		if had.Address == "" && had.Name != "" && len(out) < capacity[contact.Emails] {
			out = append(out, had)
		}
	}
	return out
}

// display is the name to be shown. One that somebody phrased stays until the
// name itself changes, and what stands in for a name until there is one.
func display(old *item, was, want contact.Contact) string {
	if was.Name == want.Name && old.DisplayName != "" && (want.Name.Display() != "" || want.Organization == was.Organization) {
		return old.DisplayName
	}
	for _, s := range append([]string{want.Name.Display(), want.Organization}, want.Emails...) {
		if s != "" {
			return s
		}
	}
	return ""
}

// nullable is a text as Graph takes it: the empty one is null.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// raw makes the body of a part.
func raw(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic("microsoft365: a body of plain values cannot be written: " + err.Error())
	}
	return data
}
