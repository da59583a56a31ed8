package terminal

import (
	"os"

	"golang.org/x/term"
)

// ReadSecret reads a line from a terminal without showing it. It reports false, and has read nothing, where f is no terminal.
func ReadSecret(f *os.File) (text string, ok bool, err error) {
	if !term.IsTerminal(int(f.Fd())) {
		return "", false, nil
	}
	line, err := term.ReadPassword(int(f.Fd()))
	return string(line), true, err
}
