package addin

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const dev = "https://localhost:3000"

// The root manifest.xml is the rendering for development on this machine.
func TestRootManifest(t *testing.T) {
	got := mustManifest(t)
	if *update {
		if err := os.WriteFile("../manifest.xml", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("../manifest.xml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("manifest.xml is not the rendering of addin/manifest.xml.tmpl: go test ./addin -update")
	}
}

func mustManifest(t *testing.T) []byte {
	t.Helper()
	b, err := Manifest(dev, dev)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// node is any element of the manifest.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []node     `xml:",any"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (n node) walk(f func(node)) {
	f(n)
	for _, c := range n.Nodes {
		c.walk(f)
	}
}

func (n node) child(name string) node {
	for _, c := range n.Nodes {
		if c.XMLName.Local == name {
			return c
		}
	}
	return node{}
}

func (n node) names() string {
	var s []string
	for _, c := range n.Nodes {
		s = append(s, c.XMLName.Local)
	}
	return strings.Join(s, " ")
}

func parsed(t *testing.T) node {
	t.Helper()
	var n node
	if err := xml.Unmarshal(mustManifest(t), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Outlook refuses elements in any other order, and its message does not say so.
func TestManifestOrder(t *testing.T) {
	m := parsed(t)
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s\nwant %s", what, got, want)
		}
	}
	check("OfficeApp", m.names(), "Id Version ProviderName DefaultLocale DisplayName Description IconUrl HighResolutionIconUrl SupportUrl AppDomains Hosts Requirements FormSettings Permissions Rule DisableEntityHighlighting VersionOverrides")
	v10 := m.child("VersionOverrides")
	v11 := v10.child("VersionOverrides")
	check("1.0", v10.names(), "Hosts Resources VersionOverrides")
	check("1.1", v11.names(), "Hosts Resources")
	check("1.0 namespace", v10.XMLName.Space, "http://schemas.microsoft.com/office/mailappversionoverrides")
	check("1.1 namespace", v11.XMLName.Space, "http://schemas.microsoft.com/office/mailappversionoverrides/1.1")
	points := strings.Repeat(" ExtensionPoint", 4)
	check("1.0 form factor", " "+v10.child("Hosts").child("Host").child("DesktopFormFactor").names(), points)
	check("1.1 form factor", v11.child("Hosts").child("Host").child("DesktopFormFactor").names(), "SupportsSharedFolders"+points)
	for _, v := range []node{v10, v11} {
		check("Resources", v.child("Resources").names(), "Images Urls ShortStrings LongStrings")
		pins := 0
		v.child("Hosts").walk(func(n node) {
			switch n.XMLName.Local {
			case "Control":
				check("Control", n.names(), "Label Supertip Icon Action")
			case "Action":
				if n.names() == "SourceLocation SupportsPinning" {
					pins++
				} else {
					check("Action", n.names(), "SourceLocation")
				}
			}
		})
		if want := map[string]int{"VersionOverridesV1_0": 0, "VersionOverridesV1_1": 2}[v.attr("type")]; pins != want {
			t.Errorf("%s pins %d surfaces, want %d", v.attr("type"), pins, want)
		}
	}
	check("permissions", m.child("Permissions").Text, "ReadItem")
	check("requirement", m.child("Requirements").child("Sets").attr("DefaultMinVersion"), "1.5")
}

func TestManifestNames(t *testing.T) {
	m := parsed(t)
	ids := map[string]bool{}
	m.walk(func(n node) {
		if id := n.attr("id"); id != "" && (n.XMLName.Local == "Group" || n.XMLName.Local == "Control") {
			if ids[id] {
				t.Errorf("the id %s is there twice", id)
			}
			ids[id] = true
		}
		for _, a := range []string{n.attr("id"), n.attr("resid")} {
			if len(a) > 32 {
				t.Errorf("%s is longer than 32", a)
			}
		}
	})
	// Every resid is resolved within its own version of the overrides.
	v10 := m.child("VersionOverrides")
	for _, v := range []node{v10, v10.child("VersionOverrides")} {
		known := map[string]bool{}
		v.child("Resources").walk(func(n node) { known[n.attr("id")] = true })
		v.child("Hosts").walk(func(n node) {
			if r := n.attr("resid"); r != "" && !known[r] {
				t.Errorf("%s: no resource %s", v.attr("type"), r)
			}
		})
	}
	limits := map[string]int{"DisplayName": 125, "Description": 250, "ShortStrings": 125, "LongStrings": 250}
	m.walk(func(n node) {
		if max, ok := limits[n.XMLName.Local]; ok {
			n.walk(func(c node) {
				for _, s := range []string{c.attr("DefaultValue"), c.attr("Value")} {
					if len([]rune(s)) > max {
						t.Errorf("%s is longer than %d: %s", n.XMLName.Local, max, s)
					}
				}
			})
		}
	})
	if !regexp.MustCompile(`^\d{1,5}(\.\d{1,5}){3}$`).MatchString(Version) {
		t.Error("version", Version)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(m.child("Id").Text) {
		t.Error("id", m.child("Id").Text)
	}
}

// Every address is absolute https, and every icon is there in the size that its
// place wants.
func TestManifestAddresses(t *testing.T) {
	sizes := map[string]int{"Icon.16": 16, "Icon.32": 32, "Icon.80": 80, "IconUrl": 64, "HighResolutionIconUrl": 128}
	seen := 0
	parsed(t).walk(func(n node) {
		s := n.attr("DefaultValue")
		if n.XMLName.Local == "AppDomain" {
			s = n.Text
			if u, err := url.Parse(s); err != nil || u.Path != "" {
				t.Errorf("AppDomain %s has a path", s)
			}
		}
		if !strings.Contains(s, ":/") {
			return
		}
		if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s is not an https address", s)
		}
		if want := sizes[n.attr("id")] + sizes[n.XMLName.Local]; want > 0 {
			seen++
			b, err := files.ReadFile(strings.TrimPrefix(s, dev+Prefix))
			if err != nil {
				t.Error(err)
				return
			}
			if img, err := png.DecodeConfig(bytes.NewReader(b)); err != nil || img.Width != want || img.Height != want {
				t.Errorf("%s should be %d pixels: %v %v", s, want, img, err)
			}
		}
	})
	if seen != 2+2*3 {
		t.Errorf("%d icons", seen)
	}
}

func TestManifestRefuses(t *testing.T) {
	for _, bad := range []string{"", "http://addin.example.com", "addin.example.com", "https://addin.example.com/sidebar", "https://u:p@addin.example.com", "https://addin.example.com?x=1"} {
		if _, err := Manifest(bad, dev); err == nil {
			t.Errorf("%q: no error for the sidebar", bad)
		}
		if _, err := Manifest(dev, bad); err == nil {
			t.Errorf("%q: no error for the page", bad)
		}
	}
	a, _ := Manifest("https://a.example.com/", dev)
	b, _ := Manifest("https://b.example.com", dev)
	id := regexp.MustCompile(`<Id>.*</Id>`)
	if bytes.Equal(id.Find(a), id.Find(b)) {
		t.Error("two installations have the same id")
	}
	if bytes.Contains(a, []byte(".com//")) {
		t.Error("a trailing slash was kept")
	}
}

func TestManifestIsWellFormed(t *testing.T) {
	d := xml.NewDecoder(bytes.NewReader(mustManifest(t)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("xmllint is missing (Debian: libxml2-utils)")
		}
		t.Skip("xmllint is missing (Debian: libxml2-utils)")
	}
	c := exec.Command(lint, "--noout", "--nonet", "-")
	c.Stdin = bytes.NewReader(mustManifest(t))
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
