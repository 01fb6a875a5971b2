// Package davtest starts real CardDAV servers for tests: Radicale, Xandikos and
// Cyrus, as Debian ships them (packages radicale, xandikos, cyrus-caldav,
// cyrus-imapd, cyrus-admin, sasl2-bin).
//
//	s := davtest.Radicale(t)      // or Xandikos(t), Cyrus(t)
//	connect to s.URL as s.User with s.Password; the book is s.Book
//
// Each kind of server is started once per test binary, on a free port of this
// machine and in a folder of its own. Every call gives a fresh account with one
// empty address book, so that tests do not see each other. Xandikos knows no
// accounts and no passwords: there every call starts a server of its own.
//
// The servers are stopped, by their process groups, when the test that started
// them ends and nobody else uses them. Where a program is missing the test is
// skipped; with CI=true it fails.
package davtest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is an account at a running server.
type Server struct {
	// Name is the program's.
	Name string
	// URL is what a person types to connect: the server's root.
	URL string
	// User and Password sign in by Basic.
	User, Password string
	// Book is the URL of the address book, with a trailing slash; BookName is
	// how the server calls it.
	Book, BookName string
}

// Get reads a card as the server keeps it; "" where there is none.
func (s *Server) Get(t testing.TB, name string) string {
	t.Helper()
	status, body := s.Do(t, http.MethodGet, s.Book+name, "", nil)
	if status == http.StatusNotFound {
		return ""
	}
	if status != http.StatusOK {
		t.Fatalf("davtest: GET %s: %d %s", name, status, body)
	}
	return body
}

// Put stores a card unconditionally, as another program would.
func (s *Server) Put(t testing.TB, name, card string) {
	t.Helper()
	if status, body := s.Do(t, http.MethodPut, s.Book+name, card, http.Header{"Content-Type": {"text/vcard"}}); status/100 != 2 {
		t.Fatalf("davtest: PUT %s: %d %s", name, status, body)
	}
}

// Delete removes a card.
func (s *Server) Delete(t testing.TB, name string) {
	t.Helper()
	if status, body := s.Do(t, http.MethodDelete, s.Book+name, "", nil); status/100 != 2 {
		t.Fatalf("davtest: DELETE %s: %d %s", name, status, body)
	}
}

// Do sends any request with the account's credentials.
func (s *Server) Do(t testing.TB, method, url, body string, header http.Header) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequest(method, url, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.SetBasicAuth(s.User, s.Password)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatalf("davtest: %s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(content)
}

// makeBook makes an address book by extended MKCOL (RFC 5689 section 3).
func (s *Server) makeBook(t testing.TB) {
	t.Helper()
	body := `<?xml version="1.0"?><d:mkcol xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><d:set><d:prop>` +
		`<d:resourcetype><d:collection/><c:addressbook/></d:resourcetype><d:displayname>` + s.BookName + `</d:displayname></d:prop></d:set></d:mkcol>`
	if status, answer := s.Do(t, "MKCOL", s.Book, body, http.Header{"Content-Type": {"application/xml"}}); status/100 != 2 {
		t.Fatalf("davtest: MKCOL %s: %d %s", s.Book, status, answer)
	}
}

// need finds programs; a missing one skips the test, with CI=true fails it.
func need(t testing.TB, packages string, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		const hint = "davtest: %s is not installed (Debian packages %s)"
		if os.Getenv("CI") == "true" {
			t.Fatalf(hint, p, packages)
		}
		t.Skipf(hint, p, packages)
	}
}

// process is one server process with its folder.
type process struct {
	dir, base string
	command   *exec.Cmd
	exited    chan struct{}
}

// run starts a program in its own process group and waits until it answers at
// base. Its output goes to a file in dir.
func run(dir, base string, argv ...string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{dir: dir, base: base, command: exec.Command(argv[0], argv[1:]...), exited: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() { _ = p.command.Wait(); close(p.exited) }() // a server that was stopped always answers with an error
	if err := p.wait(); err != nil {
		text, _ := os.ReadFile(log.Name())
		p.stop()
		return nil, fmt.Errorf("%s: %w\n%s", argv[0], err, text[max(0, len(text)-4000):])
	}
	return p, nil
}

const startTimeout = 30 * time.Second

func (p *process) wait() error {
	deadline := time.After(startTimeout)
	for {
		res, err := http.Get(p.base + "/")
		if err == nil {
			res.Body.Close()
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("the server ended at once")
		case <-deadline:
			return fmt.Errorf("the server does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the process group.
func (p *process) stop() {
	pid := p.command.Process.Pid
	_ = syscall.Kill(-pid, syscall.SIGTERM) // it may have ended already
	select {
	case <-p.exited:
	case <-time.After(3 * time.Second):
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL) // workers that outlive their master
	<-p.exited
	_ = os.RemoveAll(p.dir)
}

// shared is a server that all tests of the binary use together, as long as one
// of them runs.
type shared struct {
	mu    sync.Mutex
	p     *process
	users int
	count int // makes names of accounts
}

// use starts the server unless it runs, and gives a number for a new account.
func (s *shared) use(t testing.TB, start func() (*process, error)) (*process, int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.p == nil {
		var err error
		for range 3 { // the free port may be taken in between
			if s.p, err = start(); err == nil {
				break
			}
		}
		if err != nil {
			t.Fatalf("davtest: %v", err)
		}
	}
	s.users++
	s.count++
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.users--; s.users == 0 {
			s.p.stop()
			s.p = nil
		}
	})
	return s.p, s.count
}

// freePort finds a port that is free now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port), nil
}

// folder makes a folder that other users of the system may enter.
func folder(name string) (string, error) {
	dir, err := os.MkdirTemp("", "davtest-"+name+"-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}
