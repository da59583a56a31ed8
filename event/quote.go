package event

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// AppendJSON appends the value as JSON (RFC 8259) on one line: numbers, booleans, null, arrays and objects as such, all
// else as a string. What the input took for JSON and is none, a number such as 01, becomes a string of its text.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Kind {
	case Number, Bool:
		if !validScalar(v.Raw) {
			return AppendQuoted(dst, v.Raw)
		}
	case Escaped:
		from := len(dst)
		dst = v.appendSource(dst)
		if in := dst[from:]; utf8.Valid(in) && validString(unsafe.String(&in[0], len(in)), 1) == len(in) {
			return dst
		}
		return AppendQuoted(dst[:from], v.String())
	case List, Object:
		return appendCompact(dst, v.Raw)
	}
	return v.appendSource(dst)
}

// appendCompact appends an array or object that stands in the input, however it is laid out there.
func appendCompact(dst []byte, raw string) []byte {
	if b, ok := compact(dst, raw); ok {
		return b
	}
	source := []byte(strings.ToValidUTF8(raw, "\uFFFD"))
	out := bytes.NewBuffer(dst)
	if err := json.Compact(out, source); err != nil {
		return AppendQuoted(dst, raw) // Compact appends nothing with an error
	}
	return out.Bytes()
}

// appendSource appends the value as JSON, but as it stands in the input where that is JSON, or was taken for it.
func (v Value) appendSource(dst []byte) []byte {
	switch v.Kind {
	case Missing, Null:
		return append(dst, "null"...)
	case Number, Bool, List, Object:
		return append(dst, v.Raw...)
	case Uint, Int:
		return v.Append(dst)
	case Text:
		return AppendQuoted(dst, v.Raw)
	case Escaped:
		dst = append(dst, '"')
		dst = append(dst, v.Raw...)
		return append(dst, '"')
	case UTF16:
		return appendQuotedUTF16(dst, v.Raw)
	case Hex, FileTime, SID:
		return append(v.Append(append(dst, '"')), '"') // nothing in them needs an escape
	}
	return AppendQuoted(dst, v.String())
}

const hexDigits = "0123456789abcdef"

// plain tells which bytes stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// AppendQuoted appends s as a JSON string (RFC 8259 §7). Invalid UTF-8 becomes U+FFFD.
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(slices.Grow(dst, len(s)+2), '"')
	if allPlain(s) {
		return append(append(dst, s...), '"')
	}
	from := 0
	for i := 0; i < len(s); {
		if i+8 <= len(s) && plainWord(s, i) {
			i += 8
			continue
		}
		if plain[s[i]] {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		dst = appendEscaped(dst, r)
		i += n
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

// allPlain tells whether all of s stands for itself in a JSON string; it may say no where it does.
func allPlain(s string) bool {
	if len(s) < 8 {
		for i := range len(s) {
			if !plain[s[i]] {
				return false
			}
		}
		return true
	}
	for i := 0; i+8 < len(s); i += 8 {
		if !plainWord(s, i) {
			return false
		}
	}
	return plainWord(s, len(s)-8)
}

// appendEscaped appends a character of a JSON string that does not stand for itself as a byte.
func appendEscaped(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\r':
		return append(dst, '\\', 'r')
	case r == '\t':
		return append(dst, '\\', 't')
	case r < 0x20 || r == 0x7f:
		return append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
	case r == '\u2028' || r == '\u2029': // line ends to JavaScript
		return append(dst, '\\', 'u', '2', '0', '2', hexDigits[r&15])
	}
	return utf8.AppendRune(dst, r)
}

// appendQuotedUTF16 appends UTF-16LE as a JSON string; half a surrogate pair becomes U+FFFD.
func appendQuotedUTF16(dst []byte, s string) []byte {
	dst = append(slices.Grow(dst, len(s)/2+2), '"')
	for i := 0; i+1 < len(s); {
		if i+8 <= len(s) {
			if u := s[i : i+8]; u[1]|u[3]|u[5]|u[7] == 0 && plain[u[0]] && plain[u[2]] && plain[u[4]] && plain[u[6]] {
				dst = append(dst, u[0], u[2], u[4], u[6])
				i += 8
				continue
			}
		}
		if s[i+1] == 0 && plain[s[i]] {
			dst = append(dst, s[i])
			i += 2
			continue
		}
		r, n := decodeUTF16(s[i:])
		dst = appendEscaped(dst, r)
		i += n
	}
	return append(dst, '"')
}
