package graph

import (
	"strings"

	"tandem/server/contact"
)

// plain are the fields that are one text, by property.
var plain = map[string]contact.Field{
	"title": contact.Title, "givenName": contact.Given, "middleName": contact.Given2, "surname": contact.Surname,
	"generation": contact.Generation, "nickName": contact.Nickname, "companyName": contact.Organization,
	"department": contact.Unit, "jobTitle": contact.JobTitle, "businessHomePage": contact.Website, "personalNotes": contact.Notes,
}

var (
	phones  = map[string]contact.Field{"businessPhones": contact.WorkPhones, "homePhones": contact.HomePhones}
	postal  = map[string]contact.Field{"businessAddress": contact.WorkAddress, "homeAddress": contact.HomeAddress, "otherAddress": contact.OtherAddress}
	ofValue = []string{"street", "city", "state", "postalCode", "countryOrRegion"}
)

// toContact reads what the field map knows of a record. It is what the people
// page shows, and shares nothing with the adapter that it helps to test.
func toContact(it *item) contact.Contact {
	var c contact.Contact
	for name, f := range plain {
		c = c.Set(f, contact.Value{strings.ReplaceAll(text(it.Props, name), "\r\n", "\n")})
	}
	for _, row := range rows(it.Props["emailAddresses"]) {
		if mail := text(row, "address"); mail != "" {
			c.Emails = append(c.Emails, mail)
		}
	}
	for name, f := range phones {
		list, _ := textList(it.Props[name])
		c = c.Set(f, list)
	}
	c = c.Set(contact.MobilePhones, contact.Value{text(it.Props, "mobilePhone")})
	for name, f := range postal {
		address, _ := it.Props[name].(map[string]any)
		v := make(contact.Value, len(ofValue))
		for i, part := range ofValue {
			v[i] = text(address, part)
		}
		c = c.Set(f, v)
	}
	if day := text(it.Props, "birthday"); len(day) >= 10 {
		c.Birth = contact.ParseDate(day[:10])
	}
	c.Categories, _ = textList(it.Props["categories"])
	return c
}

// fill writes a whole contact into a record, as a form of Outlook's would: what
// does not fit is left out.
func (s *Server) fill(it *item, c contact.Contact) {
	sent := map[string]any{"displayName": null(c.Name.Display()), "mobilePhone": null(c.Value(contact.MobilePhones).First())}
	if sent["displayName"] == nil {
		delete(sent, "displayName")
	}
	for name, f := range plain {
		sent[name] = null(c.Value(f).First())
	}
	mails := []any{}
	for _, mail := range c.Emails[:min(len(c.Emails), maxEmails)] {
		mails = append(mails, map[string]any{"address": mail})
	}
	sent["emailAddresses"], sent["categories"] = mails, anyList(c.Categories)
	for name, f := range phones {
		v := c.Value(f)
		sent[name] = anyList(v[:min(len(v), 2)])
	}
	for name, f := range postal {
		address := map[string]any{}
		for i, part := range c.Value(f) {
			address[ofValue[i]] = part
		}
		sent[name] = address
	}
	sent["birthday"] = nil
	if c.Birth.Year != 0 && !c.Birth.IsZero() {
		sent["birthday"] = c.Birth.String() + "T00:00:00Z"
	}
	if no := s.apply(it, sent); no != nil {
		panic("graph: a form's own values were refused")
	}
}
