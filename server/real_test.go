package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/server/contact"
	"tandem/server/contactserver/carddav/davtest"
	"tandem/server/crm/tryton/trytontest"
	"tandem/server/engine"
	"tandem/server/sandbox/espocrm"
	"tandem/store"
)

// program is the built program with a database of its own, called as people
// and scripts call it.
type program struct {
	t    *testing.T
	path string
	env  []string
}

var built struct {
	sync.Once
	path string
	err  error
}

// newProgram builds the program once and gives it an empty data folder.
func newProgram(t *testing.T) *program {
	t.Helper()
	built.Do(func() {
		dir, err := os.MkdirTemp("", "tandem")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "tandem")
		if out, err := exec.Command("go", "build", "-o", built.path, ".").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	dir := t.TempDir()
	return &program{t: t, path: built.path, env: append(os.Environ(),
		"DATABASE_URL="+filepath.Join(dir, "tandem.sqlite"), "ENCRYPTION_KEYSET_FILE="+filepath.Join(dir, "keys.json"),
		"ALLOWED_PRIVATE_NETWORKS=127.0.0.0/8,::1/128")}
}

// command prepares a call; secret goes to its standard input.
func (p *program) command(ctx context.Context, secret string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.path, args...)
	c.Env, c.Stdin = p.env, strings.NewReader(secret)
	return c
}

// must runs a command that has to succeed.
func (p *program) must(secret string, args ...string) string {
	p.t.Helper()
	out, err := p.command(p.t.Context(), secret, args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("tandem %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// sync runs sync --json and reads the report.
func (p *program) sync(args ...string) engine.Report {
	p.t.Helper()
	c := p.command(p.t.Context(), "", append([]string{"sync", "--user", "ann@example.com", "--yes", "--json"}, args...)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var r engine.Report
	if jsonErr := json.Unmarshal(stdout.Bytes(), &r); jsonErr != nil || err != nil {
		p.t.Fatalf("sync: %v %v\n%s%s", err, jsonErr, stdout.String(), stderr.String())
	}
	p.t.Logf("sync: %s", stdout.String())
	return r
}

func writes(r engine.Report) int {
	return r.Left.Created + r.Left.Updated + r.Left.Deleted + r.Right.Created + r.Right.Updated + r.Right.Deleted
}

// cards are the cards of a book as the server keeps them, by resource name.
func cards(t *testing.T, s *davtest.Server) map[string]string {
	t.Helper()
	status, answer := s.Do(t, "PROPFIND", s.Book, `<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getetag/></prop></propfind>`,
		http.Header{"Depth": {"1"}, "Content-Type": {"application/xml"}})
	if status != http.StatusMultiStatus {
		t.Fatalf("list: %d", status)
	}
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`<(?:\w+:)?href>([^<]*/([^<>/]+))</`).FindAllStringSubmatch(answer, -1) {
		if strings.HasSuffix(m[2], ".vcf") {
			all[m[2]] = s.Get(t, m[2])
		}
	}
	return all
}

// once checks that every e-mail is on exactly one card.
func once(t *testing.T, all map[string]string, want int) {
	t.Helper()
	seen := map[string]int{}
	for _, card := range all {
		for _, m := range regexp.MustCompile(`(?mi)^(?:item\d+\.)?EMAIL[^:]*:(\S+)`).FindAllStringSubmatch(card, -1) {
			seen[strings.ToLower(m[1])]++
		}
	}
	for email, n := range seen {
		if n > 1 {
			t.Errorf("%s is on %d cards", email, n)
		}
	}
	if len(all) != want {
		t.Errorf("%d cards, want %d", len(all), want)
	}
}

func vcard(n int) string {
	return fmt.Sprintf("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:person-%d\r\nFN:Ann%d Miller%d\r\nN:Miller%d;Ann%d;;;\r\nEMAIL;TYPE=INTERNET:ann%d@example.com\r\nTEL;TYPE=WORK,VOICE:+49 30 %07d\r\nX-FAVOURITE:tea\r\nEND:VCARD\r\n", n, n, n, n, n, n, n)
}

// fillBook stores cards, several at a time.
func fillBook(t *testing.T, s *davtest.Server, from, to int) {
	t.Helper()
	var wg sync.WaitGroup
	work := make(chan int)
	for range 8 {
		wg.Go(func() {
			for n := range work {
				s.Put(t, fmt.Sprintf("person-%d.vcf", n), vcard(n))
			}
		})
	}
	for n := from; n < to; n++ {
		work <- n
	}
	close(work)
	wg.Wait()
}

// people is how many people the journeys through real servers sync.
const crowd = 1000

// TestRealTrytonToRadicale is the main job from a real CRM to a real contacts
// server: the first run creates exactly the missing ones, the second writes
// nothing, 10 edits on each side make exactly 20 writes, and a run that was
// killed half way leaves no duplicate.
func TestRealTrytonToRadicale(t *testing.T) {
	t.Parallel()
	tryton, radicale := trytontest.Start(t), davtest.Radicale(t)
	const inCRM, fromBook = 700, 400 // 0..699 in the CRM, 400..999 in the book
	parties := make([]trytontest.Party, inCRM)
	for n := range parties {
		parties[n] = trytontest.Party{Name: fmt.Sprintf("Ann%d Miller%d", n, n), Emails: []string{fmt.Sprintf("ann%d@example.com", n)}, Phones: []string{fmt.Sprintf("+49 30 %07d", n)}}
	}
	ids := tryton.CreateParties(t, parties...)
	fillBook(t, radicale, fromBook, crowd)

	p := newProgram(t)
	p.must(tryton.Password, "connect", "crm", "tryton", "--user", "ann@example.com", "--create", "--url", tryton.URL, "--username", tryton.User, "--field", "database="+tryton.Database)
	p.must(radicale.Password, "connect", "contacts", "carddav", "--user", "ann@example.com", "--url", radicale.URL, "--username", radicale.User, "--book", radicale.BookName)
	p.must("", "settings", "--user", "ann@example.com", "--direction", "two-way", "--mine", "all")

	p.killHalfWay(func() bool { return len(names(t, radicale)) >= crowd-fromBook+100 })
	r := p.sync()
	if r.State != store.RunSucceeded || r.Failed != 0 || r.Review != 0 {
		t.Fatalf("the first run: %s", r.JSON())
	}
	once(t, cards(t, radicale), crowd)
	if n := tryton.Count(t); n != crowd {
		t.Fatalf("%d parties, want %d", n, crowd)
	}
	if r = p.sync(); writes(r) != 0 || r.State != store.RunSucceeded {
		t.Fatalf("the second run wrote: %s", r.JSON())
	}
	for n := range 10 {
		tryton.SetMechanism(t, tryton.Mechanisms(t, ids[n], "phone")[0], fmt.Sprintf("+49 40 %07d", n))
	}
	for n := 500; n < 510; n++ {
		name := fmt.Sprintf("person-%d.vcf", n)
		radicale.Put(t, name, strings.Replace(radicale.Get(t, name), fmt.Sprintf("+49 30 %07d", n), fmt.Sprintf("+49 89 %07d", n), 1))
	}
	if r = p.sync(); r.Left.Updated != 10 || r.Right.Updated != 10 || writes(r) != 20 || r.Conflicts != 0 {
		t.Fatalf("10 edits on each side: %s", r.JSON())
	}
	if r = p.sync(); writes(r) != 0 {
		t.Fatalf("the run after the edits wrote: %s", r.JSON())
	}
	if card := radicale.Get(t, "person-505.vcf"); !strings.Contains(card, "X-FAVOURITE:tea") {
		t.Errorf("a line that is not ours is gone:\n%s", card)
	}
}

// names are the resource names of a book.
func names(t *testing.T, s *davtest.Server) []string {
	t.Helper()
	_, answer := s.Do(t, "PROPFIND", s.Book, `<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getetag/></prop></propfind>`,
		http.Header{"Depth": {"1"}, "Content-Type": {"application/xml"}})
	return regexp.MustCompile(`\.vcf<`).FindAllString(answer, -1)
}

// killHalfWay starts a sync and kills the process once half is true: no signal
// that it could handle, and no chance to tidy up.
func (p *program) killHalfWay(half func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 3*time.Minute)
	defer cancel()
	c := p.command(ctx, "", "sync", "--user", "ann@example.com", "--yes", "--json")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !half() {
		select {
		case err := <-ended:
			p.t.Fatalf("the run ended before it could be killed: %v\n%s", err, out.String())
		case <-tick.C:
		}
	}
	if err := c.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) {
		p.t.Fatalf("the run was not killed: %v", err)
	}
}

// TestRealEspoCRMToCyrus is the same from the sandbox that speaks EspoCRM's API
// to a real Cyrus.
func TestRealEspoCRMToCyrus(t *testing.T) {
	t.Parallel()
	cyrus := davtest.Cyrus(t)
	crm := espocrm.New(espocrm.Options{LoosePhones: true})
	owner := crm.AddUser(espocrm.User{UserName: "ann", Name: "Ann", Password: "secret"})
	server := httptest.NewServer(crm)
	t.Cleanup(server.Close)
	const inCRM, fromBook = 700, 400
	people := make([]contact.Contact, inCRM)
	for n := range people {
		people[n] = contact.Contact{
			Name:   contact.Name{Given: fmt.Sprintf("Ann%d", n), Surname: fmt.Sprintf("Miller%d", n)},
			Emails: []string{fmt.Sprintf("ann%d@example.com", n)},
			Phones: []contact.Phone{{Kind: contact.PhoneWork, Number: fmt.Sprintf("+49 30 %07d", n)}},
		}
	}
	ids := crm.Seed(espocrm.Contact, owner, people)
	fillBook(t, cyrus, fromBook, crowd)

	p := newProgram(t)
	p.must("secret", "connect", "crm", "espocrm", "--user", "ann@example.com", "--create", "--url", server.URL, "--username", "ann", "--auth", "password")
	p.must(cyrus.Password, "connect", "contacts", "carddav", "--user", "ann@example.com", "--url", cyrus.URL, "--username", cyrus.User, "--book", cyrus.BookName)
	p.must("", "settings", "--user", "ann@example.com", "--direction", "two-way", "--mine", "all")

	p.killHalfWay(func() bool { return crm.Count(espocrm.Contact) >= inCRM+100 })
	r := p.sync()
	if r.State != store.RunSucceeded || r.Failed != 0 || r.Review != 0 {
		t.Fatalf("the first run: %s", r.JSON())
	}
	once(t, cards(t, cyrus), crowd)
	if n := crm.Count(espocrm.Contact); n != crowd {
		t.Fatalf("%d contacts in the CRM, want %d", n, crowd)
	}
	if r = p.sync(); writes(r) != 0 || r.State != store.RunSucceeded {
		t.Fatalf("the second run wrote: %s", r.JSON())
	}
	for _, id := range ids[:10] {
		crm.Edit(espocrm.Contact, id, func(c *contact.Contact) { c.Phones[0].Number = "+49 40 1234567" })
	}
	for n := 500; n < 510; n++ {
		name := fmt.Sprintf("person-%d.vcf", n)
		cyrus.Put(t, name, strings.Replace(cyrus.Get(t, name), fmt.Sprintf("+49 30 %07d", n), fmt.Sprintf("+49 89 %07d", n), 1))
	}
	if r = p.sync(); r.Left.Updated != 10 || r.Right.Updated != 10 || writes(r) != 20 || r.Conflicts != 0 {
		t.Fatalf("10 edits on each side: %s", r.JSON())
	}
	if r = p.sync(); writes(r) != 0 {
		t.Fatalf("the run after the edits wrote: %s", r.JSON())
	}
}
