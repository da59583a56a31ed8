package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// mongoTextProgram is MongoDB's server before version 4.4, which wrote text. Source: MongoDB Manual 4.2, "Log Messages".
var mongoTextProgram = newProgram(&event.Format{Name: "mongodb", LogSource: event.LogSource{Product: "mongodb"}}, []sentence{
	{"connection accepted from {peer} #{#} ({*}", "db_connection", network, "", ""},
	{"end connection {peer} ({*}", "db_disconnected", network, "", ""},
	{"SASL {sasl} authentication failed for {lazyuser} on {db} from client {peer} ; {reason}", "db_login", authentication, failure, ""},
	{"SASL {sasl} authentication failed for {lazyuser} on {db} from client {addr} ; {reason}", "db_login", authentication, failure, ""},
	{"Successfully authenticated as principal {lazyuser} on {db} from client {peer}", "db_login", authentication, success, ""},
	{"Successfully authenticated as principal {lazyuser} on {db}", "db_login", authentication, success, ""},
	{"Failed to authenticate {lazyuser}@{db} from client {peer} with mechanism {sasl} {reason}", "db_login", authentication, failure, ""},
	{"Unauthorized: not authorized on {db} to execute command {statement}", "db_access", database, failure, "not authorized"},
	{"received client metadata from {peer} {*}", "db_connection", network, "", ""},
	{"dropDatabase {db} - {reason}", "db_drop", database, success, ""},
})

// mongoLog is "2024-03-03T09:12:44.120+0000 I ACCESS   [conn7] …".
var mongoLog = ownLog{
	name: "mongodb-text",
	doc:  "Log files of MongoDB before version 4.4, which are text.",
	example: "2024-03-03T09:12:44.120+0000 I NETWORK  [listener] connection accepted from 203.0.113.7:50122 #7 (1 connection now open)\n" +
		"2024-03-03T09:12:45.120+0000 I  ACCESS   [conn7] SASL SCRAM-SHA-1 authentication failed for anna on admin from client 203.0.113.7:50122 ; UserNotFound: Could not find user anna@admin\n",
	begins: "DDEFIIWW",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || len(l.first) != 1 {
			return false
		}
		component, rest := nextWord(strings.TrimLeft(l.after, " "))
		_, text, ok := strings.Cut(rest, "] ")
		if !ok || rest[0] != '[' || component != "-" && !upperWord(component) {
			return false
		}
		return l.of(mongoTextProgram, "mongod", text, out)
	},
}

// redisMonitorKind is a command that a client of Redis gave.
var redisMonitorKind = newKind(redisFormat, []string{"event.action", "event.category", "source.ip", "source.port", "database.name", "database.statement"}, nil)

// redisMonitorLog is what MONITOR prints: `1709457164.120000 [0 203.0.113.7:50122] "CONFIG" "SET" …`.
var redisMonitorLog = ownLog{
	name:    "redis-monitor",
	doc:     "What the MONITOR command of Redis prints.",
	example: "1709457164.120000 [0 203.0.113.7:50122] \"CONFIG\" \"SET\" \"dir\" \"/var/spool/cron\"\n",
	begins:  "09",
	read: func(l *ownLine, out *said) bool {
		stamp, rest := nextWord(l.line)
		head, command, ok := strings.Cut(rest, "] \"")
		if !ok || len(head) < 4 || head[0] != '[' || !decimal(stamp) || len(stamp) < 12 {
			return false
		}
		db, client, ok := strings.Cut(head[1:], " ")
		ns, is := parseEpoch(stamp)
		if !ok || !is || !number.holds(db) {
			return false
		}
		l.time, l.program = ns, "redis"
		v := out.values[:len(redisMonitorKind.names)]
		clear(v)
		out.kind = redisMonitorKind
		ip, port := splitEndpoint(client)
		v[0], v[1], v[2], v[3], v[4] = textValue("db_query"), textValue(database), event.Value{}, numberValue(port), textValue(db)
		if isAddress(strings.Trim(ip, "[]")) {
			v[2], _ = addressValues(ip)
		}
		v[5] = textValue(`"` + command)
		return true
	},
}
