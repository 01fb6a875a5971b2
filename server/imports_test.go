package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// room is one row of the map of the house: which rooms of ours it may import,
// and why no others. A trailing "/*" stands for every leaf below.
type room struct {
	may []string
	why string
}

var house = map[string]room{
	"addin":                                {nil, "what Outlook loads is embedded files, without logic"},
	"views":                                {nil, "a page is a function of its view model: no database row reaches HTML"},
	"store":                                {nil, "rows are opaque to the store: it knows no contact and no provider"},
	"server/config":                        {nil, "configuration is read before anything is built"},
	"server/contact":                       {nil, "the language knows nobody who speaks it"},
	"server/engine/plan":                   {[]string{"server/contact"}, "the core is pure"},
	"server/rest":                          {[]string{"server/contact"}, "the way out knows only the vocabulary of errors"},
	"server/contact/memory":                {[]string{"server/contact"}, "the reference Book"},
	"server/contact/booktest":              {[]string{"server/contact"}, "the suite judges every Book alike"},
	"server/sandbox/kit":                   {[]string{"server/contact"}, "sandboxes are servers of others: they know nothing of ours"},
	"server/auth":                          {[]string{"store"}, "sign-in knows users, not contacts"},
	"store/storetest":                      {[]string{"store"}, "the suite is about the store alone"},
	"server/provider":                      {[]string{"server/contact", "server/rest"}, "a provider is data and two functions"},
	"server/engine":                        {[]string{"server/contact", "server/engine/plan", "store"}, "the engine knows Books and the store, no provider and no HTTP"},
	"server/sandbox/*":                     {[]string{"server/contact", "server/sandbox/kit"}, "a sandbox that knew its adapter would share its mistakes"},
	"server/crm/*":                         {[]string{"server/contact", "server/provider", "server/rest"}, "adapters know neither each other nor the store"},
	"server/contactserver/*":               {[]string{"server/contact", "server/provider", "server/rest"}, "adapters know neither each other nor the store"},
	"server/crm/tryton/trytontest":         {nil, "starts a real server for tests"},
	"server/contactserver/carddav/davtest": {nil, "starts real servers for tests"},
	"server/connect":                       {[]string{"server/contact", "server/provider", "server/rest", "store"}, "from a stored Connection to an open Book"},
	"server/engine/enginetest":             {[]string{"server/contact", "server/contact/memory", "server/engine", "server/engine/plan", "store"}, "virtual Books and the in-memory ledger"},
	"server/jobs":                          {[]string{"server/engine", "store"}, "workers run the engine, whatever the provider"},
	"server/crm":                           {[]string{"server/provider", "server/crm/*"}, "a menu, listed by hand"},
	"server/contactserver":                 {[]string{"server/provider", "server/contactserver/*"}, "a menu, listed by hand"},
	"server/web":                           {desk, "pages know no adapter"},
	"server/cli":                           {desk, "commands know no adapter: main hands them the menus"},
}

// desk is what the two rooms at the desk may know.
var desk = []string{
	"addin", "views", "store", "server/config", "server/contact", "server/auth", "server/provider",
	"server/connect", "server/jobs", "server/engine", "server/engine/plan",
}

// TestImports holds the map: arrows point down, and every room is on the map.
func TestImports(t *testing.T) {
	for dir, imports := range arrows(t) {
		if dir == "server" || dir == "." {
			continue // main sees everything; nothing can import it
		}
		r, ok := find(dir)
		if !ok {
			t.Errorf("%s is not on the map: give it a row with what it may import and why", dir)
			continue
		}
		for _, to := range imports {
			if !slices.ContainsFunc(r.may, func(m string) bool { return matches(m, to) }) {
				t.Errorf("%s must not import %s: %s", dir, to, r.why)
			}
		}
	}
}

func find(dir string) (room, bool) {
	if r, ok := house[dir]; ok {
		return r, true
	}
	r, ok := house[path.Dir(dir)+"/*"]
	return r, ok
}

func matches(pattern, dir string) bool {
	if base, ok := strings.CutSuffix(pattern, "/*"); ok {
		return path.Dir(dir) == base
	}
	return pattern == dir
}

// arrows reads the imports between our own packages, tests apart.
func arrows(t *testing.T) map[string][]string {
	t.Helper()
	root := ".."
	all := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(rel)
		all[dir] = append(all[dir], []string{}...)
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if to, ours := strings.CutPrefix(p, "tandem/"); ours && !slices.Contains(all[dir], to) {
				all[dir] = append(all[dir], to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
