package query

import "strings"

// frequent lists the characters of logs from those seen most often on; what it lacks is rare.
const frequent = " etaoinsrlc0d12u.-m3ph45:67g89fb/yvwk,=_\"x[](')z;j<>\\q"

// rarest returns the place of the byte of s that is seen least often in logs.
func rarest(s string) int {
	best, at := -1, 0
	for i := range len(s) {
		f := strings.IndexByte(frequent, s[i])
		if f < 0 {
			f = len(frequent)
		}
		if 'a' <= s[i] && s[i] <= 'z' {
			f -= 8 // has to be looked for twice, as a capital too
		}
		if f > best {
			best, at = f, i
		}
	}
	return at
}

// indexFoldASCII returns where s first holds want, whatever the case of its letters, -1 if nowhere. want is in lower
// case ASCII and not empty; rare is the place in it of the byte to look for first.
func indexFoldASCII(s, want string, rare int) int {
	last := len(s) - len(want)
	if last < 0 {
		return -1
	}
	c := want[rare]
	if c < 'a' || c > 'z' {
		for at := 0; at <= last; {
			i := strings.IndexByte(s[at+rare:last+rare+1], c)
			if i < 0 {
				return -1
			}
			at += i
			if equalFoldASCII(s[at:at+len(want)], want) {
				return at
			}
			at++
		}
		return -1
	}
	const none = 1 << 62
	lower, upper := -1, -1 // the next places of both cases; -1: not looked for yet
	for at := 0; at <= last; at++ {
		if lower < at {
			if lower = strings.IndexByte(s[at+rare:last+rare+1], c); lower < 0 {
				lower = none
			} else {
				lower += at
			}
		}
		if upper < at {
			if upper = strings.IndexByte(s[at+rare:last+rare+1], c-('a'-'A')); upper < 0 {
				upper = none
			} else {
				upper += at
			}
		}
		if at = min(lower, upper); at == none {
			return -1
		}
		if equalFoldASCII(s[at:at+len(want)], want) {
			return at
		}
	}
	return -1
}

// equalFoldASCII tells whether s is want, which is in lower case, whatever the case of ASCII letters in s. Both have the
// same length.
func equalFoldASCII(s, want string) bool {
	for i := range len(want) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}
