package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

func textValue(s string) event.Value { return event.Value{Raw: s, Kind: event.Text} }

// numberValue makes a Number of decimal digits as JSON allows them, Text of all else.
func numberValue(s string) event.Value {
	if s == "" {
		return event.Value{}
	}
	if len(s) > 1 && s[0] == '0' || len(s) > 18 {
		return textValue(s)
	}
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return textValue(s)
		}
	}
	return event.Value{Raw: s, Kind: event.Number}
}

// plainValue makes a Number of decimal digits, Text of all else, of nothing too.
func plainValue(s string) event.Value {
	if s == "" {
		return textValue("")
	}
	return numberValue(s)
}

// addressValues puts an address where addresses go and a host's name where names go. Brackets around IPv6 are no part of it.
func addressValues(s string) (ip, domain event.Value) {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	if !isAddress(s) {
		return event.Value{}, textValue(s)
	}
	if len(s) > 13 && strings.EqualFold(s[:7], "::ffff:") && strings.IndexByte(s[7:], ':') < 0 {
		s = s[7:] // IPv4 as IPv6 shows it (RFC 4291 §2.5.5.2)
	}
	return textValue(s), event.Value{}
}

// isAddress tells whether s looks like an IP address: four numbers, or hexadecimal digits with at least two colons.
func isAddress(s string) bool {
	if len(s) < 2 || len(s) > 64 {
		return false
	}
	dots, digits := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c-'0' <= 9:
			if digits++; digits > 3 {
				return isAddress6(s)
			}
		case c == '.':
			if digits == 0 {
				return false
			}
			dots, digits = dots+1, 0
		default:
			return isAddress6(s)
		}
	}
	return dots == 3 && digits > 0
}

func isAddress6(s string) bool {
	if i := strings.IndexByte(s, '%'); i >= 0 {
		s = s[:i] // a zone (RFC 4007 §11)
	}
	colons, digits, double, dotted := 0, 0, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case c-'0' <= 9, c|0x20 >= 'a' && c|0x20 <= 'f':
			if digits++; digits > 4 {
				return false
			}
		case c == '.': // the last two groups as IPv4
			digits, dotted = 0, true
		case c != ':' || dotted:
			return false
		default:
			if i > 0 && s[i-1] == ':' {
				if double {
					return false
				}
				double = true
			}
			colons, digits = colons+1, 0
		}
	}
	groups := colons // with the last
	if dotted {
		groups++
	}
	return groups == 7 && len(s) > 8 || double && colons >= 2 && groups <= 8
}
