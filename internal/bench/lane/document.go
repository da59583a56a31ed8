package lane

import (
	"fmt"
	"os"
	"strings"
)

// Replace puts text into a document between the lines that mark a part of it, or at the end where there are none.
func Replace(name, part, text string) error {
	old, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	begin, end := fmt.Sprintf("<!-- %s: written by a command, not by hand -->\n", part), fmt.Sprintf("<!-- end of %s -->\n", part)
	text = begin + "\n" + strings.TrimSpace(text) + "\n\n" + end
	doc := string(old)
	if before, rest, ok := strings.Cut(doc, begin); ok {
		_, after, _ := strings.Cut(rest, end)
		doc = before + text + after
	} else {
		doc = strings.TrimRight(doc, "\n")
		if doc != "" {
			doc += "\n\n"
		}
		doc += text
	}
	return os.WriteFile(name, []byte(doc), 0o644)
}
