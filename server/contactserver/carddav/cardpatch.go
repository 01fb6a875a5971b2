package carddav

import (
	"slices"
	"strings"

	"tandem/server/contact"
)

// newCard is an empty card: version is "3.0" or "4.0".
func newCard(version, uid string) *card {
	text := "BEGIN:VCARD\r\nVERSION:" + version + "\r\nPRODID:-//Tandem//Contacts//EN\r\nUID:" + escape(uid, version) + "\r\n"
	if version != "4.0" {
		text += "N:;;;;\r\n" // mandatory before version 4.0
	}
	text += "END:VCARD\r\n"
	c, err := parseCard(text)
	if err != nil {
		panic("carddav: the empty card cannot be read: " + err.Error())
	}
	c.touched = true
	return c
}

// patch writes the masked fields of next into the card and touches no other
// line. A field that already reads as wanted is not written at all. Values
// that the card holds beyond what is read (a second address of one kind, the
// third title) stay.
func (c *card) patch(next contact.Contact, mask contact.Fields) {
	old, _ := c.contact()
	next = project(next)
	want := old
	for f := range mask.Without(contact.FullName).All() {
		want = want.Set(f, next.Value(f))
	}
	explicit := "" // the whole name, where it is given
	if mask.Has(contact.FullName) {
		explicit = next.Name.Full
	}
	c.patchName(old, want, explicit, mask.Has(contact.FullName))
	for f := range mask.All() {
		switch f {
		case contact.Nickname:
			c.setText("NICKNAME", old.Nickname, want.Nickname)
		case contact.Organization:
			c.setParts(c.slot("ORG"), "ORG", map[int]string{0: want.Organization})
		case contact.Unit:
			c.setParts(c.slot("ORG"), "ORG", map[int]string{1: want.Unit})
		case contact.JobTitle:
			c.setText("TITLE", old.JobTitle, want.JobTitle)
		case contact.Emails:
			c.setElements(set{name: "EMAIL", lines: c.emailLines(), text: c.emailText, types: "INTERNET"}, want.Value(f))
		case contact.WorkPhones, contact.MobilePhones, contact.HomePhones, contact.OtherPhones, contact.Faxes:
			kind := phoneFields[f]
			c.setElements(set{name: "TEL", lines: c.phoneLines(kind.kind), text: c.phoneText, types: kind.types}, want.Value(f))
		case contact.WorkAddress:
			c.setAddress(contact.AddressWork, want.Value(f))
		case contact.HomeAddress:
			c.setAddress(contact.AddressHome, want.Value(f))
		case contact.OtherAddress:
			c.setAddress(contact.AddressOther, want.Value(f))
		case contact.Website:
			c.setText("URL", old.Website, want.Website)
		case contact.Birth:
			if old.Birth != want.Birth { // what is not understood is no date, and stays unless one is set
				c.setBirth(want.Birth)
			}
		case contact.Notes:
			c.setText("NOTE", old.Notes, want.Notes)
		case contact.Categories:
			c.setCategories(want.Categories)
		}
	}
	c.lines = slices.DeleteFunc(c.lines, func(l line) bool { return l.raw == "" })
	if c.touched && c.version != "2.1" && single(c.text("FN")) == "" {
		want.Name.Full = explicit
		fn := complete(want.Name, want).Full
		if fn == "" {
			fn = callIt(want)
		}
		c.setText("FN", "", fn) // servers refuse a card without one
	}
}

// phoneFields are the kinds of numbers and the types of a new line.
var phoneFields = map[contact.Field]struct {
	kind  contact.PhoneKind
	types string
}{
	contact.WorkPhones:   {contact.PhoneWork, "WORK"},
	contact.MobilePhones: {contact.PhoneMobile, "CELL"},
	contact.HomePhones:   {contact.PhoneHome, "HOME"},
	contact.OtherPhones:  {contact.PhoneOther, "VOICE"},
	contact.Faxes:        {contact.PhoneFax, "FAX"},
}

// insert puts a new line before the card's end and gives its position.
func (c *card) insert(name, types, value string) int {
	end := len(c.lines)
	for end > 0 && c.lines[end-1].name != "END" {
		end--
	}
	l := line{label: name}
	if types != "" {
		l.params = []param{parseParam(c.typeParam(types))}
	}
	c.compose(&l, value)
	at := max(end-1, 0)
	c.lines = slices.Insert(c.lines, at, l)
	return at
}

// typeParam spells a TYPE parameter the way of the card's version.
func (c *card) typeParam(types string) string {
	switch c.version {
	case "2.1":
		return types
	case "4.0":
		return "TYPE=" + strings.ToLower(types)
	}
	return "TYPE=" + types
}

// remove takes a line away, and the labels of its group (Apple's
// item1.X-ABLabel) once they label nothing any more.
func (c *card) remove(i int) {
	group := c.lines[i].group
	c.lines[i] = line{}
	c.touched = true
	if group == "" {
		return
	}
	var labels []int
	for k, l := range c.lines {
		if !strings.EqualFold(l.group, group) || l.raw == "" {
			continue
		}
		if !strings.HasPrefix(l.name, "X-AB") {
			return
		}
		labels = append(labels, k)
	}
	for _, k := range labels {
		c.lines[k] = line{}
	}
}

// slot is the line of this name to write to: the one that is read, else an
// empty one. -1 where there is none.
func (c *card) slot(name string) int {
	i := c.first(name)
	if all := c.all(name); i < 0 && len(all) > 0 {
		i = all[0]
	}
	return i
}

// setText writes a line of one text; old is how it reads now.
func (c *card) setText(name, old, text string) {
	i := c.slot(name)
	switch {
	case old == text:
	case text == "":
		c.remove(i)
	case i < 0:
		c.insert(name, "", escape(text, c.version))
	default:
		c.dropParams(&c.lines[i], "VALUE", "SORT-AS")
		c.compose(&c.lines[i], escape(text, c.version))
	}
}

// setParts writes some components of a structured line and keeps the others as
// they are spelled. A line without any is removed.
func (c *card) setParts(i int, name string, texts map[int]string) {
	var raw, now []string
	if i >= 0 {
		raw = splitEscaped(c.lines[i].decoded(), ';')
		now = c.lines[i].parts(c.version)
	}
	changed := false
	for k, text := range texts {
		if single(at(now, k)) == text || at(now, k) == text {
			continue
		}
		for len(raw) <= k {
			raw = append(raw, "")
		}
		raw[k], changed = escape(text, c.version), true
	}
	switch {
	case !changed:
	case i >= 0 && strings.Trim(strings.Join(raw, ""), " \t") == "" && name != "N":
		c.remove(i)
	case i < 0:
		c.insert(name, "", strings.Join(raw, ";"))
	default:
		c.dropParams(&c.lines[i], "SORT-AS", "LABEL", "GEO", "TZ")
		c.compose(&c.lines[i], strings.Join(raw, ";"))
	}
}

// setAddress writes ADR. Box and extension are read as lines of the street,
// and become such where the street changes.
func (c *card) setAddress(kind contact.AddressKind, v contact.Value) {
	i := c.addressLine(kind)
	if v.IsEmpty() {
		if i >= 0 {
			c.remove(i)
		}
		return
	}
	if i < 0 {
		raw := []string{"", ""}
		for _, s := range v {
			raw = append(raw, escape(s, c.version))
		}
		c.insert("ADR", strings.ToUpper(string(kind)), strings.Join(raw, ";"))
		return
	}
	texts := map[int]string{3: v[1], 4: v[2], 5: v[3], 6: v[4]}
	if c.address(i, kind).Street != v[0] {
		texts[0], texts[1], texts[2] = "", "", v[0]
	}
	c.setParts(i, "ADR", texts)
}

// setBirth writes BDAY. Version 3.0 has no date without a year; Apple's way of
// saying so is the one that most programs understand.
func (c *card) setBirth(d contact.Date) {
	i := c.slot("BDAY")
	if d.IsZero() {
		if i >= 0 {
			c.remove(i)
		}
		return
	}
	value := d.String()
	var omit []param
	switch {
	case c.version == "4.0":
		value = strings.ReplaceAll(value, "-", "")
		if d.Year == 0 {
			value = "--" + value
		}
	case d.Year == 0:
		value = "1604-" + value[2:]
		omit = []param{parseParam("X-APPLE-OMIT-YEAR=1604")}
	}
	if i < 0 {
		i = c.insert("BDAY", "", value)
	}
	c.dropParams(&c.lines[i], "VALUE", "X-APPLE-OMIT-YEAR", "CALSCALE")
	c.lines[i].params = append(c.lines[i].params, omit...)
	c.compose(&c.lines[i], value)
}

func (c *card) dropParams(l *line, names ...string) {
	l.params = slices.DeleteFunc(slices.Clone(l.params), func(p param) bool { return slices.Contains(names, p.name) })
}
