package intel

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// number is an integer as such where it fits, else a float.
type number struct {
	whole bool
	i     int64
	f     float64
}

func parseNumber(s string) (number, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return number{true, i, float64(i)}, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return number{}, false
	}
	return number{f: f}, true
}

func (a number) compare(b number) int {
	if a.whole && b.whole {
		return cmp.Compare(a.i, b.i)
	}
	return cmp.Compare(a.f, b.f)
}

// valueKind is the kind of a value or a literal, as far as comparing goes (§9.6.1).
type valueKind uint8

const (
	otherValue valueKind = iota
	textValue
	bytesValue
	numberValue
	boolValue
	timeValue
)

func kindOf(v any) valueKind {
	switch v.(type) {
	case string:
		return textValue
	case []byte:
		return bytesValue
	case number, json.Number, float64, int:
		return numberValue
	case bool:
		return boolValue
	case time.Time:
		return timeValue
	}
	return otherValue
}

func toNumber(v any) (number, bool) {
	switch n := v.(type) {
	case number:
		return n, true
	case json.Number:
		return parseNumber(string(n))
	case float64:
		return number{f: n}, true
	case int:
		return number{true, int64(n), float64(n)}, true
	}
	return number{}, false
}

// belowByte tells whether every character of a text is below 256, so that it can be held against bytes.
func belowByte(s string) bool {
	for _, r := range s {
		if r > 255 {
			return false
		}
	}
	return true
}

// wide makes a text of bytes, each a character.
func wide(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

// compareValues orders two values; ok is false where they cannot be compared. A value that is held against a timestamp has
// to be one.
func compareValues(v, literal any) (order int, ok bool, err error) {
	if want, is := literal.(time.Time); is {
		text, is := v.(string)
		if !is {
			return 0, false, nil
		}
		t, err := stixTime(text)
		if err != nil {
			return 0, false, err
		}
		return t.Compare(want), true, nil
	}
	if a, is := toNumber(v); is {
		b, is := toNumber(literal)
		return a.compare(b), is, nil
	}
	switch a := v.(type) {
	case bool:
		b, is := literal.(bool)
		if a == b {
			return 0, is, nil
		}
		return 1, is, nil
	case string:
		switch b := literal.(type) {
		case string:
			return strings.Compare(a, b), true, nil
		case []byte:
			return strings.Compare(a, wide(b)), belowByte(a), nil
		}
	case []byte:
		switch b := literal.(type) {
		case []byte:
			return bytes.Compare(a, b), true, nil
		case string:
			return strings.Compare(wide(a), b), belowByte(b), nil
		}
	}
	return 0, false, nil
}

// holds tells whether a value passes the test.
func (t *propTest) holds(v any) (bool, error) {
	ok, err := t.plain(v)
	return ok != t.not, err
}

func (t *propTest) plain(v any) (bool, error) {
	switch t.op {
	case testExists:
		return true, nil
	case testIn:
		for _, l := range t.values {
			if order, ok, err := compareValues(v, l); err != nil || ok && order == 0 {
				return err == nil, err
			}
		}
		return false, nil
	case testLike, testMatches:
		return t.matches(v), nil
	case testSubset, testSuperset:
		text, is := v.(string)
		if !is {
			return false, nil
		}
		if t.op == testSubset {
			return subset(text, t.values[0].(string))
		}
		return subset(t.values[0].(string), text)
	}
	order, ok, err := compareValues(v, t.values[0])
	if err != nil {
		return false, err
	}
	switch t.op {
	case testEqual:
		return ok && order == 0, nil
	case testNotEqual:
		return !ok || order != 0, nil
	case testLess:
		return ok && order < 0, nil
	case testLessEqual:
		return ok && order <= 0, nil
	case testGreater:
		return ok && order > 0, nil
	}
	return ok && order >= 0, nil
}

func (t *propTest) matches(v any) bool {
	var text string
	switch v := v.(type) {
	case string:
		text = norm.NFC.String(v)
	case []byte:
		if !t.binary {
			return false
		}
		text = wide(v)
	default:
		return false
	}
	if t.like != nil {
		return t.like.matches(text)
	}
	return t.regex.MatchString(text)
}

// subset tells whether an address or network lies within another (ISSUBSET, §9.6).
func subset(inner, outer string) (bool, error) {
	a, err := parsePrefix(inner)
	if err != nil {
		return false, err
	}
	b, err := parsePrefix(outer)
	if err != nil {
		return false, err
	}
	return b.Bits() <= a.Bits() && b.Contains(a.Addr()), nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p, nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a network", clip(s))
}

// like is a pattern of LIKE: % is any run of characters, _ is one (§9.6).
type like struct{ runes []rune }

func newLike(s string) *like { return &like{[]rune(s)} }

// matches compares the whole text, in time proportional to the product of the lengths at most.
func (l *like) matches(text string) bool {
	t := []rune(text)
	p := l.runes
	i, j, star, mark := 0, 0, -1, 0
	for i < len(t) {
		switch {
		case j < len(p) && p[j] == '%':
			star, mark = j, i
			j++
		case j < len(p) && (p[j] == '_' || p[j] == t[i]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(p) && p[j] == '%' {
		j++
	}
	return j == len(p)
}
