package query

import "net/netip"

// address reads the address that a value is. IPv4 in IPv6 (RFC 4291 §2.5.5.2) is IPv4.
func address(v string) (netip.Addr, bool) {
	if len(v) < 2 || len(v) > 45 {
		return netip.Addr{}, false
	}
	if u, ok := ipv4(v); ok {
		return netip.AddrFrom4([4]byte{byte(u >> 24), byte(u >> 16), byte(u >> 8), byte(u)}), true
	}
	if !colon(v) {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(v)
	return a.Unmap(), err == nil
}

func colon(v string) bool {
	for i := range len(v) {
		if v[i] == ':' {
			return true
		}
	}
	return false
}

// ipv4 reads an address in dotted decimal.
func ipv4(v string) (uint32, bool) {
	if len(v) < 7 || len(v) > 15 {
		return 0, false
	}
	var addr, n uint32
	dots, digits := 0, 0
	for i := range len(v) {
		switch c := v[i]; {
		case c >= '0' && c <= '9':
			if digits == 1 && n == 0 {
				return 0, false // 01: no decimal
			}
			n = n*10 + uint32(c-'0')
			if digits++; digits > 3 || n > 255 {
				return 0, false
			}
		case c == '.':
			if digits == 0 {
				return 0, false
			}
			addr, n, digits = addr<<8|n, 0, 0
			if dots++; dots > 3 {
				return 0, false
			}
		default:
			return 0, false
		}
	}
	return addr<<8 | n, dots == 3 && digits > 0
}

// inNet tells whether an address in v belongs to a network: v itself, or one that stands in its text.
func inNet(p netip.Prefix, v string) bool {
	if a, ok := address(v); ok {
		return p.Contains(a)
	}
	for i := 0; i < len(v); {
		if !addressByte(v[i]) {
			i++
			continue
		}
		start := i
		for i < len(v) && addressByte(v[i]) {
			i++
		}
		if !(start > 0 && isWordByte(v[start-1])) && !(i < len(v) && isWordByte(v[i])) && runInNet(p, v[start:i]) {
			return true
		}
	}
	return false
}

// runInNet looks at a run of characters of which addresses are made: the address may be followed by a port or by the
// full stop or colon of a sentence.
func runInNet(p netip.Prefix, run string) bool {
	for len(run) > 0 && run[len(run)-1] == '.' {
		run = run[:len(run)-1]
	}
	if a, ok := address(run); ok {
		return p.Contains(a)
	}
	for i := len(run) - 1; i > 0; i-- {
		if run[i] == ':' {
			a, ok := address(run[:i])
			return ok && p.Contains(a)
		}
	}
	return false
}

func addressByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == '.' || c == ':'
}

func isWordByte(c byte) bool { return isWord(rune(c)) }
