package microsoft365

import (
	"strings"
	"time"

	"tandem/server/contact"
)

// item is a contact as Graph sends it: what we read of one.
type item struct {
	ID             string         `json:"id"`
	ETag           string         `json:"@odata.etag"`
	ChangeKey      string         `json:"changeKey"`
	ParentFolderID string         `json:"parentFolderId"`
	Created        time.Time      `json:"createdDateTime"`
	Modified       time.Time      `json:"lastModifiedDateTime"`
	Categories     []string       `json:"categories"`
	Title          string         `json:"title"`
	GivenName      string         `json:"givenName"`
	MiddleName     string         `json:"middleName"`
	Surname        string         `json:"surname"`
	Generation     string         `json:"generation"`
	DisplayName    string         `json:"displayName"`
	NickName       string         `json:"nickName"`
	CompanyName    string         `json:"companyName"`
	Department     string         `json:"department"`
	JobTitle       string         `json:"jobTitle"`
	HomePage       string         `json:"businessHomePage"`
	Emails         []emailAddress `json:"emailAddresses"`
	BusinessPhones []string       `json:"businessPhones"`
	HomePhones     []string       `json:"homePhones"`
	MobilePhone    string         `json:"mobilePhone"`
	Business       *address       `json:"businessAddress"`
	Home           *address       `json:"homeAddress"`
	Other          *address       `json:"otherAddress"`
	Birthday       string         `json:"birthday"`

	Removed  *struct{}  `json:"@removed"`
	Extended []extended `json:"singleValueExtendedProperties"`
}

type emailAddress struct {
	Address string `json:"address,omitempty"`
	Name    string `json:"name,omitempty"`
}

// address is a physicalAddress. A part that is empty is sent as null: what is
// left out would stay as it is.
type address struct {
	Street     *string `json:"street"`
	City       *string `json:"city"`
	State      *string `json:"state"`
	PostalCode *string `json:"postalCode"`
	Country    *string `json:"countryOrRegion"`
}

// extended is a singleValueLegacyExtendedProperty.
type extended struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// markerID is the extended property that holds our marker: a named property
// under a GUID that is this product's own.
const markerID = "String {6f0b9b5e-4e2a-4a57-9d58-2c2ad8f1c7b4} Name TandemMarker"

// properties are those that are read, and no others: neither notes nor
// anything else that is none of our business leaves the mailbox.
const properties = "id,changeKey,parentFolderId,createdDateTime,lastModifiedDateTime,categories," +
	"title,givenName,middleName,surname,generation,displayName,nickName,companyName,department,jobTitle,businessHomePage," +
	"emailAddresses,businessPhones,homePhones,mobilePhone,businessAddress,homeAddress,otherAddress,birthday"

// withMarker expands our marker, wherever that is possible.
const withMarker = "singleValueExtendedProperties($filter=id eq '" + markerID + "')"

// version is the ETag as it was given, to be given back: it is weak, and its
// quotes belong to it.
func (i *item) version() contact.Version {
	if i.ETag == "" && i.ChangeKey != "" {
		return contact.Version(`W/"` + i.ChangeKey + `"`)
	}
	return contact.Version(i.ETag)
}

// marker is ours, or "". The GUID comes back in another case than it was sent.
func (i *item) marker() string {
	for _, e := range i.Extended {
		if strings.EqualFold(e.ID, markerID) {
			return e.Value
		}
	}
	return ""
}

// list is a page of a collection.
type list[T any] struct {
	Value     []T    `json:"value"`
	NextLink  string `json:"@odata.nextLink"`
	DeltaLink string `json:"@odata.deltaLink"`
}

// problem is Graph's form of an error.
type problem struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// account is what we read of /me.
type account struct {
	ID            string `json:"id"`
	DisplayName   string `json:"displayName"`
	Mail          string `json:"mail"`
	PrincipalName string `json:"userPrincipalName"`
}

// folder is a contactFolder.
type folder struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}
