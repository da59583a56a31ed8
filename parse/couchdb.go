package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// couchKind is requests in CouchDB's log: "node <pid> id host address user METHOD path status outcome milliseconds".
var couchKind = newKind(&event.Format{Name: "couchdb", LogSource: event.LogSource{Category: "webserver", Product: "couchdb"}, ECS: couchECS}, []string{
	"event.action", "event.category", "event.outcome", "url.domain", "source.ip", "user.name", "http.request.method", "url.original",
	"http.response.status_code",
}, nil)

// couchECS lets rules about web servers read what CouchDB, which is one, says of requests.
var couchECS = map[string][]string{
	"c-ip": {"source.ip"}, "cs-method": {"http.request.method"}, "cs-uri": {"url.original"}, "cs-uri-stem": {"url.original"},
	"sc-status": {"http.response.status_code"}, "cs-username": {"user.name"}, "cs-host": {"url.domain"},
}

// couchLog is the log file of CouchDB.
var couchLog = ownLog{
	name:    "couchdb",
	doc:     "Log files of CouchDB: its requests.",
	example: "[notice] 2024-03-03T09:12:44.120000Z couchdb@127.0.0.1 <0.812.0> 0f1e2d3c4b shop.example 203.0.113.7 anna GET /orders/_all_docs 401 ok 7\n",
	begins:  "[[",
	read: func(l *ownLine, out *said) bool {
		level, rest, ok := strings.Cut(l.line, "] ")
		if !ok || len(level) > 10 {
			return false
		}
		ns, n := parseTimePrefix(rest, nil)
		if n == 0 || !strings.HasPrefix(rest[n:], " ") {
			return false
		}
		var w [9]string // node, process, id, host, address, user, method, path, status
		rest = rest[n+1:]
		for i := range w {
			w[i], rest = nextWord(rest)
		}
		if len(w[1]) < 5 || w[1][0] != '<' || !isAddress(w[4]) || !method(w[6]) || !number.holds(w[8]) {
			return false
		}
		v := out.values[:len(couchKind.names)]
		clear(v)
		out.kind = couchKind
		v[0], v[1], v[2] = textValue("db_request"), textValue(database), textValue(success)
		if w[8][0] >= '4' {
			v[2] = textValue(failure)
		}
		v[3], v[4], v[5] = textValue(w[3]), textValue(w[4]), textValue(w[5])
		v[6], v[7], v[8] = textValue(w[6]), textValue(w[7]), numberValue(w[8])
		l.time, l.program = ns, "couchdb"
		return true
	},
}
