package serve

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/console"
)

// listening is a port of this host that is reached from elsewhere.
type listening struct {
	proto string
	port  uint16
	at    []string // addresses
	inode string
}

// risky are ports at which what listens should not be reached by everybody, and why.
var risky = map[string][2]string{
	"tcp/21": {"medium", "FTP sends passwords as they are"}, "tcp/23": {"high", "Telnet sends passwords as they are"}, "udp/69": {"medium", "TFTP asks nobody who he is"},
	"tcp/111": {"medium", "the port mapper tells what else there is"}, "udp/111": {"medium", "the port mapper is used to flood others"},
	"tcp/139": {"medium", "file sharing is for the own network"}, "tcp/445": {"medium", "file sharing is for the own network"},
	"tcp/512": {"high", "rexec sends passwords as they are"}, "tcp/513": {"high", "rlogin trusts addresses"}, "tcp/514": {"high", "rsh trusts addresses"},
	"tcp/873": {"medium", "rsync often asks nobody who he is"}, "tcp/1433": {"medium", "a database is for those who use it"}, "tcp/2049": {"medium", "NFS trusts addresses"},
	"tcp/2375": {"critical", "who reaches Docker without TLS is root"}, "tcp/2379": {"high", "etcd holds the keys of a cluster"},
	"tcp/3306": {"medium", "a database is for those who use it"}, "tcp/3389": {"medium", "remote desktops are guessed at all day"}, "tcp/5432": {"medium", "a database is for those who use it"},
	"tcp/5900": {"medium", "VNC is often open, or guessed"}, "tcp/6379": {"high", "Redis asks nobody who he is, and writes files"},
	"tcp/9200": {"high", "Elasticsearch often asks nobody who he is"}, "tcp/10250": {"high", "who reaches a kubelet may run programs"},
	"udp/11211": {"high", "memcached is used to flood others"}, "tcp/11211": {"high", "memcached asks nobody who he is"}, "tcp/27017": {"high", "MongoDB often asks nobody who he is"},
	"udp/161": {"medium", "SNMP's words for passwords are known"}, "udp/1900": {"medium", "SSDP is used to flood others"},
}

// ports looks for what is reached from the network.
func (x *exposing) ports() {
	own := ownSockets()
	for _, l := range listeningPorts() {
		if own[l.inode] {
			continue // its address was chosen in tocsin.yml
		}
		name := fmt.Sprintf("%s/%d", l.proto, l.port)
		r := console.Risk{
			Kind: "port", Severity: "low", Title: name + " is reached from the network", Where: strings.Join(l.at, ", "),
			Why: "Whatever listens there is one more thing that can be broken.", Todo: "Let it listen on 127.0.0.1, or let a policy of the firewall say who may reach it. Accept it, if it is meant to be.",
		}
		if why, is := risky[name]; is {
			r.Severity, r.Why = why[0], strings.ToUpper(why[1][:1])+why[1][1:]+"."
		}
		x.add(name, r)
	}
}

// listeningPorts are those of this host beyond the loopback, as /proc/net tells them: of TCP in the state LISTEN (0A), of UDP
// without a peer (07).
func listeningPorts() []listening {
	var list []listening
	for _, f := range [...]struct{ file, proto, state string }{{"tcp", "tcp", "0A"}, {"tcp6", "tcp", "0A"}, {"udp", "udp", "07"}, {"udp6", "udp", "07"}} {
		in, err := os.Open(filepath.Join("/proc/self/net", f.file))
		if err != nil {
			continue // there is none here
		}
		for s := bufio.NewScanner(in); s.Scan(); {
			c := strings.Fields(s.Text())
			if len(c) < 10 || c[3] != f.state {
				continue
			}
			at, ok := procAddress(c[1])
			if !ok || at.Addr().IsLoopback() || f.proto == "udp" && at.Port() >= 32768 {
				continue // who asks by UDP listens for the answer at such a port
			}
			i := slices.IndexFunc(list, func(l listening) bool { return l.proto == f.proto && l.port == at.Port() })
			if i < 0 {
				list = append(list, listening{proto: f.proto, port: at.Port(), inode: c[9]})
				i = len(list) - 1
			}
			list[i].at = append(list[i].at, at.String())
		}
		_ = in.Close()
	}
	return list
}

// procAddress reads an address and a port as /proc/net has them: words of four bytes in the host's order, in hexadecimal digits.
func procAddress(s string) (netip.AddrPort, bool) {
	text, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(text)
	n, bad := strconv.ParseUint(port, 16, 16)
	if err != nil || bad != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	a, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), ok
}

// ownSockets are the inodes of this process's sockets.
func ownSockets() map[string]bool {
	own := make(map[string]bool)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return own
	}
	for _, fd := range fds {
		link, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name()))
		if inode, ok := strings.CutPrefix(link, "socket:["); ok && err == nil {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return own
}
