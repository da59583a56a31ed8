//go:build darwin || freebsd

package wal

import "os"

// syncData makes a file's content durable (on Darwin with F_FULLFSYNC, past the drive's cache).
func syncData(f *os.File) error { return f.Sync() }
