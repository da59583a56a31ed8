package parse

import (
	"bytes"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// AptHistory is what Debian's apt notes of each of its runs: who asked for it, with which command, and what it did.
// Source: apt.conf(5), Dir::Log::History; apt's source, apt-pkg/deb/dpkgpm.cc.
var AptHistory = &Format{
	Name: "apt_history",
	Doc:  "The history of Debian's apt (apt/history.log): a run is an event, with who asked for it, the command, and the packages.",
	Example: "\nStart-Date: 2024-03-03  09:12:44\nCommandline: apt-get install telnetd\nRequested-By: anna (1000)\nInstall: telnetd:amd64 (0.17+2.4-2), inetutils-inetd:amd64 (2:2.4-2, automatic)\n" +
		"Upgrade: tree:amd64 (2.0.2-1, 2.1.0-1)\nEnd-Date: 2024-03-03  09:12:50\n",
	Detect: func(head string) int {
		s := strings.TrimLeft(head, "\x00\r\n")
		if !strings.HasPrefix(s, "Start-Date: ") {
			return 0
		}
		if _, rest, whole := strings.Cut(s, "\n"); whole && strings.IndexByte(rest[:min(len(rest), 64)], ':') < 0 {
			return 0
		}
		return 96
	},
	NewSplitter: func() Splitter { return aptSplitter{} },
	NewParser: func(e *Env) Parser {
		return &aptParser{lines: &lineParser{env: e, dialect: plainText, fields: fieldShapes{env: e}}}
	},
}

var (
	aptFormat = &event.Format{Name: "apt", LogSource: event.LogSource{Product: "linux", Service: "apt"}}
	aptShape  = event.NewShape(
		aptFormat,
		"event.action", "event.category", "event.outcome", "event.reason", "user.name", "user.id", "process.command_line", "package.name",
		"package.version", "process.name", "message",
	)
)

const (
	aptAction = iota
	aptCategory
	aptOutcome
	aptReason
	aptUser
	aptUID
	aptCommand
	aptPackage
	aptVersion
	aptProgram
	aptMessage
)

// aptActions are the lines that name packages, and what is done with them in the words of dpkg's log.
var aptActions = [...]struct{ name, action string }{
	{"Install", "package_install"},
	{"Upgrade", "package_upgrade"},
	{"Downgrade", "package_downgrade"},
	{"Reinstall", "package_reinstall"},
	{"Remove", "package_remove"},
	{"Purge", "package_purge"},
}

// aptEnd begins the last line of a run.
const aptEnd = "End-Date: "

// aptSplitter cuts after runs.
type aptSplitter struct{}

// Split implements Splitter.
func (aptSplitter) Split(data []byte, eof bool) event.Cut {
	if eof {
		return event.Cut{Size: len(data)}
	}
	for end := len(data); end > 0; {
		i := bytes.LastIndex(data[:end], []byte(aptEnd))
		if i < 0 {
			break
		}
		if nl := bytes.IndexByte(data[i:], '\n'); nl >= 0 && (i == 0 || data[i-1] == '\n') {
			return event.Cut{Size: i + nl + 1}
		}
		end = i
	}
	return event.Cut{}
}

// aptParser parses runs.
type aptParser struct {
	lines    *lineParser
	names    []byte // JSON lists of the packages of a run …
	versions []byte // … and of their versions
	actions  []string
}

// Parse implements Parser.
func (p *aptParser) Parse(b event.Block, out *event.Batch) {
	number := b.First
	for at := 0; at < len(b.Data); {
		size := aptRun(b.Data[at:])
		text := b.Data[at : at+size]
		body := strings.TrimLeft(text, "\x00\r\n")
		first := number + int64(strings.Count(text[:len(text)-len(body)], "\n"))
		if body = strings.TrimRight(body, "\r\n"); body != "" {
			n := len(out.Events)
			if strings.HasPrefix(body, "Start-Date: ") {
				p.run(body, b.Origin, out)
			} else {
				p.lines.Parse(event.Block{Origin: b.Origin, Data: body, Offset: b.Offset + int64(at), First: first}, out)
			}
			for i := n; i < len(out.Events); i++ {
				if e := &out.Events[i]; e.Origin == nil {
					e.Raw, e.Origin, e.Record = body, b.Origin, first
				}
			}
		}
		number += int64(strings.Count(text, "\n"))
		at += size
	}
}

// aptRun returns the size of the run that s begins with, up to its last line or to the next run.
func aptRun(s string) int {
	end := len(s)
	if i := lineWith(s, aptEnd); i >= 0 {
		if nl := strings.IndexByte(s[i:], '\n'); nl >= 0 {
			end = i + nl + 1
		}
	}
	begun := lineWith(s, "Start-Date: ")
	if begun > 0 && strings.TrimLeft(s[:begun], "\x00\r\n") != "" {
		return begun // what stands before the first run
	}
	if begun >= 0 {
		if i := strings.Index(s[begun+1:end], "\nStart-Date: "); i >= 0 {
			return begun + i + 2 // a run that was broken off
		}
	}
	return end
}

// lineWith returns where the first line begins that begins with a word, -1 if none does. What a crash left unwritten (NUL)
// before the first line is no part of it.
func lineWith(s, word string) int {
	if hole := len(s) - len(strings.TrimLeft(s, "\x00\r\n")); strings.HasPrefix(s[hole:], word) {
		return hole
	}
	if i := strings.Index(s, "\n"+word); i >= 0 {
		return i + 1
	}
	return -1
}

// run adds an event of a run.
func (p *aptParser) run(body string, o *event.Origin, out *event.Batch) {
	e := out.Add(aptShape)
	v := e.Values
	p.names, p.versions, p.actions = p.names[:0], p.versions[:0], p.actions[:0]
	v[aptCategory], v[aptProgram] = textValue(packaging), textValue("apt")
	ended := false
	for line := range strings.Lines(body) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ": ")
		if !ok {
			continue
		}
		switch name {
		case "Start-Date":
			e.Time, _ = parseTime(strings.Replace(value, "  ", " ", 1), o.Zone)
		case "Commandline":
			v[aptCommand] = textValue(value)
		case "Requested-By":
			user, id, _ := strings.Cut(value, " (")
			v[aptUser], v[aptUID] = textValue(user), numberValue(strings.TrimSuffix(id, ")"))
		case "Error":
			v[aptReason] = textValue(value)
		case "End-Date":
			ended = true
		default:
			for i := range aptActions {
				if a := &aptActions[i]; a.name == name {
					p.actions = append(p.actions, a.action)
					p.packages(value)
				}
			}
		}
	}
	switch {
	case v[aptReason].Kind != event.Missing:
		v[aptOutcome] = failureValue
	case ended:
		v[aptOutcome] = successValue
	}
	p.lists(v)
	v[aptMessage] = textValue(body)
}

// packages reads "tree:amd64 (2.0.2-1, 2.1.0-1), …": of two versions the second is the new one; "automatic" is none.
func (p *aptParser) packages(s string) {
	for s != "" {
		name, rest, ok := strings.Cut(s, " (")
		if !ok {
			return
		}
		inside, after, _ := strings.Cut(rest, ")")
		name, _, _ = strings.Cut(name, ":")
		version, more, _ := strings.Cut(inside, ", ")
		if more != "" && more != "automatic" {
			version, _, _ = strings.Cut(more, ", ")
		}
		p.names = event.AppendQuoted(append(p.names, ','), name)
		p.versions = event.AppendQuoted(append(p.versions, ','), version)
		s = strings.TrimPrefix(after, ", ")
	}
}

// lists sets what is one thing in a run of one package, and lists in one of many.
func (p *aptParser) lists(v []event.Value) {
	list := func(quoted []byte) event.Value {
		if len(quoted) == 0 {
			return event.Value{}
		}
		quoted[0] = '['
		all := event.Value{Raw: string(append(quoted, ']')), Kind: event.List}
		n, one := 0, event.Value{}
		for w := range all.Elements() {
			n, one = n+1, w
		}
		if n == 1 {
			return one
		}
		return all
	}
	v[aptPackage], v[aptVersion] = list(p.names), list(p.versions)
	var actions []byte
	for _, a := range p.actions {
		actions = event.AppendQuoted(append(actions, ','), a)
	}
	v[aptAction] = list(actions)
}
