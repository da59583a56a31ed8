package intel

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
)

// Match is an indicator that was found. It says what was found only together with its Set.
type Match struct {
	Kind  Kind
	Value string // what matched, in normal form: the domain of the list, not the name below it. It may be part of what was asked.
	meta  uint32
	// Confidence is that of the indicator, 0 to 100.
	Confidence int
}

// Lookup asks a Set. It holds the memory that questions need, and belongs to one goroutine.
type Lookup struct {
	set *Set
	buf []byte
}

// NewLookup returns a Lookup.
func (s *Set) NewLookup() *Lookup { return &Lookup{set: s, buf: make([]byte, 0, 512)} }

// Set returns the set that is asked.
func (l *Lookup) Set() *Set { return l.set }

// Indicator returns all that is known of a match.
func (l *Lookup) Indicator(m *Match) Indicator {
	return l.set.indicator(m.Kind, strings.Clone(m.Value), m.meta)
}

func (l *Lookup) match(m *Match, k Kind, meta uint32) bool {
	m.Kind, m.meta, m.Confidence = k, meta, int(l.set.metas[meta].confidence)
	return true
}

// Address asks for an address at a time (nanoseconds since 1970; 0 is any time): itself with the port (0 is none), itself,
// then the narrowest network. m.Value is empty: the value is the address, but for a Network.
func (l *Lookup) Address(m *Match, a netip.Addr, port uint16, at int64) bool {
	a = a.Unmap()
	if !asked(a) {
		return false
	}
	m.Value = ""
	var raw [18]byte
	key := appendAddr(raw[:0], a)
	if port != 0 && l.set.counts[Endpoint] > 0 {
		if meta, ok := l.set.find(Endpoint, binary.BigEndian.AppendUint16(key, port), at); ok {
			return l.match(m, Endpoint, meta)
		}
	}
	if meta, ok := l.set.find(IP, key, at); ok {
		return l.match(m, IP, meta)
	}
	if l.set.counts[Network] == 0 {
		return false
	}
	if p, meta, ok := l.set.inNetwork(a, at); ok {
		m.Value = p.String()
		return l.match(m, Network, meta)
	}
	return false
}

// Domain asks for a name and all that it is below, the longest first. A name of one label is only asked for as a whole.
func (l *Lookup) Domain(m *Match, name string, at int64) bool {
	if l.set.counts[Domain] == 0 || len(name) == 0 || len(name) > 254 {
		return false
	}
	var raw [256]byte
	key := appendLower(raw[:0], strings.TrimSuffix(name, "."))
	meta, from, ok := l.set.findDomain(key, at)
	if ok {
		m.Value = name[from:len(key)]
		l.match(m, Domain, meta)
	}
	return ok
}

// findDomain looks for a name in lower case and the names above it, and returns where the one that was found begins.
func (s *Set) findDomain(name []byte, at int64) (meta uint32, from int, ok bool) {
	for from < len(name) {
		dot := bytes.IndexByte(name[from:], '.')
		if dot < 0 && from > 0 {
			break
		}
		if meta, ok = s.find(Domain, name[from:], at); ok || dot < 0 {
			return meta, from, ok
		}
		from += dot + 1
	}
	return 0, 0, false
}

// URL asks for a URL: whole, without its query, its path, then its host as a domain or an address.
func (l *Lookup) URL(m *Match, url string, at int64) bool {
	c := &l.set.counts
	if c[URL] == 0 && c[Path] == 0 && c[Domain] == 0 && c[IP] == 0 && c[Network] == 0 && c[Endpoint] == 0 || url == "" {
		return false
	}
	if url[0] == '/' {
		return len(url) <= MaxValue && l.path(m, append(l.buf[:0], url...), at)
	}
	key, cut := appendURL(l.buf[:0], url)
	if cut.host == 0 {
		return false
	}
	if cap(key) <= 2*MaxValue {
		l.buf = key[:0]
	}
	if c[URL] > 0 {
		meta, ok := l.set.find(URL, key, at)
		n := len(key)
		if !ok && cut.query < len(key) {
			n = cut.query
			meta, ok = l.set.find(URL, key[:n], at)
		}
		if ok {
			m.Value = string(key[:n])
			return l.match(m, URL, meta)
		}
	}
	if c[Path] > 0 && l.path(m, key[cut.path:], at) {
		return true
	}
	return l.host(m, key[:cut.path], cut.host, at)
}

// host asks for the host of a URL in normal form, with its port.
func (l *Lookup) host(m *Match, authority []byte, host int, at int64) bool {
	name := authority[:host]
	last := name[host-1]
	if !isDigit(last) && last != ']' {
		meta, from, ok := l.set.findDomain(name, at)
		if ok {
			m.Value = string(name[from:])
			l.match(m, Domain, meta)
		}
		return ok
	}
	a, ok := parseAddress(bytes.TrimSuffix(bytes.TrimPrefix(name, []byte("[")), []byte("]")))
	if !ok {
		return false
	}
	var port uint16
	for _, d := range authority[min(host+1, len(authority)):] {
		port = port*10 + uint16(d-'0')
	}
	if !l.Address(m, a, port, at) {
		return false
	}
	if m.Value == "" {
		m.Value = a.String()
	}
	return true
}

// parseAddress reads an address. One of IPv4 allocates nothing.
func parseAddress(b []byte) (netip.Addr, bool) {
	var v [4]byte
	part, n, digits := 0, 0, 0
	for i := 0; i <= len(b); i++ {
		if i == len(b) || b[i] == '.' {
			if digits == 0 || n > 255 || part > 3 {
				return longAddress(b)
			}
			v[part] = byte(n)
			part, n, digits = part+1, 0, 0
			continue
		}
		if digits++; !isDigit(b[i]) || digits > 3 {
			return longAddress(b)
		}
		n = n*10 + int(b[i]-'0')
	}
	return netip.AddrFrom4(v), part == 4
}

func longAddress(b []byte) (netip.Addr, bool) {
	if bytes.IndexByte(b, ':') < 0 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(string(b))
	return a, err == nil
}

// path asks for a path with its query and without.
func (l *Lookup) path(m *Match, path []byte, at int64) bool {
	if l.set.counts[Path] == 0 || len(path) > MaxValue {
		return false
	}
	if i := bytes.IndexByte(path, '#'); i >= 0 {
		path = path[:i]
	}
	meta, ok := l.set.find(Path, path, at)
	if query := bytes.IndexByte(path, '?'); !ok && query >= 0 {
		path = path[:query]
		meta, ok = l.set.find(Path, path, at)
	}
	if ok {
		m.Value = string(path)
		l.match(m, Path, meta)
	}
	return ok
}

// Hash asks for a file's hash in hexadecimal. kind is MD5, SHA1 …; Unknown is what its length says.
func (l *Lookup) Hash(m *Match, kind Kind, hash string, at int64) bool {
	if kind == Unknown {
		kind = hashKind(hash)
	}
	if kind == Unknown || l.set.counts[kind] == 0 {
		return false
	}
	var raw [64]byte
	if len(hash) > 2*len(raw) {
		return false
	}
	key, ok := appendHex(raw[:0], hash)
	if !ok {
		return false
	}
	if meta, ok := l.set.find(kind, key, at); ok {
		m.Value = hash
		return l.match(m, kind, meta)
	}
	return false
}

// Text asks for an e-mail address or the name of a file, whose folder is left out.
func (l *Lookup) Text(m *Match, kind Kind, text string, at int64) bool {
	if l.set.counts[kind] == 0 || len(text) == 0 || len(text) > MaxValue {
		return false
	}
	if kind == File {
		text = text[strings.LastIndexAny(text, `/\`)+1:]
	}
	l.buf = appendLower(l.buf[:0], text)
	if meta, ok := l.set.find(kind, l.buf, at); ok {
		m.Value = text
		return l.match(m, kind, meta)
	}
	return false
}

// Any asks for a text of a kind that is not known, as a person would type it.
func (l *Lookup) Any(m *Match, text string, at int64) bool {
	kind, value := guess(text)
	if !l.any(m, kind, value, text, at) {
		return false
	}
	if m.Value == "" {
		m.Value = value
	}
	return true
}

func (l *Lookup) any(m *Match, kind Kind, value, text string, at int64) bool {
	switch kind {
	case IP:
		a, err := netip.ParseAddr(value)
		return err == nil && l.Address(m, a, 0, at)
	case Network:
		p, err := netip.ParsePrefix(value)
		return err == nil && l.Address(m, p.Addr(), 0, at)
	case Endpoint:
		a, err := netip.ParseAddrPort(value)
		return err == nil && l.Address(m, a.Addr(), a.Port(), at)
	case Domain:
		return l.Domain(m, value, at) || l.Text(m, File, text, at)
	case URL, Path:
		return l.URL(m, value, at)
	case Email:
		_, host, _ := strings.Cut(value, "@")
		return l.Text(m, Email, value, at) || l.Domain(m, host, at)
	case MD5:
		return l.Hash(m, MD5, value, at) || l.Hash(m, Imphash, value, at) || l.Hash(m, JA3, value, at)
	case SHA1, SHA256, SHA512:
		return l.Hash(m, kind, value, at)
	}
	return l.Domain(m, text, at) || l.Text(m, File, text, at)
}
