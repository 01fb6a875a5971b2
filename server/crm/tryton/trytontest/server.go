package trytontest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The database and the administrator of every server.
const (
	database = "tandem"
	user     = "admin"
	password = "Wolkig-7-Dunst"
)

// Server is a running Tryton server.
type Server struct {
	// URL is the server's address, without the database and a trailing slash.
	URL string
	// Database, User and Password are what an administrator types to connect.
	Database, User, Password string

	dir, port string
	command   *exec.Cmd
	exited    chan struct{}
	mu        sync.Mutex
	session   string // of Call
}

// Start starts a server with a fresh database and stops it when the test ends.
// Where Tryton is not installed the test is skipped, with CI=true it fails.
func Start(t testing.TB) *Server {
	t.Helper()
	for _, program := range []string{"tryton-server", "tryton-server-admin"} {
		if _, err := exec.LookPath(program); err != nil {
			const hint = "trytontest: %s is not installed (Debian packages tryton-server, tryton-modules-party, tryton-modules-sale-opportunity)"
			if os.Getenv("CI") == "true" {
				t.Fatalf(hint, program)
			}
			t.Skipf(hint, program)
		}
	}
	prepared, err := prepare(t)
	if err != nil {
		t.Fatalf("trytontest: preparing the database: %v", err)
	}
	s := &Server{Database: database, User: user, Password: password, dir: t.TempDir()}
	if err := s.layOut(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(prepared)
	if err == nil {
		err = os.WriteFile(s.file(), content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	s.start(t)
	return s
}

// Restart stops the server and starts it again at the same address, with the
// same database.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.stop()
	s.start(t)
}

func (s *Server) file() string   { return filepath.Join(s.dir, "db", database+".sqlite") }
func (s *Server) config() string { return filepath.Join(s.dir, "trytond.conf") }
func (s *Server) log() string    { return filepath.Join(s.dir, "trytond.log") }

// layOut makes the server's folders, with a stand-in for the web client.
func (s *Server) layOut() error {
	for _, name := range []string{"db", "web"} {
		if err := os.MkdirAll(filepath.Join(s.dir, name), 0o700); err != nil {
			return err
		}
	}
	page := "<!DOCTYPE html><title>Tryton</title><p>Here Tryton's web client would be."
	return os.WriteFile(filepath.Join(s.dir, "web", "index.html"), []byte(page), 0o600)
}

// start runs the server until it answers. The free port may be taken by
// somebody else in between, therefore a new server tries a few.
func (s *Server) start(t testing.TB) {
	t.Helper()
	var err error
	for range 3 {
		if err = s.try(); err == nil {
			return
		}
		s.stop()
	}
	text, _ := os.ReadFile(s.log())
	t.Fatalf("trytontest: the server does not start: %v\n%s", err, text[max(0, len(text)-4000):])
}

func (s *Server) try() error {
	if s.URL == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s.port = fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
		l.Close()
	}
	config := fmt.Sprintf(`[database]
uri = sqlite://
path = %s
[web]
listen = 127.0.0.1:%s
root = %s
[session]
max_attempt = 1000000
max_attempt_ip_network = 1000000
`, filepath.Join(s.dir, "db"), s.port, filepath.Join(s.dir, "web"))
	if err := os.WriteFile(s.config(), []byte(config), 0o600); err != nil {
		return err
	}
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.command = exec.Command("tryton-server", "-c", s.config(), "-d", database)
	s.command.Stdout, s.command.Stderr = log, log
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.command.Start(); err != nil {
		s.command = nil
		return err
	}
	s.exited = make(chan struct{})
	go func(c *exec.Cmd, exited chan struct{}) {
		c.Wait() // a server that was stopped always answers with an error
		close(exited)
	}(s.command, s.exited)
	if err := s.await("http://127.0.0.1:" + s.port); err != nil {
		return err
	}
	s.URL = "http://127.0.0.1:" + s.port
	return nil
}

// await polls until the server answers.
func (s *Server) await(url string) error {
	client := &http.Client{Timeout: 10 * time.Second}
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for {
		body := strings.NewReader(`{"id":0,"method":"common.server.version","params":[]}`)
		res, err := client.Post(url+"/", "application/json", body)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.exited:
			return errors.New("it ended")
		case <-deadline:
			return errors.New("it does not answer within a minute")
		case <-tick.C:
		}
	}
}

// stop ends the server and everything it started, and waits for its end.
func (s *Server) stop() {
	if s.command == nil {
		return
	}
	group := -s.command.Process.Pid
	syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(5 * time.Second):
	}
	syscall.Kill(group, syscall.SIGKILL)
	<-s.exited
	s.command = nil
}

// version is what the prepared database depends on.
func version() (string, error) {
	out, err := exec.Command("tryton-server", "--version").Output()
	if err != nil {
		return "", err
	}
	return string(bytes.Join(bytes.Fields(out), []byte("-"))), nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
