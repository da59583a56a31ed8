package parse

import (
	"strings"
	"sync"

	"github.com/tocsin-sec/tocsin/event"
)

// Programs write prose. What is known of it stands in tables of sentences: literal text with captures in braces, such
// as "Failed password for {user} from {addr} port {port} ssh2", and what the sentence means. A sentence is compiled
// once, when the program starts, into literals and captures; reading a message compares literals and cuts windows.
//
// Names of accounts come from whoever knocks: the capture of a name takes as much as it can, so what follows it is
// found from the end of the line and "Failed password for root from 192.0.2.1 port 1 ssh2 from 192.0.2.9 port 2 ssh2"
// is an attempt from 192.0.2.9.

// sentence is one thing that a program says.
type sentence struct {
	text     string // captures in {}, optional parts in «»
	action   string // event.action
	category string // event.category of ECS
	outcome  string // event.outcome: "success", "failure" or "" where it is neither
	reason   string // event.reason; "" for none
}

// The values of event.category and event.outcome in ECS 8 that are used here.
const (
	authentication = "authentication"
	session        = "session"
	iam            = "iam"
	process        = "process"
	network        = "network"
	host           = "host"
	configuration  = "configuration"
	driver         = "driver"

	success = "success"
	failure = "failure"
)

// said is what a message turned out to say: the kind's names have these values, in the same order.
type said struct {
	kind   *messageKind
	values [maxSaid]event.Value
}

const (
	maxSaid   = 18 // values of one sentence
	maxBefore = 6  // captures before one that is read from the end
)

// messageKind is what all messages of one sentence have in common. It is immutable.
type messageKind struct {
	format *event.Format
	names  []string      // of the fields beyond those of the line, ECS names
	fixed  []event.Value // values that do not vary; Missing where a capture goes
	shape  *event.Shape  // of a line of syslog that holds such a message
}

// class says which text a capture takes.
type class uint8

const (
	wide     class = iota // anything, as much as possible
	lazy                  // anything, as little as possible
	word                  // at least one byte, no space
	number                // decimal digits
	address               // a word: an IP address, or else a name
	hostPort              // a word: the same with a port after it
)

// capture is what a name in braces stands for.
type capture struct {
	field string // where the value goes; "" drops it
	class class
}

var captures = map[string]capture{
	"*":          {"", wide},
	"?":          {"", lazy},
	"_":          {"", word},
	"#":          {"", number},
	"user":       {"user.name", wide},
	"userword":   {"user.name", word},
	"sudoer":     {"user.name", lazy},
	"lazyreason": {"event.reason", lazy},
	"uid":        {"user.id", number},
	"target":     {"user.target.name", wide},
	"tgtword":    {"user.target.name", word},
	"tgtid":      {"user.target.id", word},
	"effective":  {"user.effective.name", word},
	"group":      {"group.name", word},
	"gid":        {"group.id", word},
	"newuser":    {"user.target.name", lazy},
	"newgroup":   {"group.name", lazy},
	"addr":       {"source.ip", address},
	"port":       {"source.port", number},
	"daddr":      {"destination.ip", address},
	"dport":      {"destination.port", number},
	"method":     {"ssh.method", word},
	"key":        {"ssh.key", word},
	"print":      {"ssh.fingerprint", word},
	"reason":     {"event.reason", wide},
	"tty":        {"process.tty.name", word},
	"ttys":       {"process.tty.name", lazy},
	"pwd":        {"process.working_directory", lazy},
	"cmd":        {"process.command_line", wide},
	"unit":       {"service.name", lazy},
	"service":    {"service.name", word},
	"session":    {"session.id", word},
	"exe":        {"process.executable", word},
	"comm":       {"process.target.name", lazy},
	"tpid":       {"process.target.pid", number},
	"home":       {"user.home", lazy},
	"shell":      {"user.shell", lazy},
	"iface":      {"observer.interface.name", word},
	"module":     {"driver.name", word},
	"device":     {"device.name", wide},
	"package":    {"package.name", word},
	"version":    {"package.version", word},
	"arch":       {"package.architecture", word},
}

// templateGroup is templates that begin with the same literal.
type templateGroup struct {
	first string
	all   []*template
}

// program is one that speaks in known sentences.
type program struct {
	plain   *messageKind         // of messages that are none of them
	clued   *messageKind         // of those that tell something all the same; nil: they are not searched
	byFirst [256][]templateGroup // by the first byte of the message
	suffix  string               // what may follow any sentence
	custom  func(message string, out *said) bool

	format *event.Format
	tables [][]sentence
	ready  sync.Once // byFirst is made of the tables
}

// newProgram returns a program of these sentences for the events of a format. They are compiled when it speaks for the
// first time: there are many programs, and few of them in any one log.
func newProgram(f *event.Format, tables ...[]sentence) *program {
	return &program{plain: newKind(f, nil, nil), clued: newKind(f, clueNames, nil), format: f, tables: tables}
}

func (p *program) compileAll() {
	for _, table := range p.tables {
		for i := range table {
			p.compile(p.format, &table[i])
		}
	}
}

// newKind makes the kind of messages that add the given fields to those of their line.
func newKind(f *event.Format, names []string, fixed []event.Value) *messageKind {
	all := append(append([]string{}, syslogNames...), names...)
	return &messageKind{format: f, names: names, fixed: fixed, shape: event.NewShape(f, all...)}
}

func (p *program) compile(f *event.Format, s *sentence) {
	k := &messageKind{format: f}
	add := func(name, fixed string) int {
		for i, n := range k.names {
			if n == name {
				return i
			}
		}
		k.names = append(k.names, name)
		v := event.Value{}
		if fixed != "" {
			v = textValue(fixed)
		}
		k.fixed = append(k.fixed, v)
		return len(k.names) - 1
	}
	for _, c := range [...][2]string{
		{"event.action", s.action}, {"event.category", s.category}, {"event.outcome", s.outcome}, {"event.reason", s.reason},
	} {
		if c[1] != "" {
			add(c[0], c[1])
		}
	}
	var all []*template
	for _, text := range options(s.text) {
		t := &template{kind: k}
		for {
			lit, rest, more := strings.Cut(text, "{")
			if !more {
				t.tail = lit
				break
			}
			name, after, _ := strings.Cut(rest, "}")
			c, known := captureOf(name)
			if !known {
				panic("parse: no such capture: " + name) // a mistake in a table, found by any test
			}
			slot := -1
			if c.field != "" {
				slot = add(c.field, "")
				if c.class == address || c.class == hostPort {
					add(strings.Replace(c.field, ".ip", ".domain", 1), "")
				}
				if c.class == hostPort {
					add(strings.Replace(c.field, ".ip", ".port", 1), "")
				}
			}
			t.pieces = append(t.pieces, piece{lit, c.class, slot})
			text = after
		}
		all = append(all, t)
	}
	k.shape = newKind(f, k.names, k.fixed).shape
	for _, t := range all {
		t.plan()
		first := t.tail
		if len(t.pieces) > 0 {
			first = t.pieces[0].literal
		}
		if first != "" {
			p.file(first[0], first, t)
			continue
		}
		for c := range p.byFirst {
			p.file(byte(c), first, t)
		}
	}
}

// file puts a template where messages that begin with c look for it. Templates are tried in the order of their table
// but for those with one literal, which stay together.
func (p *program) file(c byte, first string, t *template) {
	groups := p.byFirst[c]
	for i := range groups {
		if groups[i].first == first {
			groups[i].all = append(groups[i].all, t)
			return
		}
	}
	p.byFirst[c] = append(groups, templateGroup{first, []*template{t}})
}

// options returns a sentence with each of its optional parts present and absent, the longest first.
func options(text string) []string {
	before, rest, has := strings.Cut(text, "«")
	if !has {
		return []string{text}
	}
	part, after, _ := strings.Cut(rest, "»")
	var all []string
	for _, tail := range options(after) {
		all = append(all, before+part+tail)
	}
	for _, tail := range options(after) {
		all = append(all, before+tail)
	}
	return all
}

// read finds the sentence of a message. It reports whether there is one; out.kind is set either way.
func (p *program) read(message string, out *said) bool {
	if message == "" {
		out.kind = p.plain
		return false
	}
	for message[len(message)-1] == ' ' && len(message) > 1 {
		message = message[:len(message)-1]
	}
	if n := len(message) - len(p.suffix); p.suffix != "" && n > 0 && message[n:] == p.suffix {
		message = message[:n]
	}
	if p.custom != nil && p.custom(message, out) {
		return true
	}
	if p.find(message, out) {
		return true
	}
	out.kind = p.plain
	return false
}

// find tries the templates that begin as the message does.
func (p *program) find(message string, out *said) bool {
	p.ready.Do(p.compileAll)
	groups := p.byFirst[message[0]]
	for i := range groups {
		if !strings.HasPrefix(message, groups[i].first) {
			continue
		}
		for _, t := range groups[i].all {
			if t.match(message, out) {
				return true
			}
		}
	}
	return false
}
