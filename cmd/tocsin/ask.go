package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
)

// place says where what serve keeps is.
type place struct {
	config, data, tenant string
	server               string // the address of a console that is asked over the network

	events io.Writer // not nil: events are asked for; told what has to be known of them where no serve runs
	idle   bool      // set by ask: no serve runs
}

func (p *place) define(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.tenant, "tenant", "", "the `name` of the tenant (default main)")
	p.defineWhere(cmd)
}

// defineWhere defines the flags of what concerns all tenants.
func (p *place) defineWhere(cmd *cobra.Command) {
	p.defineHere(cmd)
	cmd.Flags().StringVar(&p.server, "server", "", "ask the console at this `address` over the network, with the token in $TOCSIN_TOKEN (default $TOCSIN_SERVER)")
}

// defineHere defines the flags of what is about this machine alone.
func (p *place) defineHere(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.data, "data", "", "the `folder` in which serve keeps everything (default /var/lib/tocsin as root, else in the user's state folder)")
	f.StringVar(&p.config, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
}

// remote is a client of the console that is asked over the network; nil where this machine's is asked.
func (p *place) remote() (*console.Client, error) {
	url := p.server
	if url == "" && p.data == "" && p.config == "" {
		url = os.Getenv("TOCSIN_SERVER")
	}
	switch {
	case url == "":
		return nil, nil // this machine's
	case p.data != "":
		return nil, errors.New("--server asks a console over the network; --data is about a folder of this machine")
	}
	r := console.Remote{URL: url, Token: os.Getenv("TOCSIN_TOKEN"), Fingerprint: os.Getenv("TOCSIN_FINGERPRINT"), CA: os.Getenv("TOCSIN_CA")}
	if r.Token == "" {
		return nil, terminal.WithHint(fmt.Errorf("ask %s: TOCSIN_TOKEN is not set", url), "make a token there with: tocsin user token NAME --for PURPOSE --may PERMISSIONS")
	}
	c, err := console.DialRemote(r)
	if err != nil {
		return nil, err
	}
	c.Tenant = p.tenant
	return c, nil
}

// running connects to the process that serves. It is an error if there is none.
func (p *place) running(ctx context.Context) (*console.Client, error) {
	if c, err := p.remote(); c != nil || err != nil {
		return c, err
	}
	_, dir, err := p.find()
	if err != nil {
		return nil, err
	}
	c, err := console.Dial(ctx, settings.SocketPath(dir))
	if errors.Is(err, console.ErrNotRunning) {
		return nil, terminal.WithHint(err, "start it with: tocsin serve; it would answer at %s", settings.SocketPath(dir))
	}
	if err != nil {
		return nil, notAllowed(err, dir)
	}
	c.Tenant = p.tenant
	return c, nil
}

// ask connects to the process that serves; where there is none, to what it has left, which is opened until release.
func (p *place) ask(ctx context.Context) (c *console.Client, release func(), err error) {
	if c, err := p.remote(); c != nil || err != nil {
		return c, func() {}, err
	}
	set, dir, err := p.find()
	if err != nil {
		return nil, nil, err
	}
	left := serve.Left{Settings: set, Dir: dir, Tenant: p.tenant, Version: versionText(), Events: p.events}
	c, release, err = left.Ask(ctx)
	if err != nil {
		return nil, nil, notAllowed(err, dir)
	}
	p.idle = left.Idle
	return c, release, nil
}

// quiet tells that there is none of what was asked for: all is quiet only where somebody listens.
func (p *place) quiet(w io.Writer, none string) {
	if p.idle {
		fmt.Fprintf(w, "tocsin: %s in what is kept; nothing is watched now\n  = tocsin serve is not running\n", none)
		return
	}
	fmt.Fprintf(w, "tocsin: %s; all quiet\n", none)
}

// listEach asks for a list, at most limit of it (0: all), and calls yield with each; with asJSON, each is written as it stands
// instead. It returns how many there were.
func listEach[T any](ctx context.Context, c *console.Client, what console.ListAsk, std streams, asJSON bool, yield func(*T) error) (int, error) {
	count := 0
	err := c.List(ctx, what, func(item []byte) error {
		count++
		if asJSON {
			_, err := std.out.Write(append(slices.Clip(item), '\n'))
			return err
		}
		x := new(T)
		if err := json.Unmarshal(item, x); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		return yield(x)
	})
	return count, err
}

// find returns the configuration and the folder.
func (p *place) find() (*settings.File, string, error) {
	set, err := settings.Load(p.config)
	if err != nil {
		return nil, "", err
	}
	dir := settings.StateFolder(p.data, set)
	if dir == "" {
		return nil, "", terminal.WithHint(errors.New("there is no folder to look in: the user has no home"), "name one with --data")
	}
	return set, dir, nil
}

// notAllowed adds to an error of rights who may ask.
func notAllowed(err error, dir string) error {
	if errors.Is(err, fs.ErrPermission) {
		return terminal.WithHint(err, "run it as the user that serves, or as a member of the group in tocsin.yml; the folder is %s", dir)
	}
	return err
}
