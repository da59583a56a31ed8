package store

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mark is put after a value that the engine would give back in another form. It keeps columns of numbers, addresses and
// times as such where all values of a block are in the form that it knows, and writes them anew when they are asked for:
// 1.10 would come back as 1.1, 0.817 as 0.8170000000000001, 010.0.0.1 as 10.0.0.1, 1_000 as 1000.
const mark = "\x1f"

// marked returns a value as it has to be handed to the engine to come back the same.
func marked(v string) string {
	if changed(strings.TrimRight(v, mark)) {
		return v + mark
	}
	return v
}

// unmarkedValue takes the mark off one value.
func unmarkedValue(v string) string {
	if v != "" && v[len(v)-1] == mark[0] && changed(strings.TrimRight(v, mark)) {
		return v[:len(v)-1]
	}
	return v
}

// unmarked takes the marks off the values of a column. It changes a copy.
func unmarked(values []string) []string {
	own := false
	for i, v := range values {
		if v == "" || v[len(v)-1] != mark[0] {
			continue
		}
		if !own {
			values, own = slices.Clone(values), true
		}
		values[i] = unmarkedValue(v)
	}
	return values
}

// changed tells whether the engine would write a value in another form.
func changed(v string) bool {
	if len(v) < 2 || len(v) > len("-18_446_744_073_709_551_615") || (v[0] < '0' || v[0] > '9') && v[0] != '-' {
		return false
	}
	dots, other := 0, false
	for i := 1; i < len(v); i++ {
		switch c := v[i]; {
		case c >= '0' && c <= '9':
		case c == '.':
			dots++
		case c == '_':
			other = true
		case c == 'T' && i == 10 && len(v) == len(isoLayout):
			return changedTime(v)
		case c == '-' && i == 4 && len(v) == len(isoLayout), c == '-' && i == 7 && len(v) == len(isoLayout):
		default:
			return false
		}
	}
	switch {
	case other:
		return true
	case dots == 0:
		return v[0] == '-' && v[1] == '0'
	case dots == 1:
		return changedFraction(v)
	case dots == 3:
		return strings.HasPrefix(v, "0") && v[1] != '.' || strings.Contains(v, ".0") && paddedPart(v)
	}
	return false
}

const isoLayout = "2006-01-02T15:04:05.000Z"

func changedTime(v string) bool {
	t, err := time.Parse(isoLayout, v)
	return err != nil || t.Year() < 1971 || t.Year() > 2260
}

func paddedPart(v string) bool {
	for p := range strings.SplitSeq(v, ".") {
		if len(p) > 1 && p[0] == '0' {
			return true
		}
	}
	return false
}

// changedFraction reads a fraction as the engine does, and tells whether it would be written in another way.
func changedFraction(v string) bool {
	s := strings.TrimPrefix(v, "-")
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || frac == "" {
		return false
	}
	n, err := strconv.ParseUint(whole, 10, 64)
	if err != nil {
		return true
	}
	digits := strings.TrimLeft(frac[:len(frac)-1], "0") + frac[len(frac)-1:]
	m, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return true
	}
	f := math.FMA(float64(m), math.Pow10(-len(frac)), float64(n))
	if len(s) < len(v) {
		f = -f
	}
	var buf [64]byte
	return string(strconv.AppendFloat(buf[:0], f, 'f', -1, 64)) != v
}
