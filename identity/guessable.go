package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a password, in characters (NIST SP 800-63B, 5.1.1.2). Nothing is said of which characters it must have.
const (
	minPassword = 10
	maxPassword = 256
)

// checkPassword says what is wrong with a password that somebody wants to have. own are words that are known of him: names,
// the machine, the firm.
func checkPassword(password string, own ...string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return invalid("password", "it is no text")
	case n < minPassword:
		return invalid("password", "it has %d characters; it needs at least %d: several words are easy to remember", n, minPassword)
	case n > maxPassword:
		return invalid("password", "it has more than %d characters", maxPassword)
	case guessBits(password, own) < enoughBits:
		return invalid("password", "it is among the first that are guessed: a common word, a name, a year or keys in a row; take several words that have nothing to do with each other")
	}
	return nil
}

// enoughBits is what a password must have by guessBits: ten chance letters have 47, a common word with a year and a mark 25.
const enoughBits = 36

// The cost of a piece of a password, in bits: how many there are to try.
const (
	bitsWord  = 8.0 // of the common words
	bitsOwn   = 2.0 // of the person's own words
	bitsCase  = 1.0 // a capital in front, or all capitals
	bitsLeet  = 1.5 // figures for letters
	bitsWalk  = 6.0 // where keys in a row begin, and which way
	bitsMore  = 0.4 // for each key more; for each repetition too
	bitsYear  = 6.0
	bitsDigit = 3.33
	bitsLower = 4.7
	bitsOther = 6.0
)

// keyRows are keys that lie beside each other, on the keyboards of several languages, and what is in order by nature.
var keyRows = []string{
	"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiopü", "asdfghjklöä", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik", "abcdefghijklmnopqrstuvwxyz", "!@#$%^&*()", `!"§$%&/()=`, "147258369", "741852963", "963852741",
}

// words are the common ones: what people take when they are asked for a secret.
const words = `password passwort passwd pass word secret geheim kennwort login logon user admin administrator root guest test testing tester demo
default changeme change letmein welcome willkommen bienvenue hola hello hallo bonjour server system master manager support service office backup
security secure sicher sicherheit access zugang system32 windows linux ubuntu debian oracle mysql postgres cisco router firewall network internet
computer laptop desktop google apple amazon facebook twitter microsoft samsung tocsin console siem monitor alert soc blue team firma company
spring summer autumn fall winter frühling sommer herbst monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch
donnerstag freitag samstag sonntag january february march april may june july august september october november december januar februar märz
mai juni juli oktober dezember love liebe amor iloveyou baby angel princess prince queen king dragon monkey tiger lion eagle shadow
sunshine star moon flower blume butterfly chocolate cookie coffee cheese banana orange summertime football fussball soccer baseball hockey
basketball golf tennis ninja samurai batman superman spiderman pokemon starwars matrix freedom forever money happy lucky magic power
trustno ichliebedich schatz engel schalke bayern berlin hamburg münchen london paris madrid newyork texas america england france germany
michael thomas daniel andreas peter martin stefan christian alexander anna maria laura sarah julia jessica jennifer michelle charlie
robert william george david andrew jordan harley hunter buster killer pepper ginger maggie rocky max bella qwert asdf abc xyz the and`

// guessBits is how many bits there are in a password for someone who tries common words, names, years, keys in a row and
// repetitions first, and each piece in its cheapest way.
func guessBits(password string, own []string) float64 {
	runes := []rune(password)
	if len(runes) > 64 { // more can only add
		runes = runes[:64]
	}
	lower := []rune(strings.ToLower(string(runes)))
	if len(lower) != len(runes) { // a capital of another length as a small letter
		lower = runes
	}
	g := guesser{runes: runes, lower: lower, plain: unleet(lower), common: make(map[string]float64)}
	for w := range strings.FieldsSeq(words) {
		g.common[w] = bitsWord
	}
	for _, o := range own {
		for _, w := range strings.FieldsFunc(strings.ToLower(o), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(w) >= 3 {
				g.common[w] = bitsOwn
			}
		}
	}
	least := make([]float64, len(runes)+1) // of the pieces up to here
	for end := 1; end <= len(runes); end++ {
		least[end] = least[end-1] + single(lower[end-1])
		for start := range end - 1 {
			if bits, ok := g.piece(start, end); ok {
				least[end] = min(least[end], least[start]+bits)
			}
		}
	}
	return least[len(runes)]
}

type guesser struct {
	runes, lower, plain []rune
	common              map[string]float64
}

func single(r rune) float64 {
	switch {
	case unicode.IsDigit(r):
		return bitsDigit
	case 'a' <= r && r <= 'z':
		return bitsLower
	}
	return bitsOther
}

// piece is the cost of a piece of two characters or more, if it is anything known.
func (g *guesser) piece(start, end int) (float64, bool) {
	lower := g.lower[start:end]
	best, found := 0.0, false
	take := func(bits float64) {
		if !found || bits < best {
			best, found = bits, true
		}
	}
	extra := 0.0
	if string(g.runes[start:end]) != string(lower) {
		extra = bitsCase
	}
	if bits, ok := g.common[string(lower)]; ok {
		take(bits + extra)
	}
	if bits, ok := g.common[string(g.plain[start:end])]; ok {
		take(bits + extra + bitsLeet)
	}
	length := float64(len(lower))
	if len(lower) >= 3 && (inRow(lower) || inRow(backwards(lower))) {
		take(bitsWalk + bitsMore*length + extra)
	}
	if isYear(lower) {
		take(bitsYear)
	}
	for period := 1; period <= len(lower)/2; period++ { // something again and again
		if len(lower)%period != 0 || len(lower) < 3 || !repeats(lower, period) {
			continue
		}
		once := 0.0
		for _, r := range lower[:period] {
			once += single(r)
		}
		if known, ok := g.piece(start, start+period); ok && period > 1 {
			once = min(once, known)
		}
		take(once + bitsMore*length/float64(period))
		break
	}
	return best, found
}

func repeats(r []rune, period int) bool {
	for i := period; i < len(r); i++ {
		if r[i] != r[i-period] {
			return false
		}
	}
	return true
}

func inRow(r []rune) bool {
	for _, row := range keyRows {
		if strings.Contains(row, string(r)) {
			return true
		}
	}
	return false
}

func backwards(r []rune) []rune {
	out := make([]rune, len(r))
	for i, c := range r {
		out[len(r)-1-i] = c
	}
	return out
}

func isYear(r []rune) bool {
	s := string(r)
	return len(r) == 4 && (strings.HasPrefix(s, "19") || strings.HasPrefix(s, "20")) && unicode.IsDigit(r[2]) && unicode.IsDigit(r[3])
}

// unleet turns figures and signs that stand for letters back into these.
func unleet(lower []rune) []rune {
	out := make([]rune, len(lower))
	for i, r := range lower {
		switch r {
		case '0':
			r = 'o'
		case '1', '!', '|':
			r = 'i'
		case '3', '€':
			r = 'e'
		case '4', '@':
			r = 'a'
		case '5', '$':
			r = 's'
		case '7', '+':
			r = 't'
		}
		out[i] = r
	}
	return out
}
