package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// zimbraKind is what Zimbra's mailbox and audit logs tell: whom, from where, by what.
// Source: Zimbra Collaboration administrator's guide, "Log Files".
var zimbraKind = newKind(&event.Format{Name: "zimbra", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}, []string{
	"event.action", "event.category", "event.outcome", "event.reason", "source.ip", "user.name", "user_agent.original", "log.level", "network.protocol",
}, nil)

// zimbraLog is "2024-03-03 09:12:44,120 WARN  [thread] [name=anna@shop.example;oip=203.0.113.7;ua=…;] security - cmd=Auth; …".
var zimbraLog = ownLog{
	name: "zimbra",
	doc:  "Zimbra's mailbox.log and audit.log.",
	example: "2024-03-03 09:12:44,120 WARN  [qtp1-12:https://mail.shop.example/service/soap/AuthRequest] [name=anna@shop.example;oip=203.0.113.7;ua=zclient/9;soapId=7;] security - cmd=Auth; account=anna@shop.example; protocol=soap; error=authentication failed for [anna@shop.example], invalid password;\n" +
		"2024-03-03 09:12:45,120 INFO  [ImapSSLServer-7] [ip=192.0.2.1;oip=198.51.100.4;via=192.0.2.1(nginx/1.20);cid=7;] imap - user anna@shop.example authenticated, mechanism=PLAIN\n",
	begins:  "AZ",
	leveled: true,
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 {
			return false
		}
		_, rest, ok := strings.Cut(l.rest, "] [")
		context, text, more := strings.Cut(rest, ";] ")
		if !ok || !more || !strings.Contains(context, "ip=") {
			return false
		}
		v := out.values[:len(zimbraKind.names)]
		clear(v)
		out.kind = zimbraKind
		v[7] = textValue(l.first)
		for context != "" {
			var pair string
			pair, context, _ = strings.Cut(context, ";")
			key, value, _ := strings.Cut(pair, "=")
			switch {
			case value == "":
			case key == "oip", key == "ip" && v[4].Kind == event.Missing:
				ip, _, _ := strings.Cut(value, ",")
				v[4], _ = addressValues(ip)
			case key == "name", key == "account":
				v[5] = textValue(value)
			case key == "ua":
				v[6] = textValue(value)
			}
		}
		zimbraText(text, v)
		l.program, l.rest = "zimbra", text
		return true
	},
}

// zimbraText reads "security - cmd=Auth; account=…; protocol=…; error=…;" and "imap - authentication failed for [anna]".
func zimbraText(text string, v []event.Value) {
	part, text, _ := strings.Cut(text, " - ")
	for _, pair := range strings.Split(text, "; ") {
		key, value, ok := strings.Cut(pair, "=")
		value = strings.TrimRight(value, ";")
		switch {
		case !ok || value == "":
		case key == "account":
			v[5] = textValue(value)
		case key == "error":
			v[3] = textValue(value)
		case key == "protocol":
			v[8] = textValue(value)
		}
	}
	switch {
	case strings.Contains(text, "authentication failed"), strings.HasPrefix(text, "cmd=Auth;") && v[3].Kind != event.Missing,
		strings.Contains(text, "invalid password"), strings.Contains(text, "failed login"):
		v[2] = failureValue
	case strings.HasPrefix(text, "cmd=Auth;"), strings.HasPrefix(text, "cmd=AdminAuth;"), strings.Contains(text, " authenticated, "):
		v[2] = successValue
	default:
		if part != "security" {
			v[0] = textValue(part)
			return
		}
		v[0], v[1] = textValue("security"), textValue(iam)
		return
	}
	v[0], v[1] = textValue("login"), textValue(authentication)
	if v[5].Kind == event.Missing {
		if name := clueAccount(text, -1); name != "" {
			v[5] = textValue(name)
		}
	}
}
