package contact

import "slices"

// Value is the content of one field: nil when empty, one text for a Scalar,
// the elements of a Set (the preferred one first), and for an address always
// five texts: street, locality, region, postcode, country.
type Value []string

// IsEmpty reports whether v holds nothing.
func (v Value) IsEmpty() bool {
	for _, s := range v {
		if s != "" {
			return false
		}
	}
	return true
}

// Value reads one field. FullName is Name.Text: the components joined, or
// Name.Full where there are none. Setting it sets Name.Full alone.
func (c Contact) Value(f Field) Value {
	switch f {
	case Emails:
		return Value(c.Emails)
	case Categories:
		return Value(c.Categories)
	case WorkPhones, MobilePhones, HomePhones, OtherPhones, Faxes:
		return c.phones(phoneKinds[f])
	case WorkAddress, HomeAddress, OtherAddress:
		return c.address(addressKinds[f])
	case Birth:
		return one(c.Birth.String())
	case FullName:
		return one(c.Name.Text())
	}
	return one(*c.text(f))
}

// Set returns c with field f replaced by v; an empty v clears it. Setting one
// kind of phone or address leaves the other kinds as they are. The slices of c
// are not modified.
func (c Contact) Set(f Field, v Value) Contact {
	switch f {
	case Emails:
		c.Emails = slices.Clone([]string(v))
	case Categories:
		c.Categories = slices.Clone([]string(v))
	case WorkPhones, MobilePhones, HomePhones, OtherPhones, Faxes:
		c.setPhones(phoneKinds[f], v)
	case WorkAddress, HomeAddress, OtherAddress:
		c.setAddress(addressKinds[f], v)
	case Birth:
		c.Birth = ParseDate(v.First())
	default:
		*c.text(f) = v.First()
	}
	return c
}

// Only returns c reduced to the given fields.
func (c Contact) Only(fs Fields) Contact {
	var out Contact
	for f := range fs.All() {
		if f == FullName {
			out.Name.Full = c.Name.Full
			continue
		}
		if v := c.Value(f); !v.IsEmpty() {
			out = out.Set(f, v)
		}
	}
	return out
}

// Filled is the set of fields that hold something.
func (c Contact) Filled() Fields {
	var s Fields
	for f := range AllFields.All() {
		if !c.Value(f).IsEmpty() {
			s = s.With(f)
		}
	}
	return s
}

// First is the first text of v, or "".
func (v Value) First() string {
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

func one(s string) Value {
	if s == "" {
		return nil
	}
	return Value{s}
}

func (c *Contact) text(f Field) *string {
	switch f {
	case Title:
		return &c.Name.Title
	case Given:
		return &c.Name.Given
	case Given2:
		return &c.Name.Given2
	case Surname:
		return &c.Name.Surname
	case Generation:
		return &c.Name.Generation
	case FullName:
		return &c.Name.Full
	case Nickname:
		return &c.Nickname
	case Organization:
		return &c.Organization
	case Unit:
		return &c.Unit
	case JobTitle:
		return &c.JobTitle
	case Website:
		return &c.Website
	case Notes:
		return &c.Notes
	}
	panic("contact: field " + f.String() + " is not a text")
}

var phoneKinds = map[Field]PhoneKind{
	WorkPhones: PhoneWork, MobilePhones: PhoneMobile, HomePhones: PhoneHome,
	OtherPhones: PhoneOther, Faxes: PhoneFax,
}

var addressKinds = map[Field]AddressKind{
	WorkAddress: AddressWork, HomeAddress: AddressHome, OtherAddress: AddressOther,
}

func (c *Contact) phones(k PhoneKind) Value {
	var v Value
	for _, p := range c.Phones {
		if p.Kind == k && p.Number != "" {
			v = append(v, p.Number)
		}
	}
	return v
}

func (c *Contact) setPhones(k PhoneKind, v Value) {
	kept := slices.DeleteFunc(slices.Clone(c.Phones), func(p Phone) bool { return p.Kind == k })
	for _, n := range v {
		if n != "" {
			kept = append(kept, Phone{Kind: k, Number: n})
		}
	}
	c.Phones = kept
}

func (c *Contact) address(k AddressKind) Value {
	for _, a := range c.Addresses {
		v := Value{a.Street, a.Locality, a.Region, a.Postcode, a.Country}
		if a.Kind == k && !v.IsEmpty() {
			return v
		}
	}
	return nil
}

func (c *Contact) setAddress(k AddressKind, v Value) {
	kept := slices.DeleteFunc(slices.Clone(c.Addresses), func(a Address) bool { return a.Kind == k })
	if !v.IsEmpty() && len(v) == 5 {
		kept = append(kept, Address{Kind: k, Street: v[0], Locality: v[1], Region: v[2], Postcode: v[3], Country: v[4]})
	}
	c.Addresses = kept
}
