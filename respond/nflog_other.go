//go:build !linux

package respond

import (
	"context"
	"net/netip"
	"time"
)

// Dropped is a packet that the firewall has told of, on Linux.
type Dropped struct {
	Time     time.Time
	Prefix   string
	From, To netip.AddrPort
	Proto    string
	In, Out  string
	Length   int
	Flags    string
}

// DropLog is there on Linux only.
type DropLog struct{}

// OpenDropLog returns an error here.
func OpenDropLog() (*DropLog, error) { return nil, errNoFirewall }

// Close does nothing.
func (d *DropLog) Close() error { return nil }

// Read returns an error here.
func (d *DropLog) Read(context.Context, func(*Dropped) error, func()) error { return errNoFirewall }
