package source

import (
	"encoding/binary"
	"fmt"
	"net"
	"syscall"
)

// From Linux' asm-generic/socket.h; package syscall lacks them on some architectures.
const (
	soReceiveForce = 33 // SO_RCVBUFFORCE
	soOverflow     = 40 // SO_RXQ_OVFL
)

// tuneDatagrams asks for a receive buffer beyond the system's limit, which needs CAP_NET_ADMIN, else up to it, and
// for the count of what does not fit (socket(7)).
func tuneDatagrams(u *net.UDPConn, receive int) error {
	raw, err := u.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if receive > 0 && syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReceiveForce, receive) != nil {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receive)
		}
		if failed == nil {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soOverflow, 1)
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("set up the socket: %w", err)
	}
	return nil
}

// kernelDrops reads the count of dropped datagrams from a control message (cmsg(3)).
func kernelDrops(control []byte) (n uint32, ok bool) {
	const header = syscall.SizeofCmsghdr
	for len(control) >= header {
		var size uint64
		if header == 16 {
			size = binary.NativeEndian.Uint64(control)
		} else {
			size = uint64(binary.NativeEndian.Uint32(control))
		}
		if size < header || size > uint64(len(control)) {
			return 0, false
		}
		level, kind := binary.NativeEndian.Uint32(control[header-8:]), binary.NativeEndian.Uint32(control[header-4:])
		if level == syscall.SOL_SOCKET && kind == soOverflow && size >= header+4 {
			return binary.NativeEndian.Uint32(control[header:]), true
		}
		control = control[min(syscall.CmsgSpace(int(size)-header), len(control)):]
	}
	return 0, false
}
