package carddav

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"tandem/server/contact"
)

var update = flag.Bool("update", false, "write testdata/cards.golden anew")

type sample struct{ name, text string }

// corpus are cards in the styles of many producers, with CRLF.
func corpus(t testing.TB) []sample {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	var out []sample
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range a.Files {
			name := strings.TrimSuffix(filepath.Base(f), ".txtar") + "/" + c.Name
			out = append(out, sample{name, strings.ReplaceAll(string(c.Data), "\n", "\r\n")})
		}
	}
	return out
}

func parsed(t testing.TB, text string) *card {
	t.Helper()
	c, err := parseCard(text)
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return c
}

// dump writes what was read of a card, one field a line.
func dump(c *card) string {
	var b strings.Builder
	got, read := c.contact()
	for f := range contact.AllFields.All() {
		v := got.Value(f)
		if f == contact.FullName {
			v = contact.Value{got.Name.Full}
		}
		switch {
		case !read.Has(f):
			fmt.Fprintf(&b, "  %v: not understood\n", f)
		case !v.IsEmpty():
			fmt.Fprintf(&b, "  %v: %q\n", f, []string(v))
		}
	}
	if uid := c.uid(); uid != "" {
		fmt.Fprintf(&b, "  uid: %s\n", uid)
	}
	if c.isGroup() {
		b.WriteString("  a group\n")
	}
	if c.private() {
		b.WriteString("  private\n")
	}
	return b.String()
}

// TestCorpusRead compares what is read of every card with the golden file.
func TestCorpusRead(t *testing.T) {
	cards := corpus(t)
	if len(cards) < 60 {
		t.Errorf("only %d cards", len(cards))
	}
	var b strings.Builder
	for _, s := range cards {
		fmt.Fprintf(&b, "%s\n%s", s.name, dump(parsed(t, s.text)))
	}
	const golden = "testdata/cards.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Error(d)
	}
}

// TestCorpusUntouched: a card that is read and written, as a whole and with LF
// alone, is the same to the byte; and so it is after writing back what it
// holds.
func TestCorpusUntouched(t *testing.T) {
	for _, s := range corpus(t) {
		for _, text := range []string{s.text, strings.ReplaceAll(s.text, "\r\n", "\n"), "\ufeff" + s.text, s.text + "\r\n", strings.TrimSuffix(s.text, "\r\n")} {
			c := parsed(t, text)
			if got := c.String(); got != text {
				t.Errorf("%s: %s", s.name, cmp.Diff(text, got))
			}
			held, _ := c.contact()
			c.patch(held, contact.AllFields)
			if got := c.String(); got != text {
				t.Errorf("%s: GetPut: %s", s.name, cmp.Diff(text, got))
			}
		}
	}
}

// owners are the lines that a field may touch.
var owners = map[contact.Field][]string{
	contact.Title: {"N", "FN"}, contact.Given: {"N", "FN"}, contact.Given2: {"N", "FN"}, contact.Surname: {"N", "FN"},
	contact.Generation: {"N", "FN"}, contact.FullName: {"N", "FN"}, contact.Nickname: {"NICKNAME"}, contact.Organization: {"ORG"},
	contact.Unit: {"ORG"}, contact.JobTitle: {"TITLE"}, contact.Emails: {"EMAIL"}, contact.WorkPhones: {"TEL"},
	contact.MobilePhones: {"TEL"}, contact.HomePhones: {"TEL"}, contact.OtherPhones: {"TEL"}, contact.Faxes: {"TEL"},
	contact.WorkAddress: {"ADR"}, contact.HomeAddress: {"ADR"}, contact.OtherAddress: {"ADR"}, contact.Website: {"URL"},
	contact.Birth: {"BDAY"}, contact.Notes: {"NOTE"}, contact.Categories: {"CATEGORIES"},
}

// TestCorpusForeign edits, clears and sets each field of each card: only lines
// of that field change, everything else stays byte for byte and in order, and
// every other field reads as before.
func TestCorpusForeign(t *testing.T) {
	edits := 0
	for _, s := range corpus(t) {
		before := parsed(t, s.text)
		held, read := before.contact()
		for f := range contact.AllFields.All() {
			for _, v := range []contact.Value{nil, sampleValue(f, 0), sampleValue(f, 1)} {
				edits++
				c := parsed(t, s.text)
				next := contact.Contact{}
				if f == contact.FullName {
					next.Name.Full = v.First()
				} else {
					next = next.Set(f, v)
				}
				c.patch(next, contact.FieldsOf(f))
				text := c.String()
				what := fmt.Sprintf("%s: %v = %q", s.name, f, v)
				after := parsed(t, text)
				foreign(t, what, before, after, f)
				got, _ := after.contact()
				if want := v; f != contact.FullName && !second(before, f, v) && !slices.Equal(got.Value(f), want) {
					t.Errorf("%s: reads %q", what, got.Value(f))
				}
				others := (contact.AllFields & read).Without(f, contact.FullName)
				if f == contact.FullName && before.nameParts() == (contact.Name{}) {
					others &^= contact.NameParts // then they are read from FN
				}
				for other := range others.All() {
					if !slices.Equal(held.Value(other), got.Value(other)) {
						t.Errorf("%s: %v now reads %q, was %q", what, other, got.Value(other), held.Value(other))
					}
				}
				for l := range strings.SplitSeq(text, "\r\n") {
					if len(l) > foldAt && !strings.Contains(s.text, l) {
						t.Errorf("%s: a line of %d octets", what, len(l))
					}
				}
			}
		}
	}
	t.Logf("%d edits", edits)
}

// second reports whether clearing f lets a second value of the card appear,
// which is kept.
func second(c *card, f contact.Field, v contact.Value) bool {
	if !v.IsEmpty() || f.Shape() == contact.Set {
		return false
	}
	count := 0
	for _, i := range c.all(owners[f][0]) {
		if strings.Trim(c.lines[i].value, "; \t") != "" {
			count++
		}
	}
	return count > 1
}

// foreign fails if a line changed that does not belong to f.
func foreign(t *testing.T, what string, before, after *card, f contact.Field) {
	t.Helper()
	held, _ := before.contact()
	nameless := held.Name.Full == "" || before.text("FN") == "" // FN stands in for the name, or is added
	rest := func(c *card, groups map[string]bool) []string {
		var out []string
		for _, l := range c.lines {
			if slices.Contains(owners[f], l.name) || nameless && l.name == "FN" || strings.HasPrefix(l.name, "X-AB") && groups[strings.ToLower(l.group)] {
				continue
			}
			out = append(out, l.raw)
		}
		return out
	}
	// Labels of a line that was removed go with it.
	gone := map[string]bool{}
	for _, l := range before.lines {
		if l.group != "" && slices.Contains(owners[f], l.name) {
			gone[strings.ToLower(l.group)] = true
		}
	}
	for _, l := range after.lines {
		if slices.Contains(owners[f], l.name) {
			delete(gone, strings.ToLower(l.group))
		}
	}
	if d := cmp.Diff(rest(before, gone), rest(after, map[string]bool{})); d != "" {
		t.Errorf("%s: foreign lines changed: %s", what, d)
	}
}

func sampleValue(f contact.Field, n int) contact.Value {
	switch f {
	case contact.Emails:
		return [...]contact.Value{{"new@example.com"}, {"b@example.com", "a@example.com", "c@example.com"}}[n]
	case contact.WorkPhones, contact.MobilePhones, contact.HomePhones, contact.OtherPhones, contact.Faxes:
		return [...]contact.Value{{"+49 30 1; ext, 2"}, {"222", "111"}}[n]
	case contact.WorkAddress, contact.HomeAddress, contact.OtherAddress:
		return [...]contact.Value{{"Neu 1\nHof; links, unten", "Köln", "", "50667", "Germany"}, {"", "Bonn", "NRW", "", ""}}[n]
	case contact.Birth:
		return [...]contact.Value{{"1985-03-04"}, {"--02-29"}}[n]
	case contact.Categories:
		return [...]contact.Value{{"CRM Contacts"}, {"One, two", "Three"}}[n]
	case contact.Notes:
		return [...]contact.Value{{"line; one, two\nEND:VCARD\n\n" + strings.Repeat("Grüße 👩‍👩‍👧 ", 30) + "end"}, {`C:\new\n`}}[n]
	}
	return [...]contact.Value{{"Neu; wert, " + f.String()}, {`Zoë "x" \n <b>`}}[n]
}
