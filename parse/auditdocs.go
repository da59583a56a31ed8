package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Audit events also come as JSON documents of shippers that have taken the records apart: Laurel and aushape name the
// fields as the records do, go-audit keeps the records as they are, Auditbeat has given most of them names of ECS. They
// become the event that the records would be in audit.log, so that the same rules see them.
// Sources: the manuals laurel(1) and aushape's schema, go-audit's README, Elastic, "Auditd Module fields".

// auditDoc is how the records of a plan are documents of audit events.
type auditDoc struct {
	kind  auditDocKind
	names []string // of the record's values, in order
	at    map[string]int
}

type auditDocKind uint8

const (
	laurelDoc auditDocKind = iota + 1
	goAuditDoc
	aushapeDoc
	auditbeatDoc
)

// newAuditDoc returns how records with these names are audit events, nil where they are none.
func newAuditDoc(l *layout, names []string) *auditDoc {
	d := &auditDoc{names: names}
	switch {
	case l.hasAny("auditd.message_type", "auditd.sequence") && l.has("auditd."):
		d.kind = auditbeatDoc
	case l.has("ID") && l.hasAny("SYSCALL.", "EXECVE.", "PROCTITLE.", "CWD.", "USER_CMD.", "USER_LOGIN.", "USER_AUTH.", "CONFIG_CHANGE.", "SERVICE_START.", "AVC."):
		d.kind = laurelDoc
	case l.hasAll("sequence", "timestamp", "messages"):
		d.kind = goAuditDoc
	case l.hasAll("serial", "time") && l.has("data."):
		d.kind = aushapeDoc
	default:
		return nil
	}
	d.at = make(map[string]int, len(names))
	for i, n := range names {
		if _, ok := d.at[n]; !ok {
			d.at[n] = i
		}
	}
	return d
}

// auditDocument makes an event of the audit event that the record in p.walk is and reports whether it is one.
func (p *jsonParser) auditDocument(plan *jsonPlan, start, end int) bool {
	d := plan.audit
	a := &p.lines.event
	a.reset()
	r := auditRecord{}
	text := func(name string) string {
		if i, ok := d.at[name]; ok {
			return p.walk.values[i].String()
		}
		return ""
	}
	at := int64(0)
	switch d.kind {
	case laurelDoc:
		r.id, r.node = text("ID"), text("NODE")
		d.laurel(a, p.walk.values)
	case goAuditDoc:
		r.id = text("timestamp") + ":" + text("sequence")
		d.goAudit(a, p.walk.values)
	case aushapeDoc:
		r.id, r.node = "0.0:"+text("serial"), text("node")
		at, _ = parseTime(text("time"), p.block.Origin.Zone)
		d.aushape(a, p.walk.values)
	case auditbeatDoc:
		r.id, r.node = "0.0:"+text("auditd.sequence"), text("host.name")
		at = plan.timeOf(p.walk.values, p.block.Origin.Zone)
		d.auditbeat(a, p.walk.values, text)
	}
	if len(a.types) == 0 {
		return false
	}
	a.finish(&r)
	e := p.out.Add(p.lines.fields.of(auditdFormat, a.names))
	copy(e.Values, a.render())
	if e.Time = at; at == 0 {
		e.Time = auditTime(r.id)
	}
	e.Raw, e.Origin, e.Record = p.block.Data[start:end], p.block.Origin, p.line
	return true
}

// kind notes that an event has a record of a type.
func (a *auditEvent) kind(t string) {
	if !contains(a.types, t) {
		a.types = append(a.types, t)
	}
}

// argument adds an argument of the command.
func (a *auditEvent) argument(s string) {
	if n := len(a.args); n < len(argumentNames) {
		a.add(argumentNames[n], s, event.Text)
	}
	a.args = append(a.args, s)
}

// argumentNames are the fields of the arguments that rules look at.
var argumentNames = [...]string{"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15"}

// pathFields are the fields of a PATH record.
var pathFields = [...]string{"name", "inode", "mode", "ouid", "ogid", "nametype", "OUID", "OGID"}

func (a *auditEvent) paths(list event.Value) {
	a.kind("PATH")
	n := 0
	for one := range list.Elements() {
		if n++; n > 64 {
			return
		}
		for _, name := range pathFields {
			if v := one.Path(name); v.Kind != event.Missing && v.Kind != event.Null {
				a.readable("PATH", name, v)
			}
		}
	}
}

// readable adds a field whose value is decoded already; where there are two, the first is the readable form.
func (a *auditEvent) readable(kind, name string, v event.Value) {
	if v.Kind != event.List {
		a.field(kind, name, v.String(), '"')
		return
	}
	first, last, n := "", "", 0
	for one := range v.Elements() {
		if last = one.String(); n == 0 {
			first = last
		}
		n++
	}
	if n > 0 {
		a.field(kind, name, last, '"')
	}
	if n > 1 && first != last {
		a.add(strings.ToUpper(name), first, event.Text)
	}
}

// laurel reads {"ID":…,"SYSCALL":{"arch":…},"EXECVE":{"argc":2,"ARGV":[…]},"PATH":[{…}],…}.
func (d *auditDoc) laurel(a *auditEvent, values []event.Value) {
	for i, name := range d.names {
		v := values[i]
		t, field, dotted := strings.Cut(name, ".")
		switch {
		case name == "PATH" || field == "path" && t == "PATH":
			a.paths(v)
		case !dotted || t == "PARENT_INFO" || t == "ENV" || t == "CONTAINER_INFO" || strings.ToUpper(t) != t:
		case field == "ARGV" && v.Kind == event.List:
			a.kind(t)
			a.laurelArguments(t, v)
		case field == "ARGV_STR" || v.Kind == event.Null:
		case t == "SOCKADDR" && field == "SADDR.addr":
			a.add("laddr", v.String(), event.Text)
		case t == "SOCKADDR" && field == "SADDR.port":
			a.add("lport", v.String(), event.Number)
		default:
			a.kind(t)
			if field == "arch" {
				a.field(t, field, strings.TrimPrefix(v.String(), "0x"), '"')
				continue
			}
			a.readable(t, field, v)
		}
	}
}

func (a *auditEvent) laurelArguments(kind string, list event.Value) {
	var title []string
	for one := range list.Elements() {
		if kind == "EXECVE" {
			a.argument(one.String())
		} else {
			title = append(title, one.String())
		}
	}
	if len(title) > 0 {
		a.add("proctitle", strings.Join(title, " "), event.Text)
	}
}

// goAudit reads {"sequence":7,"timestamp":"…","messages":[{"type":1300,"data":"arch=…"}],"uid_map":{"0":"root"}}.
func (d *auditDoc) goAudit(a *auditEvent, values []event.Value) {
	n := 0
	for one := range values[d.at["messages"]].Elements() {
		if n++; n > auditMost {
			break
		}
		if kind := one.Path("type").String(); kind != "" {
			a.record(&auditRecord{kind: kind, body: one.Path("data").String()})
		}
	}
	for i, name := range d.names {
		id, ok := strings.CutPrefix(name, "uid_map.")
		if !ok {
			continue
		}
		for _, field := range [...]string{"auid", "uid", "euid"} {
			if a.get(field) == id {
				a.add(strings.ToUpper(field), values[i].String(), event.Text)
			}
		}
	}
}

// aushape reads {"serial":7,"time":"…","node":"…","data":{"syscall":{"syscall":["execve","59"],…},"execve":["id","-u"],…}}.
func (d *auditDoc) aushape(a *auditEvent, values []event.Value) {
	for i, name := range d.names {
		rest, ok := strings.CutPrefix(name, "data.")
		if !ok {
			continue
		}
		t, field, dotted := strings.Cut(rest, ".")
		kind := strings.ToUpper(t)
		switch {
		case kind == "PATH" && !dotted:
			a.paths(values[i])
		case kind == "EXECVE" && values[i].Kind == event.List:
			a.kind(kind)
			for one := range values[i].Elements() {
				a.argument(one.String())
			}
		case !dotted:
			a.kind(kind)
			a.readable(kind, strings.ToLower(t), values[i])
		default:
			a.kind(kind)
			a.readable(kind, field, values[i])
		}
	}
}

// auditbeatNames are the fields of records by the names that Auditbeat gives them.
var auditbeatNames = map[string]string{
	"process.executable": "exe", "process.name": "comm", "process.pid": "pid", "process.parent.pid": "ppid", "process.ppid": "ppid",
	"process.working_directory": "cwd", "process.title": "proctitle", "user.id": "uid", "user.audit.id": "auid", "user.effective.id": "euid",
	"user.group.id": "gid", "user.name": "UID", "user.audit.name": "AUID", "user.effective.name": "EUID", "auditd.session": "ses", "tags": "key",
	"auditd.result": "res", "source.ip": "addr", "destination.ip": "laddr", "destination.port": "lport", "service.name": "unit",
}

// auditbeat reads {"auditd":{"message_type":"syscall","data":{"syscall":"execve",…},"paths":[…]},"process":{…},"user":{…}}.
func (d *auditDoc) auditbeat(a *auditEvent, values []event.Value, text func(string) string) {
	kind := strings.ToUpper(text("auditd.message_type"))
	if kind == "" {
		kind = "SYSCALL"
	}
	a.kind(kind)
	if i, ok := d.at["process.args"]; ok && kind == "SYSCALL" {
		a.kind("EXECVE")
		for one := range values[i].Elements() {
			a.argument(one.String())
		}
	}
	for i, name := range d.names {
		v := values[i]
		if v.Kind == event.Null {
			continue
		}
		own := auditbeatNames[name]
		switch {
		case own == "key":
			for one := range v.Elements() {
				a.add(own, one.String(), event.Text)
			}
		case own != "":
			a.add(own, v.String(), numberKind(v.String()))
		case name == "auditd.data.syscall":
			a.add("SYSCALL", v.String(), event.Text)
		case name == "auditd.paths":
			a.paths(v)
		case strings.HasPrefix(name, "auditd.data."):
			if field := name[len("auditd.data."):]; len(a.args) == 0 || len(field) != 2 || field[0] != 'a' {
				a.readable(kind, field, v)
			}
		}
	}
}
