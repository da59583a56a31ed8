package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// What audit plugins of MySQL and MariaDB write: server_audit's lines of values with commas between, the records of
// audit_log in XML (old and new style) and in JSON, Oracle's and Percona's.
// Sources: MariaDB, "MariaDB Audit Plugin - Log Format"; MySQL Reference Manual, "Audit Log File Formats"; Percona
// Server, "Audit Log Plugin".

var mysqlAuditKind = newKind(mysqlFormat, []string{
	"event.action", "event.category", "event.outcome", "event.code", "user.name", "source.ip", "source.domain", "database.name",
	"database.statement", "session.id", "event.provider",
}, nil)

const (
	auditCode = iota + 3
	auditUser
	auditSource
	auditDomain
	auditDatabase
	auditStatement
	auditSession
	auditName
)

// auditOperation returns what an operation, by the name that a plugin gives it, is in the words of the other formats.
func auditOperation(name string) (action, category string) {
	switch {
	case strings.EqualFold(name, "connect"), strings.EqualFold(name, "failed_connect"), strings.EqualFold(name, "change user"), strings.EqualFold(name, "change_user"):
		return "db_login", authentication
	case strings.EqualFold(name, "quit"), strings.EqualFold(name, "disconnect"):
		return "db_disconnected", network
	case strings.EqualFold(name, "audit"), strings.EqualFold(name, "noaudit"), strings.EqualFold(name, "startup"), strings.EqualFold(name, "shutdown"):
		return "db_audit", database
	}
	return "db_query", database
}

// auditBegin begins the values of a record with what was done and how it went; status is the number of an error, 0 for none.
func auditBegin(out *said, name, status string) []event.Value {
	v := out.values[:len(mysqlAuditKind.names)]
	clear(v)
	out.kind = mysqlAuditKind
	action, category := auditOperation(name)
	v[0], v[1], v[auditName] = textValue(action), textValue(category), textValue(name)
	if status != "" {
		v[auditCode] = numberValue(status)
		if v[2] = textValue(success); strings.Trim(status, "0") != "" {
			v[2] = textValue(failure)
		}
	}
	return v
}

func setText(v []event.Value, at int, s string) {
	if s != "" {
		v[at] = textValue(s)
	}
}

// serverAuditLog is MariaDB's plugin, to a file.
var serverAuditLog = ownLog{
	name: "mariadb_audit",
	doc:  "The log of MariaDB's audit plugin, server_audit.",
	example: "20240303 09:12:44,gate,anna,203.0.113.7,11,0,FAILED_CONNECT,,,1045\n" +
		"20240303 09:12:45,gate,anna,localhost,12,25,QUERY,shop,'SELECT name, price FROM items',0\n",
	begins: "09",
	read: func(l *ownLine, out *said) bool {
		s := l.line
		if len(s) < 28 || s[8] != ' ' || s[11] != ':' || s[14] != ':' || s[17] != ',' {
			return false
		}
		c := clock{
			year: digits4(s, 0), month: digits2(s, 4), day: digits2(s, 6), hour: digits2(s, 9), minute: digits2(s, 12), second: digits2(s, 15),
		}
		if c.year|c.month|c.day|c.hour|c.minute|c.second < 0 {
			return false
		}
		ns, ok := c.unixNanos(l.zone)
		server, rest, has := strings.Cut(s[18:], ",")
		if !ok || !has || !readServerAudit(rest, out) {
			return false
		}
		l.time, l.host, l.program = ns, server, "mariadbd"
		return true
	},
}

// newServerAudit makes the program that the plugin is by syslog.
func newServerAudit() *program {
	p := newProgram(mysqlFormat)
	p.custom = func(message string, out *said) bool {
		_, rest, ok := strings.Cut(message, ",")
		return ok && readServerAudit(rest, out)
	}
	return p
}

// readServerAudit reads "user,host,connection,query,operation,database,object,status"; the object may be a statement in
// quotes, which holds commas.
func readServerAudit(s string, out *said) bool {
	var w [6]string
	for i := range w {
		end := strings.IndexByte(s, ',')
		if end < 0 {
			return false
		}
		w[i], s = s[:end], s[end+1:]
	}
	object, status, ok := cutLast(s, ',')
	if !ok || !number.holds(w[2]) || !number.holds(w[3]) || !number.holds(status) || !auditWord(w[4]) {
		return false
	}
	v := auditBegin(out, w[4], status)
	setText(v, auditUser, w[0])
	if w[1] != "" {
		v[auditSource], v[auditDomain] = addressValues(w[1])
	}
	v[auditSession] = numberValue(w[2])
	setText(v, auditDatabase, w[5])
	if n := len(object); n > 1 && object[0] == '\'' && object[n-1] == '\'' {
		object = object[1 : n-1]
	}
	setText(v, auditStatement, object)
	return true
}

// auditWord tells whether s is an operation as server_audit names them.
func auditWord(s string) bool {
	for i := range len(s) {
		if s[i]-'A' > 25 && s[i] != '_' {
			return false
		}
	}
	return len(s) > 3
}

// mysqlAuditJSON is Oracle's audit_log in JSON, perconaAudit Percona's.
var (
	mysqlAuditJSON = jsonDialect{
		format: &event.Format{Name: "mysql", LogSource: event.LogSource{Product: "mysql"}, ECS: map[string][]string{
			"user.name": {"login.user", "account.user"}, "source.ip": {"login.ip"}, "source.domain": {"account.host"},
			"database.name": {"connection_data.db", "general_data.db", "table_access_data.db", "query_data.db"}, "event.provider": {"event"},
			"database.statement": {"general_data.query", "table_access_data.query", "query_data.query"}, "session.id": {"connection_id"},
			"event.code": {"connection_data.status", "general_data.status"}, "event.id": {"id"}, "user.effective.name": {"account.user"},
		}},
		all:   []string{"class", "event"},
		any:   []string{"connection_data.", "general_data.", "table_access_data.", "query_data.", "startup_data.", "shutdown_data."},
		times: []string{"timestamp"},
		adapt: auditOutcome,
	}
	perconaAudit = jsonDialect{
		format: &event.Format{Name: "mysql", LogSource: event.LogSource{Product: "mysql"}, ECS: map[string][]string{
			"user.name": {"user", "priv_user"}, "source.ip": {"ip"}, "source.domain": {"host"}, "database.name": {"db"}, "event.provider": {"name"},
			"database.statement": {"sqltext"}, "session.id": {"connection_id"}, "event.code": {"status"}, "event.id": {"record"},
		}},
		all:   []string{"audit_record.name", "audit_record.timestamp"},
		times: []string{"timestamp"},
		adapt: func(l *layout) {
			l.strip("audit_record.")
			auditOutcome(l)
		},
	}
)

func auditOutcome(l *layout) {
	for _, n := range [...]string{"event.action", "event.category", "event.outcome"} {
		l.add(n, -1)
	}
	l.finish = finishAudit
}

// finishAudit says in ECS's words what was done and how it went.
func finishAudit(_ *jsonParser, _ *jsonPlan, e *event.Event) {
	n := len(e.Values) - 3
	name := e.Get("event.provider").String()
	if name == "" {
		return
	}
	action, category := auditOperation(name)
	e.Values[n], e.Values[n+1] = textValue(action), textValue(category)
	if status := e.Get("event.code").String(); status != "" {
		e.Values[n+2] = textValue(success)
		if strings.Trim(status, "0") != "" {
			e.Values[n+2] = textValue(failure)
		}
	}
}
