package carddav_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tandem/server/sandbox/carddav"
)

func TestSync(t *testing.T) {
	s := start(t, carddav.Quirks{})
	expect := func(token string, want ...string) string {
		t.Helper()
		list, next, more, r := s.sync(token)
		if r.code != http.StatusMultiStatus || !slices.Equal(list, want) || more || next == "" {
			t.Errorf("got %v more=%v %q %d, want %v", list, more, next, r.code, want)
		}
		return next
	}
	first := expect("")
	for _, name := range []string{"a", "b", "c"} {
		s.Put(me, "contacts", name+".vcf", vcardOf(name, name))
	}
	second := expect(first, "a.vcf", "b.vcf", "c.vcf")
	expect(second)
	s.Edit(me, "contacts", "a.vcf", func(c string) string { return strings.Replace(c, "FN:a", "FN:A", 1) })
	s.Remove(me, "contacts", "b.vcf")
	third := expect(second, "a.vcf", "-b.vcf")
	expect("", "c.vcf", "a.vcf")
	s.Put(me, "contacts", "b.vcf", vcardOf("b", "again"))
	expect(second, "a.vcf", "b.vcf")
	s.ExpireTokens(me, "contacts")
	for want, bad := range map[int]carddav.BadToken{403: carddav.TokenForbidden, 409: carddav.TokenConflict, 500: carddav.TokenError} {
		s.SetQuirks(carddav.Quirks{BadToken: bad})
		if _, _, _, r := s.sync(third); r.code != want || want != 500 && !strings.Contains(r.body, "<D:valid-sync-token/>") {
			t.Errorf("got %d %s", r.code, r.body)
		}
	}
	s.SetQuirks(carddav.Quirks{BadToken: carddav.TokenFullListing})
	expect(third, "c.vcf", "a.vcf", "b.vcf")
	s.SetQuirks(carddav.Quirks{})
	if _, _, _, r := s.sync("urn:of:another:server"); r.code != 403 {
		t.Errorf("a foreign token: %d", r.code)
	}
	if _, _, _, r := s.sync("", "Depth: 1"); r.code != 400 {
		t.Errorf("Depth 1: %d", r.code)
	}
	if n := s.Requests()["REPORT sync-collection"]; n != 12 {
		t.Errorf("counted %d reports", n)
	}
}

// Whatever the size of a page, following the tokens gives every change once,
// also when cards change between two pages.
func TestTruncation(t *testing.T) {
	for size := 1; size <= 4; size++ {
		s := start(t, carddav.Quirks{PageSize: size})
		for _, name := range []string{"a", "b", "c", "d"} {
			s.Put(me, "contacts", name, vcardOf(name, name))
		}
		var seen []string
		list, token, more, _ := s.sync("")
		seen = append(seen, list...)
		s.Remove(me, "contacts", "d")
		s.Put(me, "contacts", "a", vcardOf("a", "changed"))
		for rounds := 0; more && rounds < 20; rounds++ {
			list, token, more, _ = s.sync(token)
			seen = append(seen, list...)
		}
		list, token, _, _ = s.sync(token)
		seen = append(seen, list...)
		for _, want := range []string{"a", "b", "c"} {
			if !slices.Contains(seen, want) {
				t.Errorf("size %d: %s is lost in %v", size, want, seen)
			}
		}
		if size < 4 && slices.Index(seen, "d") > slices.Index(seen, "-d") || !slices.Contains(seen, "-d") {
			t.Errorf("size %d: d is not gone in %v", size, seen)
		}
		for range 3 {
			list, token, _, _ = s.sync(token)
		}
		if len(list) != 0 {
			t.Errorf("size %d: there is no end: %v", size, list)
		}
	}
	s := start(t, carddav.Quirks{})
	s.Put(me, "contacts", "a", vcardOf("a", "a"))
	s.Put(me, "contacts", "b", vcardOf("b", "b"))
	r := s.do("REPORT", bookURL, `<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><limit><nresults>1</nresults></limit><prop><getetag/></prop></sync-collection>`)
	if !strings.Contains(r.body, "507 Insufficient Storage") || strings.Contains(r.body, "/b<") {
		t.Errorf("the client's limit: %s", r.body)
	}
}

func TestQuirks(t *testing.T) {
	put := func(q carddav.Quirks, headers ...string) (*site, reply) {
		s := start(t, q)
		s.Put(me, "contacts", "old.vcf", vcardOf("old", "Old"))
		return s, s.do("PUT", bookURL+"new.vcf", vcardOf("new", "New"), headers...)
	}
	multiget := func(s *site, names ...string) string {
		body := `<C:addressbook-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop><getetag/><C:address-data/></prop>`
		for _, n := range names {
			body += "<href>" + bookURL + n + "</href>"
		}
		return s.do("REPORT", bookURL, body+"</C:addressbook-multiget>", "Depth: 1").body
	}
	t.Run("none", func(t *testing.T) {
		s, r := put(carddav.Quirks{})
		if tag := r.header.Get("ETag"); tag == "" || tag[0] != '"' || s.do("GET", bookURL+"new.vcf", "").header.Get("ETag") != tag {
			t.Errorf("the ETag is %s", tag)
		}
		if s.Cards(me, "contacts")["new.vcf"] != vcardOf("new", "New") {
			t.Error("the card was altered")
		}
		body := multiget(s, "new.vcf", "none.vcf", "old.vcf")
		if strings.Count(body, "BEGIN:VCARD") != 2 || !strings.Contains(body, "404 Not Found") || !strings.Contains(body, "&#xD;&#xA;") {
			t.Errorf("multiget: %s", body)
		}
	})
	t.Run("no ETag", func(t *testing.T) {
		if _, r := put(carddav.Quirks{NoETagOnPut: true}); r.header.Get("ETag") != "" {
			t.Error("there is an ETag")
		}
	})
	t.Run("weak and unquoted ETags", func(t *testing.T) {
		_, r := put(carddav.Quirks{WeakETag: true})
		if !strings.HasPrefix(r.header.Get("ETag"), `W/"`) {
			t.Error(r.header.Get("ETag"))
		}
		s, r := put(carddav.Quirks{UnquotedETag: true})
		tag := r.header.Get("ETag")
		if strings.Contains(tag, `"`) || s.do("DELETE", bookURL+"new.vcf", "", "If-Match: "+tag).code != 204 {
			t.Error(tag)
		}
	})
	t.Run("altered", func(t *testing.T) {
		s, _ := put(carddav.Quirks{AlterOnPut: true})
		card := s.Cards(me, "contacts")["new.vcf"]
		if !strings.Contains(card, "\r\nREV:") || !strings.HasPrefix(card, "BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL:") || !strings.HasSuffix(card, "END:VCARD\r\n") {
			t.Error(card)
		}
	})
	t.Run("UID and name of the server's own", func(t *testing.T) {
		s, r := put(carddav.Quirks{ReassignUID: true, RenameOnPut: true})
		location := r.header.Get("Location")
		if location == "" || s.do("GET", bookURL+"new.vcf", "").code != 404 {
			t.Error("the card kept its name")
		}
		if body := s.do("GET", location, "").body; strings.Contains(body, "UID:new\r\n") || !strings.Contains(body, "UID:") {
			t.Error(body)
		}
		if code := s.do("PUT", location, vcardOf("new", "Newer")).code; code != 204 {
			t.Errorf("an update with the client's UID: %d", code)
		}
	})
	t.Run("If-Match ignored", func(t *testing.T) {
		s, _ := put(carddav.Quirks{IgnoreIfMatch: true})
		if code := s.do("PUT", bookURL+"new.vcf", vcardOf("new", "X"), `If-Match: "stale"`).code; code != 204 {
			t.Error(code)
		}
	})
	t.Run("duplicate UID", func(t *testing.T) {
		s, _ := put(carddav.Quirks{DuplicateUID: true})
		if code := s.do("PUT", bookURL+"third.vcf", vcardOf("new", "X")).code; code != 201 {
			t.Error(code)
		}
	})
	t.Run("no sync", func(t *testing.T) {
		s, _ := put(carddav.Quirks{NoSync: true})
		if _, _, _, r := s.sync(""); r.code != 403 {
			t.Error(r.code)
		}
		body := s.do("PROPFIND", bookURL, propfind("<supported-report-set/><sync-token/>"), "Depth: 0").body
		if strings.Contains(body, "<D:sync-collection/>") || !strings.Contains(body, "404 Not Found") {
			t.Error(body)
		}
	})
	t.Run("Google's sync", func(t *testing.T) {
		s, _ := put(carddav.Quirks{DepthOne: true, NoEmptyToken: true})
		if list, _, _, _ := s.sync(""); len(list) != 0 {
			t.Error(list)
		}
		if _, _, _, r := s.sync("", "Depth: 1"); r.code != 400 {
			t.Error(r.code)
		}
	})
	t.Run("absolute hrefs", func(t *testing.T) {
		s, _ := put(carddav.Quirks{AbsoluteHrefs: "https://p01.test:443"})
		if body := multiget(s, "new.vcf"); !strings.Contains(body, "<D:href>https://p01.test:443"+bookURL+"new.vcf</D:href>") {
			t.Error(body)
		}
	})
	t.Run("one card refused", func(t *testing.T) {
		if _, r := put(carddav.Quirks{Forbid: func(c string) bool { return strings.Contains(c, "FN:New") }}); r.code != 403 {
			t.Error(r.code)
		}
		s, _ := put(carddav.Quirks{Unreadable: func(c string) bool { return strings.Contains(c, "FN:New") }})
		if body := multiget(s, "new.vcf", "old.vcf"); strings.Count(body, "BEGIN:VCARD") != 1 || !strings.Contains(body, "403 Forbidden") {
			t.Error(body)
		}
	})
	t.Run("missing hrefs omitted", func(t *testing.T) {
		s, _ := put(carddav.Quirks{OmitMissing: true})
		if body := multiget(s, "new.vcf", "none.vcf"); strings.Contains(body, "none.vcf") {
			t.Error(body)
		}
	})
	t.Run("groups", func(t *testing.T) {
		s, _ := put(carddav.Quirks{Groups: true})
		if body := s.do("PROPFIND", bookURL, propfind("<getetag/>"), "Depth: 1").body; !strings.Contains(body, "group.vcf") {
			t.Error(body)
		}
		if list, _, _, _ := s.sync(""); len(list) != 3 {
			t.Error(list)
		}
	})
	t.Run("no well-known address", func(t *testing.T) {
		s, _ := put(carddav.Quirks{NoWellKnown: true})
		if code := s.do("PROPFIND", "/.well-known/carddav", "").code; code != 404 {
			t.Error(code)
		}
	})
}

// A restart keeps cards and sync tokens.
func TestSaveAndLoad(t *testing.T) {
	s := start(t, carddav.Quirks{})
	s.Put(me, "contacts", "a.vcf", vcardOf("a", "a"))
	_, token, _, _ := s.sync("")
	s.Remove(me, "contacts", "a.vcf")
	s.Put(me, "contacts", "b.vcf", vcardOf("b", "Ünïcode\\, folded"))
	file := filepath.Join(t.TempDir(), "carddav.json")
	if err := s.Save(file); err != nil {
		t.Fatal(err)
	}
	again := start(t, carddav.Quirks{})
	if found, err := again.Load(file); err != nil || !found {
		t.Fatal(found, err)
	}
	if list, _, _, _ := again.sync(token); !slices.Equal(list, []string{"b.vcf", "-a.vcf"}) && !slices.Equal(list, []string{"-a.vcf", "b.vcf"}) {
		t.Errorf("after a restart: %v", list)
	}
	if again.Cards(me, "contacts")["b.vcf"] != s.Cards(me, "contacts")["b.vcf"] {
		t.Error("the card changed")
	}
	if found, err := again.Load(file + ".none"); found || err != nil {
		t.Error(found, err)
	}
}
