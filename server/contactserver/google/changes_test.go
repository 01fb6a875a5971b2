package google_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"tandem/server/contact"
	sandbox "tandem/server/sandbox/people"
)

func expired(t *testing.T, b contact.Book, cursor contact.Cursor) {
	t.Helper()
	for page, err := range b.Changes(t.Context(), cursor) {
		if !errors.Is(err, contact.ErrCursorExpired) || page.Next != nil {
			t.Errorf("the cursor is answered with %v, %v; want ErrCursorExpired", page, err)
		}
	}
}

// TestCursorEnds: after seven days, after a loss at Google and after a change
// of the mapping only a complete list helps, whatever status tells it.
func TestCursorEnds(t *testing.T) {
	for _, gone := range []bool{false, true} {
		w := newWorld(t, sandbox.Quirks{Gone: gone})
		w.people.Seed(ann, []contact.Contact{full("One")})
		b := w.open(t)
		_, isFull, cursor := list(t, b, nil)
		if !isFull {
			t.Error("everything is not marked full")
		}
		w.pass(6 * 24 * time.Hour)
		all, isFull, cursor := list(t, b, cursor)
		if isFull || len(all) > 0 {
			t.Errorf("nothing happened, and %v is told, full: %v", all, isFull)
		}
		w.pass(25 * time.Hour) // seven days count from the full reading
		expired(t, b, cursor)
		_, _, cursor = list(t, b, nil)
		w.people.ExpireTokens(ann)
		expired(t, b, cursor)
		w.faults.Add(fault(410, `{"error":{"code":410}}`, nil)) // without a reason
		expired(t, b, cursor)
		w.faults.Clear()
		w.people.ResetRequests()
		expired(t, b, contact.Cursor(`{"v":1,"token":"x","fields":"names","sources":"READ_SOURCE_TYPE_CONTACT","size":"1000"}`))
		expired(t, b, contact.Cursor(`{"v":0}`))
		if n := w.people.Requests(); len(n) > 0 {
			t.Errorf("a cursor of another mapping is sent: %v", n)
		}
	}
}

// TestPages: a list of several pages is one reading, deletions and all.
func TestPages(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{Shuffle: true})
	var people []contact.Contact
	for i := range 2300 {
		people = append(people, contact.Contact{Name: contact.Name{Surname: fmt.Sprint("P", i)}})
	}
	ids := w.people.Seed(ann, people)
	b := w.open(t)
	w.people.ResetRequests()
	all, _, cursor := list(t, b, nil)
	if n := w.people.Requests()["people.connections.list"]; len(all) != 2300 || n != 3 {
		t.Errorf("%d people in %d requests", len(all), n)
	}
	for _, id := range ids[:1200] {
		w.people.Remove(ann, id)
	}
	all, isFull, _ := list(t, b, cursor)
	if len(all) != 1200 || isFull || all[contact.ID(ids[0])].Kind != contact.Deleted {
		t.Errorf("%d changes, full %v, %v", len(all), isFull, all[contact.ID(ids[0])])
	}
}

// TestLateLists: what a list brings late never undoes a write: neither in the
// process that wrote nor in another one.
func TestLateLists(t *testing.T) {
	for _, other := range []bool{false, true} {
		w := newWorld(t, sandbox.Quirks{Delay: 5 * time.Minute})
		ids := w.people.Seed(ann, []contact.Contact{full("Kept"), full("Gone")})
		w.pass(time.Hour)
		b := w.open(t)
		_, _, cursor := list(t, b, nil)
		w.people.Edit(ann, ids[0], func(c *contact.Contact) { c.JobTitle = "by hand" })
		w.pass(2 * time.Minute)
		title := contact.FieldsOf(contact.JobTitle)
		write(t, b, contact.Mutation{Op: contact.Update, ID: contact.ID(ids[0]), Contact: contact.Contact{JobTitle: "by sync"}, Mask: title},
			contact.Mutation{Op: contact.Delete, ID: contact.ID(ids[1])})
		made := write(t, b, create(full("Made"), "m-1"))[0].ID
		w.pass(4 * time.Minute) // the list shows the edit by hand, and nothing after it
		if other {
			w.again()
		}
		b = w.open(t)
		all, _, _ := list(t, b, cursor)
		if got := all[contact.ID(ids[0])].Record.Contact.JobTitle; got != "by sync" {
			t.Errorf("other process %v: the list undoes the write: %q", other, got)
		}
		if other {
			continue // a complete list needs the memory of who wrote
		}
		all, isFull, _ := list(t, w.open(t), nil)
		if got := all[contact.ID(ids[0])].Record.Contact.JobTitle; got != "by sync" || !isFull {
			t.Errorf("the complete list undoes the write: %q", got)
		}
		if all[made].Record.ID == "" {
			t.Error("the complete list leaves out what was just created")
		}
		if c, ok := all[contact.ID(ids[1])]; ok {
			t.Errorf("the complete list still holds what was just deleted: %v", c.Kind)
		}
	}
}

// TestEcho: own writes that come back cost one request, and say nothing new.
func TestEcho(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	b := w.open(t)
	_, _, cursor := list(t, b, nil)
	made := write(t, b, create(full("Made"), "m-1"))[0]
	w.people.ResetRequests()
	all, _, _ := list(t, b, cursor)
	if all[made.ID].Record.Version != made.Version || len(w.people.Requests()) != 1 {
		t.Errorf("%q against %q, requests %v", all[made.ID].Record.Version, made.Version, w.people.Requests())
	}
}

// TestNames: an ID stays when the resource name changes, and leads to the
// record in a Book that has listed nothing, whatever its name.
func TestNames(t *testing.T) {
	for _, linked := range []bool{false, true} {
		w := newWorld(t, sandbox.Quirks{Linked: linked})
		ids := w.people.Seed(ann, []contact.Contact{full("Miller"), full("Other")})
		id := contact.ID(ids[0])
		b := w.open(t)
		_, _, cursor := list(t, b, nil)
		w.people.Rename(ann, ids[0])
		all, _, _ := list(t, b, cursor)
		if c := all[id]; len(all) != 1 || c.Kind != contact.Changed || c.Record.ID != id {
			t.Errorf("a new name is told as %v", all)
		}
		for name, b := range map[string]contact.Book{"the same Book": b, "another Book": w.open(t)} {
			found, missing, err := b.Get(t.Context(), []contact.ID{id, "ffff0000ffff", "not a number", "00ff"})
			if err != nil || len(found) != 1 || found[0].ID != id || len(missing) != 3 {
				t.Fatalf("linked %v, %s: %v, %v, %v", linked, name, found, missing, err)
			}
			m := contact.Mutation{Op: contact.Update, ID: id, Contact: contact.Contact{JobTitle: name}, Mask: contact.FieldsOf(contact.JobTitle)}
			if r := write(t, b, m)[0]; r.ID != id {
				t.Errorf("%s: the update answers for %q", name, r.ID)
			}
		}
		write(t, w.open(t), contact.Mutation{Op: contact.Delete, ID: id})
		if slices.Contains(w.people.IDs(ann), ids[0]) {
			t.Error("it is still there")
		}
	}
}

// TestMerged: a contact that was merged into another is no deletion.
func TestMerged(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	b := w.open(t)
	from := write(t, b, create(full("From"), "m-1"))[0].ID
	into := write(t, b, create(full("Into"), "m-2"))[0].ID
	_, _, cursor := list(t, b, nil)
	if !w.people.Merge(ann, string(from), string(into)) {
		t.Fatal("not merged")
	}
	all, _, _ := list(t, b, cursor)
	if c := all[from]; c.Kind != contact.Merged || c.Into != into {
		t.Errorf("the merge is told as %v into %q", c.Kind, c.Into)
	}
	if c := all[into]; c.Kind != contact.Changed || len(c.Record.Contact.Emails) != 4 {
		t.Errorf("who lives on reads %v", c)
	}
}

// TestUngrouped: one who left every group is not shown any more, and not gone.
func TestUngrouped(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	ids := w.people.Seed(ann, []contact.Contact{full("Miller"), full("Smith")})
	_, _, cursor := list(t, w.open(t), nil)
	w.people.Ungroup(ann, ids[0])
	w.people.Remove(ann, ids[1])
	w.people.ResetRequests()
	all, _, _ := list(t, w.open(t), cursor)
	if a, b := all[contact.ID(ids[0])].Kind, all[contact.ID(ids[1])].Kind; a != contact.LeftScope || b != contact.Deleted {
		t.Errorf("told as %v and %v", a, b)
	}
	if n := w.people.Requests(); n["people.connections.list"] != 1 || n["people.getBatchGet"] != 1 {
		t.Errorf("requests: %v", n)
	}
}

// TestMany: lists stop at a hundred numbers, people need not.
func TestMany(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{})
	c := full("Many")
	c.Phones = nil
	for i := range 120 {
		c.Phones = append(c.Phones, contact.Phone{Kind: contact.PhoneWork, Number: fmt.Sprint("+49 30 ", 1000+i)})
	}
	id := contact.ID(w.people.Seed(ann, []contact.Contact{c})[0])
	b := w.open(t)
	all, _, _ := list(t, b, nil)
	r := all[id].Record
	if n := len(r.Contact.Phones); n != 120 {
		t.Fatalf("%d numbers were read", n)
	}
	next := r.Contact.Set(contact.MobilePhones, contact.Value{"+49 171 1"})
	write(t, b, contact.Mutation{Op: contact.Update, ID: id, Version: r.Version, Contact: next, Mask: contact.FieldsOf(contact.MobilePhones)})
	if n := len(w.people.Raw(ann, string(id))["phoneNumbers"]); n != 121 {
		t.Errorf("%d numbers are left", n)
	}
}

// TestOrder: entries in another order are no change.
func TestOrder(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{Shuffle: true})
	c := full("Shuffled")
	c.Emails = append(c.Emails, "third@example.com")
	id := contact.ID(w.people.Seed(ann, []contact.Contact{c})[0])
	w.people.Set(ann, string(id), "urls", map[string]any{"value": "https://b.example", "type": "work"}, map[string]any{"value": "https://a.example", "type": "homePage"},
		map[string]any{"value": "https://c.example"})
	b := w.open(t)
	found, _, err := b.Get(t.Context(), []contact.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		again, _, err := b.Get(t.Context(), []contact.ID{id})
		if err != nil {
			t.Fatal(err)
		}
		for f := range contact.AllFields.All() {
			if a, b := found[0].Contact.Value(f), again[0].Contact.Value(f); !(contact.Norm{}).Equal(f, a, b) {
				t.Errorf("%v reads %q, then %q", f, a, b)
			}
		}
		w.people.ResetRequests()
		write(t, b, contact.Mutation{Op: contact.Update, ID: id, Contact: again[0].Contact, Mask: contact.AllFields.Without(contact.FullName)})
		if n := w.people.Requests()["people.batchUpdateContacts"]; n > 0 {
			t.Error("writing back what was read is sent")
		}
	}
}

// TestConnectionFaults: each trouble is its own kind and sentence.
func TestConnectionFaults(t *testing.T) {
	reason := func(status, reason string) string {
		return `{"error":{"code":403,"status":"` + status + `","message":"no","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"` + reason + `"}]}}`
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   error
	}{
		"token refused":      {401, reason("UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"), contact.ErrReconnect},
		"consent withdrawn":  {403, reason("PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), contact.ErrReconnect},
		"quota, 429":         {429, reason("RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"), contact.ErrQuota},
		"quota, 403":         {403, reason("PERMISSION_DENIED", "rateLimitExceeded"), contact.ErrQuota},
		"quota, older words": {403, `{"error":{"code":403,"errors":[{"reason":"userRateLimitExceeded"}]}}`, contact.ErrQuota},
		"API switched off":   {403, reason("PERMISSION_DENIED", "SERVICE_DISABLED"), contact.ErrAdminNeeded},
		"no contacts here":   {403, reason("PERMISSION_DENIED", ""), contact.ErrForbidden},
		"failing":            {500, `{"error":{"code":500,"status":"INTERNAL"}}`, contact.ErrUnavailable},
		"another product":    {404, "<!doctype html><html></html>", contact.ErrProtocol},
	} {
		w := newWorld(t, sandbox.Quirks{})
		b := w.open(t)
		w.faults.Add(fault(tt.status, tt.body, nil))
		_, err := b.Find(t.Context(), contact.Query{Name: "Ann Miller"})
		var e *contact.Error
		if !errors.As(err, &e) || !errors.Is(err, tt.kind) || e.Message == "" {
			t.Errorf("%s: %v, want %v", name, err, tt.kind)
		}
		if quota := errors.Is(err, contact.ErrQuota); quota && !e.RetryAt.After(time.Now()) {
			t.Errorf("%s: no word on when to go on", name)
		}
		w.faults.Clear()
		w.faults.Add(fault(tt.status, tt.body, func(r *http.Request) bool { return r.Method == http.MethodPost }))
		rs, err := b.Write(t.Context(), []contact.Mutation{create(contact.Contact{Name: contact.Name{Surname: "X"}}, "m-1")})
		if !errors.Is(err, tt.kind) || rs[0].Outcome == contact.OK || rs[0].Outcome == contact.Invalid {
			t.Errorf("%s: the write gives %v, %v", name, rs, err)
		}
		if certain := rs[0].Outcome != contact.Unknown; certain == (tt.status == 500) {
			t.Errorf("%s: the write is %v", name, rs[0].Outcome)
		}
	}
}

// TestFullSyncQuota: the first page of a complete list has a quota of its own.
func TestFullSyncQuota(t *testing.T) {
	w := newWorld(t, sandbox.Quirks{FullSyncs: 1})
	b := w.open(t)
	_, _, cursor := list(t, b, nil)
	for _, err := range b.Changes(t.Context(), nil) {
		if !errors.Is(err, contact.ErrQuota) {
			t.Errorf("the second complete list gives %v", err)
		}
	}
	list(t, b, cursor)
	w.pass(time.Minute)
	list(t, w.open(t), nil)
}
