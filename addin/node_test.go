package addin

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// npm is where the set-up puts what the tests take from npm.
const npm = "../server/sandbox/testdata/npm/node_modules"

// need skips where a program is missing, and fails where everything must be there.
func need(t *testing.T, path string, err error) string {
	t.Helper()
	if err == nil {
		_, err = os.Stat(path)
	}
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: run the task setup (%v)", err)
	}
	t.Skipf("missing: run the task setup (%v)", err)
	return ""
}

func nodeJS(t *testing.T) string {
	t.Helper()
	if p, err := exec.LookPath("node"); err == nil {
		return p
	}
	p, err := filepath.Abs(npm + "/node/bin/node")
	return need(t, p, err)
}

// The scripts' own tests.
func TestScripts(t *testing.T) {
	tests, err := filepath.Glob("*.test.mjs")
	if err != nil || len(tests) == 0 {
		t.Fatal("no tests found", err)
	}
	out, err := exec.Command(nodeJS(t), append([]string{"--test"}, tests...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Microsoft's own tools, offline: the manifest is converted to the unified form,
// whose schema they hold, and checked against that.
func TestManifestByMicrosoft(t *testing.T) {
	convert := need(t, npm+"/office-addin-manifest-converter/package.json", nil)
	check := need(t, npm+"/office-addin-manifest/package.json", nil)
	dir := t.TempDir()
	xml := filepath.Join(dir, "manifest.xml")
	if err := os.WriteFile(xml, mustManifest(t), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(pkg string, args ...string) {
		t.Helper()
		cli := filepath.Join(filepath.Dir(pkg), "cli.js")
		out, err := exec.Command(nodeJS(t), append([]string{cli}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	run(convert, "convert", xml, "-o", filepath.Join(dir, "m"))
	run(check, "validate", filepath.Join(dir, "m", "manifest.json"))
}
