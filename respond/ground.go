package respond

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// LookAround finds out what must not be cut off on this host: its addresses, gateways, resolvers, and who is logged in from
// where. What a system does not have, or does not let this user read, is left out; more sessions come from the caller.
func LookAround(more ...Session) (*Ground, error) {
	g := &Ground{Sessions: slices.Clone(more)}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				g.Own = append(g.Own, ip.Unmap())
			}
		}
	}
	for _, f := range []struct {
		path string
		read func(io.Reader, *Ground)
	}{
		{"/proc/thread-self/net/route", readRoutes}, {"/proc/thread-self/net/ipv6_route", readRoutes6}, {"/etc/resolv.conf", readResolvers}, {"/var/run/utmp", readLogins},
	} {
		if err := readInto(f.path, g, f.read); err != nil {
			return nil, err
		}
	}
	return g, sshSessions("/proc", g)
}

func readInto(path string, g *Ground, read func(io.Reader, *Ground)) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	read(io.LimitReader(f, 16<<20), g)
	return nil
}

// kernelAddr reads an address as /proc/net has it: words of four bytes in the host's order, in hexadecimal digits.
func kernelAddr(s string) (netip.Addr, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 4 && len(b) != 16 {
		return netip.Addr{}, false
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	a, ok := netip.AddrFromSlice(b)
	return a.Unmap(), ok
}

// readRoutes reads /proc/net/route: the third column is the gateway.
func readRoutes(r io.Reader, g *Ground) {
	for s := bufio.NewScanner(r); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) > 2 {
			if a, ok := kernelAddr(f[2]); ok && !a.IsUnspecified() && !slices.Contains(g.Gateways, a) {
				g.Gateways = append(g.Gateways, a)
			}
		}
	}
}

// readRoutes6 reads /proc/net/ipv6_route: the fifth column is the next hop, in the network's order.
func readRoutes6(r io.Reader, g *Ground) {
	for s := bufio.NewScanner(r); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 5 {
			continue
		}
		if b, err := hex.DecodeString(f[4]); err == nil {
			if a, ok := netip.AddrFromSlice(b); ok && !a.IsUnspecified() && !slices.Contains(g.Gateways, a) {
				g.Gateways = append(g.Gateways, a)
			}
		}
	}
}

// readResolvers reads resolv.conf(5).
func readResolvers(r io.Reader, g *Ground) {
	for s := bufio.NewScanner(r); s.Scan(); {
		if f := strings.Fields(s.Text()); len(f) > 1 && f[0] == "nameserver" {
			if a, err := netip.ParseAddr(f[1]); err == nil {
				g.Resolvers = append(g.Resolvers, a.WithZone(""))
			}
		}
	}
}

// readLogins reads utmp(5): records of 384 bytes; of a user's login (type 7) the name at 44, the host at 76.
func readLogins(r io.Reader, g *Ground) {
	const size, userProcess = 384, 7
	b := make([]byte, size)
	for {
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		if binary.NativeEndian.Uint16(b) != userProcess {
			continue
		}
		user, _, _ := strings.Cut(string(b[44:76]), "\x00")
		host, _, _ := strings.Cut(string(b[76:332]), "\x00")
		if a, err := netip.ParseAddr(host); err == nil {
			g.addSession(Session{User: user, Address: a.Unmap().WithZone(""), What: "login"})
		}
	}
}

func (g *Ground) addSession(s Session) {
	if !s.Address.IsLoopback() && !slices.ContainsFunc(g.Sessions, func(o Session) bool { return o.Address == s.Address && o.Port == s.Port && o.What == s.What }) {
		g.Sessions = append(g.Sessions, s)
	}
}

// connection is an established one of TCP.
type connection struct {
	local, remote netip.AddrPort
	inode         string
}

// connections reads /proc/net/tcp or tcp6.
func connections(path string) (list []connection) {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		c := strings.Fields(s.Text())
		if len(c) < 10 || c[3] != "01" { // TCP_ESTABLISHED
			continue
		}
		local, ok := kernelAddrPort(c[1])
		remote, ok2 := kernelAddrPort(c[2])
		if ok && ok2 {
			list = append(list, connection{local, remote, c[9]})
		}
	}
	return list
}

func kernelAddrPort(s string) (netip.AddrPort, bool) {
	addr, port, _ := strings.Cut(s, ":")
	a, ok := kernelAddr(addr)
	n, err := strconv.ParseUint(port, 16, 16)
	return netip.AddrPortFrom(a, uint16(n)), ok && err == nil
}

// sshSessions adds the peers of sshd's connections; where the processes of others cannot be looked into, of all to port 22.
func sshSessions(proc string, g *Ground) error {
	all := append(connections(filepath.Join(proc, "thread-self/net/tcp")), connections(filepath.Join(proc, "thread-self/net/tcp6"))...)
	if len(all) == 0 {
		return nil
	}
	sockets, err := sshSockets(proc)
	if err != nil {
		return err
	}
	for _, c := range all {
		if sockets[c.inode] || c.local.Port() == 22 {
			g.addSession(Session{Address: c.remote.Addr().Unmap(), Port: c.local.Port(), What: "ssh"})
		}
	}
	return nil
}

// sshSockets are the inodes of the sockets of sshd's processes.
func sshSockets(proc string) (map[string]bool, error) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, err
	}
	sockets := make(map[string]bool)
	for _, e := range entries {
		if name := e.Name(); name[0] < '1' || name[0] > '9' {
			continue
		}
		comm, err := os.ReadFile(filepath.Join(proc, e.Name(), "comm"))
		if err != nil || !strings.HasPrefix(string(comm), "sshd") {
			continue
		}
		fds, err := os.ReadDir(filepath.Join(proc, e.Name(), "fd"))
		if err != nil {
			continue // it has ended, or is not ours to look into
		}
		for _, fd := range fds {
			link, err := os.Readlink(filepath.Join(proc, e.Name(), "fd", fd.Name()))
			if inode, ok := strings.CutPrefix(link, "socket:["); ok && err == nil {
				sockets[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	return sockets, nil
}
