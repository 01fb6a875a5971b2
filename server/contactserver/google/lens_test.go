package google

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
)

// lived are people as they come from years of use: several entries of a kind,
// types that people made up, members that no Contact has, in any order.
var lived = []string{
	`{}`,
	`{"names":[{"displayName":"Prince","unstructuredName":"Prince"}]}`,
	`{"names":[{"givenName":"Ann","phoneticGivenName":"En","displayName":"Ann"}],"nicknames":[{"value":"Maiden","type":"MAIDEN_NAME"},{"value":"A"},{"value":"B","type":"DEFAULT"}]}`,
	`{"organizations":[{"name":"Beta","location":"3rd floor"},{"name":"Alpha","title":"CEO","startDate":{"year":2001}},{"title":"Old","endDate":{"year":1999}}]}`,
	`{"emailAddresses":[{"value":"b@example.com","type":"Summer house"},{"value":"a@example.com","displayName":"A","metadata":{"primary":true,"sourcePrimary":true}},{"value":"b@example.com","type":"work"}]}`,
	`{"phoneNumbers":[{"value":"110","type":"pager"},{"value":"+1 212 555 0100","type":"workMobile"},{"value":"112","type":"Boat"},{"value":"113","type":"main"},{"value":"114","type":"homeFax"}]}`,
	`{"addresses":[{"type":"home","streetAddress":"Z 1","poBox":"77"},{"type":"home","streetAddress":"A 2","country":"France","countryCode":"FR"},{"type":"Boat","formattedValue":"Somewhere\nat sea"}]}`,
	`{"urls":[{"value":"https://profiles.example/1","type":"profile"},{"value":"https://z.example","type":"work"},{"value":"https://b.example","type":"Fan page"}]}`,
	`{"birthdays":[{"text":"in spring"}],"biographies":[{"value":"<b>x</b>","contentType":"TEXT_HTML"}]}`,
	`{"birthdays":[{"date":{"year":1970}}]}`,
	`{"memberships":[{"contactGroupMembership":{"contactGroupResourceName":"contactGroups/myContacts"}},{"contactGroupMembership":{"contactGroupResourceName":"contactGroups/g1"}}]}`,
}

// groupsOf knows the categories that the generator of contacts makes.
func groupsOf() *groupSet {
	return newGroupSet([]group{
		{"contactGroups/g1", "CRM Contacts", "USER_CONTACT_GROUP"}, {"contactGroups/g2", "Clients", "USER_CONTACT_GROUP"},
		{"contactGroups/starred", "starred", "SYSTEM_CONTACT_GROUP"},
	})
}

func parsed(t interface{ Fatal(...any) }, text string) *person {
	var p person
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	p.tidy()
	return &p
}

// stored is p after what was sent took the place of its fields, turned by turn
// places, as the API may give them back.
func stored(t interface{ Fatal(...any) }, p *person, sent person, changed []string, turn int) *person {
	next := *p
	for _, one := range parts {
		if slices.Contains(changed, one.name) {
			one.send(&sent, &next)
		}
	}
	data, err := json.Marshal(next)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	for name, v := range back {
		if list, ok := v.([]any); ok && len(list) > 1 {
			n := turn % len(list)
			back[name] = slices.Concat(list[n:], list[:n])
		}
	}
	if data, err = json.Marshal(back); err != nil {
		t.Fatal(err)
	}
	return parsed(t, string(data))
}

func alike(t *rapid.T, what string, fs contact.Fields, got, want contact.Contact) {
	for f := range fs.All() {
		if g, w := got.Value(f), want.Value(f); !(contact.Norm{}).Equal(f, g, w) {
			t.Fatalf("%s: %v reads %q, want %q", what, f, g, w)
		}
	}
}

// TestLens holds the lens laws for contacts of every kind, in a new person and
// in people who have lived.
func TestLens(t *testing.T) {
	g := groupsOf()
	rapid.Check(t, func(t *rapid.T) {
		first, next := booktest.Contacts().Draw(t, "first"), booktest.Contacts().Draw(t, "next")
		turn := rapid.IntRange(0, 5).Draw(t, "turn")
		put := func(p *person, c contact.Contact, mask contact.Fields) *person {
			sent, changed := p.patched(c, mask, g)
			return stored(t, p, sent, changed, turn)
		}
		fresh := put(parsed(t, `{}`), first, mapped)
		held, read := fresh.contact(g)
		if read != mapped {
			t.Fatalf("read only %v", read)
		}
		alike(t, "PutGet", mapped, held, project(first))
		if _, changed := fresh.patched(held, mapped, g); len(changed) > 0 {
			t.Fatalf("GetPut changes %v", changed)
		}
		after := put(fresh, next, mapped)
		held, _ = after.contact(g)
		alike(t, "PutPut", mapped, held, project(next))

		text := rapid.SampledFrom(lived).Draw(t, "person")
		p := parsed(t, text)
		held, read = p.contact(g)
		if sent, changed := p.patched(held, read, g); len(changed) > 0 {
			t.Fatalf("GetPut of %s changes %v to %+v", text, changed, sent)
		}
		want := project(next)
		mask := want.Filled() & mapped // clearing lets a second entry appear
		p = put(p, next, mask)
		held, _ = p.contact(g)
		alike(t, text, mask, held, want)
		for range 3 {
			if _, changed := p.patched(next, mask, g); len(changed) > 0 {
				t.Fatalf("%s does not come to rest: %v", text, changed)
			}
			p = stored(t, p, person{}, nil, turn+1)
		}
	})
}

// TestUntouched: what the field map does not know stays in the list that is
// replaced around it.
func TestUntouched(t *testing.T) {
	g := groupsOf()
	c := contact.Contact{
		Name: contact.Name{Given: "New", Surname: "Name"}, Nickname: "New", Organization: "New",
		Emails:    []string{"new@example.com", "a@example.com"},
		Phones:    []contact.Phone{{Kind: contact.PhoneMobile, Number: "1"}, {Kind: contact.PhoneOther, Number: "112"}, {Kind: contact.PhoneOther, Number: "113"}, {Kind: contact.PhoneFax, Number: "115"}},
		Addresses: []contact.Address{{Kind: contact.AddressHome, Street: "New 1", Country: "Italy"}},
		Website:   "https://new.example",
	}
	mask := c.Filled() & mapped
	for _, tt := range []struct{ text, want string }{
		{lived[2], `{"names":[{"familyName":"Name","givenName":"New","phoneticGivenName":"En"}],"nicknames":[{"value":"Maiden","type":"MAIDEN_NAME"},{"value":"New","metadata":{"sourcePrimary":true}},{"value":"B","type":"DEFAULT"}]}`},
		{lived[3], `{"organizations":[{"name":"Beta","location":"3rd floor"},{"startDate":{"year":2001},"name":"New","title":"CEO","metadata":{"sourcePrimary":true}},{"endDate":{"year":1999},"title":"Old"}]}`},
		{lived[4], `{"emailAddresses":[{"value":"new@example.com","type":"Summer house","metadata":{"sourcePrimary":true}},{"value":"a@example.com","displayName":"A"}]}`},
		{lived[5], `{"phoneNumbers":[{"value":"110","type":"pager"},{"value":"1","type":"workMobile"},{"value":"112","type":"Boat"},{"value":"113","type":"main"},{"value":"115","type":"homeFax"}]}`},
		{lived[6], `{"addresses":[{"type":"home","poBox":"77","streetAddress":"Z 1"},{"type":"home","streetAddress":"New 1","country":"Italy"},{"type":"Boat","formattedValue":"Somewhere\nat sea"}]}`},
		{lived[7], `{"urls":[{"value":"https://profiles.example/1","type":"profile"},{"value":"https://new.example","type":"work"},{"value":"https://b.example","type":"Fan page"}]}`},
	} {
		sent, _ := parsed(t, tt.text).patched(c, mask, g)
		want := parsed(t, tt.want)
		for _, one := range parts {
			var is, should, kept person
			one.send(&sent, &is)
			one.send(want, &should)
			if !reflect.DeepEqual(should, kept) && !reflect.DeepEqual(is, should) {
				got, _ := json.Marshal(is)
				t.Errorf("%s\nbecomes %s\nwant    %s", tt.text, got, tt.want)
			}
		}
	}
}
