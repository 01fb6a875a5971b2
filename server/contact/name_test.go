package contact_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tandem/server/contact"
)

func TestSplit(t *testing.T) {
	type name = contact.Name
	for _, c := range []struct {
		text string
		old  name
		want name
	}{
		{"", name{Title: "Dr.", Surname: "Miller"}, name{Title: "Dr."}},
		{"Miller", name{}, name{Surname: "Miller"}},
		{"Anna Miller", name{}, name{Given: "Anna", Surname: "Miller"}},
		{"  Anna   Maria  Miller ", name{}, name{Given: "Anna", Given2: "Maria", Surname: "Miller"}},
		{"Anna Maria Luise Miller", name{}, name{Given: "Anna", Given2: "Maria Luise", Surname: "Miller"}},
		{"Miller, Anna", name{}, name{Given: "Anna", Surname: "Miller"}},
		{"van der Berg, Anna Maria", name{}, name{Given: "Anna", Given2: "Maria", Surname: "van der Berg"}},
		{"Anna Miller, Jr.", name{}, name{Given: "Anna", Surname: "Miller", Generation: "Jr."}},
		// What the text still says stays where it is.
		{"Anna", name{Given: "Anna"}, name{Given: "Anna"}},
		{"Bert van der Berg", name{Title: "Dr.", Given: "Anna", Surname: "van der Berg"}, name{Title: "Dr.", Given: "Bert", Surname: "van der Berg"}},
		{"van der Berg", name{Given: "Anna", Surname: "van der Berg"}, name{Surname: "van der Berg"}},
		{"Anna van Dyck", name{Given: "Anna", Surname: "Miller"}, name{Given: "Anna", Surname: "van Dyck"}},
		{"Hans Peter K. Smith", name{Given: "Hans Peter", Given2: "K.", Surname: "Miller"}, name{Given: "Hans Peter", Given2: "K.", Surname: "Smith"}},
		{"Hans Peter Miller", name{Given: "Hans Peter", Given2: "K.", Surname: "Miller"}, name{Given: "Hans Peter", Surname: "Miller"}},
		{"Anna Maria Miller", name{Given: "Anna", Surname: "Miller"}, name{Given: "Anna", Given2: "Maria", Surname: "Miller"}},
		{"Anna Miller", name{Full: "Old Name"}, name{Given: "Anna", Surname: "Miller"}},
	} {
		if got := contact.Split(c.text, c.old); got != c.want {
			t.Errorf("Split(%q, %+v) is %+v, want %+v", c.text, c.old, got, c.want)
		}
	}
}

// Splitting a name's own text changes nothing; splitting any text keeps all of
// its words.
func TestSplitKeeps(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "Anna", "van der", "Berg", "K.", "Hans Peter"})
	rapid.Check(t, func(t *rapid.T) {
		old := contact.Name{Title: "Dr.", Given: word.Draw(t, "given"), Given2: word.Draw(t, "given2"), Surname: word.Draw(t, "surname"), Generation: "Jr."}
		if got := contact.Split(old.Text(), old); got != old && old.Text() != "" {
			t.Fatalf("%+v becomes %+v", old, got)
		}
		text := strings.Join(strings.Fields(word.Draw(t, "a")+" "+word.Draw(t, "b")+" "+word.Draw(t, "c")), " ")
		if got := contact.Split(text, old); got.Text() != text || got.Title != "Dr." {
			t.Fatalf("%q becomes %+v", text, got)
		}
	})
}

func TestText(t *testing.T) {
	n := contact.Name{Title: "Dr.", Given: "Anna", Surname: " Miller", Generation: "Jr.", Full: "Miller Anna"}
	if n.Text() != "Anna Miller" || n.Display() != "Dr. Anna Miller Jr." {
		t.Errorf("%q, %q", n.Text(), n.Display())
	}
	n = contact.Name{Title: "Dr.", Full: " Anna  Miller "}
	if n.Text() != "Anna Miller" || n.Display() != "Anna Miller" {
		t.Errorf("%q, %q", n.Text(), n.Display())
	}
}
