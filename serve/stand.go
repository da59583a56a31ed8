package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
)

// Left says what is asked where no serve may run.
type Left struct {
	Settings *settings.File
	Dir      string // where everything is kept
	Tenant   string // "" is the main one
	Version  string // of the program

	Events io.Writer // not nil: events are asked for; told what has to be known of them where no serve runs
	Idle   bool      // set by Ask: no serve runs, and nothing is watched
}

// Ask connects to the process that serves; where there is none, to what it has left, which is opened until release.
func (l *Left) Ask(ctx context.Context) (c *console.Client, release func(), err error) {
	for end := time.Now().Add(folderPatience); ; time.Sleep(20 * time.Millisecond) {
		c, err = console.Dial(ctx, settings.SocketPath(l.Dir))
		l.Idle, release = false, func() {}
		if errors.Is(err, console.ErrNotRunning) {
			c, release, err = l.standIn(ctx)
			l.Idle = true
		}
		if !errors.Is(err, errLocked) || time.Now().After(end) || ctx.Err() != nil { // else one is about to begin, or to end
			break
		}
	}
	if err != nil {
		return nil, nil, err
	}
	c.Tenant = l.Tenant
	return c, release, nil
}

// standIn makes a client of this process itself, which has the folder until it is released. The error is errLocked if
// another has it.
func (l *Left) standIn(ctx context.Context) (c *console.Client, release func(), err error) {
	lock, err := lockFile(filepath.Join(l.Dir, "serve.lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, terminal.WithHint(fmt.Errorf("nothing is kept in %s", l.Dir), "tocsin serve keeps events and hits; --data names another folder")
	}
	if err != nil {
		return nil, nil, err
	}
	own, err := os.MkdirTemp("", "tocsin-")
	if err != nil {
		_ = lock.Close()
		return nil, nil, err
	}
	letGo := func() {
		_ = os.RemoveAll(own)
		_ = lock.Close()
	}
	socket := filepath.Join(own, "socket")
	end, err := l.stand(ctx, socket)
	if err == nil {
		if c, err = console.Dial(ctx, socket); err != nil {
			end()
		}
	}
	if err != nil {
		letGo()
		return nil, nil, err
	}
	return c, func() { end(); letGo() }, nil
}

// stand answers at a socket in place of a serve that does not run, about what is there, until it is released.
func (l *Left) stand(ctx context.Context, at string) (release func(), err error) {
	name, set := l.Tenant, l.Settings
	if name == "" {
		name = settings.MainTenant
	}
	site := &set.Site
	if name != settings.MainTenant {
		other := set.Tenants[name]
		site = &other
	}
	t := &tenant{name: name, dir: settings.TenantFolder(l.Dir, name), site: site}
	if _, err := os.Stat(t.dir); errors.Is(err, fs.ErrNotExist) {
		return nil, terminal.WithHint(fmt.Errorf("nothing is kept in %s", t.dir), "tocsin serve keeps events and hits; --data names another folder")
	}
	socket, err := console.Listen(ctx, at, "")
	if err != nil {
		return nil, err
	}
	closeAll := func() {
		_ = socket.Close()
		_ = t.close()
	}
	if t.store, err = openStore(t.dir, site, slog.New(slog.DiscardHandler)); err == nil {
		t.state, err = openState(ctx, t.dir, name, site)
	}
	if err != nil {
		closeAll()
		return nil, err
	}
	l.recover(ctx, t)
	s := &serve{Options: Options{Version: l.Version}, settings: set, dir: l.Dir, tenants: []*tenant{t}, log: slog.New(slog.DiscardHandler)}
	if err := errors.Join(s.openResponse(false), s.openIdentity()); err != nil {
		closeAll()
		return nil, err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.answers().Serve(serving, socket)
	}()
	return func() {
		s.response.settle(ctx)
		stop()
		<-done
		s.response.close()
		closeAll()
	}, nil
}

// folderPatience is how long a folder is waited for that another process has for a moment.
const folderPatience = 10 * time.Second
