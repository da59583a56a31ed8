package netflow

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
)

func appendUint(dst []byte, n uint64) []byte { return strconv.AppendUint(dst, n, 10) }

// The following read integers in network byte order; the caller has checked that they are there.

func u16(s string) int { return int(s[0])<<8 | int(s[1]) }

func u32(s string) uint32 {
	_ = s[3]
	return uint32(s[0])<<24 | uint32(s[1])<<16 | uint32(s[2])<<8 | uint32(s[3])
}

// number reads an unsigned integer of up to 8 bytes (RFC 7011 §6.2 lets exporters leave out leading zeros).
func number(s string) uint64 {
	var n uint64
	for i := range len(s) {
		n = n<<8 | uint64(s[i])
	}
	return n
}

// appendValue appends a field's bytes as text and returns of which kind it is; Missing where they say nothing.
func appendValue(dst []byte, k kind, raw string) ([]byte, event.Kind) {
	n := len(raw)
	if n == 0 {
		if k == text || k == octets {
			return dst, event.Text
		}
		return dst, event.Missing
	}
	switch {
	case k == unsigned && n <= 8:
		return appendUint(dst, number(raw)), event.Number
	case k == signed && n <= 8:
		shift := 64 - 8*n
		return strconv.AppendInt(dst, int64(number(raw)<<shift)>>shift, 10), event.Number
	case k == address && (n == 4 || n == 16):
		return appendAddress(dst, raw), event.Text
	case k == mac && n == 6:
		return appendMAC(dst, raw), event.Text
	case k == text:
		return append(dst, trimText(raw)...), event.Text
	case k == boolean:
		return strconv.AppendBool(dst, number(raw[n-1:]) == 1), event.Bool
	case k == float && n == 4:
		return appendFloat(dst, float64(math.Float32frombits(u32(raw))), 32)
	case k == float && n == 8:
		return appendFloat(dst, math.Float64frombits(number(raw)), 64)
	case k == seconds || k == millis || k == micros || k == nanos:
		if t, ok := timeOf(k, raw); ok {
			return appendTime(dst, t), event.Text
		}
		return dst, event.Missing
	case k == appID && n > 1:
		return appendAppID(dst, raw), event.Text
	case k == aclID && n == 12:
		dst = append(appendHex(dst, raw[:4]), '-')
		dst = append(appendHex(dst, raw[4:8]), '-')
		return appendHex(dst, raw[8:]), event.Text
	case k == unknown:
		return appendUnknown(dst, raw)
	}
	return appendHex(dst, raw), event.Text
}

func appendHex(dst []byte, raw string) []byte {
	const digits = "0123456789abcdef"
	for i := range len(raw) {
		dst = append(dst, digits[raw[i]>>4], digits[raw[i]&15])
	}
	return dst
}

func appendMAC(dst []byte, raw string) []byte {
	for i := range len(raw) {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = appendHex(dst, raw[i:i+1])
	}
	return dst
}

func appendAddress(dst []byte, raw string) []byte {
	if len(raw) == 4 {
		for i := range 4 {
			if i > 0 {
				dst = append(dst, '.')
			}
			dst = appendUint(dst, uint64(raw[i]))
		}
		return dst
	}
	var b [16]byte
	copy(b[:], raw)
	return netip.AddrFrom16(b).AppendTo(dst)
}

func appendFloat(dst []byte, f float64, bits int) ([]byte, event.Kind) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendFloat(dst, f, 'g', -1, bits), event.Text
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits), event.Number
}

// appendAppID writes an application as engine:selector, and as engine:enterprise:selector where the engine is an
// enterprise's (RFC 6759 §4.1, §4.2).
func appendAppID(dst []byte, raw string) []byte {
	dst = append(appendUint(dst, uint64(raw[0])), ':')
	rest := raw[1:]
	if raw[0] == 20 && len(rest) > 4 {
		dst = append(appendUint(dst, uint64(u32(rest))), ':')
		rest = rest[4:]
	}
	if len(rest) > 8 {
		return appendHex(dst, rest)
	}
	return appendUint(dst, number(rest))
}

// appendUnknown writes what nobody knows how to read: up to 8 bytes as a number, text as such, and all else in
// hexadecimal digits.
func appendUnknown(dst []byte, raw string) ([]byte, event.Kind) {
	if len(raw) <= 8 {
		return appendUint(dst, number(raw)), event.Number
	}
	if s := trimText(raw); utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0 {
		return append(dst, s...), event.Text
	}
	return appendHex(dst, raw), event.Text
}

// trimText cuts the zero bytes that fields of fixed length are filled up with, and what old text stands after them.
func trimText(raw string) string {
	if i := strings.IndexByte(raw, 0); i >= 0 {
		return raw[:i]
	}
	return raw
}

// ntpEpoch is the time from 1900 to 1970, in seconds.
const ntpEpoch = 2208988800

// timeOf reads a point in time, in nanoseconds since 1970. Zero is no time.
func timeOf(k kind, raw string) (ns int64, ok bool) {
	n := number(raw)
	if n == 0 || len(raw) > 8 {
		return 0, false
	}
	switch k {
	case seconds:
		if len(raw) == 8 && n > 1<<33 { // some send milliseconds
			return timeOf(millis, raw)
		}
		return int64(n) * 1e9, n < 1<<33
	case millis:
		return int64(n) * 1e6, n < 1<<43
	}
	if len(raw) != 8 {
		return 0, false
	}
	fraction := n & (1<<32 - 1)
	if k == micros {
		fraction &^= 1<<11 - 1 // RFC 7011 §6.1.9
	}
	return int64(n>>32-ntpEpoch)*1e9 + int64(fraction*1e9>>32), n>>32 > ntpEpoch
}

// appendTime appends a time as RFC 3339 has it, with as many decimals as it needs of 0, 3, 6 and 9.
func appendTime(dst []byte, ns int64) []byte {
	sec, frac := ns/1e9, ns%1e9
	if frac < 0 {
		sec, frac = sec-1, frac+1e9
	}
	t := time.Unix(sec, 0).UTC()
	y, m, d := t.Date()
	hour, minute, second := t.Clock()
	dst = two(two(dst, y/100), y%100)
	dst = two(append(dst, '-'), int(m))
	dst = two(append(dst, '-'), d)
	dst = two(append(dst, 'T'), hour)
	dst = two(append(dst, ':'), minute)
	dst = two(append(dst, ':'), second)
	if frac != 0 {
		dst = append(dst, '.')
		for unit, rest := int64(1e6), frac; ; unit /= 1e3 {
			dst = append(dst, '0'+byte(rest/unit/100))
			dst = two(dst, int(rest/unit%100))
			if rest %= unit; rest == 0 {
				break
			}
		}
	}
	return append(dst, 'Z')
}

// two appends a number below 100 with two digits.
func two(dst []byte, n int) []byte { return append(dst, '0'+byte(n/10%10), '0'+byte(n%10)) }
