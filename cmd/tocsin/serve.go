package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/terminal"
)

// serveCommand is the command `tocsin serve`.
type serveCommand struct {
	std     streams
	config  string
	data    string
	quiet   bool
	verbose bool
}

func newServe(std streams) *cobra.Command {
	s := &serveCommand{std: std}
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Watch logs for ever: take in, match, keep, tell",
		Long: `Watch logs for ever. Without a configuration it finds what this machine logs (the journal, files below /var/log),
begins a day back, and takes in syslog and HTTP on the loopback. The rules are those of hunt, and so are the hits. Events
and hits are kept in one folder; tocsin search, tail and alerts find them, while serve runs and also when it does not.

tocsin.yml refines all of it: tocsin config prints every key, tocsin check looks for mistakes. SIGHUP or tocsin reload
reads it and the rules anew. What was acknowledged to a sender is on disk: pulling the plug loses nothing.

Exit status: 0 stopped as asked, 2 failed.`,
		Example: `  tocsin serve
  tocsin serve --config /etc/tocsin/tocsin.yml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&s.config, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
	f.StringVar(&s.data, "data", "", "`folder` to keep everything in (default /var/lib/tocsin as root, else in the user's state folder)")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "tell nothing but failures")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "tell what it does, and hits of every level")
	return cmd
}

func (s *serveCommand) run(ctx context.Context) error {
	level := slog.LevelWarn
	if s.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(s.std.err, &slog.HandlerOptions{Level: level}))
	opt := serve.Options{Config: s.config, Data: s.data, Version: versionText(), Log: log}
	if !s.quiet {
		c := newCrier(s.std.out, s.verbose)
		opt.Found = c.take
		opt.Tell = func(ctx context.Context, g *serve.Greeting) {
			if err := greet(s.std.out, g); err != nil {
				log.Warn("standard output cannot be written to", "error", err)
			}
			c.run(ctx)
		}
	}
	return serve.Run(ctx, opt)
}

// greet says where things are and what is watched.
func greet(w io.Writer, g *serve.Greeting) error {
	out := terminal.NewScreen(w, terminal.Of(w))
	out.Print(0, 0, terminal.Span{Text: "tocsin " + versionText(), Style: "bold"}, terminal.Span{Text: fmt.Sprintf(", ready after %s", g.Took.Round(time.Millisecond))})
	for _, l := range g.Lines {
		out.Print(0, 12, terminal.Span{Text: fmt.Sprintf("%-10s  ", l.Label), Style: "dim"}, terminal.Span{Text: l.Text})
	}
	return out.Err()
}
