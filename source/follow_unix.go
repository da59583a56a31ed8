//go:build unix

package source

import (
	"os"
	"syscall"
)

// identity returns the device and inode of a file.
func identity(info os.FileInfo) (dev, ino uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev), s.Ino //nolint:unconvert // Dev is an int32 on some systems
	}
	return 0, 0
}
