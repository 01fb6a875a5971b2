package kit_test

import (
	"reflect"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/sandbox/kit"
)

func TestBookOverlaps(t *testing.T) {
	for _, n := range []int{30, 300, 3000} {
		crm, book := kit.Book(n, 1)
		crm2, book2 := kit.Book(n, 1)
		if !reflect.DeepEqual(crm, crm2) || !reflect.DeepEqual(book, book2) {
			t.Errorf("%d: the same seed gave other people", n)
		}
		if len(crm) != n || len(book) != n {
			t.Errorf("%d: got %d and %d", n, len(crm), len(book))
		}
		other, _ := kit.Book(n, 2)
		if reflect.DeepEqual(crm, other) {
			t.Errorf("%d: another seed gave the same people", n)
		}
		left := map[string]contact.Contact{}
		for _, c := range crm {
			for _, e := range c.Emails {
				left[e] = c
			}
		}
		both, differ, marked := 0, 0, 0
		for _, c := range book {
			if len(c.Categories) > 0 && c.Categories[0] == kit.CategoryContacts {
				marked++
			}
			if len(c.Emails) == 0 {
				continue
			}
			if o, ok := left[c.Emails[0]]; ok {
				both++
				c.Categories = nil
				if !reflect.DeepEqual(o, c) {
					differ++
				}
			}
		}
		if both < n/3 || both == n || differ == 0 || differ == both || marked <= n/2 || marked == n {
			t.Errorf("%d: both %d, differ %d, marked %d", n, both, differ, marked)
		}
	}
}

func TestSampleNeatAndMessy(t *testing.T) {
	emails := map[string]bool{}
	for _, c := range kit.Sample(45, 1) {
		if c.Name.Given == "" || c.Name.Surname == "" || len(c.Emails) == 0 || emails[c.Emails[0]] || len(c.Phones) == 0 {
			t.Errorf("not neat: %+v", c)
		}
		emails[c.Emails[0]] = true
	}
	var twice, role, four, yearless, foreign, company, phones, blank int
	seen := map[string]bool{}
	for _, c := range kit.Sample(300, 1) {
		if len(c.Emails) > 0 {
			if key := contact.Fold(c.Emails[0]); seen[key] {
				twice++
			} else {
				seen[key] = true
			}
			if local, _, _ := strings.Cut(c.Emails[0], "@"); local == "info" || local == "sales" {
				role++
			}
		} else {
			blank++
		}
		if len(c.Emails) == 4 {
			four++
		}
		if c.Birth.Month != 0 && c.Birth.Year == 0 {
			yearless++
		}
		if strings.ContainsAny(c.Name.Surname, "田王ИПכ") {
			foreign++
		}
		if c.Name.Text() == "" && c.Organization != "" {
			company++
		}
		if len(c.Phones) > 4 {
			phones++
		}
		for _, e := range c.Emails {
			if !strings.HasSuffix(e, ".example.test") || strings.ContainsFunc(e, func(r rune) bool { return r > 127 || r == ' ' }) {
				t.Errorf("%q is no sample address", e)
			}
		}
	}
	for name, n := range map[string]int{"duplicates": twice, "role addresses": role, "four e-mails": four, "no year": yearless, "other scripts": foreign, "companies": company, "phones": phones, "no e-mail": blank} {
		if n == 0 {
			t.Errorf("no %s", name)
		}
	}
}
