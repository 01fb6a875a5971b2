package google

import "time"

// The API's objects, as its discovery document describes them: of each that is
// written back, every member that may be written, so that nothing is lost.

type person struct {
	ResourceName   string         `json:"resourceName,omitempty"`
	Etag           string         `json:"etag,omitempty"`
	Metadata       *metadata      `json:"metadata,omitempty"`
	Names          []name         `json:"names,omitempty"`
	Nicknames      []nickname     `json:"nicknames,omitempty"`
	Organizations  []organization `json:"organizations,omitempty"`
	EmailAddresses []email        `json:"emailAddresses,omitempty"`
	PhoneNumbers   []phone        `json:"phoneNumbers,omitempty"`
	Addresses      []address      `json:"addresses,omitempty"`
	Urls           []link         `json:"urls,omitempty"`
	Birthdays      []birthday     `json:"birthdays,omitempty"`
	Biographies    []biography    `json:"biographies,omitempty"`
	Memberships    []membership   `json:"memberships,omitempty"`
	ClientData     []clientData   `json:"clientData,omitempty"`
}

type metadata struct {
	Sources               []source `json:"sources,omitempty"`
	Deleted               bool     `json:"deleted,omitempty"`
	PreviousResourceNames []string `json:"previousResourceNames,omitempty"`
}

type source struct {
	Type       string     `json:"type,omitempty"`
	ID         string     `json:"id,omitempty"`
	Etag       string     `json:"etag,omitempty"`
	UpdateTime *time.Time `json:"updateTime,omitempty"`
}

// mark is an entry's own metadata. Of it only sourcePrimary may be written.
type mark struct {
	Primary       bool    `json:"primary,omitempty"`
	SourcePrimary bool    `json:"sourcePrimary,omitempty"`
	Source        *source `json:"source,omitempty"`
}

// first says whether the entry is the one that counts.
func (m *mark) first() bool { return m != nil && (m.SourcePrimary || m.Primary) }

// foreign says whether the entry is not the contact's own but a profile's.
func (m *mark) foreign() bool {
	return m != nil && m.Source != nil && m.Source.Type != "" && m.Source.Type != sourceContact
}

const sourceContact = "CONTACT"

type name struct {
	Metadata                *mark  `json:"metadata,omitempty"`
	DisplayName             string `json:"displayName,omitempty"` // read only
	UnstructuredName        string `json:"unstructuredName,omitempty"`
	FamilyName              string `json:"familyName,omitempty"`
	GivenName               string `json:"givenName,omitempty"`
	MiddleName              string `json:"middleName,omitempty"`
	HonorificPrefix         string `json:"honorificPrefix,omitempty"`
	HonorificSuffix         string `json:"honorificSuffix,omitempty"`
	PhoneticFullName        string `json:"phoneticFullName,omitempty"`
	PhoneticFamilyName      string `json:"phoneticFamilyName,omitempty"`
	PhoneticGivenName       string `json:"phoneticGivenName,omitempty"`
	PhoneticMiddleName      string `json:"phoneticMiddleName,omitempty"`
	PhoneticHonorificPrefix string `json:"phoneticHonorificPrefix,omitempty"`
	PhoneticHonorificSuffix string `json:"phoneticHonorificSuffix,omitempty"`
}

type nickname struct {
	Metadata *mark  `json:"metadata,omitempty"`
	Value    string `json:"value,omitempty"`
	Type     string `json:"type,omitempty"`
}

type organization struct {
	Metadata                       *mark  `json:"metadata,omitempty"`
	Type                           string `json:"type,omitempty"`
	StartDate                      *day   `json:"startDate,omitempty"`
	EndDate                        *day   `json:"endDate,omitempty"`
	Current                        bool   `json:"current,omitempty"`
	Name                           string `json:"name,omitempty"`
	PhoneticName                   string `json:"phoneticName,omitempty"`
	Department                     string `json:"department,omitempty"`
	Title                          string `json:"title,omitempty"`
	JobDescription                 string `json:"jobDescription,omitempty"`
	Symbol                         string `json:"symbol,omitempty"`
	Domain                         string `json:"domain,omitempty"`
	Location                       string `json:"location,omitempty"`
	CostCenter                     string `json:"costCenter,omitempty"`
	FullTimeEquivalentMillipercent int    `json:"fullTimeEquivalentMillipercent,omitempty"`
}

type email struct {
	Metadata    *mark  `json:"metadata,omitempty"`
	Value       string `json:"value,omitempty"`
	Type        string `json:"type,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
}

type phone struct {
	Metadata *mark  `json:"metadata,omitempty"`
	Value    string `json:"value,omitempty"`
	Type     string `json:"type,omitempty"`
}

type address struct {
	Metadata        *mark  `json:"metadata,omitempty"`
	FormattedValue  string `json:"formattedValue,omitempty"`
	Type            string `json:"type,omitempty"`
	PoBox           string `json:"poBox,omitempty"`
	StreetAddress   string `json:"streetAddress,omitempty"`
	ExtendedAddress string `json:"extendedAddress,omitempty"`
	City            string `json:"city,omitempty"`
	Region          string `json:"region,omitempty"`
	PostalCode      string `json:"postalCode,omitempty"`
	Country         string `json:"country,omitempty"`
	CountryCode     string `json:"countryCode,omitempty"`
}

type link struct {
	Metadata *mark  `json:"metadata,omitempty"`
	Value    string `json:"value,omitempty"`
	Type     string `json:"type,omitempty"`
}

type birthday struct {
	Metadata *mark  `json:"metadata,omitempty"`
	Date     *day   `json:"date,omitempty"`
	Text     string `json:"text,omitempty"`
}

type day struct {
	Year  int `json:"year,omitempty"`
	Month int `json:"month,omitempty"`
	Day   int `json:"day,omitempty"`
}

type biography struct {
	Metadata    *mark  `json:"metadata,omitempty"`
	Value       string `json:"value,omitempty"`
	ContentType string `json:"contentType,omitempty"`
}

type membership struct {
	Metadata *mark          `json:"metadata,omitempty"`
	Group    *groupMembers  `json:"contactGroupMembership,omitempty"`
	Domain   map[string]any `json:"domainMembership,omitempty"` // read only
}

type groupMembers struct {
	ResourceName string `json:"contactGroupResourceName,omitempty"`
}

type clientData struct {
	Metadata *mark  `json:"metadata,omitempty"`
	Key      string `json:"key,omitempty"`
	Value    string `json:"value,omitempty"`
}

type group struct {
	ResourceName string `json:"resourceName,omitempty"`
	Name         string `json:"name,omitempty"`
	GroupType    string `json:"groupType,omitempty"`
}

// contactSource is the person's own record in the address book, nil where the
// person is a profile only. A person may join several: wanted is preferred.
func (p *person) contactSource(wanted string) *source {
	if p == nil || p.Metadata == nil {
		return nil
	}
	var found *source
	for i := range p.Metadata.Sources {
		s := &p.Metadata.Sources[i]
		if s.Type == sourceContact && s.ID != "" && (found == nil || s.ID == wanted) {
			found = s
		}
	}
	return found
}
