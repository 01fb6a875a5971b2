package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"

	"tandem/server/cli"
)

// place is where a demo of the test is reached.
type place struct{ mailbox, page, side string }

// startDemo runs the demo in this process, on free ports and with a folder of
// its own, until the test has ended. JOURNEY_LOG=1 shows what the server logs.
func startDemo(t *testing.T) place {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	data := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("JOURNEY_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	go func() {
		err := demo(ctx, cli.Demo{People: 30, Port: 0, Data: data, Out: write, Log: log})
		write.CloseWithError(err)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error("the demo ended with:", err)
		}
	})
	var said strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(said.String(), "Ctrl+C") {
		n, err := read.Read(buf)
		if err != nil {
			t.Fatalf("the demo did not start: %v\n%s", err, said.String())
		}
		said.Write(buf[:n])
	}
	hosts := regexp.MustCompile(`http://[a-z0-9.]+:\d+`).FindAllString(said.String(), -1)
	if len(hosts) < 3 {
		t.Fatalf("the demo printed no addresses:\n%s", said.String())
	}
	return place{mailbox: hosts[0], page: hosts[1], side: hosts[2]}
}

// The whole journey of a new user, as in the README, in a real browser.
func TestJourney(t *testing.T) {
	b := openBrowser(t)
	at := startDemo(t)
	uma := journey{browser: b, place: at}
	uma.signInPane()
	uma.firstSync()
	uma.twoWay()
	uma.edits()
	uma.undo()
	uma.preview()
	uma.reset()
	uma.automatic()
	uma.activity()
	uma.sidebar()
	uma.disconnect()
	uma.others()
	uma.signIn("Alex Admin")
	uma.administer()
	uma.signIn("Ben Baker")
	uma.follow()
	b.noFaults()
}

// journey is a person on their way.
type journey struct {
	*browser
	place
	outlook, pane, page, crm, book *tab
}

// signInPane opens the mailbox, an e-mail and the sidebar, and signs in there.
func (j *journey) signInPane() {
	j.outlook = j.open(j.mailbox)
	j.outlook.click("Delivery dates for spring")
	j.outlook.look("outlook")
	j.outlook.click("Tandem")
	j.pane = j.meet("iframe", "/sidebar")
	j.pane.outer, j.pane.frame = j.outlook, "iframe"
	j.pane.sees("See who you are dealing with")
	j.pane.look("sidebar-signed-out")
	j.pane.click("Sign in")
	dialog := j.meet("page", "/sign-in-service/")
	dialog.sees("Uma Usher")
	dialog.look("sign-in-service")
	dialog.click("Uma Usher")
	dialog.closed()
	j.pane.sees("Connect your CRM and your contacts", "Sender", "Recipient")
	j.pane.look("sidebar-first")
}

// firstSync goes from the sidebar to the first synced contact, and counts.
func (j *journey) firstSync() {
	clicks, fields := j.clicks, j.fields
	j.pane.click("Connections > Contacts")
	j.page = j.meet("page", "/continue")
	j.page.sees("Continue as Uma Usher")
	j.page.look("continue")
	j.page.goOn("Continue as Uma Usher")
	j.page.sees("Connect to EspoCRM", "Contacts server details", "Connect your CRM first")
	if at, err := eval[string](j.page, "location.href"); err != nil || strings.Contains(at, "ticket") {
		j.t.Errorf("the address still holds the ticket: %s (%v)", at, err)
	}
	j.page.look("connections-none")
	j.page.fill("User name", "uma")
	j.page.fill("Password", password)
	j.page.goOn("Connect to EspoCRM")
	j.page.sees("Your CRM is connected.", "Connect your contacts server first")
	j.page.look("connections-crm")
	j.page.goOn("Connect")
	j.page.sees("Sandbox address book", "Sign in")
	j.page.look("address-book-sign-in")
	j.page.goOn("Uma Usher")
	j.page.sees("Allow Tandem?")
	j.page.look("address-book-consent")
	j.page.goOn("Allow")
	j.page.sees("Your contacts server is connected.", "Sync contacts now")
	j.page.look("connections-both")
	j.sync("created")
	clicks, fields = j.clicks-clicks, j.fields-fields
	fmt.Printf("journey: %d clicks, %d fields\n", clicks, fields)
	if clicks > 8 || fields > 2 {
		j.t.Errorf("from the sidebar to the first synced contact: %d clicks and %d fields, want at most 8 and 2", clicks, fields)
	}
	j.page.look("connections-synced")
}
