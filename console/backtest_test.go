package console

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/backtest"
)

// A trial tells how far it is, and ends when nobody waits for it any more.
func TestBacktestEndsWithItsAsker(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	socket := filepath.Join(t.TempDir(), "s.sock")
	l, err := Listen(ctx, socket, "")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	s := &Server{Tenants: []Tenant{{Name: "main"}}}
	s.Backtest = func(ctx context.Context, tenant string, ask *BacktestAsk, tell func(backtest.Progress)) (*backtest.Result, error) {
		if tenant != "main" || len(ask.Names) != 1 || ask.Names[0] != "one" {
			t.Errorf("asked for %+v of %q", ask, tenant)
		}
		tell(backtest.Progress{Events: 7})
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return nil, context.Cause(ctx)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	c, err := Dial(ctx, socket)
	if err != nil {
		t.Fatal(err)
	}
	asking, leave := context.WithCancel(ctx)
	told := 0
	err = c.PostLines(asking, "backtest", url.Values{"progress": {"true"}}, &BacktestAsk{Names: []string{"one"}}, func(line []byte) error {
		if told++; !strings.Contains(string(line), `"events":7`) {
			t.Errorf("told %s", line)
		}
		leave()
		return nil
	})
	if err != nil || told != 1 {
		t.Errorf("%d lines, %v", told, err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the trial ended with %v", err)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
