package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// webminLog is what Webmin's server writes of each action to webmin.log: "id.number.number [time] user session address
// program script action type object". A login that failed is the action "failed".
// Source: Webmin documentation, "Webmin Actions Log".
var webminLog = ownLog{
	name:    "webmin",
	doc:     "The log of actions of Webmin and Usermin.",
	example: "1795228200.10007.0 [21/Nov/2026 01:10:00] root - 203.0.113.7 global miniserv.pl \"failed\" \"-\" \"wrongpass\"\n",
	begins:  "09",
	read: func(l *ownLine, out *said) bool {
		id, rest, ok := strings.Cut(l.line, " [")
		if !ok || len(id) < 14 || strings.Trim(id, "0123456789.") != "" {
			return false
		}
		at, rest, ok := strings.Cut(rest, "] ")
		if !ok || len(at) < 19 || len(at) > 20 || len(rest) < 16 {
			return false
		}
		var w [5]string // user, session, address, program, script
		for i := range w {
			w[i], rest = nextWord(rest)
		}
		if !isAddress(w[2]) || rest == "" || rest[0] != '"' {
			return false
		}
		action, rest := quotedField(rest)
		_, rest = quotedWord(rest)
		object, _ := quotedWord(rest)
		v := out.values[:len(webminKind.names)]
		clear(v)
		out.kind = webminKind
		v[0], v[3], v[4], v[5] = textValue(action), textValue(w[2]), textValue(w[0]), textValue(w[3])
		if w[4] == "miniserv.pl" {
			v[0], v[1], v[2] = textValue("web_login"), textValue(authentication), textValue(success)
			switch action {
			case "failed":
				v[2] = textValue(failure)
			case "logout", "timeout":
				v[0], v[1], v[2] = textValue("session_closed"), textValue(session), event.Value{}
			}
		}
		if object != "" && object != "-" {
			v[6] = textValue(object)
		}
		l.time, l.program = webminTime(id), "webmin"
		return true
	},
}

var webminKind = newKind(&event.Format{Name: "webmin", LogSource: event.LogSource{Product: "webmin"}}, []string{
	"event.action", "event.category", "event.outcome", "source.ip", "user.name", "service.name", "event.reason",
}, nil)

// quotedWord cuts a quoted string off, where s begins with one.
func quotedWord(s string) (field, rest string) {
	if s == "" || s[0] != '"' {
		return "", s
	}
	return quotedField(s)
}

// webminTime is the time of a line: the seconds since 1970 that its id begins with. What stands in brackets is the same in
// the server's zone, which is not stated.
func webminTime(id string) int64 {
	seconds, _, _ := strings.Cut(id, ".")
	ns, _ := parseEpoch(seconds)
	return ns
}

// zoraxyLog is the log of the reverse proxy Zoraxy: "[time] [router:kind] [origin:host] [client: address] [useragent: …]
// METHOD path status" behind a time.
var zoraxyLog = ownLog{
	name:    "zoraxy",
	doc:     "Requests in the log of the reverse proxy Zoraxy. Fields have their W3C names, as in access logs.",
	example: "2026/11/21 01:10:00 [2026-11-21 01:10:00.120000] [router:host-http] [origin:shop.example] [client: 203.0.113.7] [useragent: Mozilla/5.0] GET /cart?id=7 200\n",
	begins:  "[[",
	read: func(l *ownLine, out *said) bool {
		_, s, ok := strings.Cut(l.line, "] [router:")
		if !ok || l.time == 0 {
			return false
		}
		_, s, ok = strings.Cut(s, "] [origin:")
		if !ok {
			return false
		}
		origin, s, ok := strings.Cut(s, "] [client: ")
		if !ok {
			return false
		}
		client, s, ok := strings.Cut(s, "] [useragent: ")
		if !ok || !isAddress(client) {
			return false
		}
		i := strings.LastIndex(s, "] ") // a user agent may hold anything
		if i < 0 {
			return false
		}
		agent, s := s[:i], s[i+2:]
		verb, s := nextWord(s)
		i = strings.LastIndexByte(s, ' ')
		if i < 0 || !method(verb) || !statusAt(s[i+1:]) {
			return false
		}
		uri := s[:i]
		v := out.values[:len(zoraxyKind.names)]
		clear(v)
		out.kind = zoraxyKind
		stem, query, has := strings.Cut(uri, "?")
		v[0], v[1], v[2], v[3], v[4] = textValue(origin), textValue(client), textValue(verb), textValue(uri), textValue(stem)
		if has {
			v[5] = textValue(query)
		}
		v[6], v[7] = numberValue(s[i+1:]), textValue(agent)
		l.program = "zoraxy"
		return true
	},
}

var zoraxyKind = newKind(&event.Format{Name: "zoraxy", LogSource: event.LogSource{Category: "webserver"}, ECS: webECS}, []string{
	"cs-host", "c-ip", "cs-method", "cs-uri", "cs-uri-stem", "cs-uri-query", "sc-status", "cs-user-agent",
}, nil)

// honeypotLog is the log of the SSH honeypot sshesame: "[address:port] [channel n] what was done" behind a time.
// Nobody has any business there: what is done is told whole.
var honeypotLog = ownLog{
	name:    "sshesame",
	doc:     "The log of the SSH honeypot sshesame: logins, commands and forwardings that strangers try.",
	example: "2026/11/21 01:10:00 [203.0.113.7:50122] authentication for user \"root\" with password \"123456\" accepted\n",
	begins:  "[[",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || l.rest == "" || l.rest[0] != '[' {
			return false
		}
		peer, text, ok := strings.Cut(l.rest[1:], "] ")
		if !ok {
			return false
		}
		host, port := splitEndpoint(strings.Trim(peer, "[]"))
		if !isAddress(strings.Trim(host, "[]")) || port == "" {
			return false
		}
		if strings.HasPrefix(text, "[channel ") {
			_, text, ok = strings.Cut(text, "] ")
			if !ok {
				return false
			}
		}
		action, value := honeypotAction(text)
		if action == "" {
			return false
		}
		v := out.values[:len(honeypotKind.names)]
		clear(v)
		out.kind = honeypotKind
		v[0], v[1], v[2], v[3] = textValue(action), textValue("intrusion_detection"), textValue(strings.Trim(host, "[]")), numberValue(port)
		switch action {
		case "honeypot_login":
			v[4] = textValue(value)
		case "honeypot_command":
			v[5] = textValue(value)
		}
		l.program = "sshesame"
		return true
	},
}

var honeypotKind = newKind(&event.Format{Name: "sshesame", LogSource: event.LogSource{Product: "honeypot", Service: "sshd"}}, []string{
	"event.action", "event.category", "source.ip", "source.port", "user.name", "process.command_line",
}, nil)

// honeypotAction tells what a sentence says was done, and with what.
func honeypotAction(s string) (action, value string) {
	switch {
	case strings.HasPrefix(s, `authentication for user "`):
		rest := s[len(`authentication for user "`):]
		i := strings.LastIndex(rest, `" with `)
		if i < 0 {
			if i = strings.LastIndex(rest, `" without `); i < 0 {
				return "", ""
			}
			return "honeypot_connection", rest[:i]
		}
		if j := strings.Index(rest[:i], `" with password "`); j >= 0 {
			i = j
		}
		return "honeypot_login", rest[:i]
	case strings.HasPrefix(s, `command "`) && strings.HasSuffix(s, `" requested`):
		return "honeypot_command", s[len(`command "`) : len(s)-len(`" requested`)]
	case strings.HasPrefix(s, "direct TCP/IP forwarding"), strings.HasPrefix(s, "TCP/IP forwarding"):
		return "honeypot_forwarding", ""
	case strings.HasPrefix(s, "connection "), strings.HasPrefix(s, "closed"), strings.HasPrefix(s, "session requested"),
		strings.HasPrefix(s, "input: "), strings.HasPrefix(s, "rejection of "), strings.HasPrefix(s, "environment variable "),
		strings.HasPrefix(s, "PTY "), strings.HasPrefix(s, "shell requested"), strings.HasPrefix(s, "subsystem "):
		return "honeypot_connection", ""
	}
	return "", ""
}

// monologLog is what programs in PHP write with the library Monolog: "[time] channel.LEVEL: text {context} {extra}".
// Source: Monolog's LineFormatter.
var monologLog = ownLog{
	name:    "monolog",
	doc:     "Logs of programs in PHP that write with Monolog: Symfony, Laravel, Magento and many others.",
	example: "[2026-11-21 01:10:00] payment.WARNING: card declined {\"ip\":\"203.0.113.7\"} []\n",
	begins:  "azAZ",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || l.line[0] != '[' {
			return false
		}
		channel, level, ok := strings.Cut(strings.TrimSuffix(l.first, ":"), ".")
		if !ok || l.first[len(l.first)-1] != ':' || !monologLevel(level) {
			return false
		}
		v := out.values[:len(monologKind.names)]
		clear(v)
		readClues(l.rest, v[:len(clueNames)])
		out.kind = monologKind
		n := len(clueNames)
		v[n], v[n+1] = textValue(channel), textValue(level)
		return true
	},
}

var monologKind = newKind(&event.Format{Name: "monolog", LogSource: event.LogSource{Category: "application", Product: "php"}},
	append(append([]string{}, clueNames...), "log.logger", "log.level"), nil)

func monologLevel(s string) bool {
	switch s {
	case "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY":
		return true
	}
	return false
}
