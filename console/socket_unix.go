//go:build unix

package console

import "syscall"

// What a socket says at which nobody answers.
const (
	errRefused = syscall.ECONNREFUSED
	errNoFile  = syscall.ENOENT
)
