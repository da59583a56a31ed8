package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Dovecot puts the part that speaks before its messages, and, in a file of its own, the level after that:
// "imap-login: Info: Login: user=<anna>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=7, TLS, session=<x>".
// What a login was about stands in a list of name=value whose order has changed often, so it is read as a list.
// Source: doc.dovecot.org, "Login processes" (login_log_format_elements).
var (
	dovecotFormat  = &event.Format{Name: "dovecot", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	dovecotProgram = newDovecot("")
	dovecotKind    = newKind(dovecotFormat, []string{
		"event.action", "event.category", "event.outcome", "event.reason", "user.name", "source.ip", "source.port", "destination.ip",
		"destination.port", "authentication.method", "session.id", "service.name",
	}, nil)
)

const (
	dcAction = iota
	dcCategory
	dcOutcome
	dcReason
	dcUser
	dcSource
	dcPort
	dcDestination
	dcDestinationPort
	dcMethod
	dcSession
	dcService
	dovecotFields
)

// newDovecot makes the program that Dovecot is, or one part of it.
func newDovecot(part string) *program {
	p := newProgram(dovecotFormat, pamSentences)
	p.custom = func(message string, out *said) bool { return readDovecot(part, message, out) }
	return p
}

// dovecotParts are those whose messages are about a login, and what the login is called.
var dovecotParts = map[string]string{
	"imap-login": "imap_login", "pop3-login": "pop3_login", "managesieve-login": "sieve_login", "submission-login": "smtp_auth",
	"auth": "mail_auth", "auth-worker": "mail_auth", "imap": "imap_session", "pop3": "pop3_session", "lmtp": "mail_delivery", "lda": "mail_delivery",
}

func readDovecot(part, message string, out *said) bool {
	v, text := out.values[:dovecotFields], message
	for range 3 { // "imap-login: Info: ", "auth-worker(7): conn unix:…: "
		head, rest, ok := strings.Cut(text, ": ")
		if !ok || strings.IndexByte(head, ' ') >= 0 {
			break
		}
		name, _, _ := strings.Cut(head, "(")
		if dovecotParts[name] != "" {
			part = name
		} else if !dovecotLevel(name) {
			break
		}
		text = trimSpace(rest)
	}
	login := dovecotLogin(text)
	if part == "" && login == "" {
		return false
	}
	clear(v)
	out.kind = dovecotKind
	if part != "" {
		v[dcService] = textValue(part)
		v[dcAction] = textValue(dovecotParts[part])
	} else {
		v[dcAction] = textValue("mail_login")
	}
	v[dcCategory] = textValue(authentication)
	switch {
	case login != "":
		v[dcOutcome] = textValue(login)
		dovecotReason(text, v)
		dovecotList(text, v)
		return true
	case part == "auth" || part == "auth-worker":
		return dovecotAuth(text, v)
	}
	return dovecotMail(part, text, message, v)
}

func dovecotLevel(s string) bool {
	switch s {
	case "Info", "Warning", "Error", "Debug", "Fatal", "Panic":
		return true
	}
	return false
}

// dovecotLogin returns the outcome of what the text calls the end of a login; "" where it is about something else.
func dovecotLogin(s string) string {
	switch {
	case strings.HasPrefix(s, "Login: "):
		return success
	case strings.HasPrefix(s, "Aborted login"), strings.HasPrefix(s, "Disconnected"), strings.HasPrefix(s, "Login aborted"),
		strings.HasPrefix(s, "Maximum number of connections"):
		if strings.Contains(s, "rip=") {
			return failure
		}
	}
	return ""
}

// dovecotReason reads what stands in brackets or behind a colon at the start: "Aborted login (auth failed, 3 attempts in 9 secs): ".
func dovecotReason(s string, v []event.Value) {
	if strings.HasPrefix(s, "Login: ") {
		return
	}
	end := strings.Index(s, "user=<")
	if end < 0 {
		end = strings.Index(s, "rip=")
	}
	if end < 0 {
		return
	}
	if open := strings.IndexByte(s[:end], '('); open >= 0 {
		if n := strings.LastIndexByte(s[:end], ')'); n > open {
			v[dcReason] = textValue(s[open+1 : n])
			return
		}
	}
	if _, reason, ok := strings.Cut(s[:end], ": "); ok {
		v[dcReason] = textValue(strings.TrimRight(reason, ":, "))
	}
}

// dovecotList reads "user=<anna>, method=PLAIN, rip=192.0.2.7, rport=4711, lip=…".
func dovecotList(s string, v []event.Value) {
	for s != "" {
		eq := strings.IndexByte(s, '=')
		if eq < 0 {
			return
		}
		start := strings.LastIndexAny(s[:eq], " ,(:") + 1
		name, value := s[start:eq], s[eq+1:]
		if value != "" && value[0] == '<' {
			end := strings.IndexByte(value, '>')
			if end < 0 {
				return
			}
			value, s = value[1:end], value[end+1:]
		} else {
			end := strings.IndexAny(value, ", )")
			if end < 0 {
				end = len(value)
			}
			value, s = value[:end], value[end:]
		}
		dovecotField(name, value, v)
	}
}

func dovecotField(name, value string, v []event.Value) {
	if value == "" {
		return
	}
	switch name {
	case "user", "username":
		v[dcUser] = textValue(value)
	case "method":
		v[dcMethod] = textValue(value)
	case "rip", "remote":
		v[dcSource], _ = addressValues(value)
	case "rport":
		v[dcPort] = numberValue(value)
	case "lip":
		v[dcDestination], _ = addressValues(value)
	case "lport":
		v[dcDestinationPort] = numberValue(value)
	case "session":
		v[dcSession] = textValue(value)
	}
}

// dovecotAuth reads what the authentication process says: "passwd-file(anna,192.0.2.7,<session>): Password mismatch".
func dovecotAuth(s string, v []event.Value) bool {
	if i := strings.Index(s, "pam_unix("); i == 0 {
		return false
	}
	for rest := s; ; {
		open := strings.IndexByte(rest, '(')
		if open < 0 {
			break
		}
		end := strings.Index(rest[open:], ")")
		if end < 0 {
			break
		}
		inside := rest[open+1 : open+end]
		user, after, ok := strings.Cut(inside, ",")
		address, after, _ := strings.Cut(after, ",")
		if ok && isAddress(address) {
			v[dcUser] = textValue(user)
			v[dcSource], _ = addressValues(address)
			if len(after) > 2 && after[0] == '<' {
				v[dcSession] = textValue(strings.Trim(after, "<>"))
			}
			if i := strings.Index(rest[open+end:], ": "); i >= 0 {
				v[dcReason] = textValue(rest[open+end+i+2:])
			}
			break
		}
		rest = rest[open+end:]
	}
	var words clueWords
	words.read(s)
	if words.failure || strings.Contains(s, "mismatch") || strings.Contains(s, "unknown user") {
		v[dcOutcome] = textValue(failure)
	}
	return v[dcSource].Kind != event.Missing || v[dcOutcome].Kind != event.Missing
}

// dovecotMail reads what the processes of a user say behind a name in brackets: "imap(anna)<7><x>: Disconnected: Logged out".
func dovecotMail(part, text, message string, v []event.Value) bool {
	at := strings.Index(message, part)
	if at < 0 {
		return false
	}
	rest := message[at+len(part):]
	if rest == "" || rest[0] != '(' {
		return false
	}
	name, _, ok := strings.Cut(rest[1:], ")")
	if !ok {
		return false
	}
	v[dcUser], v[dcCategory], v[dcReason] = textValue(name), textValue(session), textValue(text)
	return true
}

// dovecotLog is a file of Dovecot's own with log_timestamp set to an ISO date: "2024-03-03 09:12:44 imap-login: Info: …".
var dovecotLog = ownLog{
	name: "dovecot",
	doc:  "Log files of Dovecot.",
	example: "2024-03-03 09:12:44 imap-login: Info: Disconnected (auth failed, 1 attempts in 2 secs): user=<anna>, method=PLAIN, rip=203.0.113.7, lip=192.0.2.1, TLS, session=<x>\n" +
		"Mar 03 09:12:45 auth: Info: passwd-file(anna,203.0.113.7,<x>): Password mismatch\n",
	begins: "adimlmps",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || l.first == "" || l.first[len(l.first)-1] != ':' {
			return false
		}
		name, _, _ := strings.Cut(l.first[:len(l.first)-1], "(")
		if dovecotParts[name] == "" {
			return false
		}
		level, _ := nextWord(l.after)
		switch level {
		case "Info:", "Warning:", "Error:", "Fatal:", "Debug:", "Panic:":
			return l.of(dovecotProgram, name, l.rest, out)
		}
		return false
	},
}
