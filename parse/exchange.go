package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// exchangeLog is what Exchange Server writes of POP3 and IMAP4 sessions: a table with commas of time, session, number,
// server, client, user, duration, sizes, command, parameters, context. Quotes within quotes are doubled.
// Source: Microsoft Learn, "Configure protocol logging for POP3 and IMAP4".
var exchangeLog = ownLog{
	name:    "exchange",
	doc:     "Logs of POP3 and IMAP4 sessions of Microsoft Exchange Server.",
	example: "2026-11-21T01:10:00.514Z,0000000000000005,1,192.0.2.1:110,203.0.113.7:55576,anna,193,21,69,auth,PLAIN,\"R=\"\"-ERR Authentication failure: unknown user name or bad password.\"\"\",\n",
	begins:  ",,",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || len(l.rest) < 20 || l.rest[0] != ',' {
			return false
		}
		var w [9]string // session, number, server, client, user, duration, request, reply, command
		rest := l.rest[1:]
		for i := range w {
			var ok bool
			if w[i], rest, ok = strings.Cut(rest, ","); !ok {
				return false
			}
		}
		server, serverPort := splitEndpoint(w[2])
		client, clientPort := splitEndpoint(w[3])
		if !isAddress(strings.Trim(client, "[]")) || !isAddress(strings.Trim(server, "[]")) || serverPort == "" || !number.holds(w[1]) {
			return false
		}
		v := out.values[:len(exchangeKind.names)]
		clear(v)
		out.kind = exchangeKind
		v[0], v[1] = textValue("mail_command"), textValue(email)
		v[3], v[4] = textValue(strings.Trim(client, "[]")), numberValue(clientPort)
		v[5], v[6] = textValue(strings.Trim(server, "[]")), numberValue(serverPort)
		if w[4] != "" {
			v[7] = textValue(w[4])
		}
		v[8] = textValue(w[8])
		switch strings.ToLower(w[8]) {
		case "auth", "authenticate", "pass", "login":
			action := "imap_login"
			if serverPort == "110" || serverPort == "995" {
				action = "pop3_login"
			}
			v[0], v[1], v[2] = textValue(action), textValue(authentication), textValue(success)
			if strings.Contains(rest, "-ERR") || strings.Contains(rest, " NO ") || strings.Contains(rest, "AuthFailed") {
				v[2] = textValue(failure)
			}
		}
		l.program = "exchange"
		return true
	},
}

var exchangeKind = newKind(&event.Format{Name: "exchange", LogSource: event.LogSource{Product: "windows", Service: "msexchange-pop-imap"}}, []string{
	"event.action", "event.category", "event.outcome", "source.ip", "source.port", "destination.ip", "destination.port", "user.name", "email.command",
}, nil)
