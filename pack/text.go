package pack

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"net/netip"
	"strconv"
	"strings"
)

// AppendStrings writes the number of strings, at most most, and each, shortened.
func AppendStrings(dst []byte, list []string, most int) []byte {
	list = list[:min(len(list), most)]
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, v := range list {
		v = Shorten(v)
		dst = append(binary.AppendUvarint(dst, uint64(len(v))), v...)
	}
	return dst
}

// MaxStrings bounds the strings of one list.
const MaxStrings = 4096

// AppendAddress writes an address as the number of its bytes and these.
func AppendAddress(dst []byte, a netip.Addr) []byte {
	b := a.AsSlice()
	return append(append(dst, byte(len(b))), b...)
}

// Flag is 1 for true.
func Flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// MaxString bounds a string of a list that AppendStrings writes, in bytes.
const MaxString = 1024

// Shorten cuts a value to MaxString bytes, such that different values stay different.
func Shorten(v string) string {
	if len(v) <= MaxString {
		return v
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(v)) // never fails
	sum := strconv.FormatUint(h.Sum64(), 16)
	return strings.ToValidUTF8(v[:MaxString-20], "") + "…" + sum
}

// Hash returns a hash of a list of texts, as 32 hexadecimal digits.
func Hash(parts ...string) string {
	var room [256]byte
	text := room[:0]
	for _, p := range parts {
		text = append(binary.AppendUvarint(text, uint64(len(p))), p...)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
