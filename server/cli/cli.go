// Package cli is the command line: serve, demo, and the commands that do what
// the page does, straight on the configured database.
//
// A command ends with status 0 when it did what it was asked, for preview and
// sync only when the run ended as planned or succeeded; with 1 when it did not,
// and with 2 when it was called wrongly.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/alecthomas/kong"

	"tandem/server/config"
)

// Program is what the commands are made of. Main hands over what the command
// line may not know: how the rooms are built, and what serves pages.
type Program struct {
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Open opens the configured database and builds the rooms.
	Open func(ctx context.Context, c config.Config, log *slog.Logger) (*Rooms, error)
	// Serve runs the service until ctx ends.
	Serve func(ctx context.Context, r *Rooms) error
	// Demo runs the whole product with sandboxes until ctx ends.
	Demo func(ctx context.Context, d Demo) error
}

// Demo is what the demo can be told.
type Demo struct {
	People int          `name:"people" default:"30" help:"Sample people on each side; 3000 makes a messy book."`
	Data   string       `name:"data" default:"data/demo" help:"Folder for the demo's database and sandboxes." type:"path"`
	Port   int          `name:"port" default:"8080" help:"Port on this machine; 0 takes a free one."`
	Reset  bool         `name:"reset" help:"Begin anew: remove what the data folder holds of an earlier demo."`
	Out    io.Writer    `kong:"-"`
	Log    *slog.Logger `kong:"-"`
}

// grammar is the whole command line. Every flag of Config is a variable of the
// environment too.
type grammar struct {
	config.Config
	Verbose bool `short:"v" help:"Log every request and step."`

	Serve      serveCmd      `cmd:"" default:"1" help:"Serve the page and the sidebar (the default)."`
	Demo       demoCmd       `cmd:"" help:"Run the whole product on this machine, with a sandbox CRM and address book."`
	Connect    connectCmd    `cmd:"" help:"Connect a user's CRM or contacts server; the secret is read from standard input."`
	Disconnect disconnectCmd `cmd:"" help:"Disconnect a user's CRM or contacts server."`
	Settings   settingsCmd   `cmd:"" help:"Show or change a user's own sync settings."`
	Preview    previewCmd    `cmd:"" help:"Show what a sync would do; nothing is written."`
	Sync       syncCmd       `cmd:"" help:"Sync a user's contacts now."`
	Reset      resetCmd      `cmd:"" help:"Reset a user's contacts sync; no contact is changed."`
	Status     statusCmd     `cmd:"" help:"Show how a user's sync stands."`
	Keys       keysCmd       `cmd:"" help:"Look after the keys that seal credentials and contact data."`
}

// errStatus is an error that has been told already.
type errStatus int

func (e errStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Run parses the arguments, runs the command and gives the exit status.
func Run(ctx context.Context, p Program) int {
	var g grammar
	status := -1
	parser, err := kong.New(&g,
		kong.Name("tandem"),
		kong.Description("Tandem keeps a CRM's contacts and a person's address book in step."),
		kong.UsageOnError(),
		kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(func(code int) { status = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 2
	}
	parsed, err := parser.Parse(p.Args)
	if status >= 0 { // --help has been printed
		return status
	}
	if err != nil {
		fmt.Fprintf(p.Stderr, "tandem: %v\nSee tandem --help.\n", err)
		return 2
	}
	level := slog.LevelInfo
	if g.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewJSONHandler(p.Stderr, &slog.HandlerOptions{Level: level}))
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(&p, &g.Config, log)
	var told errStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &told):
		return int(told)
	case errors.Is(err, context.Canceled):
		return 1
	}
	fmt.Fprintf(p.Stderr, "tandem: %v\n", err)
	return 1
}
