package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/terminal"
)

// newRights makes the command of the process that holds the rights that actions need.
func newRights(std streams) *cobra.Command {
	var p place
	var at, group string
	cmd := &cobra.Command{
		Use: "rights [flags]", Short: "Hold the rights that actions need, for a serve without them",
		Long: `Hold the few rights that actions need, and nothing else: the firewall, ending processes, files of others. It reads no
logs; it understands a few verbs, checks every argument again, refuses what the guard forbids, and writes its own log.
serve starts it by itself where tocsin.yml names a user to become (respond.user); with --listen it is a unit of its own,
for members of a group.`,
		Example: "  tocsin rights --listen /run/tocsin/rights.sock --group tocsin",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := respond.Shed(); err != nil {
				return err
			}
			set, dir, err := p.find()
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(std.err, nil)).With("process", "rights")
			hands, end := serve.NewHands(set, dir, versionText(), log)
			defer end()
			if at == "" {
				return serveRights(cmd.Context(), hands, log)
			}
			return listenRights(cmd.Context(), at, group, hands, log)
		},
	}
	cmd.Flags().StringVar(&at, "listen", "", "answer at this `socket`, and not only to who has started it")
	cmd.Flags().StringVar(&group, "group", "", "the `group` that may use the socket, beside root")
	p.defineHere(cmd)
	return cmd
}

// serveRights answers who has started this process.
func serveRights(ctx context.Context, hands *respond.Hands, log *slog.Logger) error {
	f := os.NewFile(respond.HelperFD, "socket")
	conn, err := net.FileConn(f)
	if err != nil {
		return terminal.WithHint(errors.New("nobody has handed this process a socket"), "serve starts it; as a unit of its own it needs --listen")
	}
	_ = f.Close()
	return respond.ServeHelper(ctx, conn, hands, log)
}

// listenRights answers whom the file system lets connect.
func listenRights(ctx context.Context, at, group string, hands *respond.Hands, log *slog.Logger) error {
	l, err := listenSocket(ctx, at, group)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("rights: %w", err)
		}
		go func() {
			if err := respond.ServeHelper(ctx, conn, hands, log); err != nil {
				log.Warn("connection ended", "error", err)
			}
		}()
	}
}

// listenSocket makes the socket, in place of one that was left there.
func listenSocket(ctx context.Context, at, group string) (net.Listener, error) {
	return console.Listen(ctx, at, group)
}
