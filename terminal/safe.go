package terminal

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe returns s as one line that is safe to print anywhere: a line break becomes "↵ ", white space one space; every other
// character that is a command to a terminal, invisible, or changes the direction of text (Unicode UAX #9) becomes its
// number, as \x1b or \u202e; a byte that is no UTF-8 becomes \xff.
func Safe(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n' || r == '\r' && i+1 < len(s) && s[i+1] == '\n':
			i += blank(s[i:])
			b.WriteString("↵ ")
			continue
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError && n == 1:
			number(&b, 'x', 2, rune(s[i]))
		case shown(r):
			b.WriteString(s[i : i+n])
		case r < 0x100:
			number(&b, 'x', 2, r)
		case r < 0x10000:
			number(&b, 'u', 4, r)
		default:
			number(&b, 'U', 8, r)
		}
		i += n
	}
	return b.String()
}

// blank returns the length of the white space at the start of s.
func blank(s string) int {
	n := 0
	for n < len(s) && (s[n] == '\n' || s[n] == '\r' || s[n] == '\t' || s[n] == ' ') {
		n++
	}
	return n
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// shown tells whether a character is seen where it stands. The letters that are excepted are blank.
func shown(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0, 0x2800, 0x034f, 0x17b4, 0x17b5, utf8.RuneError:
		return r == utf8.RuneError
	}
	return unicode.IsPrint(r)
}

const hex = "0123456789abcdef"

func number(b *strings.Builder, kind byte, digits int, r rune) {
	b.WriteByte('\\')
	b.WriteByte(kind)
	for i := digits - 1; i >= 0; i-- {
		b.WriteByte(hex[r>>(4*i)&15])
	}
}

// cells returns how many columns a character takes: East Asian wide characters two (Unicode UAX #11), combining marks none.
func cells(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff,
		r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// columnsOf returns how many columns a safe text takes.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n += cells(r)
	}
	return n
}

// cut shortens a safe text to n columns; the last is "…" where something is left out.
func cut(s string, n int) string {
	if columnsOf(s) <= n {
		return s
	}
	room := n - 1
	for i, r := range s {
		if room -= cells(r); room < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
