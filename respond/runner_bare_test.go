package respond

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/state"
)

// Without rights there is no firewall to compare with what is wanted: where nothing is, that is no error. What is one is told
// once.
func TestSettleWithoutRights(t *testing.T) {
	s, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var said bytes.Buffer
	r := NewRunner(s, &Hands{}, RunnerOptions{Log: slog.New(slog.NewTextHandler(&said, nil))})
	if err := r.Settle(t.Context()); err != nil {
		t.Errorf("where nothing is wanted: %v", err)
	}
	var told repeated
	for i, c := range []struct {
		err  error
		news bool
	}{{nil, false}, {ErrNoFirewall, true}, {ErrNoFirewall, false}, {errors.New("other"), true}, {nil, false}, {ErrNoFirewall, true}} {
		if got := told.news(c.err); got != c.news {
			t.Errorf("%d: %v is news: %t", i, c.err, got)
		}
	}
	if said.Len() > 0 {
		t.Errorf("it said:\n%s", strings.TrimSpace(said.String()))
	}
}
