package espocrm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/rest"
)

// row is a contact or a lead as the API spells it; what one of the two lacks
// stays empty. null reads as empty, too.
type row struct {
	ID                string   `json:"id"`
	Name              string   `json:"name"` // of accounts
	SalutationName    string   `json:"salutationName"`
	FirstName         string   `json:"firstName"`
	MiddleName        string   `json:"middleName"`
	LastName          string   `json:"lastName"`
	Title             string   `json:"title"`
	Description       string   `json:"description"`
	Website           string   `json:"website"`
	EmailAddress      string   `json:"emailAddress"`
	PhoneNumber       string   `json:"phoneNumber"`
	AddressStreet     string   `json:"addressStreet"`
	AddressCity       string   `json:"addressCity"`
	AddressState      string   `json:"addressState"`
	AddressPostalCode string   `json:"addressPostalCode"`
	AddressCountry    string   `json:"addressCountry"`
	AccountID         string   `json:"accountId"`
	AccountName       string   `json:"accountName"`
	AccountsIDs       []string `json:"accountsIds"`
	Status            string   `json:"status"`
	CreatedContactID  string   `json:"createdContactId"`
	AssignedUserID    string   `json:"assignedUserId"`
	TeamsIDs          []string `json:"teamsIds"`
	CreatedAt         string   `json:"createdAt"`
	ModifiedAt        string   `json:"modifiedAt"`
	VersionNumber     *int     `json:"versionNumber"`
	// Deleted is only ever true for administrators: they still read what is gone.
	Deleted bool `json:"deleted"`

	EmailAddressData []emailRow `json:"emailAddressData"`
	PhoneNumberData  []phoneRow `json:"phoneNumberData"`
}

type emailRow struct {
	EmailAddress string `json:"emailAddress"`
	Primary      bool   `json:"primary"`
	OptOut       bool   `json:"optOut"`
	Invalid      bool   `json:"invalid"`
}

type phoneRow struct {
	PhoneNumber string `json:"phoneNumber"`
	Primary     bool   `json:"primary"`
	OptOut      bool   `json:"optOut"`
	Invalid     bool   `json:"invalid"`
	Type        string `json:"type,omitempty"`
}

// converted reports whether a lead lives on as a contact.
func (r *row) converted() bool { return r.Status == "Converted" }

// version is the same for a row of a list and for the record read directly.
func (r *row) version() contact.Version {
	if r.ModifiedAt == "" {
		return ""
	}
	h := sha256.New()
	for _, s := range []string{
		r.SalutationName, r.FirstName, r.MiddleName, r.LastName, r.Title, r.Website,
		strings.ToLower(r.EmailAddress), r.PhoneNumber, r.AddressStreet, r.AddressCity, r.AddressState,
		r.AddressPostalCode, r.AddressCountry, r.AccountName, r.Status, r.AssignedUserID,
	} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return contact.Version(r.ModifiedAt + "#" + hex.EncodeToString(h.Sum(nil)[:8]))
}

// stamp is the API's form of a time, in UTC.
const stamp = "2006-01-02 15:04:05"

func moment(s string) time.Time {
	t, err := time.Parse(stamp, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// api sends the requests of one connection.
type api struct{ doer rest.Doer }

// read gives one record. Without an error, nil means that it is gone, and
// hidden that it exists or existed but may not be seen.
func (a api) read(ctx context.Context, entity string, id contact.ID) (r *row, hidden bool, err error) {
	r = new(row)
	res, err := rest.JSON(ctx, a.doer, rest.Request{URL: recordURL(entity, id)}, nil, r)
	switch {
	case err != nil:
		return nil, false, err
	case res.Status == http.StatusForbidden && !rest.WebPage(res): // a page would be a firewall's
		return nil, true, nil
	case res.Status == http.StatusNotFound && !rest.WebPage(res):
		return nil, false, nil
	case !res.OK():
		return nil, false, statusError(res)
	case r.Deleted:
		return nil, false, nil
	case r.ID == "":
		return nil, false, notEspo(res)
	}
	return r, false, nil
}

// list gives one page of a list.
func (a api) list(ctx context.Context, entity string, q url.Values) ([]row, error) {
	var page struct {
		List []row `json:"list"`
	}
	// Counting all records for every page is slow on large databases.
	header := http.Header{"X-No-Total": {"true"}}
	res, err := rest.JSON(ctx, a.doer, rest.Request{URL: apiPath + entity + "?" + q.Encode(), Header: header}, nil, &page)
	switch {
	case err != nil:
		return nil, err
	case !res.OK():
		return nil, statusError(res)
	case page.List == nil:
		return nil, notEspo(res)
	}
	return page.List, nil
}

const apiPath = "api/v1/"

func recordURL(entity string, id contact.ID) string {
	return apiPath + entity + "/" + url.PathEscape(string(id))
}

// reason is the server's own word on a refusal, for the log and for decisions.
func reason(res *rest.Response) string { return res.Header.Get("X-Status-Reason") }
