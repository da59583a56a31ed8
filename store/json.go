package store

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// A VictoriaLogs server takes and gives rows as JSON objects of strings, one a line. Neither side cares for UTF-8 in
// strings, so values of any bytes go through as they are, which encoding/json would not let them.

const hexDigits = "0123456789abcdef"

// appendJSON appends a string in quotes.
func appendJSON(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// errObject says that a line is no object of strings.
var errObject = errors.New("not an object of strings")

// readObject calls f for each name and value of an object of strings. Both are windows into line, or into buf where they
// had to be decoded; buf is returned for the next call.
func readObject(line, buf []byte, f func(name, value string)) ([]byte, error) {
	buf = buf[:0]
	p := line
	if len(p) < 2 || p[0] != '{' {
		return buf, errObject
	}
	p = p[1:]
	if p[0] == '}' && len(p) == 1 {
		return buf, nil
	}
	for {
		var name, value string
		var err error
		if name, p, buf, err = readString(p, buf); err != nil {
			return buf, err
		}
		if len(p) == 0 || p[0] != ':' {
			return buf, errObject
		}
		if value, p, buf, err = readString(p[1:], buf); err != nil {
			return buf, err
		}
		f(name, value)
		switch {
		case len(p) == 1 && p[0] == '}':
			return buf, nil
		case len(p) == 0 || p[0] != ',':
			return buf, errObject
		}
		p = p[1:]
	}
}

// readString reads a string in quotes.
func readString(p, buf []byte) (string, []byte, []byte, error) {
	if len(p) == 0 || p[0] != '"' {
		return "", p, buf, errObject
	}
	p = p[1:]
	for i := 0; i < len(p); i++ {
		if p[i] == '"' {
			return unsafe.String(unsafe.SliceData(p), i), p[i+1:], buf, nil
		}
		if p[i] == '\\' {
			return unescape(p, i, buf)
		}
	}
	return "", p, buf, errObject
}

// unescape reads a string whose first escape is at i. What buf had stays where it was: if it must grow, the windows into
// the old one keep that alive.
func unescape(p []byte, i int, buf []byte) (string, []byte, []byte, error) {
	start := len(buf)
	buf = append(buf, p[:i]...)
	for i < len(p) {
		c := p[i]
		switch {
		case c == '"':
			s := buf[start:]
			return unsafe.String(unsafe.SliceData(s), len(s)), p[i+1:], buf, nil
		case c != '\\':
			buf = append(buf, c)
			i++
			continue
		case i+1 >= len(p):
			return "", p, buf, errObject
		}
		n, err := 0, error(nil)
		if buf, n, err = escape(buf, p[i+1:]); err != nil {
			return "", p, buf, err
		}
		i += 1 + n
	}
	return "", p, buf, errObject
}

// escape decodes what follows a backslash, and returns how many bytes that were.
func escape(buf, p []byte) ([]byte, int, error) {
	switch p[0] {
	case '"', '\\', '/':
		return append(buf, p[0]), 1, nil
	case 'n':
		return append(buf, '\n'), 1, nil
	case 'r':
		return append(buf, '\r'), 1, nil
	case 't':
		return append(buf, '\t'), 1, nil
	case 'b':
		return append(buf, '\b'), 1, nil
	case 'f':
		return append(buf, '\f'), 1, nil
	case 'u':
		r, ok := hex4(p[1:])
		if !ok {
			return buf, 0, errObject
		}
		if utf16.IsSurrogate(r) && len(p) >= 11 && p[5] == '\\' && p[6] == 'u' {
			if low, ok := hex4(p[7:]); ok {
				if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
					return utf8.AppendRune(buf, full), 11, nil
				}
			}
		}
		return utf8.AppendRune(buf, r), 5, nil
	}
	return buf, 0, fmt.Errorf("%w: escape %q", errObject, p[0])
}

func hex4(p []byte) (rune, bool) {
	if len(p) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p[:4]), 16, 16)
	return rune(n), err == nil
}
