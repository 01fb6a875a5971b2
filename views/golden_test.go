package views_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"tandem/views"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// readable breaks the HTML into lines and takes the hash of the static files
// out, so that a change of the style sheets changes no golden file.
func readable(html string) string {
	hash := strings.Split(views.Asset(""), "/")[2]
	html = strings.ReplaceAll(html, views.StaticPrefix+hash+"/", views.StaticPrefix+"HASH/")
	return strings.ReplaceAll(html, "><", ">\n<") + "\n"
}

func TestGolden(t *testing.T) {
	for name, c := range states {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "golden", name+".html")
			got := readable(render(t, c))
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v (go test ./views -update writes it)", err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the page changed (go test ./views -update accepts it):\n%s", diff)
			}
		})
	}
}

func sha(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
