package davtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const password = "Wolkig-7-Dunst"

// radicaleAccounts is how many accounts one Radicale has at most.
const radicaleAccounts = 200

var radicale shared

// Radicale gives an account with an empty address book at a Radicale server.
// It reorders a card's lines, answers an unknown sync token with 403, and shows
// every href that was ever deleted in the first listing.
func Radicale(t testing.TB) *Server {
	t.Helper()
	need(t, "radicale", "radicale")
	p, n := radicale.use(t, startRadicale)
	if n > radicaleAccounts {
		t.Fatalf("davtest: Radicale was asked for more than %d accounts", radicaleAccounts)
	}
	user := fmt.Sprintf("ada%d", n)
	s := &Server{Name: "Radicale", URL: p.base, User: user, Password: password,
		Book: p.base + "/" + user + "/contacts/", BookName: "Contacts"}
	s.makeBook(t)
	return s
}

func startRadicale() (*process, error) {
	dir, err := folder("radicale")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	var users []byte
	for n := range radicaleAccounts {
		users = fmt.Appendf(users, "ada%d:%s\n", n+1, password)
	}
	config := fmt.Sprintf(`[server]
hosts = 127.0.0.1:%s
max_connections = 64
timeout = 30
[auth]
type = htpasswd
htpasswd_filename = %s/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = %s/collections
[web]
type = none
`, port, dir, dir)
	for name, content := range map[string][]byte{"users": users, "config": []byte(config)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	return run(dir, "http://127.0.0.1:"+port, "radicale", "--config", filepath.Join(dir, "config"))
}
