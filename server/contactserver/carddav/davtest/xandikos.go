package davtest

import (
	"path/filepath"
	"testing"
)

// Xandikos starts a Xandikos server with an empty address book. It checks no
// password, keeps cards as they are, accepts a UID twice, and answers an
// unknown sync token, and a query for an e-mail, with 500.
func Xandikos(t testing.TB) *Server {
	t.Helper()
	need(t, "xandikos", "xandikos")
	var own shared
	p, _ := own.use(t, startXandikos)
	return &Server{Name: "Xandikos", URL: p.base, User: "alice", Password: password,
		Book: p.base + "/alice/contacts/addressbook/", BookName: "addressbook"}
}

func startXandikos() (*process, error) {
	dir, err := folder("xandikos")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return run(dir, "http://127.0.0.1:"+port, "xandikos", "-d", filepath.Join(dir, "data"),
		"--defaults", "--current-user-principal", "/alice/", "-l", "127.0.0.1", "-p", port)
}
