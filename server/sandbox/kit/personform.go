package kit

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tandem/server/contact"
)

// layout is how the form groups the field map.
var layout = []struct {
	legend string
	fields []contact.Field
}{
	{"Name", []contact.Field{contact.FullName, contact.Title, contact.Given, contact.Given2, contact.Surname, contact.Generation, contact.Nickname}},
	{"Work", []contact.Field{contact.Organization, contact.Unit, contact.JobTitle, contact.Website}},
	{"E-mail and phone", []contact.Field{contact.Emails, contact.WorkPhones, contact.MobilePhones, contact.HomePhones, contact.OtherPhones, contact.Faxes}},
	{"Business address", []contact.Field{contact.WorkAddress}},
	{"Home address", []contact.Field{contact.HomeAddress}},
	{"Other address", []contact.Field{contact.OtherAddress}},
	{"More", []contact.Field{contact.Birth, contact.Categories, contact.Notes}},
}

var addressParts = []string{"Street", "City", "State or region", "Postal code", "Country"}

// groups are the form's inputs, with what was typed where it is given.
func (p *peoplePage) groups(c contact.Contact, typed url.Values) []group {
	var out []group
	for _, l := range layout {
		g := group{Legend: l.legend}
		for _, f := range l.fields {
			if p.Fields.Has(f) {
				g.Inputs = append(g.Inputs, inputs(f, c.Value(f), typed)...)
			}
		}
		if g.Inputs != nil {
			out = append(out, g)
		}
	}
	return out
}

func inputs(f contact.Field, v contact.Value, typed url.Values) []input {
	if f.Shape() == contact.Compound {
		var out []input
		for i, label := range addressParts {
			in := input{Name: f.String() + strconv.Itoa(i), Label: label, Type: "text", Lines: i == 0}
			if i < len(v) {
				in.Value = v[i]
			}
			out = append(out, in.with(typed))
		}
		return out
	}
	in := input{Name: f.String(), Label: f.Label(), Type: "text", Value: strings.Join(v, "\n")}
	switch {
	case f == contact.Birth:
		in.Hint = "1985-03-04, or --03-04 without the year"
		if typed != nil && wrongDate(typed.Get(in.Name)) {
			in.Error = "This is not a day of the calendar."
		}
	case f == contact.Notes:
		in.Lines = true
	case f.Shape() == contact.Set:
		in.Lines, in.Hint = true, "One on each line"
	}
	return []input{in.with(typed)}
}

func (in input) with(typed url.Values) input {
	if typed != nil {
		in.Value = typed.Get(in.Name)
	}
	return in
}

// read gives c with what was typed, and what is wrong with it.
func (p *peoplePage) read(c contact.Contact, typed url.Values) (next contact.Contact, wrong string) {
	for f := range p.Fields.All() {
		var v contact.Value
		text := strings.ReplaceAll(typed.Get(f.String()), "\r\n", "\n")
		switch f.Shape() {
		case contact.Compound:
			for i := range addressParts {
				v = append(v, strings.TrimSpace(strings.ReplaceAll(typed.Get(f.String()+strconv.Itoa(i)), "\r\n", "\n")))
			}
		case contact.Set:
			for one := range strings.SplitSeq(text, "\n") {
				if one = strings.TrimSpace(one); one != "" && !slices.Contains(v, one) {
					v = append(v, one)
				}
			}
		default:
			if text = strings.TrimSpace(text); text != "" {
				v = contact.Value{text}
			}
		}
		if v.IsEmpty() {
			v = nil
		}
		if !slices.Equal(v, c.Value(f)) {
			c = c.Set(f, v)
		}
	}
	switch {
	case wrongDate(typed.Get(contact.Birth.String())):
		wrong = "The birthday is not a day of the calendar."
	case c.Name.Display() == "" && c.Organization == "" && len(c.Emails) == 0:
		wrong = "Give a name, a company or an e-mail."
	}
	return c, wrong
}

func wrongDate(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && contact.ParseDate(text).IsZero()
}
