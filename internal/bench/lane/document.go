package lane

import (
	"fmt"
	"os"
	"strings"
)

// parts are the parts of the document of figures, in order; each is written by a command of its own.
var parts = []string{"bench", "bench-soak", "bench-peers"}

// Replace writes one part of a document, and keeps the others.
func Replace(name, part, text string) error {
	old, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	var out strings.Builder
	for _, p := range parts {
		begin, end := fmt.Sprintf("<!-- make %s writes from here -->\n", p), fmt.Sprintf("<!-- to here: make %s -->\n", p)
		_, rest, ok := strings.Cut(string(old), begin)
		body, _, _ := strings.Cut(rest, end)
		if p == part {
			body, ok = "\n"+strings.TrimSpace(text)+"\n\n", true
		}
		if ok {
			if out.Len() > 0 {
				out.WriteByte('\n')
			}
			out.WriteString(begin + body + end)
		}
	}
	return os.WriteFile(name, []byte(out.String()), 0o644)
}
