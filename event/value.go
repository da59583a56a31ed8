package event

import (
	"encoding/binary"
	"encoding/hex"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// Kind says how the bytes of a Value are to be read.
type Kind uint8

// The kinds of values. Those from UTF16 on are the binary forms of EVTX, little endian (MS-EVEN6 §2.2.17).
const (
	Missing  Kind = iota // the event has no such field
	Null                 // the field is there and has no value
	Text                 // UTF-8 as is (not necessarily valid)
	Escaped              // the inside of a JSON string that holds at least one backslash
	Number               // a number in decimal, as written
	Bool                 // "true" or "false"
	List                 // a JSON array, with its brackets
	Object               // a JSON object, with its braces
	UTF16                // UTF-16LE
	Uint                 // unsigned integer of 1, 2, 4 or 8 bytes
	Int                  // signed integer of 1, 2, 4 or 8 bytes
	Hex                  // integer of 4 or 8 bytes that is written as 0x…
	GUID                 // 16 bytes
	FileTime             // 8 bytes: 100 ns units since 1601-01-01
	SID                  // a Windows security identifier
)

// Value is the content of one field, as the source wrote it.
type Value struct {
	Raw  string
	Kind Kind
}

// String returns the value as text: see Append.
func (v Value) String() string {
	switch v.Kind {
	case Missing, Null:
		return ""
	case Text, Number, Bool, List, Object:
		return v.Raw
	}
	room := len(v.Raw)
	if v.Kind == UTF16 {
		room /= 2
	}
	b := v.Append(make([]byte, 0, max(room, 40)))
	return unsafe.String(unsafe.SliceData(b), len(b)) // nobody else has b
}

// Append appends the value as text in UTF-8, as a person or a rule would read it: escapes resolved, integers in
// decimal, Hex as 0x and lower-case digits without leading zeros, GUIDs in lower case and braces, times in RFC 3339
// with 7 decimals, SIDs as S-1-…; Lists and Objects as JSON; nothing for Missing and Null.
func (v Value) Append(dst []byte) []byte {
	switch v.Kind {
	case Missing, Null:
		return dst
	case Escaped:
		return appendUnescaped(dst, v.Raw)
	case UTF16:
		return appendUTF16(dst, v.Raw)
	case Uint:
		return strconv.AppendUint(dst, v.uint(), 10)
	case Int:
		return strconv.AppendInt(dst, v.int(), 10)
	case Hex:
		return strconv.AppendUint(append(dst, "0x"...), v.uint(), 16)
	case GUID:
		return appendGUID(dst, v.Raw)
	case FileTime:
		const second, epoch = 1e7, 11644473600 // FILETIME units in a second; seconds from 1601 to 1970
		ft := v.uint()
		return appendTime(dst, time.Unix(int64(ft/second)-epoch, int64(ft%second)*100).UTC())
	case SID:
		return appendSID(dst, v.Raw)
	}
	return append(dst, v.Raw...)
}

func (v Value) uint() uint64 {
	var b [8]byte
	copy(b[:], v.Raw)
	return binary.LittleEndian.Uint64(b[:])
}

func (v Value) int() int64 {
	u, n := v.uint(), min(len(v.Raw), 8)
	shift := uint(64 - 8*n)
	return int64(u<<shift) >> shift
}

// Float returns the value as a number, if it is one or is text that states one (decimal, or hexadecimal with 0x).
func (v Value) Float() (float64, bool) {
	switch v.Kind {
	case Missing, Null, List, Object, Bool, GUID, SID, FileTime:
		return 0, false
	case Uint, Hex:
		return float64(v.uint()), true
	case Int:
		return float64(v.int()), true
	}
	s := strings.TrimSpace(v.String())
	if len(s) == 0 || len(s) > 64 || s[0] > '9' && s[0] != 'I' && s[0] != 'i' {
		return 0, false
	}
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		u, err := strconv.ParseUint(s[2:], 16, 64)
		return float64(u), err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && s[0] <= '9'
}

// FileTimeNanos turns a Windows FILETIME (100 ns units since 1601) into nanoseconds since 1970; 0 where that overflows.
func FileTimeNanos(ft uint64) int64 {
	const toUnix = 116444736000000000 // 100 ns units from 1601 to 1970
	if ft < toUnix || ft-toUnix > (1<<63-1)/100 {
		return 0
	}
	return int64(ft-toUnix) * 100
}

func appendUTF16(dst []byte, s string) []byte {
	dst = slices.Grow(dst, len(s)/2)
	for i := 0; i+1 < len(s); {
		if i+8 <= len(s) {
			if u := s[i : i+8]; u[1]|u[3]|u[5]|u[7] == 0 && (u[0]|u[2]|u[4]|u[6]) < utf8.RuneSelf {
				dst = append(dst, u[0], u[2], u[4], u[6])
				i += 8
				continue
			}
		}
		if s[i+1] == 0 && s[i] < utf8.RuneSelf {
			dst = append(dst, s[i])
			i += 2
			continue
		}
		r, n := decodeUTF16(s[i:])
		dst = utf8.AppendRune(dst, r)
		i += n
	}
	return dst
}

// decodeUTF16 returns the first character of s, which has two bytes at least, and how many bytes it has; U+FFFD for half
// of a surrogate pair.
func decodeUTF16(s string) (rune, int) {
	r := rune(s[0]) | rune(s[1])<<8
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(s) >= 4 {
		if d := utf16.DecodeRune(r, rune(s[2])|rune(s[3])<<8); d != utf8.RuneError {
			return d, 4
		}
	}
	return utf8.RuneError, 2
}

func appendUnescaped(dst []byte, s string) []byte {
	dst = slices.Grow(dst, len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 >= len(s) {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			r, ok := hex4(s)
			if !ok {
				dst = append(dst, '\\', 'u')
				continue
			}
			s = s[4:]
			if utf16.IsSurrogate(r) {
				d := rune(utf8.RuneError)
				if strings.HasPrefix(s, `\u`) {
					if r2, ok := hex4(s[2:]); ok {
						d = utf16.DecodeRune(r, r2)
					}
				}
				if d != utf8.RuneError {
					s = s[6:]
				}
				r = d
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	u, err := strconv.ParseUint(s[:4], 16, 16)
	return rune(u), err == nil
}

// appendTime appends a time in UTC as RFC 3339 with 7 decimals.
func appendTime(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if year > 9999 {
		return t.AppendFormat(dst, "2006-01-02T15:04:05.0000000Z")
	}
	hour, minute, second := t.Clock()
	dst = append(append2(append2(dst, year/100), year%100), '-')
	dst = append(append2(dst, int(month)), '-')
	dst = append(append2(dst, day), 'T')
	dst = append(append2(dst, hour), ':')
	dst = append(append2(dst, minute), ':')
	dst = append(append2(dst, second), '.')
	units := t.Nanosecond() / 100
	dst = append2(append2(append2(dst, units/100000), units/1000%100), units/10%100)
	return append(dst, byte('0'+units%10), 'Z')
}

// append2 appends a number below 100 with two digits.
func append2(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

func appendGUID(dst []byte, s string) []byte {
	if len(s) != 16 {
		return append(dst, s...)
	}
	order := [...]int{3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15}
	dst = append(dst, '{')
	for _, i := range order {
		if i < 0 {
			dst = append(dst, '-')
			continue
		}
		dst = append(dst, hexDigits[s[i]>>4], hexDigits[s[i]&15])
	}
	return append(dst, '}')
}

// appendSID renders a SID as MS-DTYP §2.4.2.1 does; bytes that are none as hexadecimal.
func appendSID(dst []byte, s string) []byte {
	if len(s) < 8 || len(s) != 8+4*int(s[1]) {
		return hex.AppendEncode(dst, []byte(s))
	}
	dst = append(dst, 'S', '-')
	dst = strconv.AppendUint(dst, uint64(s[0]), 10)
	var authority uint64
	for _, c := range []byte(s[2:8]) {
		authority = authority<<8 | uint64(c)
	}
	dst = strconv.AppendUint(append(dst, '-'), authority, 10)
	for i := 8; i < len(s); i += 4 {
		sub := Value{Raw: s[i : i+4], Kind: Uint}
		dst = strconv.AppendUint(append(dst, '-'), sub.uint(), 10)
	}
	return dst
}

// Elements yields the elements of a List in order, those of lists within it in their place, and any other value
// itself. Broken JSON ends it early.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind != List {
			yield(v)
			return
		}
		elements(v.Raw, yield)
	}
}

func elements(s string, yield func(Value) bool) bool {
	for i := 1; ; {
		i = skipSpace(s, i)
		if i >= len(s) || s[i] == ']' {
			return true
		}
		end := skipValue(s, i)
		if end <= i {
			return true
		}
		v := Literal(s[i:end])
		if v.Kind == List {
			if !elements(v.Raw, yield) {
				return false
			}
		} else if !yield(v) {
			return false
		}
		if i = skipSpace(s, end); i >= len(s) || s[i] != ',' {
			return true
		}
		i++
	}
}

// Path returns what a dotted name leads to inside of an Object, or inside of every Object of a List (then as a List of
// all that was found); Missing where it leads nowhere. Keys that hold dots themselves are found too.
func (v Value) Path(path string) Value {
	switch v.Kind {
	case Object:
		return objectPath(v.Raw, path)
	case List:
		var buf []byte
		for e := range v.Elements() {
			if w := e.Path(path); e.Kind == Object && w.Kind != Missing {
				buf = w.appendSource(append(buf, ','))
			}
		}
		if buf == nil {
			return Value{}
		}
		buf[0] = '['
		return Value{Raw: string(append(buf, ']')), Kind: List}
	}
	return Value{}
}

func objectPath(s, path string) Value {
	for i := skipSpace(s, 1); i < len(s) && s[i] == '"'; {
		end := skipString(s, i)
		if end < 0 {
			return Value{}
		}
		key := s[i+1 : end-1]
		if i = skipSpace(s, end); i >= len(s) || s[i] != ':' {
			return Value{}
		}
		i = skipSpace(s, i+1)
		if end = skipValue(s, i); end <= i {
			return Value{}
		}
		if key == path {
			return Literal(s[i:end])
		}
		if len(path) > len(key) && path[len(key)] == '.' && path[:len(key)] == key {
			if v := Literal(s[i:end]).Path(path[len(key)+1:]); v.Kind != Missing {
				return v
			}
		}
		if i = skipSpace(s, end); i >= len(s) || s[i] != ',' {
			return Value{}
		}
		i = skipSpace(s, i+1)
	}
	return Value{}
}

// Literal makes a Value of one JSON value as written.
func Literal(s string) Value {
	if s == "" {
		return Value{}
	}
	switch s[0] {
	case '"':
		if len(s) < 2 {
			return Value{}
		}
		in := s[1 : len(s)-1]
		if strings.IndexByte(in, '\\') >= 0 {
			return Value{Raw: in, Kind: Escaped}
		}
		return Value{Raw: in, Kind: Text}
	case '[':
		return Value{Raw: s, Kind: List}
	case '{':
		return Value{Raw: s, Kind: Object}
	case 't', 'f':
		return Value{Raw: s, Kind: Bool}
	case 'n':
		return Value{Kind: Null}
	}
	return Value{Raw: s, Kind: Number}
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the place after the closing quote of the string that begins at s[i], -1 where it has none.
func skipString(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

// skipValue returns the place after the JSON value that begins at s[i], -1 where it is not whole. It does not validate.
func skipValue(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '"':
			if i = skipString(s, i); i < 0 {
				return -1
			}
			if depth == 0 {
				return i
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth < 0 {
				return i
			} else if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\n', '\t', '\r', ':':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	if depth > 0 {
		return -1
	}
	return i
}
