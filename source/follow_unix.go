//go:build unix

package source

import (
	"os"
	"syscall"
)

// identity returns the device and inode of a file.
func identity(info os.FileInfo) (dev, ino uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev), uint64(s.Ino) // of other widths on some systems
	}
	return 0, 0
}
