package graph_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tandem/server/sandbox/graph"
)

// modules is where the tests' npm packages are installed.
const modules = "../testdata/npm"

// TestMicrosoftClient drives the sandbox with Microsoft's own client, which
// nobody here wrote.
func TestMicrosoftClient(t *testing.T) {
	node := filepath.Join(modules, "node_modules", ".bin", "node")
	for _, need := range []string{node, filepath.Join(modules, "node_modules", "@microsoft", "microsoft-graph-client")} {
		if _, err := os.Stat(need); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing: run the set-up task", need)
			}
			t.Skipf("%s is missing: run the set-up task to drive the sandbox with Microsoft's client", need)
		}
	}
	node, err := filepath.Abs(node)
	if err != nil {
		t.Fatal(err)
	}
	s := graph.New(graph.Options{
		Users:     []graph.User{{Name: "ann", DisplayName: "Ann Example", Mail: "ann@contoso.example"}},
		Directory: map[string]string{"boss@contoso.example": "The Boss"},
		Bearer:    bearer,
	})
	// The client sends its token by https only.
	srv := httptest.NewTLSServer(s)
	defer srv.Close()
	trusted := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	script, err := os.Open("testdata/client.mjs")
	if err != nil {
		t.Fatal(err)
	}
	defer script.Close()
	cmd := exec.CommandContext(t.Context(), node, "--input-type=module", "-", srv.URL, "token")
	cmd.Dir, cmd.Stdin, cmd.Env = modules, script, append(os.Environ(), "NODE_EXTRA_CA_CERTS="+trusted)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the client fails: %v\n%s", err, complaints.String())
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("the client writes %q: %v", out, err)
	}
	for what, want := range map[string]string{
		"me":          `"Ann Example"`,
		"created":     `["Ann Miller","Miller, Ann","1985-03-04T11:59:00Z",null,{},["Ann","The Boss"]]`,
		"regularID":   `true`,
		"byMarker":    `[1,true,"m-1"]`,
		"byEmail":     `1`,
		"patched":     `["Ann Baker",true,true]`,
		"stale":       `"412 ErrorIrresolvableConflict"`,
		"four":        `"400 ErrorInvalidProperty"`,
		"three":       `"400 ErrorInvalidProperty"`,
		"typo":        `"400 RequestBodyRead"`,
		"expandDelta": `"500 ErrorInternalServerError"`,
		"batch":       `20`,
		"chain":       `[404,424]`,
		"delta":       `[21,true,false]`,
		"deleted":     `"404 ErrorItemNotFound"`,
		"removed":     `[[true,"deleted"]]`,
		"gone":        `"410 SyncStateNotFound"`,
		"folders":     `[["CRM Contacts"],1,20]`,
	} {
		if string(got[what]) != want {
			t.Errorf("%s is %s, want %s", what, got[what], want)
		}
	}
}

// bearer lets everybody in who has a token.
func bearer(token string) (string, []string, bool) {
	return "ann", []string{"Contacts.ReadWrite", "User.Read"}, token == "token"
}
