package addin

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"text/template"

	"github.com/google/uuid"
)

//go:embed manifest.xml.tmpl
var manifestText string

var manifestTemplate = template.Must(template.New("manifest").Funcs(template.FuncMap{"x": escape}).Parse(manifestText))

// Version of the manifest. It must grow with every change that installed
// add-ins should take up.
const Version = "1.0.0.0"

// surface is one place in Outlook that gets the button.
type surface struct {
	// Point is the extension point's type, Key the start of the control's ids.
	Point, Key string
	// Pin: Outlook can keep the sidebar open there; not at appointments.
	Pin bool
}

// manifest is what the template sees.
type manifest struct {
	ID, Version, Base, App string
	Surfaces               []surface
	Sizes                  []int
}

// points is what the template of the extension points sees: V goes into the ids,
// which are unique over both versions of the overrides.
type points struct {
	M manifest
	V string
}

// Points hands the manifest to that template for the overrides' version v.
func (m manifest) Points(v string) points { return points{m, v} }

var surfaces = []surface{
	{"MessageReadCommandSurface", "msgRead", true},
	{"MessageComposeCommandSurface", "msgCompose", true},
	{"AppointmentOrganizerCommandSurface", "aptOrganizer", false},
	{"AppointmentAttendeeCommandSurface", "aptAttendee", false},
}

// Manifest renders the add-in only XML manifest for the sidebar at baseURL and
// the page at appURL: origins such as https://addin.example.com, without a path.
// Outlook loads nothing but https. The id follows from baseURL, so that every
// installation keeps its own for ever and two never displace each other.
func Manifest(baseURL, appURL string) ([]byte, error) {
	base, err := origin(baseURL)
	if err != nil {
		return nil, fmt.Errorf("the manifest's address of the sidebar: %w", err)
	}
	app, err := origin(appURL)
	if err != nil {
		return nil, fmt.Errorf("the manifest's address of the page: %w", err)
	}
	var b bytes.Buffer
	err = manifestTemplate.Execute(&b, manifest{
		ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(base)).String(), Version: Version, Base: base, App: app,
		Surfaces: surfaces, Sizes: []int{16, 32, 80},
	})
	return b.Bytes(), err
}

// origin checks that s is an https origin and takes a trailing slash off.
func origin(s string) (string, error) {
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("%q is not an address such as https://addin.example.com", s)
	}
	if u.Scheme != "https" {
		return "", errors.New("Outlook loads add-ins by https only")
	}
	return u.String(), nil
}

func escape(s string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}
