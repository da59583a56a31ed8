package source

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// jsonDepth bounds how deep values may be nested.
const jsonDepth = 200

// jsonEnd returns where the JSON value at p[i] ends (RFC 8259), or -1 where there is none.
func jsonEnd(p []byte, i, depth int) int {
	if i >= len(p) || depth > jsonDepth {
		return -1
	}
	switch c := p[i]; {
	case c == '"':
		return stringEnd(p, i+1)
	case c == '{':
		return objectEnd(p, i+1, depth)
	case c == '[':
		return arrayEnd(p, i+1, depth)
	case c == '-' || c-'0' <= 9:
		return numberEnd(p, i)
	case c == 't':
		return wordEnd(p, i, "true")
	case c == 'f':
		return wordEnd(p, i, "false")
	case c == 'n':
		return wordEnd(p, i, "null")
	}
	return -1
}

func wordEnd(p []byte, i int, word string) int {
	if len(p)-i < len(word) || string(p[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// jsonBlank skips white space.
func jsonBlank(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\n' || p[i] == '\t' || p[i] == '\r') {
		i++
	}
	return i
}

// stringEnd returns where the string ends whose first byte after the quote is p[i].
func stringEnd(p []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for i < len(p) {
		for i+8 <= len(p) { // eight bytes at a time, up to one that is a quote, a backslash or below a space
			w := binary.LittleEndian.Uint64(p[i:])
			quote, slash := w^'"'*ones, w^'\\'*ones
			found := ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w) & highs
			if found != 0 {
				i += bits.TrailingZeros64(found) >> 3
				break
			}
			i += 8
		}
		if i >= len(p) {
			return -1
		}
		switch c := p[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i+1 >= len(p) {
				return -1
			}
			switch p[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				if i+6 > len(p) || !hexDigits(p[i+2:i+6]) {
					return -1
				}
				i += 6
			default:
				return -1
			}
		case c < ' ':
			return -1
		default:
			i++
		}
	}
	return -1
}

func hexDigits(p []byte) bool {
	for _, c := range p {
		if c-'0' > 9 && c|0x20-'a' > 5 {
			return false
		}
	}
	return true
}

func numberEnd(p []byte, i int) int {
	if p[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(p) && p[i]-'0' <= 9 {
			i++
		}
		return i > from
	}
	if i < len(p) && p[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(p) && p[i] == '.' {
		if i++; !digits() {
			return -1
		}
	}
	if i < len(p) && p[i]|0x20 == 'e' {
		if i++; i < len(p) && (p[i] == '+' || p[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}

func objectEnd(p []byte, i, depth int) int {
	if i = jsonBlank(p, i); i < len(p) && p[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(p) || p[i] != '"' {
			return -1
		}
		if i = stringEnd(p, i+1); i < 0 {
			return -1
		}
		if i = jsonBlank(p, i); i >= len(p) || p[i] != ':' {
			return -1
		}
		if i = jsonEnd(p, jsonBlank(p, i+1), depth+1); i < 0 {
			return -1
		}
		if i = jsonBlank(p, i); i >= len(p) {
			return -1
		}
		switch p[i] {
		case '}':
			return i + 1
		case ',':
			i = jsonBlank(p, i+1)
		default:
			return -1
		}
	}
}

func arrayEnd(p []byte, i, depth int) int {
	if i = jsonBlank(p, i); i < len(p) && p[i] == ']' {
		return i + 1
	}
	for {
		if i = jsonEnd(p, i, depth+1); i < 0 {
			return -1
		}
		if i = jsonBlank(p, i); i >= len(p) {
			return -1
		}
		switch p[i] {
		case ']':
			return i + 1
		case ',':
			i = jsonBlank(p, i+1)
		default:
			return -1
		}
	}
}

// isObject tells whether p is one JSON object with nothing but white space around it.
func isObject(p []byte) bool {
	i := jsonBlank(p, 0)
	if i >= len(p) || p[i] != '{' {
		return false
	}
	end := objectEnd(p, i+1, 0)
	return end > 0 && jsonBlank(p, end) == len(p)
}

// members calls f for each member of a valid JSON object, with its name as written between the quotes and its value
// as written, until f returns false.
func members(object []byte, f func(name, value []byte) bool) {
	p := bytes.TrimSpace(object)
	for i := jsonBlank(p, 1); i < len(p) && p[i] == '"'; {
		end := stringEnd(p, i+1)
		if end < 0 {
			return
		}
		name := p[i+1 : end-1]
		i = jsonBlank(p, end)
		i = jsonBlank(p, i+1)
		if end = jsonEnd(p, i, 0); end < 0 || !f(name, p[i:end]) {
			return
		}
		if i = jsonBlank(p, end); i < len(p) && p[i] == ',' {
			i = jsonBlank(p, i+1)
		}
	}
}

// plainString returns the text of a JSON string as written, "" where it is none.
func plainString(quoted []byte) string {
	s := ""
	if len(quoted) < 2 || quoted[0] != '"' || json.Unmarshal(quoted, &s) != nil {
		return ""
	}
	return s
}

// memberName returns the name of a member from how it is written between its quotes.
func memberName(name []byte) string {
	if bytes.IndexByte(name, '\\') < 0 {
		return string(name)
	}
	return plainString(append(append([]byte{'"'}, name...), '"'))
}
