package evtx

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
)

// The types of values (MS-EVEN6 §2.2.12, Table of value types; 0x80 on top makes an array of one).
const (
	typeNull       = 0x00
	typeString     = 0x01
	typeAnsi       = 0x02
	typeInt8       = 0x03
	typeUint8      = 0x04
	typeInt16      = 0x05
	typeUint16     = 0x06
	typeInt32      = 0x07
	typeUint32     = 0x08
	typeInt64      = 0x09
	typeUint64     = 0x0a
	typeReal32     = 0x0b
	typeReal64     = 0x0c
	typeBool       = 0x0d
	typeBinary     = 0x0e
	typeGUID       = 0x0f
	typeSize       = 0x10
	typeFileTime   = 0x11
	typeSystemTime = 0x12
	typeSID        = 0x13
	typeHex32      = 0x14
	typeHex64      = 0x15
	typeHandle     = 0x20
	typeXML        = 0x21
	typeEventXML   = 0x23
	typeArray      = 0x80
)

// lazy says which types are left as they are, and the kind of value that reads them; 0 is not left.
var lazy = [256]event.Kind{
	typeInt8: event.Int, typeInt16: event.Int, typeInt32: event.Int, typeInt64: event.Int,
	typeUint8: event.Uint, typeUint16: event.Uint, typeUint32: event.Uint, typeUint64: event.Uint,
	typeGUID: event.GUID, typeFileTime: event.FileTime, typeSID: event.SID,
	typeSize: event.Hex, typeHex32: event.Hex, typeHex64: event.Hex, typeHandle: event.Hex,
}

// fixedSize is the size of the types that have one, in bytes.
var fixedSize = [256]int{
	typeInt8: 1, typeUint8: 1, typeInt16: 2, typeUint16: 2, typeInt32: 4, typeUint32: 4, typeInt64: 8, typeUint64: 8,
	typeReal32: 4, typeReal64: 8, typeBool: 4, typeGUID: 16, typeSize: 8, typeFileTime: 8, typeSystemTime: 16,
	typeHex32: 4, typeHex64: 8,
}

// decode makes a Value of a typed value. What event.Value can read as it is stays a window; the rest, which is rare, is
// rendered. Null and nested XML come as Null.
func decode(kind byte, raw string) event.Value {
	if kind == typeString || kind == typeEventXML {
		return event.Value{Raw: trimNULs(raw), Kind: event.UTF16}
	}
	if k := lazy[kind]; k != 0 && raw != "" {
		return event.Value{Raw: raw, Kind: k}
	}
	switch kind {
	case typeNull, typeXML:
		return event.Value{Kind: event.Null}
	case typeAnsi:
		return event.Value{Raw: ansi(raw), Kind: event.Text}
	case typeBool:
		// A boolean has 4 bytes and is 1 when true, but logs hold other sizes and other numbers.
		return event.Value{Raw: strconv.FormatBool(strings.Trim(raw, "\x00") != ""), Kind: event.Bool}
	case typeReal32:
		return float(float64(math.Float32frombits(uint32(leUint(raw)))), 32)
	case typeReal64:
		return float(math.Float64frombits(leUint(raw)), 64)
	case typeSystemTime:
		return event.Value{Raw: systemTime(raw), Kind: event.Text}
	}
	if kind&typeArray != 0 {
		return array(kind&^typeArray, raw)
	}
	return event.Value{Raw: upperHex(raw), Kind: event.Text} // typeBinary, and types that are not known
}

// trimNULs takes off the NUL characters that some writers end their strings with.
func trimNULs(s string) string {
	for n := len(s) &^ 1; n >= 2 && s[n-1] == 0 && s[n-2] == 0; n = len(s) {
		s = s[:n-2]
	}
	return s
}

// ansi returns text in the code page of a machine that we do not know: as it is where that is UTF-8, else as Windows-1252.
func ansi(s string) string {
	s = strings.TrimRight(s, "\x00")
	if utf8.ValidString(s) {
		return s
	}
	b := make([]byte, 0, 2*len(s))
	for _, c := range []byte(s) {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			r = windows1252[c-0x80]
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

// windows1252 is the part of that code page, 0x80 to 0x9f, which differs from Latin-1.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

func float(f float64, bits int) event.Value {
	v := event.Value{Raw: strconv.FormatFloat(f, 'g', -1, bits), Kind: event.Number}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		v.Kind = event.Text // JSON has no such numbers
	}
	return v
}

// systemTime renders a SYSTEMTIME (MS-DTYP §2.3.13) in RFC 3339, as hexadecimal where it is none.
func systemTime(s string) string {
	if len(s) < 16 {
		return upperHex(s)
	}
	month, day, hour, minute, second, milli := u16(s, 2), u16(s, 6), u16(s, 8), u16(s, 10), u16(s, 12), u16(s, 14)
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 || milli > 999 {
		return upperHex(s)
	}
	t := time.Date(u16(s, 0), time.Month(month), day, hour, minute, second, milli*1e6, time.UTC)
	return t.Format("2006-01-02T15:04:05.000Z")
}

func upperHex(s string) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, digits[s[i]>>4], digits[s[i]&15])
	}
	return string(b)
}

// array makes a list of an array's elements: plain where it has one, empty text where it has none.
func array(kind byte, raw string) event.Value {
	var elements []event.Value
	if kind == typeString || kind == typeEventXML {
		elements = stringArray(raw)
	} else {
		elements = sizedArray(kind, raw)
	}
	switch len(elements) {
	case 0:
		return event.Value{Kind: event.Text}
	case 1:
		return elements[0]
	}
	return list(elements)
}

// stringArray splits strings that end with a NUL each; the last may lack it.
func stringArray(raw string) []event.Value {
	var out []event.Value
	start := 0
	for i := 0; i+1 < len(raw); i += 2 {
		if raw[i] == 0 && raw[i+1] == 0 {
			out = append(out, event.Value{Raw: raw[start:i], Kind: event.UTF16})
			start = i + 2
		}
	}
	if start+1 < len(raw) {
		out = append(out, event.Value{Raw: raw[start:], Kind: event.UTF16})
	}
	return out
}

func sizedArray(kind byte, raw string) []event.Value {
	var out []event.Value
	for len(raw) > 0 {
		n := fixedSize[kind]
		switch {
		case kind == typeSID && len(raw) >= 8:
			n = 8 + 4*int(raw[1])
		case kind == typeSize && len(raw)%8 != 0:
			n = 4
		}
		if n == 0 || n > len(raw) {
			return append(out, event.Value{Raw: upperHex(raw), Kind: event.Text})
		}
		out = append(out, decode(kind, raw[:n]))
		raw = raw[n:]
	}
	return out
}

// list makes a List of several values, of strings all.
func list(values []event.Value) event.Value {
	size := 2
	for _, v := range values {
		size += len(v.Raw)*9/16 + 8
	}
	b := append(make([]byte, 0, size), '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case v.Kind == event.UTF16:
			b = appendQuoted(b, v.Raw)
		case v.Kind == event.List && len(v.Raw) > 2:
			b = append(b, v.Raw[1:len(v.Raw)-1]...)
		default:
			b = event.AppendQuoted(b, v.String())
		}
	}
	return event.Value{Raw: string(append(b, ']')), Kind: event.List}
}

// appendQuoted appends UTF-16LE text as a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	start := len(dst)
	dst = append(dst, '"')
	for i := 0; i+1 < len(s); i += 2 {
		c := s[i]
		switch {
		case s[i+1] == 0 && c >= ' ' && c < 0x7f && c != '"' && c != '\\':
			dst = append(dst, c)
		case s[i+1] == 0 && c == '\n':
			dst = append(dst, '\\', 'n')
		case s[i+1] == 0 && (c == '"' || c == '\\'):
			dst = append(dst, '\\', c)
		case s[i+1] == 0 && c == '\r':
			dst = append(dst, '\\', 'r')
		case s[i+1] == 0 && c == '\t':
			dst = append(dst, '\\', 't')
		default:
			return event.AppendQuoted(dst[:start], event.Value{Raw: s, Kind: event.UTF16}.String())
		}
	}
	return append(dst, '"')
}
