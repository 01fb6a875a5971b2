package tryton

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
)

var lists = &places{
	allowed: map[string][]string{"IT": {"province"}},
	countries: []country{
		{ID: 1, Name: "Germany", Code: "DE", Code3: "DEU", Parts: []state{{ID: 1, Name: "Berlin", Code: "DE-BE", Type: "state"}}},
		{ID: 2, Name: "Italy", Code: "IT", Code3: "ITA", Parts: []state{
			{ID: 2, Name: "Lombardia", Code: "IT-25", Type: "region"}, {ID: 3, Name: "Milano", Code: "IT-MI", Type: "province"}}},
	},
}

func knowing(columns ...string) *knowledge {
	k := &knowledge{places: lists, kind: kind{addressHas: map[string]bool{}}}
	for _, c := range columns {
		k.addressHas[c] = true
	}
	return k
}

// rows generates parties as colleagues leave them: repetitions, numbers
// without digits, sequences here and there.
func rows() *rapid.Generator[row] {
	return rapid.Custom(func(t *rapid.T) row {
		var r row
		r.ID, r.Active = 7, true
		r.Name = rapid.SampledFrom([]string{"", "Ann Miller", "van  der Berg", " x "}).Draw(t, "name")
		for i := range rapid.IntRange(0, 6).Draw(t, "mechanisms") {
			m := mechanism{
				Active: flag(rapid.SampledFrom([]bool{true, true, true, false}).Draw(t, "active")),
				Type:   rapid.SampledFrom([]string{"email", "phone", "mobile", "fax", "website", "skype"}).Draw(t, "type"),
				Value:  rapid.SampledFrom([]string{"", "a@example.com", "A@example.com", "+49 30 1", "0171 1234567", "ask Bob", "https://example.com/"}).Draw(t, "value"),
			}
			m.ID = int64(i + 1)
			if rapid.Bool().Draw(t, "has a sequence") {
				n := rapid.IntRange(0, 3).Draw(t, "sequence")
				m.Sequence = &n
			}
			r.Mechanisms = append(r.Mechanisms, m)
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "addresses") {
			a := address{Active: flag(rapid.Bool().Draw(t, "active")), Street: rapid.SampledFrom([]string{"", "Hauptstraße 1\nHof"}).Draw(t, "street"), City: "Berlin", Invoice: flag(rapid.Bool().Draw(t, "invoice"))}
			a.ID = int64(i + 1)
			if rapid.Bool().Draw(t, "has a country") {
				a.Country, a.Subdivision = &named{1, "Germany"}, &named{1, "Berlin"}
			}
			r.Addresses = append(r.Addresses, a)
		}
		return r
	})
}

// TestLens: whatever a party looked like, what is written is what is then read,
// and writing back what was read sends nothing.
func TestLens(t *testing.T) {
	for _, columns := range [][]string{{"postal_code", "subdivision", "invoice"}, {"zip"}} {
		k := knowing(columns...)
		b := &Book{norm: contact.Norm{Country: "DE"}}
		b.known.Store(k)
		rapid.Check(t, func(t *rapid.T) {
			before := rows().Draw(t, "before")
			read := b.contact(before)
			if v := b.encode(k, before, read, fields); len(v) > 0 {
				t.Fatalf("writing back what was read sends %v", v)
			}
			c := booktest.Contacts().Draw(t, "contact")
			var mask contact.Fields
			for f := range fields.All() {
				if rapid.Bool().Draw(t, "writes "+f.String()) {
					mask = mask.With(f)
				}
			}
			values := b.encode(k, before, c, mask)
			after := carryOut(t, before, values)
			got, want := b.contact(after), b.Project(c)
			for f := range fields.All() {
				w := want.Value(f)
				if !mask.Has(f) {
					w = read.Value(f)
				}
				if f == contact.Website && w.IsEmpty() && len(b.mechanisms(before, f, "website")) > 1 {
					continue // a second web address stays, and is then the first
				}
				if !b.norm.Equal(f, w, got.Value(f)) {
					t.Fatalf("%v reads %q, want %q\nsent: %v", f, got.Value(f), w, values)
				}
				if f.Shape() == contact.Set && b.norm.Key(f, w.First()) != b.norm.Key(f, got.Value(f).First()) {
					t.Fatalf("the first of %v is %q, want %q\nsent: %v", f, got.Value(f), w, values)
				}
			}
			if again := b.encode(k, after, c, mask); len(again) > 0 && !(mask.Has(contact.Website) && want.Website == "") {
				t.Fatalf("writing the same again sends %v", again)
			}
		})
	}
}

// carryOut does what Tryton does with values.
func carryOut(t *rapid.T, r row, values object) row {
	r.Mechanisms, r.Addresses = slices.Clone(r.Mechanisms), slices.Clone(r.Addresses)
	str := func(v any) string {
		if v == nil {
			return ""
		}
		return v.(string)
	}
	if name, ok := values["name"]; ok {
		r.Name = str(name)
	}
	setMechanism := func(m *mechanism, v object) {
		for key, x := range v {
			switch key {
			case "type":
				m.Type = str(x)
			case "value":
				m.Value = str(x)
			case "sequence":
				n := x.(int)
				m.Sequence = &n
			}
		}
	}
	commands, _ := values["contact_mechanisms"].(list)
	for _, c := range commands {
		command := c.(list)
		switch command[0] {
		case "delete":
			for _, id := range command[1].(list) {
				r.Mechanisms = slices.DeleteFunc(r.Mechanisms, func(m mechanism) bool { return m.ID == id.(int64) })
			}
		case "write":
			for i := 1; i < len(command); i += 2 {
				id := command[i].([]int64)[0]
				at := slices.IndexFunc(r.Mechanisms, func(m mechanism) bool { return m.ID == id })
				setMechanism(&r.Mechanisms[at], command[i+1].(object))
			}
		case "create":
			for _, v := range command[1].(list) {
				m := mechanism{Active: true}
				m.ID = int64(100 + len(r.Mechanisms))
				setMechanism(&m, v.(object))
				r.Mechanisms = append(r.Mechanisms, m)
			}
		default:
			t.Fatalf("unknown command %v", command)
		}
	}
	commands, _ = values["addresses"].(list)
	for _, c := range commands {
		command := c.(list)
		var v object
		a := &address{Active: true}
		if command[0] == "create" {
			v = command[1].(list)[0].(object)
			a.ID = 100
			r.Addresses = append(r.Addresses, *a)
			a = &r.Addresses[len(r.Addresses)-1]
		} else {
			v = command[2].(object)
			a = &r.Addresses[slices.IndexFunc(r.Addresses, func(a address) bool { return a.ID == command[1].([]int64)[0] })]
		}
		a.Street, a.City = str(v["street"]), str(v["city"])
		if p, ok := v["postal_code"]; ok {
			a.PostalCode = str(p)
		}
		if p, ok := v["zip"]; ok {
			a.Zip = str(p)
		}
		a.Country, a.Subdivision = nil, nil
		for _, land := range lists.countries {
			if v["country"] == land.ID {
				a.Country = &named{land.ID, land.Name}
			}
			for _, part := range land.Parts {
				if v["subdivision"] == part.ID {
					a.Subdivision = &named{part.ID, part.Name}
				}
			}
		}
	}
	return r
}

func TestPlaces(t *testing.T) {
	k := knowing("subdivision")
	for _, test := range []struct{ region, country, wantRegion, wantCountry string }{
		{"Berlin", "Germany", "Berlin", "Germany"},
		{"BE", "de", "Berlin", "Germany"},
		{"DE-BE", "Deutschland", "Berlin", "Germany"},
		{"Lombardia", "IT", "", "Italy"}, // Tryton takes provinces only
		{"MI", "ITA", "Milano", "Italy"},
		{"Berlin", "", "", ""},
		{"Berlin", "Atlantis", "", ""},
	} {
		region, country := k.names(test.region, test.country)
		if region != test.wantRegion || country != test.wantCountry {
			t.Errorf("%s, %s becomes %q, %q", test.region, test.country, region, country)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, test := range []struct{ typed, database, server, name string }{
		{"https://erp.example.com", "acme", "https://erp.example.com", "acme"},
		{"erp.example.com/", "acme", "https://erp.example.com", "acme"},
		{"https://erp.example.com/acme", "acme", "https://erp.example.com", "acme"},
		{"https://erp.example.com/acme/", "", "https://erp.example.com", "acme"},
		{"https://erp.example.com/#acme/model/party.party/5;name=x", "", "https://erp.example.com", "acme"},
		{"https://erp.example.com/#acme;view=1", " acme ", "https://erp.example.com", "acme"},
		{"https://example.com/tryton", "acme", "https://example.com/tryton", "acme"},
		{"https://example.com/tryton/acme", "acme", "https://example.com/tryton", "acme"},
		{"https://erp.example.com", "", "https://erp.example.com", ""},
	} {
		base, err := normalizeURL(test.typed)
		if err != nil {
			t.Errorf("%s: %v", test.typed, err)
			continue
		}
		server, name := place(base, test.database)
		if server != test.server || name != test.name {
			t.Errorf("%s with %q is %q and %q", test.typed, test.database, server, name)
		}
	}
	if _, err := normalizeURL("ftp://x/#acme"); err == nil {
		t.Error("ftp is taken for a web address")
	}
}
