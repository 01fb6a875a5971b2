package microsoft365

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/sandbox/graph"
	"tandem/server/sandbox/kit"
)

func isBatch(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/$batch") }

// TestLostAnswers: a create whose answer is lost, as a whole or inside a batch,
// is found again, by this Book and by another one, and never made twice.
func TestLostAnswers(t *testing.T) {
	w := newWorld(t, graph.Options{})
	b, _ := w.connected(t)
	ms := creates(0, 3)
	w.faults.Add(kit.Fault{Match: isBatch, Lose: true})
	rs, err := b.Write(t.Context(), ms)
	if err == nil {
		t.Fatal("a lost answer is no error")
	}
	for _, r := range rs {
		if r.Outcome != contact.Unknown {
			t.Errorf("a lost create answers %v", r.Outcome)
		}
	}
	w.Fail(graph.Failure{Match: graph.Writes, Status: 500, Code: "ErrorInternalServerError", After: true})
	one := creates(10, 1)
	if r := write1(t, b, one[0]); r.Outcome != contact.Unknown {
		t.Errorf("a create that failed after it was done answers %v", r.Outcome)
	}
	ms = append(ms, one...)
	var ids []contact.ID
	for _, book := range []*book{b, w.open(t)} {
		rs, err := book.Write(t.Context(), ms)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range rs {
			if r.Outcome != contact.OK || r.Record == nil || r.Record.Marker != ms[i].Marker {
				t.Fatalf("the second create answers %v %v", r.Outcome, r.Record)
			}
			ids = append(ids, r.ID)
		}
		found, err := book.Find(t.Context(), contact.Query{Marker: ms[1].Marker})
		if err != nil || len(found) != 1 || found[0].ID != rs[1].ID {
			t.Errorf("Find gives %v, %v", found, err)
		}
	}
	if !slices.Equal(ids[:4], ids[4:]) {
		t.Errorf("the two Books found %q", ids)
	}
	if people, _ := w.People(tester).List(t.Context()); len(people) != 4 {
		t.Errorf("there are %d people, want 4", len(people))
	}
	// Nothing reached the server: nothing is unknown.
	w.faults.Add(kit.Fault{Match: isBatch, Status: http.StatusBadRequest})
	if rs, err := b.Write(t.Context(), creates(20, 1)); err == nil || rs[0].Outcome != contact.NotRun {
		t.Errorf("a refused batch answers %v, %v", rs[0].Outcome, err)
	}
}

// TestCursors: every way in which a place is lost is told, and leads to a full
// listing; a listing that loses its place half way begins anew.
func TestCursors(t *testing.T) {
	for name, q := range map[string]graph.Quirks{"410": {}, "400": {SyncStateNotFound: true}} {
		w := newWorld(t, graph.Options{Quirks: q})
		w.Seed(tester, kit.Sample(450, 1))
		b, _ := w.connected(t)
		all, cursor := listed(t, b, nil)
		if len(all) != 450 {
			t.Fatalf("%s: %d people", name, len(all))
		}
		w.ExpireTokens(tester)
		for _, err := range b.Changes(t.Context(), cursor) {
			if !errors.Is(err, contact.ErrCursorExpired) {
				t.Errorf("%s: an expired cursor is answered with %v", name, err)
			}
		}
		pages := 0
		for page, err := range b.Changes(t.Context(), nil) {
			if pages++; pages == 1 {
				w.Fail(graph.Failure{Status: 410, Code: "SyncStateNotFound"})
			}
			if err != nil || !page.Full {
				t.Errorf("%s: %v", name, err)
			}
			cursor = page.Next
		}
		if cursor == nil || pages != 4 {
			t.Errorf("%s: %d pages, cursor %q", name, pages, cursor)
		}
	}
	// Another account's or folder's cursor means nothing here.
	w := newWorld(t, graph.Options{})
	b, _ := w.connected(t)
	_, cursor := listed(t, b, nil)
	w.values = map[string]string{fieldFolder: folderOwn}
	other, _ := w.connected(t)
	for _, err := range other.Changes(t.Context(), cursor) {
		if !errors.Is(err, contact.ErrCursorExpired) {
			t.Errorf("another folder's cursor is answered with %v", err)
		}
	}
	// Links to other hosts are not followed.
	w.SetQuirks(graph.Quirks{ForeignLinks: "https://graph.example.net/v1.0"})
	for _, err := range b.Changes(t.Context(), nil) {
		if !errors.Is(err, contact.ErrProtocol) {
			t.Errorf("a link to another host is answered with %v", err)
		}
	}
}

// TestMoves: a contact that its owner moves to another folder has left the
// scope, one in the trash is deleted, and one that comes back is there again.
func TestMoves(t *testing.T) {
	for _, q := range []graph.Quirks{{}, {TrashReadable: true, RemovedFirst: true, Replays: true, EmptyPages: true}} {
		w := newWorld(t, graph.Options{Quirks: q})
		ids := []contact.ID{}
		for _, c := range kit.Sample(4, 1) {
			ids = append(ids, contact.ID(w.Put(tester, c)))
		}
		b, _ := w.connected(t)
		_, cursor := listed(t, b, nil)
		other, home := w.AddFolder(tester, "Family"), w.Folder(tester, "Contacts")
		w.Move(tester, string(ids[0]), other)
		w.Remove(tester, string(ids[1]))
		w.Move(tester, string(ids[2]), other)
		w.Move(tester, string(ids[2]), home)
		all, next := listed(t, b, cursor)
		for i, want := range []contact.ChangeKind{contact.LeftScope, contact.Deleted, contact.Changed} {
			if c, ok := all[ids[i]]; !ok || c.Kind != want {
				t.Errorf("%+v: contact %d is listed as %v (%v), want %v", q, i, c.Kind, ok, want)
			}
		}
		if len(all) != 3 {
			t.Errorf("%d changes, want 3", len(all))
		}
		found, missing, err := b.Get(t.Context(), ids)
		if err != nil || len(found) != 2 || !slices.Equal(missing, ids[1:2]) {
			t.Errorf("Get finds %d, missing %q, %v", len(found), missing, err)
		}
		w.Move(tester, string(ids[0]), home)
		if all, _ = listed(t, b, next); len(all) != 1 || all[ids[0]].Kind != contact.Changed {
			t.Errorf("what came back is listed as %+v", all)
		}
		if all, _ = listed(t, b, nil); len(all) != 3 {
			t.Errorf("everything is %d contacts, want 3", len(all))
		}
	}
}

// TestConflicts: the condition is the service's; without one of our own, an
// update that is overtaken is decided anew, a bounded number of times.
func TestConflicts(t *testing.T) {
	w := newWorld(t, graph.Options{})
	b, _ := w.connected(t)
	id := contact.ID(w.Put(tester, ann()))
	m := contact.Mutation{Op: contact.Update, ID: id, Contact: contact.Contact{JobTitle: "Director"}, Mask: contact.FieldsOf(contact.JobTitle)}
	patches := func(method string, _ []string) bool { return method == http.MethodPatch }
	w.Fail(graph.Failure{Match: patches, Status: 412, Code: "ErrorIrresolvableConflict", Times: 2})
	if r := write1(t, b, m); r.Outcome != contact.OK || r.Record.Contact.JobTitle != "Director" {
		t.Errorf("an update that was overtaken twice answers %v", r.Outcome)
	}
	w.Fail(graph.Failure{Match: patches, Status: 409, Code: "ErrorIrresolvableConflict", Times: rereads + 1})
	m.Contact.JobTitle = "Chair"
	if r := write1(t, b, m); r.Outcome != contact.Conflict {
		t.Errorf("an update that is always overtaken answers %v", r.Outcome)
	}
	all, _ := listed(t, b, nil)
	m.Version = all[id].Record.Version
	w.Set(tester, string(id), "spouseName", "Robin") // behind our back, after we read it
	if r := write1(t, b, m); r.Outcome != contact.Conflict {
		t.Errorf("an update of an older version answers %v", r.Outcome)
	}
	if r := write1(t, b, contact.Mutation{Op: contact.Delete, ID: id, Version: m.Version}); r.Outcome != contact.Conflict {
		t.Errorf("a deletion of an older version answers %v", r.Outcome)
	}
	// Two updates of one record in one batch go one after the other.
	m.Version = ""
	second := m
	second.Contact, second.Mask = contact.Contact{Unit: "Board"}, contact.FieldsOf(contact.Unit)
	if rs, err := b.Write(t.Context(), []contact.Mutation{m, second}); err != nil || rs[0].Outcome != contact.OK || rs[1].Outcome != contact.OK ||
		rs[1].Record.Contact.JobTitle != "Chair" || rs[1].Record.Contact.Unit != "Board" {
		t.Errorf("two updates of one record answer %v, %v", rs, err)
	}
}

// TestRefusals: what a person can do something about has a sentence of its own.
func TestRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		arrange func(w *world)
		kind    error
		says    string
	}{
		"no consent":        {func(w *world) { w.scopes = []string{"openid", "User.Read"} }, contact.ErrAdminNeeded, "Contacts.ReadWrite"},
		"revoked":           {func(w *world) { w.oidc.RevokeUser(tester) }, contact.ErrReconnect, "Connect again"},
		"failing":           {func(w *world) { w.Fail(graph.Failure{Status: 500, Code: "ErrorInternalServerError", Times: 9}) }, contact.ErrUnavailable, "later"},
		"consent withdrawn": {func(w *world) { w.Fail(graph.Failure{Status: 403, Code: "ErrorAccessDenied"}) }, contact.ErrAdminNeeded, "administrator"},
		"no licence":        {func(w *world) { w.Fail(graph.Failure{Status: 404, Code: "MailboxNotEnabledForRESTAPI"}) }, contact.ErrNotLicensed, "licence"},
		"not understood":    {func(w *world) { w.Fail(graph.Failure{Status: 400, Code: "ErrorInvalidUrlQuery"}) }, contact.ErrProtocol, "tell your administrator"},
		"folder deleted":    {func(w *world) { w.DeleteFolder(tester, w.Folder(tester, ownFolder)) }, contact.ErrReconnect, "Nothing was deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, graph.Options{})
			w.values = map[string]string{fieldFolder: folderOwn}
			b, _ := w.connected(t)
			_, cursor := listed(t, b, nil)
			tt.arrange(w)
			if name == "no consent" {
				b = w.open(t)
			}
			for _, err := range b.Changes(t.Context(), cursor) {
				if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("the listing answers %v (%v)", err, errors.Unwrap(err))
				}
			}
			tt.arrange(w)
			rs, err := b.Write(t.Context(), creates(0, 1))
			if name != "failing" && name != "consent withdrawn" && name != "not understood" && (!errors.Is(err, tt.kind) || rs[0].Outcome != contact.NotRun) {
				t.Errorf("the write answers %v, %v", rs, err)
			}
			if err == nil && rs[0].Outcome == contact.OK {
				t.Errorf("the write answers %v", rs)
			}
		})
	}
}

// TestRecordsWait: a record that Outlook refuses waits alone.
func TestRecordsWait(t *testing.T) {
	w := newWorld(t, graph.Options{})
	b, _ := w.connected(t)
	bad, full, forbidden := creates(0, 1)[0], creates(1, 1)[0], creates(2, 1)[0]
	bad.Contact.Emails = []string{"ann@example.com", "not an address"}
	w.Fail(graph.Failure{Match: graph.Writes, Skip: 1, Status: 507, Code: "ErrorQuotaExceeded"})
	w.Fail(graph.Failure{Match: graph.Writes, Skip: 1, Status: 403, Code: "ErrorAccessDenied"})
	w.Fail(graph.Failure{Match: graph.Writes, Skip: 1, Status: 400, Code: "ErrorInvalidProperty", Message: "The value of NickName is not valid for Ann Secret."})
	rs, err := b.Write(t.Context(), append([]contact.Mutation{bad}, creates(3, 1)[0], full, forbidden, creates(4, 1)[0], creates(5, 1)[0]))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []contact.Outcome{contact.Invalid, contact.OK, contact.Invalid, contact.Forbidden, contact.Invalid, contact.OK} {
		r := rs[i]
		if r.Outcome != want {
			t.Errorf("mutation %d answers %v %s %v, want %v", i, r.Outcome, r.Message, r.Cause, want)
		}
		if want != contact.OK && !strings.HasSuffix(r.Message, ".") || strings.Contains(r.Message, "Secret") || r.Cause != nil && strings.Contains(r.Cause.Error(), "Secret") {
			t.Errorf("the message %q (%v)", r.Message, r.Cause)
		}
	}
	if !rs[0].HasField || rs[0].Field != contact.Emails || !rs[4].HasField || rs[4].Field != contact.Nickname {
		t.Errorf("the fields are %v and %v", rs[0].Field, rs[4].Field)
	}
}
