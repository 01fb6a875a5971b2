package carddav

import (
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	sandbox "tandem/server/sandbox/carddav"
)

// TestSandbox passes the suite against the sandbox, well behaved and not.
func TestSandbox(t *testing.T) {
	for name, q := range map[string]sandbox.Quirks{
		"well behaved":     {},
		"no ETag on PUT":   {NoETagOnPut: true},
		"altering":         {NoETagOnPut: true, AlterOnPut: true},
		"weak ETags":       {WeakETag: true},
		"unquoted ETags":   {UnquotedETag: true},
		"pages of two":     {PageSize: 2},
		"no sync":          {NoSync: true},
		"no empty token":   {NoEmptyToken: true},
		"bad token 409":    {BadToken: sandbox.TokenConflict},
		"bad token 500":    {BadToken: sandbox.TokenError},
		"no well-known":    {NoWellKnown: true},
		"group cards":      {Groups: true},
		"omits missing":    {OmitMissing: true},
		"duplicate UIDs":   {DuplicateUID: true},
		"Depth 1 only":     {DepthOne: true},
		"ignores If-Match": {IgnoreIfMatch: true},
		"absolute hrefs":   {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, q)
			base := w.url
			if q.NoWellKnown {
				base += "/dav"
			}
			if name == "absolute hrefs" {
				w.SetQuirks(sandbox.Quirks{AbsoluteHrefs: w.url})
			}
			b, a, _ := connected(t, access(t, base, testUser, testPassword))
			booktest.Run(t, options(t, b, func(t *testing.T) contact.Book { return reopened(t, a) }, w.raw, w.put))
		})
	}
}

func (w world) raw(id contact.ID) string { return w.Cards(testUser, "contacts")[string(id)] }
func (w world) put(id contact.ID, text string) {
	w.Put(testUser, "contacts", string(id), text)
}

// options are those of every server: raw reads and put writes a card behind
// the adapter's back.
func options(t *testing.T, b *book, second func(*testing.T) contact.Book, raw func(contact.ID) string, put func(contact.ID, string)) booktest.Options {
	foreign := []string{"X-ABLabel", "X-SOCIALPROFILE;TYPE=x:https://example.com/x", "ROLE:Trusted adviser"}
	return booktest.Options{
		Open:   func(*testing.T) contact.Book { return b },
		Second: second,
		Raw:    func(_ *testing.T, id contact.ID) string { return raw(id) },
		Foreign: func(_ *testing.T, id contact.ID) func(*testing.T) {
			text := raw(id)
			end := strings.LastIndex(text, "END:VCARD")
			put(id, text[:end]+strings.Join(foreign[1:], "\r\n")+"\r\n"+text[end:])
			return func(t *testing.T) {
				now := raw(id)
				for _, l := range foreign[1:] {
					if !strings.Contains(strings.ToUpper(now), strings.ToUpper(l)) {
						t.Errorf("the line %q is gone from\n%s", l, now)
					}
				}
			}
		},
		PersonEdit: func(t *testing.T, id contact.ID, f contact.Field, v contact.Value) {
			if f != contact.JobTitle {
				t.Fatalf("edit of %v", f)
			}
			var lines []string
			for l := range strings.Lines(raw(id)) {
				if !strings.HasPrefix(l, "TITLE") {
					lines = append(lines, l)
				}
				if strings.HasPrefix(l, "VERSION") {
					lines = append(lines, "TITLE:"+v.First()+"\r\n")
				}
			}
			put(id, strings.Join(lines, ""))
		},
		Many: 12,
	}
}
