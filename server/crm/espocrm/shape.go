package espocrm

import (
	"regexp"
	"slices"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
)

const (
	entityContact = "Contact"
	entityLead    = "Lead"
	entityAccount = "Account"
)

// text is a field of the canonical contact that is one attribute of the API.
type text struct {
	field     contact.Field
	attribute string
	of        func(*row) *string
	// plain texts may not hold the characters <, > and =.
	plain bool
	// most is the longest text in runes, 0 for any length.
	most int
}

// shape is what one of the two entities looks like. Lengths, patterns and
// choices are EspoCRM's own; an administrator may have changed them, and then
// the server's refusal says so.
type shape struct {
	entity string
	texts  []text
	fields contact.Fields
	// listed are the attributes asked of lists: what version needs, and times.
	listed []string
	// linked: the company is a record of its own (contacts).
	linked bool
}

var (
	personTexts = []text{
		{contact.Given, "firstName", func(r *row) *string { return &r.FirstName }, true, 100},
		{contact.Given2, "middleName", func(r *row) *string { return &r.MiddleName }, true, 100},
		{contact.Surname, "lastName", func(r *row) *string { return &r.LastName }, true, 100},
		{contact.Notes, "description", func(r *row) *string { return &r.Description }, false, 0},
	}
	personFields = contact.FieldsOf(contact.Title, contact.Given, contact.Given2, contact.Surname,
		contact.Organization, contact.JobTitle, contact.Emails, contact.WorkPhones, contact.MobilePhones,
		contact.HomePhones, contact.OtherPhones, contact.Faxes, contact.WorkAddress, contact.Notes)
	personListed = []string{"salutationName", "firstName", "middleName", "lastName", "title", "emailAddress",
		"phoneNumber", "addressStreet", "addressCity", "addressState", "addressPostalCode", "addressCountry",
		"accountName", "assignedUserId", "createdAt", "modifiedAt"}

	contacts = shape{
		entity: entityContact,
		texts: append(slices.Clip(personTexts),
			text{contact.JobTitle, "title", func(r *row) *string { return &r.Title }, false, 100}),
		fields: personFields,
		listed: personListed,
		linked: true,
	}
	leads = shape{
		entity: entityLead,
		texts: append(slices.Clip(personTexts),
			text{contact.JobTitle, "title", func(r *row) *string { return &r.Title }, true, 100},
			text{contact.Organization, "accountName", func(r *row) *string { return &r.AccountName }, true, 255},
			text{contact.Website, "website", func(r *row) *string { return &r.Website }, false, 255}),
		fields: personFields.With(contact.Website),
		listed: append(slices.Clip(personListed), "website", "status", "createdContactId"),
	}
)

func shapeOf(e provider.Entity) *shape {
	if e == provider.EntityLeads {
		return &leads
	}
	return &contacts
}

// maxLen is Description.MaxLen.
func (s *shape) maxLen() map[contact.Field]int {
	most := map[contact.Field]int{contact.Emails: 255}
	for f := range phoneFields.All() {
		most[f] = 36
	}
	for _, t := range s.texts {
		if t.most > 0 {
			most[t.field] = t.most
		}
	}
	return most
}

// addressMost are the greatest lengths of an address' parts, in the order of
// a contact.Value.
var addressMost = [5]int{255, 100, 100, 40, 100}

// contact reads a row. What Project would not keep is not shown, so that what
// was read is always something that can be written back.
func (b *book) contact(r *row) contact.Contact {
	var c contact.Contact
	for _, t := range b.shape.texts {
		c = c.Set(t.field, one(*t.of(r)))
	}
	c.Name.Title = r.SalutationName
	if b.shape.linked {
		c.Organization = r.AccountName
	}
	for _, e := range primaryFirst(r.EmailAddressData, func(e emailRow) bool { return e.Primary }) {
		c.Emails = append(c.Emails, e.EmailAddress)
	}
	for _, p := range primaryFirst(r.PhoneNumberData, func(p phoneRow) bool { return p.Primary }) {
		c.Phones = append(c.Phones, contact.Phone{Kind: kindOf(p.Type), Number: p.PhoneNumber})
	}
	c.Addresses = []contact.Address{{Kind: contact.AddressWork, Street: r.AddressStreet, Locality: r.AddressCity,
		Region: r.AddressState, Postcode: r.AddressPostalCode, Country: r.AddressCountry}}
	return b.Project(c)
}

// Project implements contact.Book.
func (b *book) Project(c contact.Contact) contact.Contact {
	var out contact.Contact
	for _, t := range b.shape.texts {
		v := c.Value(t.field).First()
		switch {
		case t.field == contact.Notes:
		case t.field == contact.Website:
			if v = strings.TrimSpace(v); !websitePattern.MatchString(v) {
				v = ""
			}
		default:
			v = clean(v, t.plain)
		}
		out = out.Set(t.field, one(v))
	}
	out.Name.Title = salutation(c.Name.Title)
	if b.shape.linked {
		if out.Organization = clean(c.Organization, false); out.Organization == "" {
			out.JobTitle = ""
		}
	}
	out.Emails = projectEmails(c.Emails)
	out.Phones = b.projectPhones(c.Phones)
	if v := c.Value(contact.WorkAddress); !v.IsEmpty() {
		out = out.Set(contact.WorkAddress, contact.Value{v[0], clean(v[1], true), clean(v[2], true), clean(v[3], true), clean(v[4], true)})
	}
	return out
}

// clean does what the server does to a line of text, and takes out what it
// would refuse.
func clean(s string, plain bool) string {
	if plain {
		s = strings.NewReplacer("<", "", ">", "", "=", "").Replace(s)
	}
	return strings.TrimSpace(s)
}

// websitePattern is EspoCRM's uriOptionalProtocol.
var websitePattern = regexp.MustCompile(`^([a-zA-Z0-9]+://)?[a-zA-Z0-9%./?:@\-_=#$!+*()',]+\.[a-zA-Z0-9%&./?:@\-_=#$!+*()',~]*$`)

// salutations are the choices of an EspoCRM that nobody changed.
var salutations = []string{"Mr.", "Ms.", "Mrs.", "Dr."}

// salutation is the choice that means s, or "".
func salutation(s string) string {
	key := strings.TrimSuffix(contact.Fold(s), ".")
	for _, choice := range salutations {
		if key == strings.ToLower(strings.TrimSuffix(choice, ".")) {
			return choice
		}
	}
	return ""
}

func one(s string) contact.Value {
	if s == "" {
		return nil
	}
	return contact.Value{s}
}

func primaryFirst[T any](rows []T, primary func(T) bool) []T {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(x, y T) int {
		switch {
		case primary(x) && !primary(y):
			return -1
		case primary(y) && !primary(x):
			return 1
		}
		return 0
	})
	return out
}
