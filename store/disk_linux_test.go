package store

import (
	"syscall"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// smallDisk mounts a file system in memory.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		parts.Missing(t, "a file system cannot be mounted here (root can): "+err.Error())
	}
	t.Cleanup(func() { // after the store is closed
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}
