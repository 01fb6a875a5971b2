package booktest_test

import (
	"context"
	"iter"
	"os"
	"os/exec"
	"strings"
	"testing"

	"tandem/server/contact"
	"tandem/server/contact/booktest"
	"tandem/server/contact/memory"
)

// broken is a Book with one defect.
type broken struct {
	*memory.Book
	write   func(ms []contact.Mutation, do func([]contact.Mutation) []contact.Result) []contact.Result
	page    func(*contact.Page)
	get     func(found []contact.Record, missing []contact.ID) ([]contact.Record, []contact.ID)
	find    func(*contact.Query)
	project func(contact.Contact) contact.Contact
	deaf    bool // does not hear that the context has ended
}

func (b broken) Write(ctx context.Context, ms []contact.Mutation) ([]contact.Result, error) {
	if b.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	if b.write == nil {
		return b.Book.Write(ctx, ms)
	}
	var err error
	results := b.write(ms, func(ms []contact.Mutation) (rs []contact.Result) {
		rs, err = b.Book.Write(ctx, ms)
		return rs
	})
	return results, err
}

func (b broken) Changes(ctx context.Context, cursor contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		for page, err := range b.Book.Changes(ctx, cursor) {
			if b.page != nil {
				b.page(&page)
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

func (b broken) Get(ctx context.Context, ids []contact.ID) ([]contact.Record, []contact.ID, error) {
	found, missing, err := b.Book.Get(ctx, ids)
	if b.get != nil {
		found, missing = b.get(found, missing)
	}
	return found, missing, err
}

func (b broken) Find(ctx context.Context, q contact.Query) ([]contact.Record, error) {
	if b.find != nil {
		b.find(&q)
	}
	return b.Book.Find(ctx, q)
}

func (b broken) Project(c contact.Contact) contact.Contact {
	if b.project != nil {
		c = b.project(c)
	}
	return b.Book.Project(c)
}

// each changes every mutation before it is carried out.
func each(change func(*contact.Mutation)) func([]contact.Mutation, func([]contact.Mutation) []contact.Result) []contact.Result {
	return func(ms []contact.Mutation, do func([]contact.Mutation) []contact.Result) []contact.Result {
		changed := append([]contact.Mutation(nil), ms...)
		for i := range changed {
			change(&changed[i])
		}
		return do(changed)
	}
}

var defects = map[string]broken{
	"none":                  {},
	"writes beyond mask":    {write: each(func(m *contact.Mutation) { m.Mask |= contact.FieldsOf(contact.Notes, contact.JobTitle) })},
	"ignores part of mask":  {write: each(func(m *contact.Mutation) { m.Mask = m.Mask.Without(contact.Website) })},
	"does not clear":        {write: each(func(m *contact.Mutation) { m.Mask &= m.Contact.Filled() })},
	"unconditional":         {write: each(func(m *contact.Mutation) { m.Version = "" })},
	"forgets markers":       {write: each(func(m *contact.Mutation) { m.Marker = "" })},
	"cuts long texts":       {write: each(func(m *contact.Mutation) { m.Contact.JobTitle = m.Contact.JobTitle[:min(20, len(m.Contact.JobTitle))] })},
	"alters what it stores": {write: each(func(m *contact.Mutation) { m.Contact.Notes = strings.ReplaceAll(m.Contact.Notes, "\n", " ") })},
	"answers out of order": {write: func(ms []contact.Mutation, do func([]contact.Mutation) []contact.Result) []contact.Result {
		rs := do(ms)
		if len(rs) > 1 {
			rs[0], rs[1] = rs[1], rs[0]
		}
		return rs
	}},
	"says gone is ok": {write: func(ms []contact.Mutation, do func([]contact.Mutation) []contact.Result) []contact.Result {
		rs := do(ms)
		for i := range rs {
			if rs[i].Outcome == contact.Gone {
				rs[i] = contact.Result{Outcome: contact.OK, ID: ms[i].ID}
			}
		}
		return rs
	}},
	"hides the missing": {get: func(found []contact.Record, _ []contact.ID) ([]contact.Record, []contact.ID) { return found, nil }},
	"loses deletions": {page: func(p *contact.Page) {
		var kept []contact.Change
		for _, c := range p.Changes {
			if c.Kind == contact.Changed {
				kept = append(kept, c)
			}
		}
		p.Changes = kept
	}},
	"loses the first record of a page": {page: func(p *contact.Page) {
		if len(p.Changes) > 1 {
			p.Changes = p.Changes[1:]
		}
	}},
	"never completes": {page: func(p *contact.Page) { p.Next = nil }},
	"reads half": {page: func(p *contact.Page) {
		for i := range p.Changes {
			p.Changes[i].Record.Read = p.Changes[i].Record.Read.Without(contact.Birth)
		}
	}},
	"finds by the first condition only": {find: func(q *contact.Query) {
		if len(q.Emails) > 0 {
			q.Name, q.Phone = "", ""
		}
	}},
	"projects ever more": {project: func(c contact.Contact) contact.Contact { c.Notes += "."; return c }},
	"deaf":               {deaf: true},
}

// TestDefects: the suite fails for every defect, and for none it passes. Each
// runs in a process of its own, because a failing subtest fails its parent.
func TestDefects(t *testing.T) {
	if name, ok := os.LookupEnv("BOOKTEST_DEFECT"); ok {
		b := defects[name]
		o := memory.Options{Description: memory.Everything(), PageSize: 5}
		o.Description.MaxLen = map[contact.Field]int{contact.JobTitle: 60}
		b.Book = memory.New(o)
		booktest.Run(t, booktest.Options{Open: func(*testing.T) contact.Book { return b }})
		return
	}
	for name := range defects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDefects$", "-rapid.nofailfile")
			cmd.Env = append(os.Environ(), "BOOKTEST_DEFECT="+name)
			out, err := cmd.CombinedOutput()
			if passed := err == nil; passed != (name == "none") {
				t.Errorf("passed: %v\n%s", passed, out)
			}
		})
	}
}
