// Command tocsin watches and searches logs for signs of attack, tells people, and blocks: hunt does it once, over what is there;
// serve for ever; the others ask what serve keeps. One subcommand is one file: its flags, what it asks, how that is printed.
// See `tocsin help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // zones are known on machines that have no database of them, too

	"github.com/tocsin-sec/tocsin/internal/hush"
	"github.com/tocsin-sec/tocsin/terminal"
)

// The exit statuses. They are the same for every command.
const (
	exitClean  = 0 // done, and nothing found
	exitFound  = 1 // done, and found something: hits, mistakes in rules, failed tests
	exitFailed = 2 // could not be done
)

// errFound is what a command returns to say that it is done and has found something.
var errFound = errors.New("found")

func main() { os.Exit(process()) }

// process is what the whole process does; it returns the exit status.
func process() int {
	hush.Over()
	setMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
}

// streams are the standard streams of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run is the whole program: it does what args say and returns the exit status.
func run(ctx context.Context, args []string, std streams) int {
	root := newRoot(std)
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	switch err := root.ExecuteContext(ctx); {
	case err == nil:
		return exitClean
	case errors.Is(err, errFound):
		return exitFound
	case errors.Is(err, syscall.EPIPE): // the reader of a pipe has seen enough
		return exitFailed
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(std.err, "tocsin: interrupted")
		return exitFailed
	default:
		fmt.Fprintf(std.err, "tocsin: %s\n", strings.TrimSpace(err.Error()))
		if hint := terminal.HintOf(err); hint != "" {
			fmt.Fprintf(std.err, "  = %s\n", hint)
		}
		return exitFailed
	}
}
