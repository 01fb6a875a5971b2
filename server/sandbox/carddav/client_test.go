package carddav_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-vcard"
	"github.com/emersion/go-webdav"
	client "github.com/emersion/go-webdav/carddav"

	"tandem/server/sandbox/carddav"
	"tandem/server/sandbox/kit"
)

// A client that nobody here wrote finds its way from the well-known address to
// the cards, queries, and follows the changes.
func TestForeignClient(t *testing.T) {
	s := start(t, carddav.Quirks{})
	_, people := kit.Book(120, 1)
	s.Seed(me, "contacts", people)
	ctx := t.Context()
	base, err := http.Get(s.url + "/.well-known/carddav")
	if err != nil {
		t.Fatal(err)
	}
	_ = base.Body.Close()
	if base.StatusCode != http.StatusUnauthorized || base.Request.URL.Path != "/dav/" {
		t.Fatalf("the well-known address leads to %s with %d", base.Request.URL, base.StatusCode)
	}
	c, err := client.NewClient(webdav.HTTPClientWithBasicAuth(nil, me, "secret"), base.Request.URL.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.HasSupport(ctx); err != nil {
		t.Error(err)
	}
	principal, err := c.FindCurrentUserPrincipal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	home, err := c.FindAddressBookHomeSet(ctx, principal)
	if err != nil {
		t.Fatal(err)
	}
	books, err := c.FindAddressBooks(ctx, home)
	if err != nil || len(books) != 3 {
		t.Fatal(books, err)
	}
	i := slices.IndexFunc(books, func(b client.AddressBook) bool { return b.Name == "Contacts & more" })
	if i < 0 || books[i].Path != bookURL || !books[i].SupportsAddressData("text/vcard", "4.0") {
		t.Fatalf("the books are %+v", books)
	}

	sync, err := c.SyncCollection(ctx, bookURL, &client.SyncQuery{})
	if err != nil || len(sync.Updated) != 120 || len(sync.Deleted) != 0 {
		t.Fatalf("first sync: %d %v", len(sync.Updated), err)
	}
	var paths []string
	for _, o := range sync.Updated {
		paths = append(paths, o.Path)
	}
	all, err := c.MultiGetAddressBook(ctx, bookURL, &client.AddressBookMultiGet{Paths: paths, DataRequest: client.AddressDataRequest{AllProp: true}})
	if err != nil || len(all) != 120 {
		t.Fatalf("multiget: %d %v", len(all), err)
	}
	for _, o := range all {
		if o.Card.PreferredValue(vcard.FieldFormattedName) == "" || o.Card.Value(vcard.FieldUID) == "" || o.ETag == "" {
			t.Errorf("a poor card: %v", o)
		}
	}

	card := vcard.Card{}
	card.SetValue(vcard.FieldVersion, "4.0")
	card.SetValue(vcard.FieldUID, "urn:uuid:foreign")
	card.SetValue(vcard.FieldFormattedName, "Foreign Client")
	card.SetValue(vcard.FieldEmail, "Foreign@example.test")
	put, err := c.PutAddressObject(ctx, bookURL+"foreign.vcf", card)
	if err != nil || put.ETag == "" {
		t.Fatal(put, err)
	}
	got, err := c.GetAddressObject(ctx, bookURL+"foreign.vcf")
	if err != nil || got.ETag != put.ETag || got.Card.Value(vcard.FieldEmail) != "Foreign@example.test" {
		t.Fatal(got, err)
	}
	if err := c.RemoveAll(ctx, paths[0]); err != nil {
		t.Fatal(err)
	}
	sync, err = c.SyncCollection(ctx, bookURL, &client.SyncQuery{SyncToken: sync.SyncToken})
	if err != nil || len(sync.Updated) != 1 || sync.Updated[0].Path != bookURL+"foreign.vcf" || !slices.Equal(sync.Deleted, paths[:1]) {
		t.Errorf("second sync: %+v %v", sync, err)
	}

	for name, tc := range map[string]struct {
		filter client.PropFilter
		want   int
	}{
		"e-mail equals":   {client.PropFilter{Name: "EMAIL", TextMatches: []client.TextMatch{{Text: "foreign@EXAMPLE.test", MatchType: client.MatchEquals}}}, 1},
		"UID equals":      {client.PropFilter{Name: "UID", TextMatches: []client.TextMatch{{Text: "urn:uuid:foreign", MatchType: client.MatchEquals}}}, 1},
		"name contains":   {client.PropFilter{Name: "FN", TextMatches: []client.TextMatch{{Text: "eign cli"}}}, 1},
		"name starts":     {client.PropFilter{Name: "FN", TextMatches: []client.TextMatch{{Text: "eign", MatchType: client.MatchStartsWith}}}, 0},
		"name ends":       {client.PropFilter{Name: "FN", TextMatches: []client.TextMatch{{Text: "CLIENT", MatchType: client.MatchEndsWith}}}, 1},
		"all of":          {client.PropFilter{Name: "FN", Test: client.FilterAllOf, TextMatches: []client.TextMatch{{Text: "foreign"}, {Text: "server"}}}, 0},
		"negated":         {client.PropFilter{Name: "UID", TextMatches: []client.TextMatch{{Text: "foreign", NegateCondition: true}}}, 119},
		"is defined":      {client.PropFilter{Name: "UID"}, 120},
		"is not defined":  {client.PropFilter{Name: "N", IsNotDefined: true}, 1},
		"nothing of that": {client.PropFilter{Name: "X-NONE"}, 0},
	} {
		found, err := c.QueryAddressBook(ctx, bookURL, &client.AddressBookQuery{
			DataRequest: client.AddressDataRequest{Props: []string{"VERSION", "UID"}}, PropFilters: []client.PropFilter{tc.filter},
		})
		if err != nil || len(found) != tc.want {
			t.Errorf("%s: found %d, want %d: %v", name, len(found), tc.want, err)
		}
		for _, o := range found {
			if o.Card.Value(vcard.FieldFormattedName) != "" {
				t.Errorf("%s: more than the properties that were asked for: %v", name, o.Card)
			}
		}
	}
	_, err = c.QueryAddressBook(ctx, bookURL, &client.AddressBookQuery{PropFilters: []client.PropFilter{{Name: "TEL", Params: []client.ParamFilter{{Name: "TYPE"}}}}})
	if err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a filter that is not supported: %v", err)
	}
}
