package rules

import (
	"os"
	"path/filepath"
	"strings"
)

// Source returns a rule file by the name that rules and diagnostics call it by. Files within archives are not found.
func Source(name string) ([]byte, error) {
	if p, ok := strings.CutPrefix(name, BuiltinPath+":"); ok {
		return readFile(Builtin, p, name)
	}
	return readFile(os.DirFS(filepath.Dir(name)), filepath.Base(name), name)
}
