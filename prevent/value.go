package prevent

import (
	"net/netip"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a rule tests a field for.
const (
	maxValue  = 300  // bytes of a value that is taken whole
	maxSet    = 8    // values of a field
	maxRead   = 4096 // bytes of a value that are looked at
	maxPieces = 6
	maxTries  = 100 // places of a value at which pieces are looked for
	minPiece  = 3
	minCommon = 5 // bytes of all pieces together
	maxAddrs  = 10
)

// test is a condition on one field.
type test struct {
	field  string
	op     string // as Sigma's modifiers: "", "contains", "contains|all", "startswith", "endswith", "cidr"
	values []string
	class  class
}

// holds tells whether a text passes.
func (t *test) holds(text string) bool {
	if text == "" {
		return false
	}
	low := strings.ToLower(text)
	one := func(v string) bool {
		switch v = strings.ToLower(v); t.op {
		case "contains", "contains|all":
			return strings.Contains(low, v)
		case "startswith":
			return strings.HasPrefix(low, v)
		case "endswith":
			return strings.HasSuffix(low, v)
		case "cidr":
			p, err := netip.ParsePrefix(v)
			a, err2 := netip.ParseAddr(text)
			return err == nil && err2 == nil && p.Contains(a.Unmap())
		}
		return low == v
	}
	if t.op == "contains|all" {
		return !slices.ContainsFunc(t.values, func(v string) bool { return !one(v) })
	}
	return slices.ContainsFunc(t.values, one)
}

// generalise says what some values of a field have in common that tells them from others; nil where that is nothing. names
// are left open wherever they stand.
func generalise(field string, c class, values, names []string) *test {
	set := distinct(values)
	if len(set) == 0 {
		return nil
	}
	if c == actor {
		return network(field, set)
	}
	whole := !slices.ContainsFunc(set, func(v string) bool { return !takenWhole(v, names) })
	if whole && len(set) == 1 {
		return &test{field: field, values: set, class: c}
	}
	if c != telling {
		if whole && len(set) <= maxSet {
			return &test{field: field, values: set, class: c}
		}
		return nil
	}
	pieces, size := common(set, names)
	shortest := len(slices.MinFunc(set, func(a, b string) int { return len(a) - len(b) }))
	if whole && len(set) <= maxSet && size*10 < shortest*6 {
		return &test{field: field, values: set, class: c}
	}
	if size < minCommon {
		return nil
	}
	return pieced(field, set, pieces)
}

// pieced tests for pieces that all values have.
func pieced(field string, set, pieces []string) *test {
	t := &test{field: field, op: "contains|all", values: pieces, class: telling}
	if len(pieces) > 1 {
		return t
	}
	for _, op := range [...]string{"startswith", "endswith"} {
		t.op = op
		if !slices.ContainsFunc(set, func(v string) bool { return !t.holds(v) }) {
			return t
		}
	}
	t.op = "contains"
	return t
}

// distinct returns values without those that are the same in any case, at most as many as are looked at.
func distinct(values []string) []string {
	var out []string
	seen := make(map[string]bool)
	for _, v := range values {
		if low := strings.ToLower(v); !seen[low] {
			seen[low] = true
			out = append(out, v)
		}
	}
	return out
}

// takenWhole tells whether a value may stand in a rule as it is.
func takenWhole(v string, names []string) bool {
	return len(v) <= maxValue && utf8.ValidString(v) && !strings.ContainsFunc(v, unprintable) && len(cutOut(v, names)) == 1
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }

// cutOut cuts a text where one of the names stands as a word, where something is no text, and at long numbers.
func cutOut(v string, names []string) []string {
	v = v[:min(len(v), maxRead)]
	low := strings.ToLower(v)
	if len(low) != len(v) {
		low = v // some letter is of another length in small: compare as written
	}
	var out []string
	from := 0
	cut := func(at, n int) {
		out = append(out, v[from:at])
		from = at + n
	}
	for i := 0; i < len(v); {
		r, n := utf8.DecodeRuneInString(v[i:])
		if r == utf8.RuneError && n == 1 || unprintable(r) {
			cut(i, n)
			i += n
			continue
		}
		if i == 0 || !wordly(v[i-1]) {
			if w := nameAt(low, i, names); w > 0 {
				cut(i, w)
				i += w
				continue
			}
			if w := numberAt(v, i); w >= 5 {
				cut(i, w)
				i += w
				continue
			}
		}
		i += n
	}
	return append(out, v[from:])
}

func wordly(c byte) bool {
	return c >= 0x80 || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// nameAt returns the length of the longest name that stands at a place as a word, 0 if none does.
func nameAt(low string, at int, names []string) int {
	best := 0
	for _, n := range names {
		if len(n) > best && strings.HasPrefix(low[at:], n) && (at+len(n) == len(low) || !wordly(low[at+len(n)])) {
			best = len(n)
		}
	}
	return best
}

// numberAt returns the length of the number, decimal or hexadecimal, that stands at a place as a word.
func numberAt(v string, at int) int {
	n, digits := 0, 0
	for at+n < len(v) && wordly(v[at+n]) {
		c := v[at+n] | 0x20
		switch {
		case v[at+n] >= '0' && v[at+n] <= '9':
			digits++
		case c < 'a' || c > 'f':
			return 0
		}
		n++
	}
	if digits == 0 || digits < n && n < 8 {
		return 0
	}
	return n
}

// common returns the pieces, at the boundaries of words, that all values have, the first value's order kept, and how
// long they are together.
func common(set, names []string) (pieces []string, size int) {
	rest := make([]string, 0, len(set))
	for _, v := range set[1:] {
		rest = append(rest, strings.ToLower(v[:min(len(v), maxRead)]))
	}
	tries := 0
	all := func(p string) bool {
		p = strings.ToLower(p)
		return !slices.ContainsFunc(rest, func(v string) bool { return !strings.Contains(v, p) })
	}
	for _, run := range cutOut(set[0], names) {
		for ; run != "" && len(pieces) < 4*maxPieces && tries < maxTries; tries++ {
			piece, left := longest(run, all)
			run = left
			if piece = strings.TrimSpace(clipBytes(piece, 200)); len(piece) >= minPiece && !slices.Contains(pieces, piece) {
				pieces = append(pieces, piece)
			}
		}
	}
	pieces = slices.DeleteFunc(slices.Clone(pieces), func(p string) bool { // another says it
		return slices.ContainsFunc(pieces, func(o string) bool {
			return len(o) > len(p) && strings.Contains(strings.ToLower(o), strings.ToLower(p))
		})
	})
	for len(pieces) > maxPieces {
		least := slices.MinFunc(pieces, func(a, b string) int { return len(a) - len(b) })
		pieces = slices.DeleteFunc(pieces, func(p string) bool { return p == least })
	}
	for _, p := range pieces {
		size += len(p)
	}
	return pieces, size
}

// longest returns the longest beginning of a text, up to the end of a word, that passes, and what comes after it; where
// no beginning does, none and what comes after the first word.
func longest(text string, pass func(string) bool) (piece, left string) {
	ends := wordEnds(text)
	n := sort.Search(len(ends), func(i int) bool { return !pass(text[:ends[i]]) }) // what a longer one does, a shorter one does
	if n == 0 {
		return "", text[ends[0]:]
	}
	return text[:ends[n-1]], text[ends[n-1]:]
}

// wordEnds returns where words end, and what is between them; at most a hundred, the last the end of the text.
func wordEnds(text string) []int {
	var ends []int
	for i := 1; i < len(text) && len(ends) < 100; i++ {
		if wordly(text[i]) != wordly(text[i-1]) {
			ends = append(ends, i)
		}
	}
	return append(ends, len(text))
}

// clipBytes shortens a text to so many bytes, at the boundary of a character.
func clipBytes(s string, n int) string {
	for len(s) > n || !utf8.ValidString(s) {
		_, w := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-w]
	}
	return s
}

// network says where addresses are: each of few, the networks of many.
func network(field string, set []string) *test {
	t := &test{field: field, class: actor}
	var nets []string
	for _, v := range set {
		a, err := netip.ParseAddr(v)
		if err != nil || a.Zone() != "" {
			return nil
		}
		a = a.Unmap()
		bits := 24
		if a.Is6() {
			bits = 64
		}
		p, err := a.Prefix(bits)
		if err != nil {
			return nil
		}
		t.values = append(t.values, a.String())
		if s := p.String(); !slices.Contains(nets, s) {
			nets = append(nets, s)
		}
	}
	switch {
	case len(set) <= maxAddrs:
		return t
	case len(nets) <= maxSet:
		t.op, t.values = "cidr", nets
		return t
	}
	return nil
}
