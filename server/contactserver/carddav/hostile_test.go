package carddav

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tandem/server/contact"
	sandbox "tandem/server/sandbox/carddav"
)

// seeded is a world with people in it, and its book.
func seeded(t *testing.T, q sandbox.Quirks, people int) (world, *book) {
	t.Helper()
	w := newWorld(t, q)
	for i := range people {
		w.put(contact.ID(fmt.Sprintf("p%03d.vcf", i)), vcard(i, ""))
	}
	b, _, _ := connected(t, access(t, w.url, testUser, testPassword))
	return w, b
}

func vcard(i int, extra string) string {
	return fmt.Sprintf("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u%03d\r\nN:Person;Number %d;;;\r\nFN:Number %d Person\r\nEMAIL:p%d@example.com\r\n%sEND:VCARD\r\n", i, i, i, i, extra)
}

// changes reads a whole stream.
func changes(t *testing.T, b *book, from contact.Cursor) (all []contact.Change, full bool, next contact.Cursor, err error) {
	t.Helper()
	for page, err := range b.Changes(t.Context(), from) {
		if err != nil {
			return all, full, nil, err
		}
		all, full, next = append(all, page.Changes...), page.Full, page.Next
	}
	return all, full, next, nil
}

func kinds(all []contact.Change) string {
	var out []string
	for _, c := range all {
		out = append(out, fmt.Sprintf("%s:%d", strings.TrimSuffix(string(c.ID), ".vcf"), c.Kind))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func isReport(r *http.Request, kind string) bool {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r.Method == "REPORT" && strings.Contains(string(body), kind)
}

// TestUnreadableCards: a card that is damaged, a group, refused or failing is
// there and no person; all others are listed.
func TestUnreadableCards(t *testing.T) {
	bad := func(card string) bool { return strings.Contains(card, "UID:u001\r\n") }
	for name, q := range map[string]sandbox.Quirks{
		"refused":          {Unreadable: bad},
		"refused, no sync": {Unreadable: bad, NoSync: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, b := seeded(t, q, 3)
			all, full, next, err := changes(t, b, nil)
			if err != nil || !full || next == nil || kinds(all) != "p000:0 p001:4 p002:0" {
				t.Errorf("%s %v %v", kinds(all), full, err)
			}
			found, missing, err := b.Get(t.Context(), []contact.ID{"p000.vcf", "p001.vcf", "none.vcf"})
			if err != nil || len(found) != 1 || !slices.Equal(missing, []contact.ID{"none.vcf"}) {
				t.Errorf("Get: %d %v %v", len(found), missing, err)
			}
		})
	}
	t.Run("damaged and group", func(t *testing.T) {
		w, b := seeded(t, sandbox.Quirks{}, 2)
		w.put("g.vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:g\r\nKIND:group\r\nFN:All\r\nEND:VCARD\r\n")
		w.put("d.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:d\r\nFN:cut off")
		w.put("n.vcf", "no card at all")
		all, _, _, err := changes(t, b, nil)
		if err != nil || kinds(all) != "d:4 g:4 n:4 p000:0 p001:0" {
			t.Errorf("%s %v", kinds(all), err)
		}
	})
	t.Run("server fails for a multiget with one card", func(t *testing.T) {
		w, b := seeded(t, sandbox.Quirks{}, 120)
		*w.twist = func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if isReport(r, "p077.vcf") || strings.HasSuffix(r.URL.Path, "p077.vcf") {
				w.WriteHeader(500)
				return true
			}
			return false
		}
		all, _, _, err := changes(t, b, nil)
		if err != nil || len(all) != 120 || !strings.Contains(kinds(all), "p077:4") || strings.Count(kinds(all), ":0") != 119 {
			t.Errorf("%d %v", len(all), err)
		}
	})
}

// TestMultigetQuirks: whatever a server makes of a multiget, every card comes.
func TestMultigetQuirks(t *testing.T) {
	for name, twist := range map[string]func(w http.ResponseWriter, r *http.Request, next http.Handler) bool{
		"refused for good": func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if isReport(r, "addressbook-multiget") {
				w.WriteHeader(501)
				return true
			}
			return false
		},
		"at most 50": func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			if strings.Count(string(body), "<d:href>") > 50 {
				w.WriteHeader(507)
				return true
			}
			return false
		},
		"cut off": func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
			if !isReport(r, "addressbook-multiget") {
				return false
			}
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			w.WriteHeader(207)
			_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()*2/3])
			return true
		},
		"leaves half of the cards out": func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
			if !isReport(r, "addressbook-multiget") {
				return false
			}
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			n := 0
			answer := regexp.MustCompile(`(?s)<(\w+:)?response>.*?</(\w+:)?response>`).ReplaceAllStringFunc(rec.Body.String(), func(row string) string {
				if n++; n%2 == 0 {
					return ""
				}
				return row
			})
			w.WriteHeader(207)
			_, _ = io.WriteString(w, answer)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, b := seeded(t, sandbox.Quirks{}, 230)
			*w.twist = twist
			all, full, next, err := changes(t, b, nil)
			if err != nil || !full || next == nil || strings.Count(kinds(all), ":0") != 230 {
				t.Errorf("%d %v %v", len(all), full, err)
			}
		})
	}
}

// TestTokens: an unknown token is never taken for "nothing changed".
func TestTokens(t *testing.T) {
	for name, answer := range map[string]sandbox.BadToken{
		"403": sandbox.TokenForbidden, "409": sandbox.TokenConflict, "500": sandbox.TokenError, "full": sandbox.TokenFullListing,
	} {
		t.Run(name, func(t *testing.T) {
			w, b := seeded(t, sandbox.Quirks{BadToken: answer}, 12)
			_, _, next, err := changes(t, b, nil)
			if err != nil {
				t.Fatal(err)
			}
			w.Remove(testUser, "contacts", "p003.vcf")
			w.ExpireTokens(testUser, "contacts")
			all, full, _, err := changes(t, b, next)
			if errors.Is(err, contact.ErrCursorExpired) {
				all, full, _, err = changes(t, b, nil)
			}
			if err != nil || !full || len(all) != 11 || strings.Contains(kinds(all), "p003") {
				t.Errorf("%s full=%v %v", kinds(all), full, err)
			}
		})
	}
}

// TestIncrementalWithoutSync: by ETags, an unchanged book is one small answer,
// and a changed one is listed completely.
func TestIncrementalWithoutSync(t *testing.T) {
	w, b := seeded(t, sandbox.Quirks{NoSync: true}, 5)
	_, full, next, err := changes(t, b, nil)
	if err != nil || !full {
		t.Fatal(full, err)
	}
	all, full, next, err := changes(t, b, next)
	if err != nil || full || len(all) > 0 || next == nil {
		t.Errorf("nothing changed: %s %v %v", kinds(all), full, err)
	}
	w.Remove(testUser, "contacts", "p003.vcf")
	all, full, _, err = changes(t, b, next)
	if err != nil || !full || kinds(all) != "p000:0 p001:0 p002:0 p004:0" {
		t.Errorf("after a deletion: %s %v %v", kinds(all), full, err)
	}
	d, _ := b.Describe(t.Context())
	if d.Tombstones {
		t.Error("tombstones without sync-collection")
	}
}

// TestHostileListings: an answer that is cut off, empty, a page, endless or
// nested without end gives an error, never a listing.
func TestHostileListings(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   error
	}{
		"empty":          {207, "", contact.ErrProtocol},
		"login page":     {200, "<!DOCTYPE html><html><form>Sign in</form></html>", contact.ErrBaseURL},
		"page as 207":    {207, "<!DOCTYPE html><html></html>", contact.ErrBaseURL},
		"cut off":        {207, `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:response><d:href>/dav/`, contact.ErrProtocol},
		"other root":     {207, `<rss/>`, contact.ErrProtocol},
		"deep":           {207, `<d:multistatus xmlns:d="DAV:">` + strings.Repeat("<a>", 1_000_000), contact.ErrProtocol},
		"huge tag":       {207, `<d:multistatus xmlns:d="DAV:"><a ` + strings.Repeat(`b="c" `, 200_000) + `/></d:multistatus>`, contact.ErrProtocol},
		"entity bomb":    {207, `<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d:multistatus xmlns:d="DAV:"><d:response><d:href>&b;</d:href></d:response></d:multistatus>`, contact.ErrProtocol},
		"outside file":   {207, `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d:multistatus xmlns:d="DAV:"><d:response><d:href>&x;</d:href></d:response></d:multistatus>`, contact.ErrProtocol},
		"only strangers": {207, `<d:multistatus xmlns:d="DAV:"><d:response><d:href>/other/x.vcf</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`, contact.ErrProtocol},
		"no rows":        {207, `<d:multistatus xmlns:d="DAV:"/>`, contact.ErrProtocol},
		"gone":           {404, "", contact.ErrBaseURL},
		"wrong password": {401, "", contact.ErrReconnect},
		"forbidden":      {403, "", contact.ErrForbidden},
		"failing":        {500, "", contact.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w, b := seeded(t, sandbox.Quirks{NoSync: true}, 3)
			*w.twist = func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				if r.Header.Get("Depth") != "1" {
					return false
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
				return true
			}
			all, _, next, err := changes(t, b, nil)
			var e *contact.Error
			if !errors.As(err, &e) || e.Kind != tt.kind || e.Message == "" || next != nil || len(all) > 0 {
				t.Errorf("%d changes, next %q, error %v", len(all), next, err)
			}
			for range b.Sweep(t.Context()) {
			}
		})
	}
}

// TestEndless: a server that truncates for ever, with and without new tokens.
func TestEndless(t *testing.T) {
	w, b := seeded(t, sandbox.Quirks{}, 3)
	asked := 0
	*w.twist = func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !isReport(r, "sync-collection") {
			return false
		}
		asked++
		w.WriteHeader(207)
		_, _ = io.WriteString(w, `<d:multistatus xmlns:d="DAV:"><d:response><d:href>`+b.coll.url.Path+`</d:href><d:status>HTTP/1.1 507 x</d:status></d:response><d:sync-token>same</d:sync-token></d:multistatus>`)
		return true
	}
	all, full, _, err := changes(t, b, nil)
	if err != nil || !full || len(all) != 3 || asked > 3 {
		t.Errorf("%s %v after %d questions: %v", kinds(all), full, asked, err)
	}
}

// TestWriteQuirks writes against servers that misbehave.
func TestWriteQuirks(t *testing.T) {
	one := func(t *testing.T, b *book) contact.Record {
		t.Helper()
		found, _, err := b.Get(t.Context(), []contact.ID{"p001.vcf"})
		if err != nil || len(found) != 1 {
			t.Fatal(err)
		}
		return found[0]
	}
	title := func(r contact.Record, v contact.Version) contact.Mutation {
		return contact.Mutation{Op: contact.Update, ID: r.ID, Version: v, Contact: contact.Contact{JobTitle: "New"}, Mask: contact.FieldsOf(contact.JobTitle)}
	}
	write := func(t *testing.T, b *book, m contact.Mutation) contact.Result {
		t.Helper()
		rs, err := b.Write(t.Context(), []contact.Mutation{m})
		if err != nil {
			t.Fatalf("%v (%v)", err, unwrapAll(err))
		}
		return rs[0]
	}
	t.Run("If-Match ignored", func(t *testing.T) {
		w, b := seeded(t, sandbox.Quirks{IgnoreIfMatch: true}, 2)
		r := one(t, b)
		b.cards.forget(r.ID)
		w.put(r.ID, vcard(1, "TITLE:By hand\r\n"))
		if got := write(t, b, title(r, r.Version)); got.Outcome != contact.Conflict {
			t.Errorf("update: %v", got.Outcome)
		}
		if got := write(t, b, contact.Mutation{Op: contact.Delete, ID: r.ID, Version: r.Version}); got.Outcome != contact.Conflict {
			t.Errorf("delete: %v", got.Outcome)
		}
		if !strings.Contains(w.raw(r.ID), "By hand") {
			t.Error("the edit is lost")
		}
	})
	t.Run("edit between read and write", func(t *testing.T) {
		w, b := seeded(t, sandbox.Quirks{}, 2)
		r := one(t, b)
		once := false
		*w.twist = func(_ http.ResponseWriter, req *http.Request, _ http.Handler) bool {
			if req.Method == "PUT" && !once {
				once = true
				w.put(r.ID, vcard(1, "NOTE:By hand\r\n"))
			}
			return false
		}
		if got := write(t, b, title(r, r.Version)); got.Outcome != contact.Conflict {
			t.Errorf("conditional: %v", got.Outcome)
		}
		once = false
		if got := write(t, b, title(r, "")); got.Outcome != contact.OK {
			t.Errorf("unconditional: %v", got.Outcome)
		}
		if now := w.raw(r.ID); !strings.Contains(now, "By hand") || !strings.Contains(now, "TITLE:New") {
			t.Errorf("now\n%s", now)
		}
	})
	t.Run("one card refused", func(t *testing.T) {
		_, b := seeded(t, sandbox.Quirks{Forbid: func(card string) bool { return strings.Contains(card, "Refuse me") }}, 2)
		rs, err := b.Write(t.Context(), []contact.Mutation{
			{Op: contact.Create, Marker: "m1", Contact: contact.Contact{Notes: "Refuse me"}, Mask: contact.FieldsOf(contact.Notes)},
			{Op: contact.Create, Marker: "m2", Contact: contact.Contact{Notes: "Take me"}, Mask: contact.FieldsOf(contact.Notes)},
		})
		if err != nil || rs[0].Outcome != contact.Forbidden || rs[0].Message == "" || rs[1].Outcome != contact.OK {
			t.Errorf("%v %v", rs, err)
		}
	})
	t.Run("statuses", func(t *testing.T) {
		for status, want := range map[int]contact.Outcome{
			400: contact.Invalid, 413: contact.Invalid, 415: contact.Invalid, 422: contact.Invalid, 507: contact.Invalid, 403: contact.Forbidden,
			423: contact.Retry, 500: contact.Unknown, 502: contact.Unknown, 504: contact.Unknown, 201: contact.OK, 200: contact.OK, 207: contact.Invalid, 405: contact.Forbidden,
		} {
			w, b := seeded(t, sandbox.Quirks{}, 2)
			r := one(t, b)
			*w.twist = func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
				if req.Method != "PUT" {
					return false
				}
				w.WriteHeader(status)
				return true
			}
			if got := write(t, b, title(r, r.Version)); got.Outcome != want || want != contact.OK && want != contact.Conflict && got.Message == "" {
				t.Errorf("%d: %v %q", status, got.Outcome, got.Message)
			}
		}
	})
	t.Run("lost reply to a create", func(t *testing.T) {
		w, b := seeded(t, sandbox.Quirks{}, 0)
		dropped := false
		*w.twist = func(rw http.ResponseWriter, req *http.Request, next http.Handler) bool {
			if req.Method != "PUT" || dropped {
				return false
			}
			dropped = true
			next.ServeHTTP(httptest.NewRecorder(), req)
			panic(http.ErrAbortHandler)
		}
		got := write(t, b, contact.Mutation{Op: contact.Create, Marker: "m1", Contact: contact.Contact{Notes: "x"}, Mask: contact.FieldsOf(contact.Notes)})
		if got.Outcome != contact.OK || got.ID != "m1.vcf" || got.Version == "" || len(w.Cards(testUser, "contacts")) != 1 {
			t.Errorf("%+v, %d cards", got, len(w.Cards(testUser, "contacts")))
		}
	})
	t.Run("lost reply to an update", func(t *testing.T) {
		w, b := seeded(t, sandbox.Quirks{}, 2)
		r := one(t, b)
		*w.twist = func(_ http.ResponseWriter, req *http.Request, next http.Handler) bool {
			if req.Method != "PUT" {
				return false
			}
			next.ServeHTTP(httptest.NewRecorder(), req)
			panic(http.ErrAbortHandler)
		}
		rs, err := b.Write(t.Context(), []contact.Mutation{title(r, r.Version)})
		if !errors.Is(err, contact.ErrUnreachable) || rs[0].Outcome != contact.Unknown {
			t.Errorf("%v %v", rs[0].Outcome, err)
		}
	})
	t.Run("password changed", func(t *testing.T) {
		w, b := seeded(t, sandbox.Quirks{}, 2)
		*w.twist = func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
			if req.Method == "PUT" {
				w.WriteHeader(401)
			}
			return req.Method == "PUT"
		}
		var ms []contact.Mutation
		for i := range 30 {
			ms = append(ms, contact.Mutation{Op: contact.Create, Marker: fmt.Sprint("m", i), Contact: contact.Contact{Notes: "x"}, Mask: contact.FieldsOf(contact.Notes)})
		}
		before := b.Requests()
		rs, err := b.Write(t.Context(), ms)
		if !errors.Is(err, contact.ErrReconnect) || rs[29].Outcome != contact.NotRun || b.Requests()-before > 8 {
			t.Errorf("%v %v after %d requests", err, rs[29].Outcome, b.Requests()-before)
		}
	})
	t.Run("address book gone", func(t *testing.T) {
		w, b := seeded(t, sandbox.Quirks{}, 2)
		r := one(t, b)
		*w.twist = func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
			w.WriteHeader(404)
			return true
		}
		for _, m := range []contact.Mutation{title(r, r.Version), {Op: contact.Delete, ID: r.ID}, {Op: contact.Create, Marker: "x"}} {
			rs, err := b.Write(t.Context(), []contact.Mutation{m})
			if !errors.Is(err, contact.ErrBaseURL) || rs[0].Outcome == contact.Gone {
				t.Errorf("%v: %v %v", m.Op, rs[0].Outcome, err)
			}
		}
		if _, missing, err := b.Get(t.Context(), []contact.ID{r.ID}); !errors.Is(err, contact.ErrBaseURL) || len(missing) > 0 {
			t.Errorf("Get: %v %v", missing, err)
		}
	})
	t.Run("renamed on PUT", func(t *testing.T) {
		w, b := seeded(t, sandbox.Quirks{RenameOnPut: true}, 0)
		got := write(t, b, contact.Mutation{Op: contact.Create, Marker: "m1", Contact: contact.Contact{Notes: "x"}, Mask: contact.FieldsOf(contact.Notes)})
		if _, ok := w.Cards(testUser, "contacts")[string(got.ID)]; !ok || got.Outcome != contact.OK {
			t.Errorf("%+v", got)
		}
		if found, err := b.Find(t.Context(), contact.Query{Marker: "m1"}); err != nil || len(found) != 1 || found[0].ID != got.ID {
			t.Errorf("Find: %v %v", found, err)
		}
	})
	t.Run("UID reassigned", func(t *testing.T) {
		_, b := seeded(t, sandbox.Quirks{ReassignUID: true}, 0)
		got := write(t, b, contact.Mutation{Op: contact.Create, Marker: "m1", Contact: contact.Contact{Notes: "x"}, Mask: contact.FieldsOf(contact.Notes)})
		if found, err := b.Find(t.Context(), contact.Query{Marker: "m1"}); err != nil || len(found) != 1 || found[0].ID != got.ID {
			t.Errorf("Find: %v %v", found, err)
		}
	})
}
