//go:build !linux

package respond

import "errors"

// Firewall is there on Linux only.
type Firewall struct{}

// LogGroup is the number of the kernel's log group at which dropped packets are told, on Linux.
const LogGroup = 7077

// OpenFirewall returns an error here.
func OpenFirewall() (*Firewall, error) { return nil, ErrNoFirewall }

// Close does nothing.
func (f *Firewall) Close() error { return nil }

// Replace returns an error here.
func (f *Firewall) Replace(*Wanted, bool) error { return ErrNoFirewall }

// Change returns an error here.
func (f *Firewall) Change(_, _ []Block) error { return ErrNoFirewall }

// Read returns an error here.
func (f *Firewall) Read() (Standing, error) { return Standing{}, ErrNoFirewall }

var errNotMade = errors.New("the table is not made yet")
