package plan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"tandem/server/contact"
	"tandem/server/contact/memory"
	"tandem/server/engine/plan"
)

var update = flag.Bool("update", false, "write what the scenarios give into their files")

// TestScenarios plays testdata/*.txtar. A scenario is a comment that says what
// it shows, then sections in a few words each:
//
//	-- settings --  one setting per line, see (*scenario).setting
//	-- left --      records: "[id flags]" and lines "field: value"; elements of a
//	-- right --     set are parted by " | ", lines of an address by " / "
//	-- links --     "[id leftID rightID flags]" and lines "both|left|right field: value"
//	-- fates --     "linkID side fate [into]"
//	-- want --      the Plan; go test -update writes it
//
// A linked record that stands in a section is read; its version is v2 and the
// Link's v1, so that it counts as touched unless its flags say v1.
func TestScenarios(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) < 20 {
		t.Fatalf("only %d scenarios", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sc := newScenario(t)
			want := &txtar.File{Name: "want"}
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = &archive.Files[i]
					continue
				}
				sc.section(f.Name, string(f.Data))
			}
			got := render(plan.Make(sc.input()))
			if *update {
				if want.Data == nil {
					archive.Files = append(archive.Files, *want)
					want = &archive.Files[len(archive.Files)-1]
				}
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want.Data) {
				t.Errorf("%s\ngives\n%s\nwant\n%s", archive.Comment, got, want.Data)
			}
		})
	}
}

type scenario struct {
	t    *testing.T
	in   plan.Input
	opts [2]memory.Options
	recs [2][]plan.Known
	kind map[contact.ID]string // "known" or "linked" where said so
	// unread are fields that were not read of a record.
	unread map[contact.ID]contact.Fields
}

func newScenario(t *testing.T) *scenario {
	sc := &scenario{t: t, kind: map[contact.ID]string{}, unread: map[contact.ID]contact.Fields{}}
	sc.in.Settings = plan.Defaults()
	for s := range sc.opts {
		sc.opts[s] = memory.Options{Description: memory.Everything()}
		sc.in.Book[s].Listed, sc.in.Book[s].Before = -1, -1
		sc.in.Refused[s] = map[contact.ID]plan.Reason{}
	}
	return sc
}

func (sc *scenario) section(name, data string) {
	var head []string
	for _, line := range strings.Split(data, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			head = strings.Fields(strings.Trim(line, "[]"))
			if name == "links" {
				sc.link(head)
			} else {
				sc.record(sideOf(name), head)
			}
		case name == "settings":
			sc.setting(strings.Fields(line))
		case name == "fates":
			sc.fate(strings.Fields(line))
		case name == "links":
			side, rest, _ := strings.Cut(line, " ")
			f, v := sc.field(rest)
			link := &sc.in.Pairs[len(sc.in.Pairs)-1].Link
			for s := range link.Side {
				if side == "both" || sideOf(side) == plan.Side(s) {
					link.Side[s].Base[f] = v
				}
			}
		default:
			f, v := sc.field(line)
			rec := &sc.recs[sideOf(name)][len(sc.recs[sideOf(name)])-1].Record
			if rec.Contact = rec.Contact.Set(f, v); f == contact.FullName {
				rec.Contact.Name = contact.Name{Full: v.First()}
			}
		}
	}
}

func sideOf(s string) plan.Side {
	if s == "right" {
		return plan.Right
	}
	return plan.Left
}

func (sc *scenario) field(line string) (contact.Field, contact.Value) {
	name, rest, _ := strings.Cut(line, ":")
	f, ok := contact.ParseField(name)
	if !ok {
		sc.t.Fatalf("no field %q", name)
	}
	rest = strings.TrimSpace(rest)
	switch {
	case rest == "":
		return f, nil
	case f.Shape() == contact.Set:
		return f, strings.Split(rest, " | ")
	case f.Shape() == contact.Compound:
		return f, append(strings.Split(rest, " / "), make([]string, 5)...)[:5]
	}
	return f, contact.Value{rest}
}

func (sc *scenario) setting(w []string) {
	set := &sc.in.Settings
	number := func(i int) int { n, _ := strconv.Atoi(w[i]); return n }
	fields := func(i int) (fs contact.Fields) {
		for _, name := range w[i:] {
			f, ok := contact.ParseField(name)
			if !ok {
				sc.t.Fatalf("no field %q", name)
			}
			fs = fs.With(f)
		}
		return fs
	}
	var d *contact.Description
	if len(w) > 1 {
		d = &sc.opts[sideOf(w[1])].Description
	}
	switch w[0] {
	case "direction":
		set.Direction = plan.Direction(w[1])
	case "conflict":
		set.Conflict = plan.ConflictRule(w[1])
	case "on-delete":
		set.OnDelete[sideOf(w[1])] = plan.DeletionRule(w[2])
	case "all-mine":
		set.AllMine = true
	case "country":
		set.Norm.Country = w[1]
	case "first":
		sc.in.First = true
	case "confirmed":
		sc.in.Confirmed = true
	case "settings-changed":
		sc.in.SettingsChanged = true
	case "links":
		sc.in.Links = number(1)
	case "listed":
		sc.in.Book[sideOf(w[1])].Listed = number(2)
	case "before":
		sc.in.Book[sideOf(w[1])].Before = number(2)
	case "without": // a side does not hold these fields
		d.Fields &^= fields(2)
		d.Writable &= d.Fields
	case "fixed": // a side holds these fields, but they may not be written
		d.Writable &^= fields(2)
	case "read-only":
		d.ReadOnly = true
	case "fallback":
		d.NameFallback = true
	case "capacity", "longest":
		f, _ := contact.ParseField(w[2])
		limits := map[contact.Field]int{f: number(3)}
		if w[0] == "capacity" {
			d.Capacity = limits
		} else {
			d.MaxLen = limits
		}
	case "whole-birthdays": // a side keeps no birthday without its year
		sc.opts[sideOf(w[1])].Normalize = func(c contact.Contact) contact.Contact {
			if c.Birth.Year == 0 {
				c.Birth = contact.Date{}
			}
			return c
		}
	case "capitals": // a side writes job titles in capitals
		sc.opts[sideOf(w[1])].Normalize = func(c contact.Contact) contact.Contact {
			c.JobTitle = strings.ToUpper(c.JobTitle)
			return c
		}
	case "refused":
		sc.in.Refused[sideOf(w[1])][contact.ID(w[2])] = plan.Reason(strings.Join(w[3:], " "))
	default:
		sc.t.Fatalf("no setting %q", w[0])
	}
}

func (sc *scenario) record(s plan.Side, w []string) {
	r := contact.Record{ID: contact.ID(w[0]), Version: "v2"}
	for _, flag := range w[1:] {
		key, value, _ := strings.Cut(flag, "=")
		switch key {
		case "v1":
			r.Version = "v1"
		case "private":
			r.Private = true
		case "read-only":
			r.ReadOnly = true
		case "marker":
			r.Marker = value
		case "modified":
			d, _ := time.ParseDuration(value)
			r.Modified = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(d)
		case "unread":
			f, _ := contact.ParseField(value)
			sc.unread[r.ID] = sc.unread[r.ID].With(f)
		case "known", "linked":
			sc.kind[r.ID] = key
		default:
			sc.t.Fatalf("no flag %q", flag)
		}
	}
	sc.recs[s] = append(sc.recs[s], plan.Known{Record: r})
}

var linkStates = map[string]plan.LinkState{
	"removed-left": plan.RemovedLeft, "removed-right": plan.RemovedRight, "never": plan.Never, "parked": plan.Parked,
	"out-of-scope": plan.OutOfScope, "out-of-scope-right": plan.OutOfScopeRight,
}

func (sc *scenario) link(w []string) {
	link := plan.Link{ID: w[0], CreatedSide: -1}
	for s := range link.Side {
		link.Side[s] = plan.Half{ID: contact.ID(w[1+s]), Version: "v1", Base: plan.Base{}}
	}
	for _, flag := range w[3:] {
		switch flag {
		case "created-left", "created-right":
			link.CreatedSide = int8(sideOf(strings.TrimPrefix(flag, "created-")))
		case "edited":
			link.Edited = true
		default:
			state, ok := linkStates[flag]
			if !ok {
				sc.t.Fatalf("no flag %q", flag)
			}
			link.State = state
		}
	}
	sc.in.Pairs = append(sc.in.Pairs, plan.Pair{Link: link})
}

var fates = map[string]plan.Fate{
	"deleted": plan.Deleted, "left-scope": plan.LeftScope, "converted": plan.Converted, "merged": plan.Merged,
}

func (sc *scenario) fate(w []string) {
	for i := range sc.in.Pairs {
		if pair := &sc.in.Pairs[i]; pair.Link.ID == w[0] {
			s := sideOf(w[1])
			fate, ok := fates[w[2]]
			if !ok {
				sc.t.Fatalf("no fate %q", w[2])
			}
			if pair.Fate[s] = fate; len(w) > 3 {
				pair.Into[s] = contact.ID(w[3])
			}
		}
	}
}

// input puts the sections together: linked records to their Links, the others
// to the fresh or known ones. Fields that a link does not name were agreed on
// as blank.
func (sc *scenario) input() plan.Input {
	in := sc.in
	for s := range in.Book {
		b := memory.New(sc.opts[s])
		in.Book[s].Description, in.Book[s].Project = sc.opts[s].Description, b.Project
		for _, k := range sc.recs[s] {
			k.Record.Read = sc.opts[s].Description.Fields &^ sc.unread[k.Record.ID]
			sc.place(&in, plan.Side(s), k)
		}
		for i := range in.Pairs {
			base := in.Pairs[i].Link.Side[s].Base
			for f := range (sc.opts[s].Description.Fields &^ contact.FieldsOf(contact.Categories)).All() {
				if _, ok := base[f]; !ok && len(base) > 0 && f != contact.FullName {
					base[f] = nil
				}
			}
		}
	}
	active := 0
	for _, pair := range in.Pairs {
		if pair.Link.State == plan.Active {
			active++
		}
	}
	in.Links = max(in.Links, active)
	return in
}

func (sc *scenario) place(in *plan.Input, s plan.Side, k plan.Known) {
	for i := range in.Pairs {
		if pair := &in.Pairs[i]; pair.Link.Side[s].ID == k.Record.ID {
			if pair.Record[s] = &k.Record; k.Record.Version != "v1" && pair.Fate[s] == plan.Unchanged {
				pair.Fate[s] = plan.Touched
			}
			return
		}
	}
	switch kind := sc.kind[k.Record.ID]; kind {
	case "":
		in.Fresh[s] = append(in.Fresh[s], k.Record)
	default:
		k.Linked = kind == "linked"
		in.Known[s] = append(in.Known[s], k)
	}
}

// render gives the Plan in lines for people.
func render(p plan.Plan) string {
	var b strings.Builder
	for _, op := range p.Ops {
		who := fmt.Sprintf("%s %s-%s", op.Link, op.Half[0].ID, op.Half[1].ID)
		fmt.Fprintf(&b, "%v %s", op.Kind, strings.TrimSpace(who))
		switch op.Kind {
		case plan.Create, plan.Update:
			fmt.Fprintf(&b, ": %v %s", op.Side, masked(op.Contact, op.Mask))
		case plan.Delete, plan.Relink:
			fmt.Fprintf(&b, ": %v", op.Side)
		case plan.Unlink:
			state := "dropped"
			for name, s := range linkStates {
				if s == op.State {
					state = name
				}
			}
			fmt.Fprintf(&b, ": %s", state)
		}
		fmt.Fprintf(&b, " (%s)", op.Reason)
		if op.Edited {
			b.WriteString(" edited")
		}
		b.WriteByte('\n')
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "%v %s", n.Kind, strings.TrimSpace(fmt.Sprintf("%s %s-%s", n.Link, n.ID[0], n.ID[1])))
		switch n.Kind {
		case plan.Conflict, plan.Difference:
			fmt.Fprintf(&b, ": %v left %s right %s", n.Field, text(n.Value[0]), text(n.Value[1]))
			if n.Kind == plan.Conflict && n.Reason != plan.ReasonAsk {
				fmt.Fprintf(&b, ", %v stands", n.Winner)
			}
		case plan.Overflow:
			fmt.Fprintf(&b, ": %v %s stays %v", n.Field, text(n.Value[n.Winner]), n.Winner)
		case plan.Review:
			fmt.Fprintf(&b, ": %q", n.Candidates)
		}
		fmt.Fprintf(&b, " (%s)\n", n.Reason)
	}
	for s, c := range p.Count {
		fmt.Fprintf(&b, "%v: %d created, %d updated, %d deleted, %d unchanged\n", plan.Side(s), c.Created, c.Updated, c.Deleted, c.Unchanged)
	}
	if p.Halt != "" {
		fmt.Fprintf(&b, "halt: %s. %s\n", p.Halt, p.Detail)
	}
	return b.String()
}

// masked gives what is written, cleared fields included.
func masked(c contact.Contact, mask contact.Fields) string {
	var out []string
	for f := range mask.All() {
		v := c.Value(f)
		if f == contact.FullName {
			v = contact.Value{c.Name.Full}
		}
		out = append(out, fmt.Sprintf("%v=%s", f, text(v)))
	}
	return strings.Join(out, " ")
}
