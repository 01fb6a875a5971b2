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
// its own, until the test has ended.
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
	outlook := b.open(at.mailbox)
	outlook.click("Delivery") // an e-mail
	outlook.look("outlook")
	outlook.click("Tandem")
	pane := b.meet("iframe", "/sidebar")
	pane.outer, pane.frame = outlook, "iframe"
	pane.sees("Sign in")
	pane.look("sidebar-signed-out")
	pane.click("Sign in")
	dialog := b.meet("page", "/sign-in-service/")
	dialog.sees("Uma Usher")
	dialog.look("sign-in-service")
	dialog.click("Uma Usher")
	dialog.closed()
	pane.sees("Connect your CRM and your contacts")
	pane.look("sidebar-first")
	fmt.Println("journey:", b.clicks, b.fields)
	b.noFaults()
}
