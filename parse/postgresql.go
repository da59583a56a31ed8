package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// What PostgreSQL puts before its messages is an administrator's choice (log_line_prefix): a time, a process, user and
// database in one of several ways, an address. So the message is found first, by its level and the two spaces after it,
// and what stands before it is taken by what it looks like. csvlog has the same in columns.
var (
	postgresKind = newKind(postgresqlFormat, []string{
		"event.action", "event.category", "event.outcome", "event.reason", "user.name", "database.name", "source.ip", "source.domain",
		"source.port", "database.statement", "log.level",
	}, nil)
	postgresBare = newProgram(postgresqlFormat, withoutLevel(postgresSentences))
)

const (
	pgUser = iota + 4
	pgDatabase
	pgSource
	pgDomain
	pgPort
	pgStatement
	pgLevel
	pgFields
)

// withoutLevel returns sentences as csvlog has them.
func withoutLevel(table []sentence) []sentence {
	list := make([]sentence, 0, len(table))
	for _, s := range table {
		_, text, _ := strings.Cut(s.text, ":  ")
		if text[0] == '{' && strings.IndexByte(text, '}') == len(text)-1 {
			continue // a capture of all that is said
		}
		s.text = text
		list = append(list, s)
	}
	return list
}

func newPostgres() *program {
	sentences := newProgram(postgresqlFormat, postgresSentences)
	p := newProgram(postgresqlFormat)
	p.custom = func(message string, out *said) bool {
		at := postgresLevel(message)
		return at >= 0 && readPostgres(sentences, message[:at], message[at:], out)
	}
	return p
}

// postgresLevel returns where "FATAL:  " or another level begins, -1 where there is none.
func postgresLevel(s string) int {
	i := strings.Index(s, ":  ")
	if i < 3 {
		return -1
	}
	at := i
	for at > 0 && s[at-1]-'A' < 26 {
		at--
	}
	if at > 0 && s[at-1] != ' ' && s[at-1] != ']' && s[at-1] != '\t' {
		return -1
	}
	switch s[at:i] {
	case "LOG", "FATAL", "ERROR", "DETAIL", "STATEMENT", "HINT", "WARNING", "PANIC", "NOTICE", "CONTEXT", "INFO", "QUERY":
		return at
	}
	return -1
}

// readPostgres reads a message and the prefix before it.
func readPostgres(p *program, prefix, message string, out *said) bool {
	if !p.find(message, out) {
		out.kind = p.plain
	}
	var v [pgFields]event.Value
	for i, n := range out.kind.names {
		for k, name := range postgresKind.names {
			if n == name {
				v[k] = out.values[i]
			}
		}
	}
	if v[1].Kind == event.Missing {
		v[1] = textValue(database)
	}
	if end := strings.IndexByte(message, ':'); end > 0 {
		v[pgLevel] = textValue(message[:end])
	}
	for words := prefix; words != ""; {
		var w string
		w, words = postgresWord(words)
		postgresPrefix(w, v[:])
	}
	out.kind = postgresKind
	copy(out.values[:], v[:])
	return true
}

func postgresWord(s string) (w, rest string) {
	end := strings.IndexAny(s, " ,")
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end+1:]
}

// postgresPrefix reads one word of a prefix: "anna@shop", "user=anna", "client=192.0.2.7", "192.0.2.7(50122)".
func postgresPrefix(w string, v []event.Value) {
	if len(w) < 3 || w[0] == '[' && w[1] != ':' && !strings.Contains(w, "@") && !strings.Contains(w, "=") {
		return
	}
	w = strings.Trim(w, "[]")
	name, value, has := strings.Cut(w, "=")
	switch {
	case has && value != "" && value[0] != '[':
		postgresField(name, value, v)
	case strings.IndexByte(w, '@') > 0:
		user, db, _ := strings.Cut(w, "@")
		db = strings.TrimRight(db, ":")
		setMissing(v, pgUser, user)
		setMissing(v, pgDatabase, db)
	default:
		host, port, _ := strings.Cut(w, "(")
		if start, end := nextAddress(host, 0); start == 0 && end == len(host) {
			setMissing(v, pgSource, host)
			if v[pgPort].Kind == event.Missing {
				v[pgPort] = numberValue(strings.TrimRight(port, "):"))
			}
		}
	}
}

func postgresField(name, value string, v []event.Value) {
	switch name {
	case "user", "u":
		setMissing(v, pgUser, value)
	case "db", "database", "d":
		setMissing(v, pgDatabase, value)
	case "client", "host", "h", "r", "remote":
		host, port, _ := strings.Cut(value, "(")
		if v[pgSource].Kind == event.Missing {
			v[pgSource], v[pgDomain] = addressValues(host)
			if port != "" {
				v[pgPort] = numberValue(strings.TrimRight(port, ")"))
			}
		}
	}
}

func setMissing(v []event.Value, at int, s string) {
	if v[at].Kind == event.Missing && s != "" && s != "[unknown]" && s != "[local]" {
		v[at] = textValue(s)
	}
}

// postgresLog is the file of the logging collector, as text and as csvlog.
var postgresLog = ownLog{
	name: "postgresql",
	doc:  "Log files of PostgreSQL, with any log_line_prefix that begins with a time or an address, and csvlog.",
	example: "2024-03-03 09:12:44.120 UTC [812] oracle@shop FATAL:  password authentication failed for user \"oracle\"\n" +
		"2024-03-03 09:12:45.120 UTC [813] LOG:  connection received: host=203.0.113.7 port=50122\n" +
		"2024-03-03 09:12:46.120 UTC,\"oracle\",\"shop\",812,\"203.0.113.7:50122\",65e43f1e.32c,2,\"authentication\",2024-03-03 09:12:46 UTC,3/4,0,FATAL,28P01,\"password authentication failed for user \"\"oracle\"\"\",,,,,,,,,\"\"\n",
	read: func(l *ownLine, out *said) bool {
		if l.time != 0 && len(l.rest) > 12 && l.rest[0] == ',' {
			return readPostgresCSV(l, out)
		}
		at := postgresLevel(l.line)
		if at < 20 {
			return false
		}
		if l.time == 0 {
			_, rest := nextWord(l.line)
			var years yearless
			years.use(nil)
			if l.time, _ = cutOwnTime(rest, &years); l.time == 0 {
				return false
			}
		}
		prefix := l.line[:at]
		readPostgres(postgresText, prefix, l.line[at:], out)
		if open := strings.IndexByte(prefix, '['); open >= 0 {
			pid, _, ok := strings.Cut(prefix[open+1:], "]")
			if pid, _, _ = strings.Cut(pid, "-"); ok && number.holds(pid) {
				l.pid = pid
			}
		}
		l.program, l.rest = "postgres", l.line[at:]
		return true
	},
}

var postgresText = newProgram(postgresqlFormat, postgresSentences)

// readPostgresCSV reads ",user,database,pid,"address:port",session,number,tag,start,vxid,xid,level,state,message,…".
func readPostgresCSV(l *ownLine, out *said) bool {
	var f [14]string
	s := l.rest
	for i := 1; i < len(f); i++ {
		if s == "" || s[0] != ',' {
			return false
		}
		f[i], s = postgresColumn(s[1:])
	}
	if !number.holds(f[3]) || f[11] == "" || f[11][0]-'A' >= 26 {
		return false
	}
	if f[13] == "" {
		f[13] = f[11]
	}
	text := f[13]
	if !postgresBare.find(text, out) {
		out.kind = postgresBare.plain
	}
	var v [pgFields]event.Value
	for i, n := range out.kind.names {
		for k, name := range postgresKind.names {
			if n == name && name != "user.name" {
				v[k] = out.values[i]
			}
		}
	}
	if v[1].Kind == event.Missing {
		v[1] = textValue(database)
	}
	setMissing(v[:], pgUser, f[1])
	setMissing(v[:], pgDatabase, f[2])
	if host, port := splitEndpoint(f[4]); v[pgSource].Kind == event.Missing && host != "" && host != "[local]" {
		v[pgSource], v[pgDomain] = addressValues(host)
		v[pgPort] = numberValue(port)
	}
	v[pgLevel] = textValue(f[11])
	out.kind = postgresKind
	copy(out.values[:], v[:])
	l.program, l.pid, l.rest = "postgres", f[3], text
	return true
}

// postgresColumn cuts one column; quotes within it stay doubled.
func postgresColumn(s string) (column, rest string) {
	if s == "" || s[0] != '"' {
		end := strings.IndexByte(s, ',')
		if end < 0 {
			return s, ""
		}
		return s[:end], s[end:]
	}
	for at := 1; at < len(s); at++ {
		i := strings.IndexByte(s[at:], '"')
		if i < 0 {
			break
		}
		at += i
		if at+1 < len(s) && s[at+1] == '"' {
			at++
			continue
		}
		return s[1:at], s[at+1:]
	}
	return s[1:], ""
}
