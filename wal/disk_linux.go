package wal

import (
	"errors"
	"os"
	"syscall"
)

// syncData makes a file's content and its size durable, not its times, which would cost a second write.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
