package parse

import "strings"

// piece is a literal and the capture after it.
type piece struct {
	literal string
	class   class
	slot    int // into said.values; -1 drops the capture
}

// template is a compiled sentence without optional parts.
type template struct {
	kind   *messageKind
	pieces []piece
	tail   string // the literal at the end
	back   int    // the only wide capture, if those after it can be read from the end; -1 otherwise
}

// plan finds out which captures can be read from the end: those after the only wide one, if all literals between them
// begin and end with a space, which no word holds.
func (t *template) plan() {
	t.back = -1
	wides := 0
	for i := range t.pieces {
		if t.pieces[i].class == wide {
			wides++
			t.back = i
		}
	}
	if wides != 1 || t.back == len(t.pieces)-1 || t.back > maxBefore {
		t.back = -1
		return
	}
	for _, p := range t.pieces[t.back+1:] {
		if n := len(p.literal); n == 0 || p.literal[0] != ' ' || p.literal[n-1] != ' ' || p.class == lazy {
			t.back = -1
			return
		}
	}
}

// match compares a message, which begins with the first literal, with the template and fills out if it is such a one.
func (t *template) match(message string, out *said) bool {
	if len(t.pieces) == 0 {
		if message != t.tail {
			return false
		}
		out.kind = t.kind
		copy(out.values[:], t.kind.fixed)
		return true
	}
	body := len(message) - len(t.tail)
	if body < len(t.pieces[0].literal) || message[body:] != t.tail {
		return false
	}
	if c := t.pieces[len(t.pieces)-1].class; c == number && message[body-1]-'0' > 9 {
		return false
	}
	if t.back >= 0 {
		return t.matchBack(message[:body], out)
	}
	out.kind = t.kind
	copy(out.values[:], t.kind.fixed)
	budget := 64
	return t.matchFrom(0, message, out, &budget)
}

// matchBack matches the captures before the wide one, then those after it from the end of s, which the tail does not
// belong to. Few messages get past the first part that are not meant.
func (t *template) matchBack(s string, out *said) bool {
	var before [maxBefore]string
	for i := range t.back {
		p := &t.pieces[i]
		if !strings.HasPrefix(s, p.literal) {
			return false
		}
		s = s[len(p.literal):]
		next := t.pieces[i+1].literal
		end := strings.IndexByte(s, next[0])
		if end < 0 {
			return false
		}
		if !strings.HasPrefix(s[end:], next) {
			if p.class != lazy && next[0] == ' ' {
				return false
			}
			if end = strings.Index(s, next); end < 0 {
				return false
			}
		}
		if !p.class.holds(s[:end]) {
			return false
		}
		before[i] = s[:end]
		s = s[end:]
	}
	first := t.pieces[t.back].literal
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	out.kind = t.kind
	copy(out.values[:], t.kind.fixed)
	for i := len(t.pieces) - 1; i > t.back; i-- {
		p := &t.pieces[i]
		at := len(s)
		for at > 0 && s[at-1] != ' ' {
			at--
		}
		value := s[at:]
		from := at - len(p.literal)
		if from < 0 || s[from:at] != p.literal || value == "" || p.class == number && !number.holds(value) {
			return false
		}
		p.store(value, out)
		s = s[:from]
	}
	for i := range t.back {
		t.pieces[i].store(before[i], out)
	}
	t.pieces[t.back].store(s, out)
	return true
}

// matchFrom matches the pieces from number i on with s. The budget bounds how often wide captures try another place.
func (t *template) matchFrom(i int, s string, out *said, budget *int) bool {
	for ; i < len(t.pieces); i++ {
		p := &t.pieces[i]
		if !strings.HasPrefix(s, p.literal) {
			return false
		}
		s = s[len(p.literal):]
		var end int
		last := i+1 == len(t.pieces)
		next := t.tail
		if !last {
			next = t.pieces[i+1].literal
		}
		switch {
		case last:
			if end = len(s) - len(next); end < 0 || s[end:] != next {
				return false
			}
		case p.class == wide:
			return t.matchWide(i, s, out, budget)
		default:
			if end = strings.Index(s, next); end < 0 {
				return false
			}
		}
		if !p.class.holds(s[:end]) {
			return false
		}
		p.store(s[:end], out)
		s = s[end:]
	}
	return s == t.tail
}

// matchWide lets capture i end at each place where the literal after it stands, from the last to the first.
func (t *template) matchWide(i int, s string, out *said, budget *int) bool {
	next := t.pieces[i+1].literal
	for end := lastIndex(s, next); end >= 0; end = lastIndex(s[:end+len(next)-1], next) {
		if *budget--; *budget < 0 {
			return false
		}
		if t.matchFrom(i+1, s[end:], out, budget) {
			t.pieces[i].store(s[:end], out)
			return true
		}
	}
	return false
}

// lastIndex is strings.LastIndex, quicker for the short distances of log lines.
func lastIndex(s, sub string) int {
	c := sub[0]
	for i := len(s) - len(sub); i >= 0; i-- {
		if s[i] == c && s[i:i+len(sub)] == sub {
			return i
		}
	}
	return -1
}

func (c class) holds(s string) bool {
	switch c {
	case word, address, hostPort:
		return s != "" && strings.IndexByte(s, ' ') < 0
	case number:
		for i := range len(s) {
			if s[i]-'0' > 9 {
				return false
			}
		}
		return s != ""
	}
	return true
}

func (p *piece) store(s string, out *said) {
	switch {
	case p.slot < 0:
	case p.class == number:
		out.values[p.slot] = numberValue(s)
	case p.class == address:
		out.values[p.slot], out.values[p.slot+1] = addressValues(s)
	case p.class == hostPort:
		host, port := splitEndpoint(s)
		out.values[p.slot], out.values[p.slot+1] = addressValues(host)
		out.values[p.slot+2] = numberValue(port)
	default:
		out.values[p.slot] = textValue(s)
	}
}
