package sigma

import "time"

// plainTag returns the tag of a plain scalar as the library resolves it, "" where that is not plain to see.
func plainTag(s string) string {
	switch c := s[0]; {
	case c >= '0' && c <= '9':
		return plainNumber(s)
	case c == '.' || c == '+' || c == '-' || c == '~' || c == '<' || c == '=':
		return ""
	}
	switch s {
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return "!!bool"
	case "null", "Null", "NULL":
		return "!!null"
	}
	return "!!str"
}

// plainNumber is plainTag for what begins with a digit.
func plainNumber(s string) string {
	if len(s) == len("2006-01-02") && s[4] == '-' && s[7] == '-' {
		for i, c := range []byte(s) {
			if (c < '0' || c > '9') != (i == 4 || i == 7) {
				return ""
			}
		}
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return ""
		}
		return "!!timestamp"
	}
	digits, dashes, dots := 0, 0, 0
	for i, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '-' && i == 4 && digits == 4:
			return "" // perhaps a time
		case c == '-':
			dashes++
		case c == '.':
			dots++
		case c|0x20 >= 'a' && c|0x20 <= 'f' || c|0x20 == 'x' || c|0x20 == 'o' || c == '_' || c == '+':
		default:
			return "!!str"
		}
	}
	switch {
	case dashes > 1 || dots > 1:
		return "!!str"
	case digits == len(s) && len(s) <= 18 && (s[0] != '0' || len(s) == 1):
		return "!!int"
	}
	return ""
}
