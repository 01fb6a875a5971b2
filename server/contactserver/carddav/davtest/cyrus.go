package davtest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cyrusAccounts is how many accounts one Cyrus has at most.
const cyrusAccounts = 20

var (
	cyrus     shared
	cyrusBin  = "/usr/lib/cyrus/bin"
	cyrusUser = "cyrus"
)

// Cyrus gives an account with an empty address book at a Cyrus server, the one
// behind Fastmail. It honours limits with 507, stores vCard 4.0 as 3.0, and
// refuses cards without a UID. It runs as the user cyrus, so only root and that
// user can start it: for others the test is skipped.
func Cyrus(t testing.TB) *Server {
	t.Helper()
	master := filepath.Join(cyrusBin, "master")
	need(t, "cyrus-caldav cyrus-imapd cyrus-admin sasl2-bin", master, filepath.Join(cyrusBin, "httpd"), "/usr/sbin/saslpasswd2")
	if _, err := user.Lookup(cyrusUser); err != nil || os.Getuid() != 0 {
		const hint = "davtest: Cyrus needs root and the user %s"
		if os.Getenv("CI") == "true" {
			t.Fatalf(hint, cyrusUser)
		}
		t.Skipf(hint, cyrusUser)
	}
	p, n := cyrus.use(t, startCyrus)
	if n > cyrusAccounts {
		t.Fatalf("davtest: Cyrus was asked for more than %d accounts", cyrusAccounts)
	}
	name := fmt.Sprintf("ada%d", n)
	return &Server{Name: "Cyrus", URL: p.base, User: name, Password: password,
		Book: p.base + "/dav/addressbooks/user/" + name + "/Default/", BookName: "Default"}
}

func startCyrus() (*process, error) {
	dir, err := folder("cyrus")
	if err != nil {
		return nil, err
	}
	httpPort, err := freePort()
	if err != nil {
		return nil, err
	}
	imapPort, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := layOutCyrus(dir, httpPort, imapPort); err != nil {
		return nil, err
	}
	p, err := run(dir, "http://127.0.0.1:"+httpPort, filepath.Join(cyrusBin, "master"), "-D",
		"-C", filepath.Join(dir, "imapd.conf"), "-M", filepath.Join(dir, "cyrus.conf"), "-p", filepath.Join(dir, "run", "master.pid"))
	if err != nil {
		return nil, err
	}
	if err := makeMailboxes("127.0.0.1:" + imapPort); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// layOutCyrus writes the configuration and the accounts. Every command is told
// its configuration, because none inherits the master's.
func layOutCyrus(dir, httpPort, imapPort string) error {
	for _, sub := range []string{"conf", "mail", "run", "run/proc", "run/lock", "conf/socket"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	imapd := fmt.Sprintf(`configdirectory: %[1]s/conf
partition-default: %[1]s/mail
defaultpartition: default
proc_path: %[1]s/run/proc
mboxname_lockpath: %[1]s/run/lock
httpmodules: carddav
admins: admin
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_mech_list: PLAIN LOGIN
sasl_sasldb_path: %[1]s/sasldb2
altnamespace: no
unixhierarchysep: no
virtdomains: off
skiplist_unsafe: 1
`, dir)
	services := fmt.Sprintf(`START {
  recover cmd="%[1]s/ctl_cyrusdb -C %[2]s/imapd.conf -r"
}
SERVICES {
  http cmd="%[1]s/httpd -C %[2]s/imapd.conf" listen="127.0.0.1:%[3]s" prefork=2
  imap cmd="%[1]s/imapd -C %[2]s/imapd.conf" listen="127.0.0.1:%[4]s" prefork=0
}
EVENTS {
}
`, cyrusBin, dir, httpPort, imapPort)
	for name, content := range map[string]string{"imapd.conf": imapd, "cyrus.conf": services} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	realm, err := os.Hostname()
	if err != nil {
		return err
	}
	accounts := []string{"admin"}
	for n := range cyrusAccounts {
		accounts = append(accounts, fmt.Sprintf("ada%d", n+1))
	}
	for _, name := range accounts {
		c := exec.Command("/usr/sbin/saslpasswd2", "-p", "-c", "-f", filepath.Join(dir, "sasldb2"), "-u", realm, name)
		c.Stdin = strings.NewReader(password)
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("saslpasswd2: %w: %s", err, out)
		}
	}
	return give(dir)
}

// give makes the user cyrus own everything in dir.
func give(dir string) error {
	u, err := user.Lookup(cyrusUser)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, uid, gid)
	})
}

// makeMailboxes makes the accounts' mailboxes by IMAP; address books appear
// with the first request to them.
func makeMailboxes(address string) error {
	conn, err := net.DialTimeout("tcp", address, startTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(startTimeout)); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	command := func(text string) error {
		if _, err := fmt.Fprintf(conn, "a %s\r\n", text); err != nil {
			return err
		}
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return err
			}
			if strings.HasPrefix(line, "a OK") {
				return nil
			}
			if strings.HasPrefix(line, "a ") {
				return fmt.Errorf("imap: %s", strings.TrimSpace(line))
			}
		}
	}
	if err := command("LOGIN admin " + password); err != nil {
		return err
	}
	for n := range cyrusAccounts {
		if err := command(fmt.Sprintf("CREATE user.ada%d", n+1)); err != nil {
			return err
		}
	}
	return command("LOGOUT")
}
