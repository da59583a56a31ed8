package console

import "syscall"

// What a socket says at which nobody answers: Windows tells of a missing file and of one without a listener alike.
// Source: Windows Sockets Error Codes, WSAECONNREFUSED.
const (
	errRefused = syscall.Errno(10061)
	errNoFile  = syscall.ERROR_FILE_NOT_FOUND
)
