package parse

import (
	"strings"
	"time"
)

// mysqlLog is the error log and the general log of MySQL and MariaDB.
var mysqlLog = ownLog{
	name: "mysql",
	doc:  "Error logs and general query logs of MySQL and MariaDB.",
	example: "2024-03-03T09:12:44.120000Z 12 [Note] [MY-010926] [Server] Access denied for user 'oracle'@'203.0.113.7' (using password: YES)\n" +
		"2024-03-03  9:12:45 13 [Warning] Access denied for user 'root'@'203.0.113.7' (using password: NO)\n" +
		"2024-03-03T09:12:46.120000Z\t   14 Connect\tanna@198.51.100.4 on shop using TCP/IP\n",
	begins: "09[[",
	read: func(l *ownLine, out *said) bool {
		s := l.rest
		if l.time == 0 {
			if l.time, s = mysqlTime(l.line, l.zone); l.time == 0 {
				return false
			}
		}
		n := 0
		for n < len(s) && s[n]-'0' <= 9 {
			n++
		}
		id := s[:n]
		s = trimSpace(s[n:])
		if s == "" {
			return false
		}
		if s[0] != '[' {
			return id != "" && mysqlCommand(s) && l.of(mysqlProgram, "mysqld", s, out)
		}
		level, text, ok := strings.Cut(s[1:], "] ")
		if !ok || !mysqlLevel(level) || id == "" && !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "Access denied") {
			return false
		}
		for text != "" && text[0] == '[' {
			if _, text, ok = strings.Cut(text, "] "); !ok {
				return false
			}
		}
		if !mysqlProgram.read(text, out) {
			mysqlProgram.readClues(text, out)
		}
		l.program, l.rest = "mysqld", text
		return true
	},
}

// newMySQL makes the program that the server is by syslog, where a time, a thread and a level may stand before the text.
func newMySQL() *program {
	p := newProgram(mysqlFormat, mysqlSentences)
	p.custom = func(message string, out *said) bool {
		i := strings.Index(message, "] ")
		return i > 3 && i < 48 && len(message) > i+2 && p.find(message[i+2:], out)
	}
	return p
}

func mysqlLevel(s string) bool {
	switch s {
	case "Note", "Warning", "ERROR", "Error", "System":
		return true
	}
	return false
}

// mysqlCommand tells whether a line of the general log begins with a command and a tab.
func mysqlCommand(s string) bool {
	end := strings.IndexByte(s, '\t')
	if end < 0 {
		return s == "Quit"
	}
	switch s[:end] {
	case "Connect", "Query", "Execute", "Prepare", "Init DB", "Quit", "Field List", "Close stmt", "Statistics", "Reset stmt":
		return true
	}
	return false
}

// mysqlTime reads "240303  9:12:44 " and "2024-03-03  9:12:44 " of older servers.
func mysqlTime(s string, zone *time.Location) (ns int64, rest string) {
	i := 0
	c := clock{}
	switch {
	case len(s) > 20 && s[4] == '-' && s[7] == '-' && s[10] == ' ' && s[11] == ' ':
		c.year, c.month, c.day, i = digits4(s, 0), digits2(s, 5), digits2(s, 8), 12
	case len(s) > 17 && s[6] == ' ' && s[0]-'0' <= 9:
		c.year, c.month, c.day, i = 2000+digits2(s, 0), digits2(s, 2), digits2(s, 4), 7
	default:
		return 0, s
	}
	if s[i] == ' ' {
		i++
	}
	if s[i+1] == ':' {
		c.hour = int(s[i] - '0')
		i--
	} else {
		c.hour = digits2(s, i)
	}
	if i+8 > len(s) || s[i+2] != ':' || s[i+5] != ':' {
		return 0, s
	}
	c.minute, c.second = digits2(s, i+3), digits2(s, i+6)
	if c.year|c.month|c.day|c.hour|c.minute|c.second < 0 || c.hour > 23 {
		return 0, s
	}
	ns, _ = c.unixNanos(zone)
	return ns, trimSpace(s[i+8:])
}
