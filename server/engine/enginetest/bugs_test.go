package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/engine/enginetest"
	"tandem/server/engine/plan"
	"tandem/store"
)

// TestTrackerBugs tells what went wrong for the users of other synchronisers,
// bug by bug, and how it ends here. Those that are about a protocol as well (B22,
// B24, B25, B27, B31) are told beside the adapters, too.
func TestTrackerBugs(t *testing.T) {
	for _, bug := range []struct {
		name string
		tell func(t *testing.T)
	}{
		{"B1 offline_list", func(t *testing.T) {
			for _, h := range []string{"offline", "offline after the first page", "500 on the last page"} {
				y := open(t, profile(t, "rich"), plan.TwoWay, 5)
				y.w.Users[0].Book[right].Expire()
				if _, err := y.lies(right, named(t, h)); err == nil {
					t.Errorf("%s: the run did not fail", h)
				}
				y.settled()
			}
		}},
		{"B2 empty_multistatus_207", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 40)
			y.w.Users[0].Book[right].Expire()
			if r, err := y.lies(right, named(t, "an empty multistatus with 207")); err != nil || r.Halt == "" {
				t.Errorf("an empty side must halt the run: %s %v", r.JSON(), err)
			}
			y.settled()
		}},
		{"B3 partial_account_failure", func(t *testing.T) {
			y := open(t, profile(t, "markerless"), plan.TwoWay, 7)
			for n := 1; n < 6; n++ {
				_, _ = y.run(at(enginetest.AtLeft, enginetest.SweepPage, n, enginetest.Failing), at(enginetest.AtRight, enginetest.ListPage, n, enginetest.SignedOut))
			}
			y.settled()
		}},
		{"B4 href_rewrite_after_upgrade", func(t *testing.T) {
			for _, s := range []plan.Side{left, right} {
				y := open(t, profile(t, "rich"), plan.TwoWay, 5)
				book := y.w.Users[0].Book[s]
				for _, r := range book.All() {
					book.Put(r.Contact)
					book.Remove(r.ID)
				}
				book.Expire()
				y.settled()
				y.count(left, 5)
				y.count(right, 5)
			}
		}},
		{"B5 put_404_then_list", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			y.writes(right, func(_ contact.Book, ms []contact.Mutation) ([]contact.Result, error) {
				return []contact.Result{{Outcome: contact.Gone, ID: ms[0].ID}}, nil
			})
			y.retitle(left, "P1")
			_, _ = y.run()
			_, _ = y.run()
			y.w.Wrap = nil
			y.retitle(left, "P1")
			y.settled()
		}},
		{"B6 listing_mode_switch", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			for n := range 6 {
				y.w.Users[0].Book[n%2].Expire()
				if _, err := y.lies(plan.Side(n%2), named(t, "everything that says it is a delta")); err != nil {
					t.Error(err)
				}
				if _, err := y.lies(plan.Side(n%2), named(t, "a delta that says it is everything")); err != nil {
					t.Error(err)
				}
			}
			y.settled()
		}},
		{"B7 etag_of_unmerged_body", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			y.retitle(left, "P1")
			if _, err := y.run(at(enginetest.AtRight, enginetest.Write, 1, enginetest.TypesOtherThere)); err != nil {
				t.Error(err)
			}
			y.settled()
		}},
		{"B8 put_no_etag, normalising_server", func(t *testing.T) {
			for _, d := range []plan.Direction{plan.TwoWay, plan.ContactsToCRM, plan.CRMToContacts} {
				y := open(t, profile(t, "normalising"), d, 5)
				y.w.Edit(0, left, "P1", func(c *contact.Contact) { c.JobTitle = "  Head of  " })
				y.w.Edit(0, right, "P2", func(c *contact.Contact) { c.Emails = append(c.Emails, "Upper.Case@Example.COM") })
				y.settled()
			}
		}},
		{"B9 n_cycles_no_growth", func(t *testing.T) {
			for _, p := range profiles() {
				y := open(t, p, plan.TwoWay, 5)
				y.round()
				before := fmt.Sprint(y.w.Users[0].Book[left].All(), y.w.Users[0].Book[right].All())
				for range 50 {
					if err := y.w.Quiet(); err != nil {
						t.Fatal(err)
					}
				}
				if after := fmt.Sprint(y.w.Users[0].Book[left].All(), y.w.Users[0].Book[right].All()); after != before {
					t.Errorf("%s: 50 cycles changed\n%s\ninto\n%s", p.Name, before, after)
				}
			}
		}},
		{"B10 first_sync_preexisting, db_fail_after_create", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 0)
			for i := range 5 {
				tag := fmt.Sprintf("P%d", i)
				c := y.w.Person(tag)
				y.w.Put(0, left, tag, c)
				y.w.Put(0, right, tag, c)
			}
			y.settled()
			y.count(left, 5)
			y.w.PutAll(left, "N1")
			for range 3 {
				_, _ = y.run(at(enginetest.AtLedger, enginetest.Commit, 1, enginetest.Failing), at(enginetest.AtLedger, enginetest.Commit, 2, enginetest.Failing))
			}
			y.settled()
			y.count(right, 6)
		}},
		{"B11 stale_412_refetch_once", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			y.retitle(left, "P1")
			if r, err := y.run(at(enginetest.AtRight, enginetest.Write, 1, enginetest.Refused412)); err != nil || r.Right.Updated != 1 {
				t.Errorf("one reading again must do: %s %v", r.JSON(), err)
			}
			y.settled()
		}},
		{"B12 500_after_effect", func(t *testing.T) {
			for _, name := range []string{"rich", "markerless", "lagging"} {
				y := open(t, profile(t, name), plan.TwoWay, 5)
				y.w.PutAll(left, "N1")
				for range 20 {
					_, _ = y.run(at(enginetest.AtRight, enginetest.Write, 1, enginetest.FailedAfter))
				}
				y.settled()
				y.count(right, 6)
			}
		}},
		{"B13 crash_each_create", func(t *testing.T) {
			for _, name := range []string{"rich", "markerless", "lagging"} {
				y := open(t, profile(t, name), plan.CRMToContacts, 0)
				for i := range 12 {
					y.w.PutAll(left, fmt.Sprintf("N%d", i))
				}
				for range 12 {
					_, _ = y.run(at(enginetest.AtRight, enginetest.Write, 1, enginetest.CrashAfter))
				}
				y.settled()
				y.count(right, 12)
			}
		}},
		{"B14 poison_contact_skipped", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.CRMToContacts, 5)
			y.writes(right, func(b contact.Book, ms []contact.Mutation) ([]contact.Result, error) {
				results := make([]contact.Result, len(ms))
				for i, m := range ms {
					if m.Contact.Name.Surname == "Poison" {
						results[i] = contact.Result{Outcome: contact.Invalid, Message: "This contact is poison."}
						continue
					}
					one, err := b.Write(context.Background(), ms[i:i+1])
					if err != nil {
						return nil, err
					}
					results[i] = one[0]
				}
				return results, nil
			})
			y.w.PutAll(left, "N1")
			y.w.Users[0].Book[left].Put(y.w.Person("Poison"))
			y.w.PutAll(left, "N2")
			if r, err := y.run(); err != nil || r.Failed != 1 || r.Right.Created != 2 {
				t.Errorf("one bad contact must stop no other: %s %v", r.JSON(), err)
			}
			y.settled()
		}},
		{"B15 410_mid_paging", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 9)
			y.w.Remove(0, left, "P9")
			for n := 1; n < 5; n++ {
				_, _ = y.run(at(enginetest.AtLeft, enginetest.ListPage, n, enginetest.Expired), at(enginetest.AtRight, enginetest.ListPage, n, enginetest.Expired))
			}
			y.settled()
			y.count(right, 8)
		}},
		{"B16 delta_duplicates", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			y.w.PutAll(left, "N1")
			y.retitle(left, "P1")
			if _, err := y.lies(left, named(t, "every entry twice")); err != nil {
				t.Error(err)
			}
			y.settled()
		}},
		{"B17 missing_tombstone", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.CRMToContacts, 5)
			y.w.Remove(0, left, "P1")
			if _, err := y.lies(left, hostile{twist: func(ps []contact.Page) ([]contact.Page, error) {
				for i := range ps {
					ps[i].Changes = slices.DeleteFunc(ps[i].Changes, func(c contact.Change) bool { return c.Kind == contact.Deleted })
				}
				return ps, nil
			}}); err != nil {
				t.Error(err)
			}
			y.count(right, 5)
			y.w.Users[0].Book[left].Expire() // the next full listing finds it
			y.settled()
			y.count(right, 4)
		}},
		{"B18 etag_flap_retry_3", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			y.retitle(left, "P1")
			r, err := y.run(at(enginetest.AtRight, enginetest.Write, 1, enginetest.Refused412),
				at(enginetest.AtRight, enginetest.Write, 2, enginetest.Refused412), at(enginetest.AtRight, enginetest.Write, 3, enginetest.Refused412))
			if err != nil || r.Right.Updated != 1 {
				t.Errorf("three times refused, and then written: %s %v", r.JSON(), err)
			}
			y.settled()
		}},
		{"B19 late_visibility", func(t *testing.T) {
			y := open(t, profile(t, "lagging"), plan.TwoWay, 5)
			y.w.PutAll(left, "N1")
			y.w.PutAll(right, "N2")
			_, _ = y.run(at(enginetest.AtRight, enginetest.Write, 1, enginetest.LateLost), at(enginetest.AtLeft, enginetest.Write, 1, enginetest.Late))
			for range 3 {
				_, _ = y.run() // still within the time that it may take
			}
			y.settled()
		}},
		{"B20 idempotent_rerun", func(t *testing.T) {
			for _, p := range enginetest.Profiles() {
				y := open(t, p, plan.TwoWay, 5)
				for range 15 {
					y.round()
				}
				y.count(left, 5)
				y.count(right, 5)
				y.kept()
			}
		}},
		{"B21 truncated_507, token_ahead_of_page", func(t *testing.T) {
			for _, h := range []string{"the last page is missing", "the token is ahead of its page", "429 after the first page"} {
				y := open(t, profile(t, "rich"), plan.TwoWay, 9)
				y.retitle(right, "P1")
				y.retitle(right, "P2")
				y.w.Users[0].Book[right].Expire()
				_, _ = y.lies(right, named(t, h))
				y.w.Users[0].Book[right].Expire() // the next full listing finds what the token skipped
				y.settled()
			}
		}},
		{"B22 truncated_xml_body", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 9)
			y.retitle(right, "P1")
			if r, err := y.run(at(enginetest.AtRight, enginetest.ListPage, 1, enginetest.Truncated)); err == nil || r.Left.Updated > 0 {
				t.Errorf("a listing that ended early was applied: %s %v", r.JSON(), err)
			}
			y.settled()
		}},
		{"B23 token_403_full_resync", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.CRMToContacts, 5)
			y.w.Remove(0, right, "P1")
			y.round()
			y.w.Users[0].Book[left].Expire()
			y.w.Users[0].Book[right].Expire()
			y.settled()
			y.count(right, 4) // what a person deleted is not resurrected
		}},
		{"B24 bday", birthdays},
		{"B25 unmapped_preserved", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			y.w.Edit(0, right, "P1", func(c *contact.Contact) { c.Notes, c.Nickname = "X-ABLabel: Assistant\n\n  indented", "Annie" })
			y.retitle(left, "P1")
			y.settled()
			if got := y.record(right, "P1").Contact; got.Notes != "X-ABLabel: Assistant\n\n  indented" || got.Nickname != "Annie" {
				t.Errorf("unmapped fields became %q and %q", got.Notes, got.Nickname)
			}
		}},
		{"B26 email_change_same_link", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			id := y.record(right, "P1").ID
			y.w.Edit(0, left, "P1", func(c *contact.Contact) { c.Emails = []string{"new.address@example.org"} })
			y.settled()
			if got := y.record(right, "P1"); got.ID != id || !slices.Equal(got.Contact.Emails, []string{"new.address@example.org"}) {
				t.Errorf("the address book has %s %v", got.ID, got.Contact.Emails)
			}
			y.count(right, 5)
		}},
		{"B27 same_timestamp_page", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 100) // all typed and created in one moment
			y.count(right, 100)
			y.kept()
		}},
		{"B28 echo_suppressed", func(t *testing.T) {
			for _, p := range enginetest.Profiles() {
				y := open(t, p, plan.TwoWay, 5)
				y.retitle(right, "P1")
				y.retitle(left, "P2")
				y.round()
				y.kept() // the listing of our own writes is no edit
			}
		}},
		{"B29 undo_restores", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.CRMToContacts, 5)
			before := y.record(right, "P1").Contact
			y.w.Edit(0, left, "P1", func(c *contact.Contact) { c.JobTitle, c.Emails = "broken", []string{"broken@example.org"} })
			y.round()
			items, err := y.w.Ledger.AllItems(y.w.Users[0].Pair)
			if err != nil {
				t.Fatal(err)
			}
			items = slices.DeleteFunc(items, func(i store.Item) bool { return i.Kind != "updated" })
			if _, err := y.w.Undo(0, items); err != nil {
				t.Fatal(err)
			}
			if got := y.record(right, "P1").Contact; got.JobTitle != before.JobTitle || !slices.Equal(got.Emails, before.Emails) {
				t.Errorf("after the undo: %q %v", got.JobTitle, got.Emails)
			}
			if err := y.w.Quiet(); err != nil {
				t.Error(err)
			}
		}},
		{"B30 multi_value_over_capacity", func(t *testing.T) {
			y := open(t, profile(t, "normalising"), plan.TwoWay, 5)
			y.w.Edit(0, right, "P1", func(c *contact.Contact) {
				c.Emails = append(c.Emails, "two@example.org", "three@example.org", "four@example.org")
			})
			y.settled()
			y.w.Edit(0, left, "P1", func(c *contact.Contact) { c.JobTitle = y.w.Unique("Title") })
			y.settled()
			if got := y.record(right, "P1").Contact.Emails; len(got) != 4 {
				t.Errorf("the address book kept %v", got)
			}
		}},
		{"B31 unquoted_etag, weak_etag", func(t *testing.T) {
			for _, form := range []string{"%s", `"%s"`, `W/"%s"`} {
				y := open(t, profile(t, "rich"), plan.TwoWay, 5)
				y.w.Wrap = func(_ plan.Side, b contact.Book) contact.Book { return tagged{b, form} }
				y.retitle(left, "P1")
				y.retitle(right, "P2")
				y.settled()
				y.retitle(left, "P2")
				y.settled()
			}
		}},
		{"B32 endpoint_change_requires_reset", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			y.w.Wrap = func(s plan.Side, b contact.Book) contact.Book {
				if s == left {
					return b
				}
				return stranger{b}
			}
			if _, err := y.run(); !errors.Is(err, contact.ErrReconnect) {
				t.Errorf("another account's answer: %v", err)
			}
			y.w.Wrap = nil
			y.settled()
		}},
		{"B33 delete_policy_explicit", deletePolicies},
		{"B34 crm_trigger_mutates_after_write", func(t *testing.T) {
			y := open(t, profile(t, "rich"), plan.TwoWay, 5)
			u := y.w.Users[0]
			y.writes(left, func(b contact.Book, ms []contact.Mutation) ([]contact.Result, error) {
				results, err := b.Write(context.Background(), ms)
				for _, r := range results {
					u.Book[left].Edit(r.ID, func(c *contact.Contact) { c.JobTitle = strings.ToUpper(c.JobTitle) })
				}
				return results, err
			})
			y.w.Put(0, right, "N1", y.w.Person("N1"))
			y.round()
			y.round()
			y.count(left, 6)
			y.count(right, 6)
			if err := y.w.Quiet(); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			bug.tell(t)
		})
	}
}

// tagged is a server whose versions have a form of their own, and which takes no
// other.
type tagged struct {
	contact.Book
	form string
}

func (b tagged) out(r contact.Record) contact.Record {
	r.Version = contact.Version(fmt.Sprintf(b.form, r.Version))
	return r
}

func (b tagged) Changes(ctx context.Context, c contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		for page, err := range b.Book.Changes(ctx, c) {
			for i := range page.Changes {
				page.Changes[i].Record = b.out(page.Changes[i].Record)
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

func (b tagged) Get(ctx context.Context, ids []contact.ID) ([]contact.Record, []contact.ID, error) {
	found, missing, err := b.Book.Get(ctx, ids)
	for i := range found {
		found[i] = b.out(found[i])
	}
	return found, missing, err
}

func (b tagged) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	ms = slices.Clone(ms)
	for i := range ms {
		var plain string
		if _, err := fmt.Sscanf(strings.ReplaceAll(string(ms[i].Version), `"`, " "), strings.ReplaceAll(b.form, `"`, " "), &plain); err == nil {
			ms[i].Version = contact.Version(plain)
		}
	}
	results, err := b.Book.Write(ctx, ms)
	for i := range results {
		if results[i].Version != "" {
			results[i].Version = contact.Version(fmt.Sprintf(b.form, results[i].Version))
		}
		if results[i].Record != nil {
			r := b.out(*results[i].Record)
			results[i].Record = &r
		}
	}
	return results, err
}

// stranger is a server on which somebody else is signed in.
type stranger struct{ contact.Book }

func (b stranger) Describe(ctx context.Context) (contact.Description, error) {
	d, err := b.Book.Describe(ctx)
	d.Account.ID = "somebody else"
	return d, err
}

// birthdays never drift, never get a year that nobody typed, and one without a
// year is not written where only whole dates are kept.
func birthdays(t *testing.T) {
	for _, date := range []string{"1985-03-04", "--03-04", "2000-02-29", "--02-29", "1604-07-04", "0001-01-01", "1999-12-31"} {
		for _, whole := range []bool{false, true} {
			p := profile(t, "rich")
			if whole {
				p.Side[1].Normalize = func(c contact.Contact) contact.Contact {
					if c.Birth.Year == 0 {
						c.Birth = contact.Date{}
					}
					return c
				}
			}
			y := open(t, p, plan.TwoWay, 1)
			y.w.Users[0].Book[left].Edit(y.record(left, "P1").ID, func(c *contact.Contact) { c.Birth = contact.ParseDate(date) })
			y.round()
			for range 50 {
				if err := y.w.Quiet(); err != nil {
					t.Fatalf("%s: %v", date, err)
				}
			}
			want := date
			if whole && strings.HasPrefix(date, "--") {
				want = ""
			}
			if l, r := y.record(left, "P1").Contact.Birth.String(), y.record(right, "P1").Contact.Birth.String(); l != date || r != want {
				t.Errorf("%s became %s on the left and %q on the right", date, l, r)
			}
		}
	}
}

// deletePolicies: what a deletion does is a setting, and nothing else decides.
func deletePolicies(t *testing.T) {
	for _, c := range []struct {
		rule        plan.DeletionRule
		edited      bool
		left, right int // records that are left after the CRM's was deleted
	}{
		{plan.Keep, false, 4, 5}, {plan.Trash, false, 4, 4}, {plan.Trash, true, 4, 5}, {plan.DeleteRule, false, 4, 4},
	} {
		y := open(t, profile(t, "rich"), plan.TwoWay, 5)
		y.w.Users[0].Settings.OnDelete = [2]plan.DeletionRule{plan.Keep, c.rule}
		if c.edited {
			y.retitle(right, "P1")
		}
		y.w.Remove(0, left, "P1")
		y.settled()
		y.count(left, c.left)
		y.count(right, c.right)
	}
	y := open(t, profile(t, "rich"), plan.TwoWay, 5)
	y.w.Remove(0, right, "P1")
	y.settled()
	y.count(left, 5) // the CRM's record stays, and does not come back
	y.count(right, 4)
}
