package console

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/state"
)

// briefTest tells whether an incident is meant.
type briefTest func(b *state.Brief) bool

// Asker is for whom a text query of the queue is read.
type Asker struct {
	Name string // whom "me" means
	Now  int64  // nanoseconds since 1970
}

// maxTerms bounds the terms of a text query of the queue.
const maxTerms = 64

// parseQueue reads a text query of the queue: terms with white space between them, all of which must hold. A term is a word
// (or several in quotes) that stands in what an incident says of itself, or field:value, field:a,b (any of them),
// field:>=value for severity and score; * stands for any characters; - before a term is not. The error is a *query.Error,
// which says where the mistakes are.
func parseQueue(text string, who Asker) (func(b *state.Brief) bool, error) {
	p := queueParser{text: text, who: who}
	var tests []briefTest
	for p.skip(); p.at < len(text); p.skip() {
		if t := p.term(); t != nil {
			tests = append(tests, t)
		}
		if len(tests) > maxTerms {
			p.fail(p.at, 0, "these are too many terms", "at most "+strconv.Itoa(maxTerms))
			break
		}
	}
	if len(p.mistakes) > 0 {
		return nil, &query.Error{Text: text, Mistakes: p.mistakes}
	}
	return func(b *state.Brief) bool {
		for _, t := range tests {
			if !t(b) {
				return false
			}
		}
		return true
	}, nil
}

type queueParser struct {
	text     string
	at       int
	who      Asker
	mistakes []query.Mistake
}

func (p *queueParser) fail(at, width int, message, hint string) {
	if len(p.mistakes) < 10 {
		p.mistakes = append(p.mistakes, query.Mistake{Offset: at, Width: width, Message: message, Hint: hint})
	}
}

func (p *queueParser) skip() {
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if !unicode.IsSpace(r) {
			return
		}
		p.at += n
	}
}

// word reads up to white space or one of the characters in ends; what stands in quotes is read whole.
func (p *queueParser) word(ends string) (word string, quoted bool) {
	if p.at < len(p.text) && p.text[p.at] == '"' {
		begin := p.at
		end := strings.IndexByte(p.text[begin+1:], '"')
		if end < 0 {
			p.fail(begin, len(p.text)-begin, "the quotes are not closed", "")
			p.at = len(p.text)
			return p.text[begin+1:], true
		}
		p.at = begin + end + 2
		return p.text[begin+1 : begin+1+end], true
	}
	begin := p.at
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if unicode.IsSpace(r) || strings.ContainsRune(ends, r) {
			break
		}
		p.at += n
	}
	return p.text[begin:p.at], false
}

// term reads one term; nil where it makes no sense.
func (p *queueParser) term() briefTest {
	not := false
	if p.text[p.at] == '-' && p.at+1 < len(p.text) {
		not = true
		p.at++
	}
	begin := p.at
	word, quoted := p.word(":\"")
	if p.at < len(p.text) && p.text[p.at] == '"' && !quoted { // as in abc"def
		rest, _ := p.word("")
		word += rest
	}
	var test briefTest
	if !quoted && p.at < len(p.text) && p.text[p.at] == ':' {
		p.at++
		test = p.field(begin, strings.ToLower(word))
	} else if word != "" {
		test = anywhere(word)
	}
	if test != nil && not {
		return func(b *state.Brief) bool { return !test(b) }
	}
	return test
}

// field reads the values of a field, of which one must be it.
func (p *queueParser) field(begin int, name string) briefTest {
	f, known := queueFields[name]
	if !known {
		p.fail(begin, len(name), "there is no field "+name, "the fields are "+strings.Join(queueFieldNames(), ", "))
	}
	var tests []briefTest
	for {
		at := p.at
		value, _ := p.word(",")
		switch {
		case !known:
		case value == "":
			p.fail(at, 0, name+": which?", f.example)
		default:
			t, wrong := f.test(value, p.who)
			if wrong != "" {
				p.fail(at, p.at-at, wrong, f.example)
			} else {
				tests = append(tests, t)
			}
		}
		if p.at >= len(p.text) || p.text[p.at] != ',' || len(tests) > maxTerms {
			break
		}
		p.at++
	}
	if len(tests) == 0 {
		return nil
	}
	return func(b *state.Brief) bool {
		return slices.ContainsFunc(tests, func(t briefTest) bool { return t(b) })
	}
}

// queueField is a field of the queue's query.
type queueField struct {
	example string
	test    func(value string, who Asker) (t briefTest, wrong string)
}

// queueFields are all of them.
var queueFields = map[string]queueField{
	"severity": {"critical, high, medium, low, informational; >=high", severityTest}, "level": {"as severity", severityTest},
	"score":     {"0 to 100; >=70", scoreTest},
	"host":      {"host:web-03", namesTest(alert.KindHost, func(b *state.Brief) []string { return b.Hosts })},
	"user":      {"user:anna", namesTest(alert.KindUser, func(b *state.Brief) []string { return b.Users })},
	"source":    {"source:192.0.2.7 or source:192.0.2.0/24", addressTest},
	"address":   {"address:192.0.2.7 or address:192.0.2.0/24", addressTest},
	"entity":    {"entity:anna", entityTest},
	"tactic":    {"tactic:Discovery", wordsTest(tight, func(b *state.Brief) []string { return b.Stages })},
	"technique": {"technique:T1110", techniqueTest},
	"tag":       {"tag:attack.t1110.001", wordsTest(strings.ToLower, func(b *state.Brief) []string { return b.Tags })},
	"rule":      {"the id of a rule, or its title", ruleTest},
	"status":    {"new, taken, snoozed, closed", statusTest},
	"owner":     {"owner:anna, owner:me, owner:none", ownerTest},
	"verdict":   {"malicious, expected, false-alarm", oneOf(func(b *state.Brief) string { return b.Verdict }, alert.Verdicts[:]...)},
	"kind":      {"attack, attempts, minor", oneOf(func(b *state.Brief) string { return b.Kind }, "attack", "attempts", "minor")},
	"case":      {"the key of a case, * or none", caseTest},
	"key":       {"the key of an incident, or its beginning", keyTest},
}

func queueFieldNames() []string {
	names := make([]string, 0, len(queueFields))
	for n := range queueFields {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// anywhere is the test of a word without a field.
func anywhere(word string) briefTest {
	has := pattern("*" + strings.ToLower(word) + "*")
	return func(b *state.Brief) bool {
		lists := [...][]string{{b.Title, b.Sentence}, b.Hosts, b.Users, b.Addresses}
		for _, l := range lists {
			for _, s := range l {
				if has(strings.ToLower(s)) {
					return true
				}
			}
		}
		return slices.ContainsFunc(b.Rules, func(r state.BriefRule) bool { return has(strings.ToLower(r.Title)) })
	}
}

// pattern matches a whole text, in which * stands for anything.
func pattern(p string) func(string) bool {
	parts := strings.Split(p, "*")
	if len(parts) == 1 {
		return func(s string) bool { return s == p }
	}
	first, last := parts[0], parts[len(parts)-1]
	return func(s string) bool {
		if !strings.HasPrefix(s, first) {
			return false
		}
		s = s[len(first):]
		for _, part := range parts[1 : len(parts)-1] {
			at := strings.Index(s, part)
			if at < 0 {
				return false
			}
			s = s[at+len(part):]
		}
		return strings.HasSuffix(s, last)
	}
}

// compared reads >=, <=, > or < before a value.
func compared(value string) (holds func(order int) bool, rest string) {
	for _, c := range [...]struct {
		op    string
		holds func(int) bool
	}{
		{">=", func(o int) bool { return o >= 0 }},
		{"<=", func(o int) bool { return o <= 0 }},
		{">", func(o int) bool { return o > 0 }},
		{"<", func(o int) bool { return o < 0 }},
	} {
		if rest, ok := strings.CutPrefix(value, c.op); ok {
			return c.holds, rest
		}
	}
	return func(o int) bool { return o == 0 }, value
}

func severityTest(value string, _ Asker) (briefTest, string) {
	holds, name := compared(value)
	level := slices.Index(alert.LevelNames[:], strings.ToLower(name))
	if level < 0 {
		return nil, "there is no severity " + name
	}
	return func(b *state.Brief) bool { return holds(cmp.Compare(b.Level, level)) }, ""
}

func scoreTest(value string, _ Asker) (briefTest, string) {
	holds, text := compared(value)
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 100 {
		return nil, "a score is a number from 0 to 100"
	}
	return func(b *state.Brief) bool { return holds(cmp.Compare(b.Score, n)) }, ""
}

// namesTest is a test of names of a kind: whole, or as people say them.
func namesTest(kind string, of func(*state.Brief) []string) func(string, Asker) (briefTest, string) {
	return func(value string, _ Asker) (briefTest, string) {
		is := pattern(strings.ToLower(value))
		return func(b *state.Brief) bool {
			return slices.ContainsFunc(of(b), func(n string) bool {
				return is(strings.ToLower(n)) || is(alert.Entity{Kind: kind, Name: n}.Short())
			})
		}, ""
	}
}

func addressTest(value string, who Asker) (briefTest, string) {
	net, err := netip.ParsePrefix(value)
	if err != nil {
		return namesTest(alert.KindAddress, func(b *state.Brief) []string { return b.Addresses })(value, who)
	}
	return func(b *state.Brief) bool {
		return slices.ContainsFunc(b.Addresses, func(n string) bool {
			a, err := netip.ParseAddr(n)
			return err == nil && net.Contains(a.Unmap())
		})
	}, ""
}

func entityTest(value string, who Asker) (briefTest, string) {
	var tests []briefTest
	for _, f := range [...]string{"host", "user", "address"} {
		t, wrong := queueFieldTests[f](value, who)
		if wrong != "" {
			return nil, wrong
		}
		tests = append(tests, t)
	}
	return func(b *state.Brief) bool { return slices.ContainsFunc(tests, func(t briefTest) bool { return t(b) }) }, ""
}

// queueFieldTests are the tests that entity is made of.
var queueFieldTests = map[string]func(string, Asker) (briefTest, string){
	"host":    namesTest(alert.KindHost, func(b *state.Brief) []string { return b.Hosts }),
	"user":    namesTest(alert.KindUser, func(b *state.Brief) []string { return b.Users }),
	"address": addressTest,
}

// tight is a name without what people write between its words.
func tight(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(s))
}

func wordsTest(fold func(string) string, of func(*state.Brief) []string) func(string, Asker) (briefTest, string) {
	return func(value string, _ Asker) (briefTest, string) {
		is := pattern(fold(value))
		return func(b *state.Brief) bool {
			return slices.ContainsFunc(of(b), func(s string) bool { return is(fold(s)) })
		}, ""
	}
}

// techniqueTest is of a technique and all below it.
func techniqueTest(value string, _ Asker) (briefTest, string) {
	want := "attack." + strings.TrimPrefix(strings.ToLower(value), "attack.")
	return func(b *state.Brief) bool {
		return slices.ContainsFunc(b.Tags, func(t string) bool {
			rest, ok := strings.CutPrefix(strings.ToLower(t), want)
			return ok && (rest == "" || rest[0] == '.')
		})
	}, ""
}

func ruleTest(value string, _ Asker) (briefTest, string) {
	is := pattern(strings.ToLower(value))
	return func(b *state.Brief) bool {
		return slices.ContainsFunc(b.Rules, func(r state.BriefRule) bool {
			return is(strings.ToLower(r.ID)) || is(strings.ToLower(r.Title))
		})
	}, ""
}

func statusTest(value string, who Asker) (briefTest, string) {
	value = strings.ToLower(value)
	if !slices.Contains([]string{alert.New, alert.Taken, alert.Snoozed, alert.Closed}, value) {
		return nil, "there is no status " + value
	}
	return func(b *state.Brief) bool { return b.StatusAt(who.Now) == value }, ""
}

func ownerTest(value string, who Asker) (briefTest, string) {
	switch value = strings.ToLower(value); value {
	case "me":
		value = strings.ToLower(who.Name)
	case "none":
		value = ""
	}
	is := pattern(value)
	return func(b *state.Brief) bool { return is(strings.ToLower(b.Owner)) }, ""
}

func caseTest(value string, _ Asker) (briefTest, string) {
	switch value {
	case "none":
		return func(b *state.Brief) bool { return b.Case == "" }, ""
	case "*":
		return func(b *state.Brief) bool { return b.Case != "" }, ""
	}
	return func(b *state.Brief) bool { return strings.HasPrefix(b.Case, value) }, ""
}

func keyTest(value string, _ Asker) (briefTest, string) {
	return func(b *state.Brief) bool { return strings.HasPrefix(b.Key, strings.ToLower(value)) }, ""
}

// oneOf is a test of a value of which there are few.
func oneOf(of func(*state.Brief) string, names ...string) func(string, Asker) (briefTest, string) {
	return func(value string, _ Asker) (briefTest, string) {
		value = strings.ToLower(value)
		if !slices.Contains(names, value) {
			return nil, value + " is none of " + strings.Join(names, ", ")
		}
		return func(b *state.Brief) bool { return of(b) == value }, ""
	}
}
