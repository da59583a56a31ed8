package prevent

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// class is what a field is good for in a rule.
type class int

const (
	never   class = iota // it says to whom, when, or which one
	weak                 // a detail: taken where the rest does not suffice
	actor                // who did it: as weak, and where nothing says what was done
	finger               // of exactly this file: the last resort
	kind                 // what sort of event it is
	telling              // what was done
)

// known are the fields that are understood, by their ECS names and by native ones.
var known = map[string]class{
	"event.action": kind, "event.code": kind, "event.provider": kind, "event.outcome": kind, "event.type": weak, "event.category": weak,
	"Channel": kind, "EventID": kind, "Provider_Name": kind, "LogonType": kind, "process.name": kind, "eventName": kind, "eventSource": kind,
	"Operation": kind, "Workload": kind, "destination.port": weak, "network.transport": weak, "error.code": kind, "logon.type": kind,

	"process.command_line": telling, "process.args": telling, "process.executable": telling, "process.parent.command_line": telling,
	"process.parent.executable": telling, "process.target.executable": telling, "powershell.file.script_block_text": telling, "process.title": telling,
	"url.full": telling, "url.original": telling, "url.path": telling, "url.query": telling, "url.domain": telling, "cs-uri": telling, "cs-uri-stem": telling,
	"cs-uri-query": telling, "c-uri": telling, "dns.question.name": telling, "user_agent.original": telling, "file.path": telling, "file.name": telling,
	"registry.path": telling, "registry.data.strings": telling, "service.name": telling, "service.executable": telling, "task.name": telling,
	"pipe.name": telling, "dll.path": telling, "group.name": telling, "threat.indicator.name": telling, "rule.name": telling, "destination.domain": telling,
	"http.request.body.content": telling, "tls.client.server_name": telling, "email.subject": telling, "db.statement": telling, "error.message": weak,

	"source.ip": actor, "source.address": never, "destination.ip": actor,
	"process.hash": finger, "file.hash": finger, "Hashes": finger, "http.request.method": weak, "http.response.status_code": weak, "ssh.method": weak,
	"process.Ext.token.integrity": weak, "process.pe.original_file_name": telling, "process.pe.product": weak, "process.pe.company": weak,
}

// passing are parts of names of fields that say to whom, when, or which one.
var passing = regexp.MustCompile(`(?i)(^|[._ -])(id|ids|uid|gid|pid|ppid|guid|uuid|time|date|timestamp|port|seq|sequence|session|record|mac|tty|ttl|len|length|bytes|` +
	`packets|duration|user|users|host|hostname|computer|account|sid|priority|facility|severity|thread|version|geo|region|zone|nonce|token|serial|` +
	`number|offset|count|email|arn|log|agent|ecs|syslog)($|[._ -])|(Id|ID|Guid|GUID|Sid|Time|Port|User|UserName|Account|AccountName|Domain|DomainName|Hostname|Key|Version|` +
	`LogonId|Address|Arn)$|working_directory|CurrentDirectory`)

var plainName = regexp.MustCompile(`^[A-Za-z_@][A-Za-z0-9_.@ -]{0,127}$`)

// classOf says what a field of an event's native name is good for: by what its format says it means, else by its name.
func classOf(f *event.Format, name string) class {
	if !plainName.MatchString(name) {
		return never
	}
	if c, ok := known[name]; ok {
		return c
	}
	best, found := never, false
	for ecs, natives := range f.ECS {
		if !slices.Contains(natives, name) {
			continue
		}
		if strings.HasPrefix(ecs, "user.") || strings.HasPrefix(ecs, "host.") || strings.HasPrefix(ecs, "cloud.account") {
			return never
		}
		if c, ok := known[ecs]; ok {
			best, found = max(best, c), true
		}
	}
	switch {
	case found:
		return best
	case strings.HasPrefix(name, "requestParameters."):
		return telling
	case passing.MatchString(name):
		return never
	case strings.EqualFold(name, "message"):
		return never // see kindOf: it is looked at where nothing else says what happened
	}
	return weak
}

// fieldClass is classOf where the format is not known.
func fieldClass(name string) class { return classOf(event.WindowsFormat, name) }

// Field is a field with its value.
type Field struct{ Name, Value string }

// Kind is a sort of events: of one format, with these values.
type Kind struct {
	Format string
	Fields []Field
}

// Kinds returns the sorts of events that there are, at most as many as a draft makes of all.
func Kinds(events []event.Event) []Kind {
	var out []Kind
	seen := make(map[string]bool)
	for i := range events {
		e := &events[i]
		k := Kind{Format: e.Shape.Format.Name}
		key := k.Format
		for _, f := range fieldsOf(e, kind) {
			v := textOf(e, f)
			k.Fields = append(k.Fields, Field{f, v})
			key += "\x00" + f + "\x00" + strings.ToLower(v)
		}
		if !seen[key] && len(out) < 8*maxKinds {
			seen[key] = true
			out = append(out, k)
		}
	}
	return out
}

// textOf is the text of a field that has one value, "" for all others.
func textOf(e *event.Event, name string) string {
	v := e.Get(name)
	switch {
	case v.Kind == event.Object:
		return ""
	case v.Kind != event.List:
		return v.String()
	case !strings.HasPrefix(v.Raw, "[") || !json.Valid([]byte(v.Raw)):
		return ""
	}
	n, text := 0, ""
	for x := range v.Elements() {
		if n++; n > 1 {
			return ""
		}
		text = x.String()
	}
	return text
}

// fieldsOf returns the fields of an event that have a value and are of a class, in the order of the source.
func fieldsOf(e *event.Event, want class) []string {
	var out []string
	for _, n := range e.Shape.Fields() {
		if classOf(e.Shape.Format, n) == want && !slices.Contains(out, n) && textOf(e, n) != "" {
			out = append(out, n)
		}
	}
	return out
}
