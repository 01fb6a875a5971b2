package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tandem/store"
)

// errNoPostgres: the tests need a server program that is not installed.
var errNoPostgres = errors.New("PostgreSQL is not installed (Debian: postgresql) and TEST_POSTGRES_URL is not set")

// Postgres is the address of a fresh, empty database. Without Postgres the test
// is skipped, with CI=true it fails.
func Postgres(t testing.TB) string {
	t.Helper()
	return postgresFrom(t, "template0")
}

// prepared is the address of a fresh database, with the schema under Keyset
// where the server is our own: on another one no template is left behind.
func prepared(t testing.TB) string {
	t.Helper()
	if external() != "" {
		return Postgres(t)
	}
	return postgresFrom(t, "tandem_template_"+run)
}

func postgresFrom(t testing.TB, template string) string {
	t.Helper()
	base, err := server()
	if errors.Is(err, errNoPostgres) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + random()
	if err := admin(base, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin(base, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)); err != nil {
			t.Error(err)
		}
	})
	return database(base, name)
}

// run tells this binary's databases apart from another one's on the same server.
var run = random()

func random() string { return strings.ToLower(rand.Text()[:12]) }

func external() string { return os.Getenv("TEST_POSTGRES_URL") }

// server is the address of the server's own database, once the template with
// the schema stands.
var server = sync.OnceValues(func() (string, error) {
	if base := external(); base != "" {
		return base, nil
	}
	base, err := start()
	if err != nil {
		return "", err
	}
	template := "tandem_template_" + run
	if err := admin(base, "CREATE DATABASE "+template+" TEMPLATE template0"); err != nil {
		return "", err
	}
	s, err := store.Open(context.Background(), store.Options{URL: database(base, template), Keyset: Keyset()})
	if err != nil {
		return "", err
	}
	return base, s.Close()
})

// supervisor runs the server until its standard input ends, which it does when
// the test binary does, however that comes about; then it clears up.
const supervisor = `"$1" -D "$2" -c listen_addresses= -c unix_socket_directories="$2" \
	-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 >"$2/log" 2>&1 </dev/null &
server=$!
read end
kill -QUIT $server
wait $server
rm -rf "$2"`

// supervised is the supervisor's standard input. It is kept, because a pipe that
// nothing refers to is closed.
//
//lint:ignore U1000 it is only held
var supervised io.Closer

// start makes a cluster and starts its server on a socket in its folder.
func start() (string, error) {
	bin, err := programs()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "tandem-pg-")
	if err != nil {
		return "", err
	}
	// A server refuses to run as root.
	as, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", dir, "-U", "postgres",
		"-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	cmd := exec.Command("/bin/sh", "-c", supervisor, "sh", filepath.Join(bin, "postgres"), dir)
	cmd.Dir, cmd.SysProcAttr = dir, as
	if supervised, err = cmd.StdinPipe(); err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	base := "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := admin(base, "SELECT 1")
		if err == nil {
			return base, nil
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			return "", fmt.Errorf("PostgreSQL does not start: %w\n%s", err, log)
		}
	}
}

// programs is the folder of the newest server programs.
func programs() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return "", errNoPostgres
	}
	return filepath.Dir(slices.Max(found)), nil
}

// admin runs one statement on the server's own database.
func admin(base, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, base)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, statement)
	return err
}

// database is base with another database's name.
func database(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + name
	return u.String()
}
