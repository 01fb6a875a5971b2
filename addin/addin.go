// Package addin is what Outlook loads of us: the manifest, its icons, the
// sidebar's script taskpane.js and the sign-in dialog's script dialog.js. All of
// it is embedded and served on the host that Outlook frames.
//
// The scripts are plain ES modules without a bundler. They know Office.js and
// nothing of the server but the addresses that the page names in its data
// attributes. Nothing here was seen by a real Outlook in a test: what is tested
// is the manifest (order, resource ids, lengths, sizes), the scripts with Node,
// and the sidebar in Chromium with the double in demo/.
package addin

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed *.js icons/*.png demo/office.js
var files embed.FS

// Prefix is where the router mounts Files.
const Prefix = "/addin/"

// DemoOfficeJS is the double of Office.js, for Asset. Only Files(true) serves it.
const DemoOfficeJS = "demo/office.js"

// tree is the hash of all files: one name for the whole tree, so that the
// modules can import each other by relative addresses.
var tree = hash(files)

func hash(f fs.FS) string {
	h := sha256.New()
	err := fs.WalkDir(f, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(f, path)
		h.Write([]byte(path + "\x00"))
		h.Write(b)
		return err
	})
	if err != nil {
		panic(err) // embedded files cannot fail to be read
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Asset is the address of a file ("taskpane.js"). It changes with every change
// of any file, so it may be cached for ever.
func Asset(name string) string { return Prefix + tree + "/" + name }

// IconPath is the address of an icon. It stays the same, because manifests that
// people have installed name it.
func IconPath(name string) string { return Prefix + "icons/" + name }

// Files serves the embedded files under Prefix: icons under their own name for a
// day, everything else under the hashed name for ever. With demo also the
// double of Office.js.
func Files(demo bool) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
		cache := "no-cache"
		switch {
		case first == "icons":
			name, cache = "icons/"+name, "public, max-age=86400"
		case first == tree:
			cache = "public, max-age=31536000, immutable"
		}
		if name == "" || strings.HasSuffix(name, "/") || strings.HasPrefix(name, "demo/") && !demo {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", cache)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r2 := r.Clone(r.Context())
		r2.URL.Path = "/" + name
		server.ServeHTTP(w, r2)
	})
}
