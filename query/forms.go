package query

import (
	"slices"
	"strings"
)

// Forms returns the forms in which an identifier is looked for: as it is typed, in small letters and in capitals. nil
// says that text is no identifier, and case does not matter to it at all. An identifier is made of hexadecimal digits,
// eight or more of them side by side somewhere, and of what stands between them in hashes, GUIDs and addresses of
// devices. Nobody writes those in mixed case, and an index finds the few forms at once.
func Forms(text string) []string {
	digits, letters, long := 0, 0, false
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			letters++
		case c == '-' || c == ':' || c == '{' || c == '}' || c == '.':
			digits, letters = 0, 0
			continue
		default:
			return nil
		}
		long = long || digits+letters >= 8 && digits > 0 && letters > 0
	}
	if !long {
		return nil
	}
	forms := []string{text}
	for _, f := range []string{strings.ToLower(text), strings.ToUpper(text)} {
		if !slices.Contains(forms, f) {
			forms = append(forms, f)
		}
	}
	return forms
}

// formsOf returns the forms of a pattern without wildcards; nil if it is no identifier.
func formsOf(pattern string) []string {
	runs, wild := Literals(pattern)
	if wild || len(runs) != 1 {
		return nil
	}
	return Forms(runs[0].Text)
}

// holdsWord tells whether text stands in v with no part of a word beside it, case and all. text is ASCII and not empty.
func holdsWord(v, text string) bool {
	front, back := isWordByte(text[0]), isWordByte(text[len(text)-1])
	for at := 0; ; at++ {
		i := strings.Index(v[at:], text)
		if i < 0 {
			return false
		}
		at += i
		if !(front && wordBefore(v, at)) && !(back && wordAfter(v, at+len(text))) {
			return true
		}
	}
}
