package detect

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/pack"
)

// appendPart appends a value to a key, from which splitParts takes it again.
func appendPart(key []byte, v string) []byte {
	v = pack.Shorten(v)
	return append(binary.AppendUvarint(key, uint64(len(v))), v...)
}

func splitParts(key string) []string {
	var parts []string
	for key != "" {
		var n, shift int
		for i := 0; ; i++ {
			n |= int(key[i]&0x7f) << shift
			shift += 7
			if key[i] < 0x80 {
				key = key[i+1:]
				break
			}
		}
		parts = append(parts, key[:n])
		key = key[n:]
	}
	return parts
}

// number reads a value as a number: decimal, or hexadecimal with 0x.
func number(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 {
		return 0, false
	}
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		u, err := strconv.ParseUint(s[2:], 16, 64)
		return float64(u), err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}
