package google_test

import (
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	sandbox "tandem/server/sandbox/people"
)

// TestBook passes the Book through the house's suite, over a sandbox that
// behaves and over one that does what Google leaves open in another way.
func TestBook(t *testing.T) {
	for name, q := range map[string]sandbox.Quirks{
		"as documented":         {},
		"whole batches fail":    {WholeBatch: true, Gone: true},
		"names of profiles":     {Linked: true},
		"etags refused at will": {Spurious: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, q)
			booktest.Run(t, booktest.Options{
				Open:   w.open,
				Second: func(t *testing.T) contact.Book { w.again(); return w.open(t) },
				Raw:    w.raw,
				Many:   12,
				Foreign: func(t *testing.T, id contact.ID) func(*testing.T) {
					person := w.people.Raw(ann, string(id))
					w.people.Set(ann, string(id), "phoneNumbers", append(person["phoneNumbers"], map[string]any{"value": "+49 30 555", "type": "pager"})...)
					w.people.Set(ann, string(id), "emailAddresses", append(person["emailAddresses"], map[string]any{"value": "x@example.com", "type": "Summer house", "displayName": "X"})...)
					w.people.Set(ann, string(id), "relations", map[string]any{"person": "Bob", "type": "spouse"})
					w.people.Set(ann, string(id), "nicknames", append(person["nicknames"], map[string]any{"value": "Old", "type": "ALTERNATE_NAME"})...)
					return func(t *testing.T) {
						now := w.people.Raw(ann, string(id))
						for _, field := range []string{"phoneNumbers", "relations", "nicknames"} {
							if len(now[field]) == 0 {
								t.Errorf("%s is empty: %v", field, now)
							}
						}
						if p := now["phoneNumbers"]; p[len(p)-1]["type"] != "pager" {
							t.Errorf("the pager is gone: %v", p)
						}
					}
				},
				PersonEdit: func(t *testing.T, id contact.ID, f contact.Field, v contact.Value) {
					if !w.people.Edit(ann, string(id), func(c *contact.Contact) { *c = c.Set(f, v) }) {
						t.Errorf("the sandbox has no %q", id)
					}
				},
			})
		})
	}
}
