//go:build !linux

package source

import "net"

// tuneDatagrams asks for a receive buffer.
func tuneDatagrams(u *net.UDPConn, receive int) error {
	if receive > 0 {
		return u.SetReadBuffer(receive)
	}
	return nil
}

// kernelDrops is known on Linux only.
func kernelDrops([]byte) (n uint32, ok bool) { return 0, false }
