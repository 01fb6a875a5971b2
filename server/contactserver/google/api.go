package google

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"tandem/server/contact"
	"tandem/server/rest"
)

// What one request may hold.
const (
	pageSize   = "1000"
	getMost    = 200
	createMost = 200
	updateMost = 200
	deleteMost = 500
	// answerMost is room for a page of a thousand people with long notes.
	answerMost = 128 << 20
)

// personFields are what is read of everybody. A cursor keeps them, because a
// list with a token must have the parameters of the list that gave it.
const personFields = "names,nicknames,organizations,emailAddresses,phoneNumbers,addresses,urls,birthdays,biographies,memberships,clientData,metadata"

// ownSource keeps what profiles say of themselves out of the contacts.
const ownSource = "READ_SOURCE_TYPE_CONTACT"

// client are the methods of the API that are used.
type client struct{ rest.Doer }

// call sends one request. An answer of no success is a *refusal.
func (c client) call(ctx context.Context, r rest.Request, in, out any) error {
	r.MaxBytes = answerMost
	res, err := rest.JSON(ctx, c, r, in, out)
	if err != nil {
		return err
	}
	if !res.OK() {
		return refused(res)
	}
	return nil
}

// listed is a page of people.connections.list.
type listed struct {
	Connections   []person `json:"connections"`
	NextPageToken string   `json:"nextPageToken"`
	NextSyncToken string   `json:"nextSyncToken"`
}

// list is people.connections.list.
func (c client) list(ctx context.Context, q url.Values) (listed, error) {
	var page listed
	return page, c.call(ctx, rest.Request{URL: "v1/people/me/connections?" + q.Encode()}, nil, &page)
}

// answered is one person of a batch. Status.Code is one of google.rpc.Code.
type answered struct {
	Requested string  `json:"requestedResourceName"`
	Person    *person `json:"person"`
	Status    struct {
		Code int `json:"code"`
	} `json:"status"`
	HTTP int `json:"httpStatusCode"`
}

// code is the answer's google.rpc.Code, also where only HTTP's is told.
func (a answered) code() int {
	if a.Status.Code != codeOK {
		return a.Status.Code
	}
	switch a.HTTP {
	case 400:
		return codeInvalid
	case 403:
		return codeDenied
	case 404:
		return codeNotFound
	case 429:
		return codeExhausted
	case 500, 502, 503, 504:
		return codeUnknown
	}
	return codeOK
}

// The codes of google.rpc.Code that are told apart.
const (
	codeOK        = 0
	codeUnknown   = 2
	codeInvalid   = 3
	codeNotFound  = 5
	codeDenied    = 7
	codeExhausted = 8
	codeFailed    = 9 // precondition: the etag
	codeAborted   = 10
)

// get is people.getBatchGet, for at most getMost names.
func (c client) get(ctx context.Context, names []string) ([]answered, error) {
	var out struct {
		Responses []answered `json:"responses"`
	}
	q := url.Values{"personFields": {personFields}, "sources": {ownSource}, "resourceNames": names}
	return out.Responses, c.call(ctx, rest.Request{URL: "v1/people:batchGet?" + q.Encode()}, nil, &out)
}

// me is people.get of the account itself.
func (c client) me(ctx context.Context) (person, error) {
	var p person
	return p, c.call(ctx, rest.Request{URL: "v1/people/me?personFields=names,emailAddresses,metadata"}, nil, &p)
}

type toCreate struct {
	Person person `json:"contactPerson"`
}

// create is people.batchCreateContacts, for at most createMost people.
func (c client) create(ctx context.Context, people []person) ([]answered, error) {
	in := struct {
		Contacts []toCreate `json:"contacts"`
		ReadMask string     `json:"readMask"`
		Sources  []string   `json:"sources"`
	}{ReadMask: personFields, Sources: []string{ownSource}}
	for _, p := range people {
		in.Contacts = append(in.Contacts, toCreate{p})
	}
	var out struct {
		Created []answered `json:"createdPeople"`
	}
	return out.Created, c.call(ctx, rest.Request{Method: http.MethodPost, URL: "v1/people:batchCreateContacts"}, in, &out)
}

// update is people.batchUpdateContacts, for at most updateMost people by their
// resource names; each of the fields in mask is replaced whole.
func (c client) update(ctx context.Context, people map[string]person, mask []string) (map[string]answered, error) {
	in := struct {
		Contacts   map[string]person `json:"contacts"`
		UpdateMask string            `json:"updateMask"`
		ReadMask   string            `json:"readMask"`
		Sources    []string          `json:"sources"`
	}{people, strings.Join(mask, ","), personFields, []string{ownSource}}
	var out struct {
		Result map[string]answered `json:"updateResult"`
	}
	return out.Result, c.call(ctx, rest.Request{Method: http.MethodPost, URL: "v1/people:batchUpdateContacts"}, in, &out)
}

// remove is people.batchDeleteContacts, for at most deleteMost names.
func (c client) remove(ctx context.Context, names []string) error {
	in := struct {
		ResourceNames []string `json:"resourceNames"`
	}{names}
	return c.call(ctx, rest.Request{Method: http.MethodPost, URL: "v1/people:batchDeleteContacts"}, in, nil)
}

// groups is contactGroups.list, all pages.
func (c client) groups(ctx context.Context) (all []group, err error) {
	q := url.Values{"pageSize": {pageSize}, "groupFields": {"name,groupType"}}
	for {
		var page struct {
			ContactGroups []group `json:"contactGroups"`
			NextPageToken string  `json:"nextPageToken"`
		}
		if err := c.call(ctx, rest.Request{URL: "v1/contactGroups?" + q.Encode()}, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.ContactGroups...)
		if page.NextPageToken == "" {
			return all, nil
		}
		if page.NextPageToken == q.Get("pageToken") {
			return nil, &contact.Error{Kind: contact.ErrProtocol, Message: "Google's list of contact groups goes round in circles. Try again later."}
		}
		q.Set("pageToken", page.NextPageToken)
	}
}

// newGroup is contactGroups.create.
func (c client) newGroup(ctx context.Context, name string) (group, error) {
	in := struct {
		ContactGroup group `json:"contactGroup"`
	}{group{Name: name}}
	var g group
	return g, c.call(ctx, rest.Request{Method: http.MethodPost, URL: "v1/contactGroups"}, in, &g)
}
