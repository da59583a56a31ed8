//go:build !linux

package respond

import (
	"net"
	"os/exec"
)

// HelperFD is the file descriptor at which a helper that was started finds its socket.
const HelperFD = 3

// Launch returns an error here.
func Launch(...string) (net.Conn, *exec.Cmd, error) { return nil, nil, ErrNoFirewall }

// Shed does nothing here.
func Shed() error { return nil }

// Become returns an error here.
func Become(string) error { return ErrNoFirewall }

// Confine does nothing here.
func Confine(...string) (bool, error) { return false, nil }

// Hand returns an error here.
func Hand(_, _ string) error { return ErrNoFirewall }
