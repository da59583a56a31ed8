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
func OpenDropLog() (*DropLog, error) { return nil, ErrNoFirewall }

// Close does nothing.
func (d *DropLog) Close() error { return nil }

// Read returns an error here.
func (d *DropLog) Read(context.Context, func(*Dropped) error, func()) error { return ErrNoFirewall }

// Connection is one that the kernel has seen end, on Linux.
type Connection struct {
	From, To               netip.AddrPort
	Proto                  string
	Packets, Bytes         uint64
	BackPackets, BackBytes uint64
	Began, Ended           time.Time
}

// Connections is there on Linux only.
type Connections struct{}

// OpenConnections returns an error here.
func OpenConnections() (*Connections, error) { return nil, ErrNoFirewall }

// Close does nothing.
func (c *Connections) Close() error { return nil }

// Read returns an error here.
func (c *Connections) Read(context.Context, func(*Connection) error, func()) error {
	return ErrNoFirewall
}
