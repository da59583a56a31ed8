package rules

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sourceOf returns a rule file by the name that rules and diagnostics call it by.
func sourceOf(name string) ([]byte, error) {
	if p, ok := strings.CutPrefix(name, BuiltinPath+":"); ok {
		return readFile(Builtin, p, name)
	}
	data, err := readFile(os.DirFS(filepath.Dir(name)), filepath.Base(name), name)
	if archive, _, is := strings.Cut(name, "!"); is && errors.Is(err, fs.ErrNotExist) {
		files, e := gather(archive, "")
		if i := slices.IndexFunc(files, func(f file) bool { return f.name == name }); e == nil && i >= 0 {
			return files[i].read()
		}
	}
	return data, err
}
