package sense

import (
	"math"
	"strings"
)

// nameModel says how likely ordinary names have a letter after two others. Letters are a to z; 26 is the edge of a word.
type nameModel struct {
	pair   [27][27]float64     // log2 of the probability of a letter after one other
	triple [27][27][27]float64 // and after two
}

// newNameModel learns from words. Pairs that the words do not have get a small share, and triples lean on the pairs.
func newNameModel(words string) *nameModel {
	var two [27][27]float64
	var three [27][27][27]float64
	for _, w := range strings.Fields(words) {
		a, b := 26, 26
		for i := 0; i <= len(w); i++ {
			c := 26
			if i < len(w) {
				if c = int(w[i]) - 'a'; c < 0 || c > 25 {
					a, b = 26, 26
					continue
				}
			}
			two[b][c]++
			three[a][b][c]++
			a, b = b, c
		}
	}
	m := &nameModel{}
	for b := range two {
		sum := 0.0
		for c := range two[b] {
			sum += two[b][c] + 0.2
		}
		for c := range two[b] {
			m.pair[b][c] = (two[b][c] + 0.2) / sum
		}
	}
	const lean = 8 // how many sightings the pair is worth beside those of the triple
	for a := range three {
		for b := range three[a] {
			sum := 0.0
			for c := range three[a][b] {
				sum += three[a][b][c]
			}
			for c := range three[a][b] {
				m.triple[a][b][c] = math.Log2((three[a][b][c] + lean*m.pair[b][c]) / (sum + lean))
			}
		}
	}
	return m
}

// likeness returns the mean of the logarithms for the letters of a text: some -3 bits for a word, -6 for letters thrown.
// Other bytes part words.
func (m *nameModel) likeness(s string) float64 {
	a, b, n, sum := 26, 26, 0, 0.0
	for i := range len(s) {
		c := int(s[i]|0x20) - 'a'
		if c < 0 || c > 25 {
			a, b = 26, 26
			continue
		}
		sum += m.triple[a][b][c]
		n++
		a, b = b, c
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Bounds of what is taken for random.
const (
	randomMin      = 7    // characters; shorter names say nothing
	randomLikeness = -5.3 // bits; less is random for a name of 12 letters
)

// random tells whether a label, or some joined, looks thrown together by a machine. Names made of words by a machine do not.
func (m *nameModel) random(s string) bool {
	if len(s) < randomMin || strings.HasPrefix(s, "xn--") {
		return false
	}
	letters, digits, turns := 0, 0, 0
	before := byte(0)
	for i := range len(s) {
		class := byte(0)
		switch c := s[i]; {
		case c-'0' <= 9:
			digits++
			class = 1
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letters++
			class = 2
		}
		if class != 0 && before != 0 && class != before {
			turns++
		}
		before = class
	}
	switch {
	case letters+digits < randomMin || letters == 0:
		return false
	case digits > 0 && turns*4 >= letters+digits && turns >= 3: // letters and digits by turns, as in hexadecimal and Base32
		return true
	case letters < randomMin-1:
		return false
	}
	// The mean of few letters varies more, so they need to be less likely.
	return m.likeness(s) < randomLikeness-3/float64(letters)+0.25
}
