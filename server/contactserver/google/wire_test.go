package google

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestWire: of each object that is written back whole, every member that
// Google's own document calls writable has a place here. One that lacked would
// be lost with the first update.
func TestWire(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "people", "v1", "people-api.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Schemas map[string]struct {
			Properties map[string]struct{ ReadOnly bool }
		}
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for schema, object := range map[string]any{
		"Name": name{}, "Nickname": nickname{}, "Organization": organization{}, "EmailAddress": email{}, "PhoneNumber": phone{},
		"Address": address{}, "Url": link{}, "Birthday": birthday{}, "Biography": biography{}, "ClientData": clientData{},
		"Membership": membership{}, "ContactGroupMembership": groupMembers{}, "Date": day{},
	} {
		have := map[string]bool{}
		for i := range reflect.TypeOf(object).NumField() {
			tag, _, _ := strings.Cut(reflect.TypeOf(object).Field(i).Tag.Get("json"), ",")
			have[tag] = true
		}
		if len(doc.Schemas[schema].Properties) == 0 {
			t.Errorf("the document has no %s", schema)
		}
		for member, p := range doc.Schemas[schema].Properties {
			if !p.ReadOnly && !have[member] {
				t.Errorf("%s.%s would be lost", schema, member)
			}
		}
	}
}
