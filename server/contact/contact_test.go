package contact_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
)

// Setting a field and reading it gives what was set; all other fields stay
// what they were; the original is not altered.
func TestSetAndValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, other := booktest.Contacts().Draw(t, "c"), booktest.Contacts().Draw(t, "other")
		f := contact.Field(rapid.IntRange(0, contact.AllFields.Len()-1).Draw(t, "field"))
		before := c.Only(contact.AllFields)
		v := other.Value(f)
		set := c.Set(f, v)
		if got := set.Value(f); f != contact.FullName && !same(got, v) {
			t.Fatalf("%v set to %q reads %q", f, v, got)
		}
		for g := range contact.AllFields.Without(f, contact.FullName).All() {
			if !same(set.Value(g), c.Value(g)) {
				t.Fatalf("setting %v changed %v from %q to %q", f, g, c.Value(g), set.Value(g))
			}
		}
		if !reflect.DeepEqual(before, c.Only(contact.AllFields)) {
			t.Fatal("Set altered the original")
		}
		if cleared := c.Set(f, nil).Value(f); f != contact.FullName && !cleared.IsEmpty() {
			t.Fatalf("%v cleared reads %q", f, cleared)
		}
	})
}

// Only keeps what it says, and nothing else.
func TestOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := booktest.Contacts().Draw(t, "c")
		fs := contact.Fields(rapid.Uint32().Draw(t, "fields")) & contact.AllFields
		only := c.Only(fs)
		for f := range contact.AllFields.Without(contact.FullName).All() {
			want := contact.Value(nil)
			if fs.Has(f) {
				want = c.Value(f)
			}
			if !same(only.Value(f), want) {
				t.Fatalf("%v is %q, want %q", f, only.Value(f), want)
			}
		}
		if fs.Has(contact.FullName) != (only.Name.Full != "") && c.Name.Full != "" {
			t.Fatalf("the whole name is %q", only.Name.Full)
		}
	})
}

func same(a, b contact.Value) bool {
	a, b = slices.DeleteFunc(slices.Clone(a), blank), slices.DeleteFunc(slices.Clone(b), blank)
	return len(a) == 0 && len(b) == 0 || slices.Equal(a, b)
}

func blank(s string) bool { return s == "" }

func TestFields(t *testing.T) {
	seen := map[string]bool{}
	for f := range contact.AllFields.All() {
		got, ok := contact.ParseField(f.String())
		if !ok || got != f || seen[f.String()] || f.Label() == "" {
			t.Errorf("%v is not told by its name", f)
		}
		seen[f.String()] = true
	}
	if _, ok := contact.ParseField("x"); ok {
		t.Error("x is no field")
	}
	fs := contact.FieldsOf(contact.Notes, contact.Given)
	if fs.Len() != 2 || !fs.Has(contact.Notes) || fs.Has(contact.Title) || fs.String() != "given,notes" || fs.Without(contact.Notes) != contact.FieldsOf(contact.Given) {
		t.Errorf("the set is %v", fs)
	}
}

func TestDates(t *testing.T) {
	for text, want := range map[string]string{
		"1985-03-04": "1985-03-04", "--03-04": "--03-04", "--02-29": "--02-29", "2000-02-29": "2000-02-29",
		"1900-02-29": "", "2001-02-29": "", "--02-30": "", "2016-0928": "", "1985-3-4": "", "19850304": "", "": "",
		"1985-13-01": "", "1985-00-10": "", "1985-04-31": "", "--00-01": "", "1985-03-04T00:00:00Z": "", " 1985-03-04": "",
	} {
		if got := contact.ParseDate(text).String(); got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}

func TestError(t *testing.T) {
	cause := errors.New("dial tcp: refused")
	err := error(&contact.Error{Kind: contact.ErrUnreachable, Message: "The server does not answer.", Cause: cause})
	if err.Error() != "The server does not answer." || !errors.Is(err, contact.ErrUnreachable) || !errors.Is(err, cause) || errors.Is(err, contact.ErrQuota) {
		t.Errorf("%v does not tell what it is", err)
	}
	if got := (&contact.Error{Kind: contact.ErrQuota}).Error(); got != contact.ErrQuota.Error() {
		t.Errorf("without a message it says %q", got)
	}
}
