package event

import (
	"encoding/json"
	"unicode/utf8"
)

// compact appends an array or object of JSON (RFC 8259) without the white space outside of its strings, as json.Compact
// does. It is false, and nothing worth keeping is appended, where s is none, or is nested deeper than maxCompact.
func compact(dst []byte, s string) ([]byte, bool) {
	c := compaction{s: s, dst: dst, from: 0}
	ok := c.value(0, 0) == len(s) && utf8.ValidString(s)
	return append(c.dst, s[c.from:]...), ok
}

// maxCompact is far deeper than logs are nested.
const maxCompact = 64

// compaction is s on its way to dst, which has all of it before from.
type compaction struct {
	s    string
	dst  []byte
	from int
}

// space leaves out white space at s[i] and returns the place after it.
func (c *compaction) space(i int) int {
	j := skipSpace(c.s, i)
	if j > i {
		c.dst = append(c.dst, c.s[c.from:i]...)
		c.from = j
	}
	return j
}

// value returns the place after the value at s[i] and the white space that follows it, -1 where there is none.
func (c *compaction) value(i, depth int) int {
	if i = c.space(i); i >= len(c.s) || depth > maxCompact {
		return -1
	}
	switch c.s[i] {
	case '"':
		i = validString(c.s, i+1)
	case '{':
		i = c.members(i, depth, '}')
	case '[':
		i = c.members(i, depth, ']')
	default:
		end := skipValue(c.s, i)
		if end <= i || !validScalar(c.s[i:end]) {
			return -1
		}
		i = end
	}
	if i < 0 {
		return -1
	}
	return c.space(i)
}

// members reads the members of the array or object that begins at s[i], up to its closing bracket.
func (c *compaction) members(i, depth int, closing byte) int {
	j := c.space(i + 1)
	if j < len(c.s) && c.s[j] == closing {
		return j + 1
	}
	i = j - 1
	for {
		if closing == '}' {
			if i = c.space(i + 1); i >= len(c.s) || c.s[i] != '"' {
				return -1
			}
			if i = validString(c.s, i+1); i < 0 {
				return -1
			}
			if i = c.space(i); i >= len(c.s) || c.s[i] != ':' {
				return -1
			}
		}
		if i = c.value(i+1, depth+1); i < 0 || i >= len(c.s) {
			return -1
		}
		switch c.s[i] {
		case closing:
			return i + 1
		case ',':
		default:
			return -1
		}
	}
}

// validString returns the place after the quote that ends the string of JSON whose inside begins at s[i]; -1 where there
// is none, or the inside is not as RFC 8259 §7 wants it. It leaves open whether that is UTF-8.
func validString(s string, i int) int {
	for i < len(s) {
		if i+8 <= len(s) && plainWord(s, i) {
			i += 8
			continue
		}
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c != '\\':
			i++
		case i+1 == len(s):
			return -1
		case s[i+1] == 'u':
			if len(s) < i+6 || !isHex(s[i+2]) || !isHex(s[i+3]) || !isHex(s[i+4]) || !isHex(s[i+5]) {
				return -1
			}
			i += 6
		default:
			switch s[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			default:
				return -1
			}
			i += 2
		}
	}
	return -1
}

func isHex(c byte) bool { return c-'0' < 10 || c|0x20-'a' < 6 }

// plainWord tells whether the eight bytes at s[i] stand for themselves in a JSON string; it may say no where they do.
func plainWord(s string, i int) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	w := s[i : i+8]
	x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
		uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
	q, b := x^ones*'"', x^ones*'\\'
	return (x|(x-ones*' ')|(x+ones)|(q-ones)|(b-ones))&highs == 0
}

// validScalar tells whether s is a number, true, false or null.
func validScalar(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 || i == 18 {
			return s == "true" || s == "false" || s == "null" || json.Valid([]byte(s))
		}
	}
	return len(s) == 1 || s != "" && s[0] != '0'
}
