package console

import (
	"context"
	"fmt"
	"net/http"
	"os/user"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/tocsin-sec/tocsin/identity"
)

// TestActor: what a call over the socket does is done by who made it, as the system says.
func TestActor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l, err := Listen(t.Context(), path, "")
	if err != nil {
		t.Fatal(err)
	}
	actors := make(chan string, 2)
	s := &Server{Tenants: []Tenant{{Name: "main"}}, Operations: []func(*API){func(a *API) {
		op := Operation{Method: http.MethodPost, Path: "/reload", Permission: identity.SettingsWrite, Whole: true}
		Handle(a, op, func(ctx context.Context, _ *Tenant, _ *Nothing) (*Nothing, error) {
			actors <- Actor(ctx)
			return &Nothing{}, nil
		})
	}}}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	want := "socket"
	if runtime.GOOS == "linux" {
		u, err := user.Current()
		if err != nil {
			t.Fatal(err)
		}
		want = fmt.Sprintf("%s (uid %s)", u.Username, u.Uid)
	}
	c, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{"reload", "reload"} {
		if err := c.Post(t.Context(), call, nil, nil, new(any)); err != nil {
			t.Fatal(err)
		}
		if got := <-actors; got != want {
			t.Errorf("%s by %q, want %q", call, got, want)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := Actor(t.Context()); got != "socket" {
		t.Errorf("without a connection %q", got)
	}
	if got := userWords(4294967294); got != "uid 4294967294" {
		t.Errorf("a number without a name is %q", got)
	}
}
