package kit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tandem/server/contact"
)

// ErrNoPerson is a Directory's answer to an ID that it does not have.
var ErrNoPerson = errors.New("this person does not exist any more")

// Person is one record of a Directory.
type Person struct {
	ID      string
	Contact contact.Contact
	// Note is shown beside the person, for example an owner ("").
	Note string
}

// Directory is a sandbox's people as their page sees them. Errors are shown to
// the visitor, so they are sentences.
type Directory interface {
	List(ctx context.Context) ([]Person, error)
	// Get answers ErrNoPerson for an ID that does not exist, as do Save and Delete.
	Get(ctx context.Context, id string) (contact.Contact, error)
	// Save writes the whole contact; an id of "" adds a person.
	Save(ctx context.Context, id string, c contact.Contact) error
	Delete(ctx context.Context, id string) error
}

// Link leads to a page beside this one.
type Link struct{ Name, URL string }

// PeopleOptions configure a people page.
type PeopleOptions struct {
	// Title heads the page ("Sandbox address book").
	Title string
	// Path is where it is mounted, unstripped, without a trailing slash.
	Path      string
	Directory Directory
	// Fields are those that can be seen and edited; none means all of the
	// field map, the whole name as one text left out.
	Fields contact.Fields
	// Links are shown above the list; the page's own is marked.
	Links []Link
	// Anchor, followed by a person's ID, is the fragment that leads to them in
	// the list: what a link to the record ends in.
	Anchor string
}

// NewPeople makes the plain page where a visitor of the demo sees and edits a
// sandbox's people. Mount it at Path and Path+"/". It runs no script; forms
// from other origins are refused.
func NewPeople(o PeopleOptions) http.Handler {
	o.Path = strings.TrimSuffix(o.Path, "/")
	o.Fields = cmp.Or(o.Fields, contact.AllFields.Without(contact.FullName))
	p := &peoplePage{o}
	mux := http.NewServeMux()
	if o.Path != "" {
		mux.Handle("GET "+o.Path, http.RedirectHandler(o.Path+"/", http.StatusSeeOther))
	}
	mux.HandleFunc("GET "+o.Path+"/{$}", p.list)
	mux.HandleFunc("GET "+o.Path+"/person", p.form)
	mux.HandleFunc("POST "+o.Path+"/person", p.save)
	mux.HandleFunc("POST "+o.Path+"/delete", p.delete)
	mux.HandleFunc("GET "+o.Path+"/style.css", serveStyle)
	return http.NewCrossOriginProtection().Handler(mux)
}

type peoplePage struct{ PeopleOptions }

const perPage = 100

// peopleView is what the list shows.
type peopleView struct {
	Title, Heading, Base, Query, Done, Message string
	Anchor                                     string
	Links                                      []Link
	People                                     []row
	Total, From, To                            int
	Previous, Next                             string
}

type row struct{ ID, Name, Detail, Emails, Note string }

func (p *peoplePage) list(w http.ResponseWriter, r *http.Request) {
	v := peopleView{
		Title: p.Title, Heading: p.Title, Base: p.Path, Links: p.Links, Anchor: p.Anchor, Query: strings.TrimSpace(r.FormValue("q")),
		Done: map[string]string{"saved": "Saved.", "added": "Added.", "deleted": "Deleted."}[r.FormValue("done")],
	}
	all, err := p.Directory.List(r.Context())
	if err != nil {
		v.Message = err.Error()
		render(w, http.StatusInternalServerError, "people.html", v)
		return
	}
	var rows []row
	for _, one := range all {
		if c := one.Contact; found(c, v.Query) {
			rows = append(rows, row{one.ID, shownName(c), joined(", ", c.JobTitle, c.Organization), strings.Join(c.Emails, ", "), one.Note})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(contact.Fold(a.Name), contact.Fold(b.Name)) })
	page, _ := strconv.Atoi(r.FormValue("page"))
	page = max(0, min(page, (len(rows)-1)/perPage))
	v.Total, v.From, v.To = len(rows), page*perPage+1, min(len(rows), (page+1)*perPage)
	if page > 0 {
		v.Previous = pageURL(v.Query, page-1)
	}
	if v.To < v.Total {
		v.Next = pageURL(v.Query, page+1)
	}
	v.People = rows[min(page*perPage, len(rows)):v.To]
	render(w, http.StatusOK, "people.html", v)
}

func pageURL(query string, page int) string {
	return "?" + url.Values{"q": {query}, "page": {strconv.Itoa(page)}}.Encode()
}

// found looks for a text in what identifies a person.
func found(c contact.Contact, query string) bool {
	text := contact.Fold(strings.Join(append(slices.Clone(c.Emails), shownName(c), c.Organization), "\n"))
	return strings.Contains(text, contact.Fold(query))
}

func shownName(c contact.Contact) string {
	return cmp.Or(c.Name.Display(), c.Organization, contact.Value(c.Emails).First(), "No name")
}

func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// personView is what the form shows.
type personView struct {
	Title, Heading, Base, ID, Name, Message string
	Groups                                  []group
}

type group struct {
	Legend string
	Inputs []input
}

type input struct {
	Name, Label, Type, Value, Hint, Error string
	Lines                                 bool
}

func (p *peoplePage) form(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("id")
	var c contact.Contact
	if id != "" {
		var err error
		if c, err = p.Directory.Get(r.Context(), id); err != nil {
			p.failed(w, err)
			return
		}
	}
	p.showForm(w, http.StatusOK, id, c, "", nil)
}

func (p *peoplePage) showForm(w http.ResponseWriter, status int, id string, c contact.Contact, message string, typed url.Values) {
	v := personView{Title: "Add a person", Heading: p.Title, Base: p.Path, ID: id, Message: message}
	if id != "" {
		v.Title, v.Name = shownName(c), shownName(c)
	}
	v.Groups = p.groups(c, typed)
	render(w, status, "person.html", v)
}

func (p *peoplePage) save(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	id := r.PostForm.Get("id")
	var c contact.Contact
	if id != "" {
		var err error
		if c, err = p.Directory.Get(r.Context(), id); err != nil {
			p.failed(w, err)
			return
		}
	}
	next, wrong := p.read(c, r.PostForm)
	if wrong == "" {
		err := p.Directory.Save(r.Context(), id, next)
		if errors.Is(err, ErrNoPerson) {
			p.failed(w, err)
			return
		}
		if err != nil {
			wrong = err.Error()
		}
	}
	if wrong != "" {
		p.showForm(w, http.StatusUnprocessableEntity, id, next, wrong, r.PostForm)
		return
	}
	done := "saved"
	if id == "" {
		done = "added"
	}
	http.Redirect(w, r, p.Path+"/?done="+done, http.StatusSeeOther)
}

func (p *peoplePage) delete(w http.ResponseWriter, r *http.Request) {
	if err := p.Directory.Delete(r.Context(), r.PostFormValue("id")); err != nil {
		p.failed(w, err)
		return
	}
	http.Redirect(w, r, p.Path+"/?done=deleted", http.StatusSeeOther)
}

func (p *peoplePage) failed(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, ErrNoPerson) {
		status = http.StatusNotFound
	}
	render(w, status, "person.html", personView{Title: "That did not work", Heading: p.Title, Base: p.Path, Message: fmt.Sprintf("%s.", upper(err.Error()))})
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".")
}
