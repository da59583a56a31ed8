//go:build unix

package source

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// needed says who may read a path that this process may not: the members of a group, or root.
func needed(path string) string {
	info, err := os.Stat(path)
	for err != nil { // a folder on the way is closed
		parent := filepath.Dir(path)
		if parent == path {
			return "root"
		}
		path = parent
		info, err = os.Stat(path)
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	read := os.FileMode(0o040)
	if info.IsDir() {
		read = 0o050
	}
	if !ok || info.Mode()&read != read || s.Gid == 0 {
		return "root"
	}
	g, err := user.LookupGroupId(strconv.Itoa(int(s.Gid)))
	if err != nil {
		return "group " + strconv.Itoa(int(s.Gid))
	}
	return "group " + g.Name
}
