package lane

import (
	"fmt"
	"os"
	"strings"
)

// Replace writes the part of a document that the command "make part" makes, where it stands or at the end; everything else in
// the document stays as it is.
func Replace(name, part, text string) error {
	old, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	begin, end := fmt.Sprintf("<!-- make %s writes from here -->\n", part), fmt.Sprintf("<!-- to here: make %s -->\n", part)
	before, rest, found := strings.Cut(string(old), begin)
	_, after, ended := strings.Cut(rest, end)
	if found && !ended {
		return fmt.Errorf("%s: the part of %s does not end", name, part)
	}
	if !found && before != "" {
		before += "\n"
	}
	return os.WriteFile(name, []byte(before+begin+"\n"+strings.TrimSpace(text)+"\n\n"+end+after), 0o644)
}
