package wal

import (
	"errors"
	"os"
	"syscall"
)

// Errors of Windows (WinError.h).
const (
	errorSharingViolation syscall.Errno = 32
	errorHandleDiskFull   syscall.Errno = 39
	errorDiskFull         syscall.Errno = 112
)

// syncData makes a file's content durable (FlushFileBuffers).
func syncData(f *os.File) error { return f.Sync() }

func makeFolder(dir string) error { return os.MkdirAll(dir, 0o700) }

// lockFile opens a file that nobody else can open until it is closed, which the end of the process does at the latest.
func lockFile(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errorSharingViolation) {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

// isFull tells the errors of a write for which there is no room.
func isFull(err error) bool {
	return errors.Is(err, errorDiskFull) || errors.Is(err, errorHandleDiskFull)
}
