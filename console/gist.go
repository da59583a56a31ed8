package console

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/store"
)

// seen is one kept event, as far as it is told in a line.
type seen struct {
	block *store.Block
	row   int
}

// get returns the first of some fields that says something.
func (e seen) get(names ...string) string {
	for _, name := range names {
		if c := slices.Index(e.block.Names, name); c >= 0 {
			if v := e.block.Columns[c][e.row]; v != "" && v != "-" {
				return v
			}
		}
	}
	return ""
}

// gist tells an event in a line, as somebody would who has looked at it: who did what, where to, and how it ended. What is
// known by its fields is told by these, whatever program wrote it; all else by its text, without what stands beside it anyway.
func gist(e seen) string {
	for _, tell := range [...]func(seen) string{ran, asked, flowed, said} {
		if text := tell(e); text != "" {
			return text
		}
	}
	return did(e)
}

// ran tells of a program that was started: whose, as whom, and by which other.
func ran(e seen) string {
	line := e.get("process.command_line", "CommandLine")
	if line == "" || e.get("url.path", "cs-uri-stem") != "" {
		return ""
	}
	who := cmp.Or(e.get("user.name", "UID", "User"), "somebody")
	if as := e.get("user.effective.name", "EUID"); as != "" && as != who {
		who += " as " + as
	}
	verb := " ran: "
	if e.get("event.outcome") == "failure" {
		verb = " could not run: "
	}
	text := who + verb + line
	if parent := base(e.get("process.parent.name", "process.parent.executable", "ParentImage")); parent != "" {
		text += " (started by " + parent + ")"
	}
	return text
}

// asked tells of a request to a web server or through a proxy.
func asked(e seen) string {
	path := e.get("url.original", "cs-uri", "url.full", "url.path", "cs-uri-stem")
	method := e.get("http.request.method", "cs-method")
	if path == "" || method == "" {
		return ""
	}
	if q := e.get("url.query", "cs-uri-query"); q != "" && !strings.Contains(path, "?") {
		path += "?" + q
	}
	if host := e.get("url.domain", "cs-host"); host != "" && strings.HasPrefix(path, "/") {
		path = host + path
	}
	text := e.from() + method + " " + path
	if status := e.get("http.response.status_code", "sc-status"); status != "" {
		text += " → " + status
	}
	return text
}

// from is who did it, as the beginning of a line.
func (e seen) from() string {
	text := e.get("source.ip", "c-ip", "IpAddress", "sourceIPAddress")
	if user := e.get("user.name", "cs-username"); user != "" {
		text = strings.TrimSpace(text + " " + user)
	}
	if text != "" {
		text += " "
	}
	return text
}

// flowed tells of packets, connections, and names that were asked for.
func flowed(e seen) string {
	from := e.get("source.ip")
	if name := e.get("dns.question.name"); name != "" {
		return strings.TrimSpace(from + " asked for " + name)
	}
	to := e.get("destination.ip")
	if from == "" || to == "" || e.get("event.category") != "network" && e.get("network.transport", "protocol") == "" {
		return ""
	}
	if port := e.get("destination.port"); port != "" {
		to += ":" + port
	}
	text := from + " → " + to
	for _, more := range [...]string{e.get("network.transport", "protocol"), e.get("action", "event.reason")} {
		if more != "" && len(more) < 40 {
			text += " " + more
		}
	}
	return text
}

// stamped is what syslog puts before a text: the priority, the time, the host, which stand beside it; then the program.
var stamped = regexp.MustCompile(`^(?:<\d+>)?(?:1 )?(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+) (?:([^\s:\[]+)(?:\[\d+\])?: +)?`)

// audited is what the audit daemon of Linux puts before its fields.
var audited = regexp.MustCompile(`^(?:node=\S+ )?type=(\S+) msg=audit\([\d.:]+\): `)

// said is the text of an event.
func said(e seen) string {
	text := e.get(store.Message)
	if m := stamped.FindStringSubmatchIndex(text); m != nil {
		host, rest := text[m[2]:m[3]], text[m[1]:]
		if m[4] >= 0 && !strings.EqualFold(text[m[4]:m[5]], e.get("process.name")) {
			rest = text[m[4]:] // a program that nothing else names
		}
		if host != e.get("host.name") {
			rest = host + " " + rest
		}
		return rest
	}
	if m := audited.FindStringSubmatchIndex(text); m != nil {
		return text[m[2]:m[3]] + " " + text[m[1]:]
	}
	return text
}

// did tells an event without a text: what it is called, who did it from where, how it ended, and what else stands in it.
func did(e seen) string {
	text := e.get("event.action", "eventName")
	if text == "" {
		text = strings.TrimSpace("event " + e.get("event.code"))
	}
	used := []string{text, e.get("host.name"), e.get("event.code")}
	for _, part := range [...]struct{ word, value string }{{" by ", e.get("user.name")}, {" from ", e.get("source.ip")}, {": ", e.get("errorCode", "event.reason")}} {
		if part.value != "" {
			text, used = text+part.word+part.value, append(used, part.value)
		}
	}
	if e.get("event.outcome") == "failure" && !strings.Contains(text, ": ") {
		text += ": refused"
	}
	var rest []string
	for c, name := range e.block.Names {
		v := e.block.Columns[c][e.row]
		if v == "" || v == "-" || len(v) > 200 || len(rest) == 12 || aside(name) || slices.Contains(used, v) {
			continue
		}
		rest = append(rest, name+"="+v)
	}
	if len(rest) > 0 {
		text += " · " + strings.Join(rest, " ")
	}
	return text
}

// aside tells whether a field stands elsewhere already, or says nothing to somebody who reads what happened.
func aside(name string) bool {
	switch name {
	case "dataset", "host.name", store.Time, store.ID, store.Message, "event.outcome", "event.category", "event.action":
		return true
	}
	return strings.HasPrefix(name, "_stream") || slices.Contains(dull[:], name)
}

// base is the name of a file without its folders, of either kind of system.
func base(path string) string {
	return path[strings.LastIndexAny(path, `/\`)+1:]
}
