package intel

import (
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// maxLine bounds a line of a list, in bytes.
const maxLine = 64 << 10

// lines yields the lines of a text with their numbers, without line ends.
func lines(data []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for len(data) > 0 {
			n++
			end := len(data)
			next := end
			for i, c := range data {
				if c == '\n' {
					end, next = i, i+1
					break
				}
			}
			line := data[:end]
			data = data[next:]
			if end > 0 && line[end-1] == '\r' {
				line = line[:end-1]
			}
			if !yield(n, string(line)) {
				return
			}
		}
	}
}

// plain reads a list with a value a line. What follows a value is its description. Lines of hosts files, of filter lists
// and of the configurations of name servers are understood, too.
func (l *loader) plain(data []byte) error {
	for n, line := range lines(data) {
		if l.stop() {
			break
		}
		if len(line) > maxLine {
			l.problem(fmt.Sprintf("line %d", n), "is longer than %d bytes", maxLine)
			continue
		}
		if line = strings.TrimSpace(line); line == "" || strings.IndexByte("#;!", line[0]) >= 0 || strings.HasPrefix(line, "//") {
			continue
		}
		if !utf8.ValidString(line) {
			l.problem(fmt.Sprintf("line %d", n), "is not UTF-8")
			continue
		}
		l.plainLine(fmt.Sprintf("line %d", n), line)
	}
	return nil
}

func (l *loader) plainLine(place, line string) {
	value, note := cutComment(line)
	if value == "" {
		return
	}
	if name, ok := filtered(value); ok {
		l.add(&item{Indicator: Indicator{Kind: Domain, Value: name, Description: note}, place: place})
		return
	}
	words := strings.Fields(value)
	if len(words) > 1 && sinkholes[words[0]] { // a hosts file: where names are sent, then names
		for _, name := range words[1:] {
			if _, is := Normal(IP, name); !is {
				l.add(&item{Indicator: Indicator{Kind: Domain, Value: name, Description: note}, place: place})
			}
		}
		return
	}
	if len(words) == 3 && words[1] == "-" { // a range
		words = []string{words[0] + "-" + words[2]}
	}
	if name, of, ok := strings.Cut(value, ":"); ok && strings.Contains(of, "-") && !strings.Contains(name, ".") { // P2P's form of ranges
		if first, last, ok := strings.Cut(of, "-"); ok {
			in := &item{Indicator: Indicator{Description: name}, place: place}
			if l.addRange(in, first, last) {
				return
			}
		}
	}
	if len(words) > 1 {
		note = strings.TrimSpace(strings.Join(words[1:], " ") + " " + note)
	}
	l.guessed(&item{Indicator: Indicator{Value: strings.Trim(words[0], `"',`), Description: note}, place: place})
}

var sinkholes = map[string]bool{"0.0.0.0": true, "127.0.0.1": true, "::1": true, "::": true, "127.0.1.1": true, "255.255.255.255": true, "fe80::1%lo0": true}

// cutComment cuts what stands after a comment's mark.
func cutComment(line string) (value, comment string) {
	for i := range len(line) {
		if c := line[i]; (c == '#' || c == ';') && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t' || c == ';') {
			return strings.TrimSpace(line[:i]), strings.TrimSpace(strings.TrimLeft(line[i:], "#; \t"))
		}
	}
	return line, ""
}

// filtered reads the lines of filter lists (||evil.example^) and of name servers (address=/evil.example/0.0.0.0,
// local-zone: "evil.example" always_nxdomain, evil.example CNAME .).
func filtered(line string) (string, bool) {
	if rest, ok := strings.CutPrefix(line, "||"); ok {
		name, after, ok := strings.Cut(rest, "^")
		return name, ok && (after == "" || after[0] == '$')
	}
	for _, p := range []string{"address=/", "server=/", "local=/"} {
		if rest, ok := strings.CutPrefix(line, p); ok {
			name, _, ok := strings.Cut(rest, "/")
			return name, ok
		}
	}
	if rest, ok := strings.CutPrefix(line, "local-zone:"); ok {
		words := strings.Fields(rest)
		return strings.Trim(words0(words), `"`), len(words) > 0
	}
	words := strings.Fields(line)
	if len(words) >= 3 && words[len(words)-2] == "CNAME" && words[len(words)-1] == "." {
		return words[0], true
	}
	return "", false
}

func words0(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}
