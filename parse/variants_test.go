package parse

import (
	"strings"
	"testing"
)

// variant is a line and what it is taken to say: the dialect, the time without its year, and fields, with "_" for spaces.
type variant struct{ line, want string }

func checkVariants(t *testing.T, all []variant) {
	t.Helper()
	for _, c := range all {
		f := Recognise(Formats, c.line)
		if f == nil {
			t.Errorf("no format knows %s", c.line)
			continue
		}
		events := parseAll(f, c.line)
		if len(events) != 1 {
			t.Errorf("%d events of %s", len(events), c.line)
			continue
		}
		e := &events[0]
		words := strings.Fields(c.want)
		if got := e.Shape.Format.Name; got != words[0] {
			t.Errorf("%s, want %s: %s", got, words[0], c.line)
		}
		if got := e.When().Format("01-02T15:04:05"); got != words[1] {
			t.Errorf("time %s, want %s: %s", got, words[1], c.line)
		}
		for _, field := range words[2:] {
			name, want, _ := strings.Cut(field, "=")
			if got := strings.ReplaceAll(e.Get(name).String(), " ", "_"); got != want {
				t.Errorf("%s is %q, want %q: %s", name, got, want, c.line)
			}
		}
	}
}
