package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// haproxyProgram is what HAProxy says of connections that are no HTTP: its TCP log (§8.2.2) and the short form (§8.2.1).
var haproxyProgram = newProgram(&event.Format{Name: "haproxy", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}, []sentence{
	{"{peer} [{_}] {service} {_}/{_} {_} {#} {_} {_} {_}", "tcp_connection", network, "", ""},
	{"{peer} [{_}] {service}: {reason}", "tcp_connection", network, failure, ""},
	{"Connect from {peer} to {dpeer} ({_})", "tcp_connection", network, "", ""},
	{"Server {service} is DOWN, reason: {reason}", "server_down", host, failure, ""},
	{"Server {service} is UP, reason: {reason}", "server_up", host, success, ""},
	{"{?} Server {service} is DOWN«{reason}»", "server_down", host, failure, ""},
	{"Proxy {service} started.", "service_started", process, success, ""},
	{"Proxy {service} stopped {reason}", "service_stopped", process, "", ""},
	{"backend {service} has no server available!", "server_down", host, failure, "no server available"},
	{"Server {service} is DOWN{reason}", "server_down", host, failure, ""},
	{"Server {service} is UP{reason}", "server_up", host, success, ""},
})

// readHAProxy reads a line of HAProxy's HTTP log after the time: "frontend backend/server timers status bytes cookie
// cookie state connections queues {headers} "request"". Source: HAProxy Configuration Manual §8.2.3.
func (r *request) readHAProxy(s string) bool {
	if !strings.HasSuffix(s, `"`) {
		return false
	}
	at := strings.Index(s, ` "`)
	if at < 0 {
		return false
	}
	words := strings.Fields(s[:at])
	if len(words) < 8 || !strings.Contains(words[1], "/") || strings.Count(words[2], "/") < 4 || !statusAt(words[3]) {
		return false
	}
	host, port, _ := cutLast(r.before, ':')
	if number.holds(port) {
		r.before, r.port = host, port
	}
	r.status, r.bytes = words[3], words[4]
	r.line = s[at+2 : len(s)-1]
	r.before += " - -"
	return true
}

// cutLast cuts s at the last c.
func cutLast(s string, c byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, c); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}
