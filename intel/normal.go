package intel

import (
	"net/netip"
	"strconv"
	"strings"
)

// MaxValue bounds an indicator's value, in bytes. No log holds longer ones whole.
const MaxValue = 4096

// defanged are the ways in which people keep others from clicking on what they write, and what they mean.
var defanged = strings.NewReplacer(
	"[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "[DOT]", ".", `\.`, ".", "[:]", ":", "[://]", "://", "[/]", "/", "[@]", "@", "[at]", "@", "(at)", "@",
)

// refang undoes what keeps an indicator from being clicked on: hxxp://evil[.]example.
func refang(s string) string {
	if strings.ContainsAny(s, `[({\`) {
		s = defanged.Replace(s)
	}
	if len(s) > 4 && (s[0]|0x20 == 'h' || s[0]|0x20 == 'f') {
		head := strings.ToLower(s[:min(len(s), 8)])
		for _, p := range [...][2]string{{"hxxps:", "https:"}, {"hxxp:", "http:"}, {"hxtp:", "http:"}, {"htxp:", "http:"}, {"fxp:", "ftp:"}} {
			if strings.HasPrefix(head, p[0]) {
				return p[1] + s[len(p[0]):]
			}
		}
	}
	return s
}

// guess says what kind of value a text is, and its normal form; Unknown where it is none that could be looked up.
func guess(s string) (Kind, string) {
	s = refang(strings.TrimSpace(s))
	if s == "" || len(s) > MaxValue {
		return Unknown, ""
	}
	if k := hashKind(s); k != Unknown {
		return k, strings.ToLower(s)
	}
	if s[0] == '/' {
		if n, ok := Normal(Path, s); ok {
			return Path, n
		}
		return Unknown, ""
	}
	for _, k := range [...]Kind{IP, Network, Endpoint} {
		if n, ok := Normal(k, s); ok {
			return k, n
		}
	}
	switch {
	case strings.Contains(s, "://"):
		if n, ok := Normal(URL, s); ok {
			return URL, n
		}
		return Unknown, ""
	case strings.ContainsAny(s, "/?"):
		host, _, _ := strings.Cut(s, "/")
		if n, ok := Normal(URL, s); ok && strings.Contains(host, ".") {
			return URL, n
		}
	case strings.Contains(s, "@"):
		if n, ok := Normal(Email, s); ok {
			return Email, n
		}
	case strings.Contains(s, ".") || strings.HasPrefix(s, "*"):
		if n, ok := Normal(Domain, s); ok {
			return Domain, n
		}
		if host, port, ok := strings.Cut(s, ":"); ok { // a name and a port: what is known is the name
			if _, err := strconv.ParseUint(port, 10, 16); err == nil {
				if n, ok := Normal(Domain, host); ok {
					return Domain, n
				}
			}
		}
	}
	return Unknown, ""
}

func hashKind(s string) Kind {
	var k Kind
	switch len(s) {
	case 32:
		k = MD5
	case 40:
		k = SHA1
	case 64:
		k = SHA256
	case 128:
		k = SHA512
	default:
		return Unknown
	}
	for i := range len(s) {
		if _, ok := nibble(s[i]); !ok {
			return Unknown
		}
	}
	return k
}

func nibble(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// Normal returns the form in which values of a kind are compared; ok is false where the text is none.
func Normal(k Kind, s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > MaxValue {
		return "", false
	}
	switch k {
	case IP:
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return "", false
		}
		return a.Unmap().String(), true
	case Network:
		p, ok := network(s)
		return p.String(), ok
	case Endpoint:
		a, err := netip.ParseAddrPort(s)
		if err != nil || a.Addr().Zone() != "" {
			return "", false
		}
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String(), true
	case Domain:
		return domain(s)
	case URL:
		b, cut := appendURL(nil, s)
		return string(b), cut.host > 0
	case Path:
		if s[0] != '/' || len(s) < 2 {
			return "", false
		}
		p, _, _ := strings.Cut(s, "#")
		return p, len(p) > 1
	case Email:
		name, host, ok := strings.Cut(s, "@")
		if !ok || name == "" || strings.ContainsAny(name, " \t<>\"") {
			return "", false
		}
		if host, ok = domain(host); !ok {
			return "", false
		}
		return strings.ToLower(name) + "@" + host, true
	case MD5, SHA1, SHA256, SHA512, Imphash, JA3:
		want := k
		if k == Imphash || k == JA3 {
			want = MD5
		}
		return strings.ToLower(s), hashKind(s) == want
	case File:
		if i := strings.LastIndexAny(s, `/\`); i >= 0 {
			s = s[i+1:]
		}
		return strings.ToLower(s), s != "" && len(s) <= 255
	}
	return "", false
}

// network reads a network that is narrower than whole parts of the internet.
func network(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, false
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), p.Bits() > 0
}

// domain reads a domain name: *.evil.example and .evil.example mean evil.example, as it means all below it.
func domain(s string) (string, bool) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "*"), ".")
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if len(s) == 0 || len(s) > 253 {
		return "", false
	}
	label, letters := 0, false
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.':
			if label == 0 {
				return "", false
			}
			label = 0
			continue
		case isDigit(c) || c == '-' || c == '_':
		case isLetter(c) || c >= 0x80:
			letters = true
		default:
			return "", false
		}
		if label++; label > 63 {
			return "", false
		}
	}
	return s, label > 0 && letters
}

// urlCut says where the parts of a normal URL end.
type urlCut struct {
	host  int // end of the host, without port
	path  int // where the path begins
	query int // where the query begins, at its question mark; the length where there is none
}

// appendURL appends a URL in its normal form: without scheme, user, default port and fragment, the host in lower case.
// cut.host is 0 where it is none. It allocates nothing where dst has room.
func appendURL(dst []byte, s string) (out []byte, cut urlCut) {
	port := ""
	if i := strings.Index(s, "://"); i > 0 && i < 12 {
		scheme := s[:i]
		for j := range len(scheme) {
			if c := scheme[j]; !isLetter(c) && !isDigit(c) && c != '+' && c != '.' && c != '-' {
				return dst, cut
			}
		}
		switch {
		case strings.EqualFold(scheme, "http"):
			port = "80"
		case strings.EqualFold(scheme, "https"):
			port = "443"
		case strings.EqualFold(scheme, "ftp"):
			port = "21"
		}
		s = s[i+3:]
	}
	if i := strings.IndexByte(s, '#'); i >= 0 {
		s = s[:i]
	}
	end := strings.IndexAny(s, "/?")
	if end < 0 {
		end = len(s)
	}
	authority, rest := s[:end], s[end:]
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	host, p := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && strings.IndexByte(authority[i:], ']') < 0 {
		host, p = authority[:i], authority[i+1:]
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > 253 || len(rest) > MaxValue || strings.ContainsAny(host, " \t\\\"<>^`{}|") {
		return dst, cut
	}
	base := len(dst)
	dst = appendLower(dst, host)
	cut.host = len(dst) - base
	if p != "" && p != port && (port != "" || p != "80" && p != "443") {
		dst = append(append(dst, ':'), p...)
	}
	cut.path = len(dst) - base
	if rest == "" || rest[0] != '/' {
		dst = append(dst, '/')
	}
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		dst = append(dst, rest[:i]...)
		cut.query = len(dst) - base
		if i+1 < len(rest) { // a question mark without a query means nothing
			dst = append(dst, rest[i:]...)
		}
		return dst, cut
	}
	dst = append(dst, rest...)
	cut.query = len(dst) - base
	return dst, cut
}

func appendLower(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// asked tells whether an address is worth asking for: one that belongs to everybody's own network says nothing.
func asked(a netip.Addr) bool {
	return a.IsValid() && !a.IsPrivate() && !a.IsLoopback() && !a.IsUnspecified() && !a.IsLinkLocalUnicast() && !a.IsMulticast() &&
		!(a.Is4() && a.As4() == [4]byte{255, 255, 255, 255})
}
