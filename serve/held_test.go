package serve

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/state"
)

// What the budget of the extraordinary held back is told in the next daily mail, once, however often serve was started.
func TestHeldBackIsTold(t *testing.T) {
	st, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	for i, c := range []struct {
		total int64
		want  string
	}{{0, ""}, {7, "7 novelties were not told"}, {7, ""}, {8, "1 novelty was not told"}, {2, "2 novelties were not told"}} {
		lines, err := (&tenant{state: st}).heldLines(t.Context(), c.total)
		if err != nil || (len(lines) == 1) != (c.want != "") || !strings.HasPrefix(strings.Join(lines, ""), c.want) {
			t.Errorf("%d: of %d: %q, %v", i, c.total, lines, err)
		}
	}
}
