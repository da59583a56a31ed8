//go:build unix

package store

import (
	"fmt"
	"syscall"
)

// diskSpace returns the size of the file system that holds a path and what is free on it, in bytes.
func diskSpace(path string) (total, free uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, 0, fmt.Errorf("disk space of %s: %w", path, err)
	}
	return uint64(s.Blocks) * uint64(s.Bsize), uint64(s.Bavail) * uint64(s.Bsize), nil
}

// noDirSync says whether a directory cannot be synced.
const noDirSync = false
