package views

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed static/css static/js static/img static/vendor
var staticFiles embed.FS

// StaticPrefix is where the router mounts Static, on both hosts.
const StaticPrefix = "/static/"

// staticTree is the hash of all static files: one name for the whole tree, so
// that modules can import each other by relative addresses.
var staticTree = treeHash(staticFiles)

func treeHash(files fs.FS) string {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, path)
		h.Write([]byte(path + "\x00"))
		h.Write(b)
		return err
	})
	if err != nil {
		panic(err) // embedded files cannot fail to be read
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Asset is the address of a static file ("css/base.css"). It changes with every
// change of any static file, so it may be cached for ever.
func Asset(name string) string { return StaticPrefix + staticTree + "/" + name }

// Static serves the embedded files under StaticPrefix. An address with an older
// hash gets today's file without leave to keep it, so that a page from before a
// restart still looks right.
func Static() http.Handler {
	root, err := fs.Sub(staticFiles, "static")
	if err != nil {
		panic(err)
	}
	files := http.FileServerFS(root)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, StaticPrefix), "/")
		if name == "" || strings.HasSuffix(name, "/") {
			http.NotFound(w, r)
			return
		}
		cache := "no-cache"
		if hash == staticTree {
			cache = "public, max-age=31536000, immutable"
		}
		w.Header().Set("Cache-Control", cache)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r2 := r.Clone(r.Context())
		r2.URL.Path = "/" + name
		files.ServeHTTP(w, r2)
	})
}
