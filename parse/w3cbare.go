package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// iisBareLog is a line of IIS without the directives that name its fields, as it comes from shippers that read a file
// from its middle, or from grep. The selections of fields that IIS offers have one order; the address of the server and
// the method say where the others stand. Source: learn.microsoft.com, "W3C Extended Log File Examples".
var iisBareLog = ownLog{
	name: "iis",
	doc:  "Lines of IIS in the W3C extended format without their #Fields: directive, in the order that IIS gives its fields.",
	example: "2024-03-03 09:12:44 192.0.2.10 GET /owa/auth.aspx id=7 443 - 198.51.100.4 Mozilla/5.0+(X11) - 200 0 0 15\n" +
		"2024-03-03 09:12:45 W3SVC1 WEB1 192.0.2.10 POST /login.aspx - 443 anna 198.51.100.4 HTTP/1.1 curl/8 - - shop.example 401 1 0 512 300 7\n",
	begins: "09afAF::WW",
	read: func(l *ownLine, out *said) bool {
		site := strings.HasPrefix(l.rest, "W3SVC")
		if l.time == 0 || len(l.line) < 40 || l.line[10] != ' ' || l.line[4] != '-' || !site && !isAddress(l.first) {
			return false
		}
		v := out.values[:len(iisBareKind.names)]
		clear(v)
		out.kind = iisBareKind
		s := l.rest
		if site {
			_, s = nextWord(s)
			v[bareServer], s = wordValue(s)
		}
		server, s := nextWord(s)
		verb, s := nextWord(s)
		path, s := nextWord(s)
		if !isAddress(server) || !upperWord(verb) || path == "" || path[0] != '/' {
			return false
		}
		query, s := nextWord(s)
		port, s := nextWord(s)
		user, s := nextWord(s)
		client, s := nextWord(s)
		if !number.holds(port) || port == "" || !isAddress(client) {
			return false
		}
		v[bareServerIP], v[bareMethod], v[barePath] = textValue(server), textValue(verb), textValue(path)
		v[barePort], v[bareClient], v[bareURI] = numberValue(port), textValue(client), textValue(path)
		if query != "-" {
			v[bareQuery], v[bareURI] = textValue(query), textValue(path+"?"+query)
		}
		if user != "-" {
			v[bareUser] = textValue(user)
		}
		if strings.HasPrefix(s, "HTTP/") {
			v[bareVersion], s = wordValue(s)
		}
		v[bareAgent], s = wordValue(s)
		return bareStatus(s, v)
	},
}

var iisBareKind = newKind(iisFormat, []string{
	"s-computername", "s-ip", "cs-method", "cs-uri-stem", "cs-uri-query", "s-port", "cs-username", "c-ip", "cs-version",
	"cs(User-Agent)", "cs(Referer)", "cs(Host)", "sc-status", "sc-substatus", "sc-win32-status", "cs-uri", "event.outcome",
}, nil)

const (
	bareServer = iota
	bareServerIP
	bareMethod
	barePath
	bareQuery
	barePort
	bareUser
	bareClient
	bareVersion
	bareAgent
	bareReferer
	bareHost
	bareStatusAt
	bareSubstatus
	bareWin32
	bareURI
	bareOutcome
)

// bareStatus reads what follows the user agent: perhaps a cookie, the referer and the host, then three statuses.
func bareStatus(s string, v []event.Value) bool {
	var w [4]string
	n := 0
	for n < len(w) && s != "" && !statusAt(s) {
		w[n], s = nextWord(s)
		n++
	}
	var status, sub, win string
	status, s = nextWord(s)
	sub, s = nextWord(s)
	win, _ = nextWord(s)
	if len(status) != 3 || !number.holds(sub) || !number.holds(win) || sub == "" || win == "" {
		return false
	}
	referer, host := "-", "-"
	switch n {
	case 1:
		referer = w[0]
	case 2:
		referer, host = w[0], w[1]
	case 3: // the cookie first
		referer, host = w[1], w[2]
	}
	if referer != "-" {
		v[bareReferer] = textValue(referer)
	}
	if host != "-" {
		v[bareHost] = textValue(host)
	}
	v[bareStatusAt], v[bareSubstatus], v[bareWin32] = numberValue(status), numberValue(sub), numberValue(win)
	v[bareOutcome] = statusOutcome(status)
	return true
}

// wordValue cuts a word off s; "-" stands for none.
func wordValue(s string) (event.Value, string) {
	w, rest := nextWord(s)
	if w == "" || w == "-" {
		return event.Value{}, rest
	}
	return textValue(w), rest
}

// upperWord tells whether s is a method of HTTP as servers write it.
func upperWord(s string) bool {
	for i := range len(s) {
		if s[i]-'A' > 25 && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return len(s) > 2 && len(s) < 24
}
