// Command server is Tandem: an Outlook add-in and a web service that keep the
// address book of a CRM and that of a contacts server in step. See --help.
//
// It builds the rooms and runs them; nothing can import it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"tandem/server/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, cli.Program{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Open: open, Serve: serve, Demo: demo,
	}))
}
