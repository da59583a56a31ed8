package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Exim writes mainlog and rejectlog of its own, and the same to syslog. The lines are words with fields of one letter
// between: H= the host and its address, U= and A= who authenticated, F= and T= senders and recipients.
// Source: Exim specification, chapter "Log files".
var (
	eximFormat  = &event.Format{Name: "exim", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	eximProgram = newExim()
	eximKind    = newKind(eximFormat, []string{
		"event.action", "event.category", "event.outcome", "event.reason", "source.ip", "source.port", "user.name",
		"email.from.address", "email.to.address", "email.local_id", "destination.ip", "destination.port",
	}, nil)
)

const (
	exAction = iota
	exCategory
	exOutcome
	exReason
	exSource
	exPort
	exUser
	exFrom
	exTo
	exID
	exDestination
	exDestinationPort
	eximFields
)

func newExim() *program {
	p := newProgram(eximFormat)
	p.custom = readExim
	return p
}

// eximID tells whether a word is the name of a message: 1abcde-000123-4X, or longer since 4.97.
func eximID(s string) bool {
	if len(s) != 16 && len(s) != 23 || s[6] != '-' || s[len(s)-3] != '-' && s[len(s)-5] != '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c-'0' > 9 && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' {
			return false
		}
	}
	return true
}

// readExim reads a line after its time.
func readExim(s string, out *said) bool {
	v := out.values[:eximFields]
	clear(v)
	if s[0] == '[' { // a process
		if _, rest, ok := strings.Cut(s, "] "); ok {
			s = rest
		}
	}
	id := ""
	if w, rest := nextWord(s); eximID(w) {
		id, s = w, rest
	}
	if s == "" || !eximAction(s, id != "", v) {
		return false
	}
	out.kind = eximKind
	if id != "" {
		v[exID] = textValue(id)
	}
	eximWords(s, v)
	return true
}

// eximAction tells what the line is about.
func eximAction(s string, named bool, v []event.Value) bool {
	set := func(action, category, outcome string) bool {
		v[exAction], v[exCategory] = textValue(action), textValue(category)
		if outcome != "" {
			v[exOutcome] = textValue(outcome)
		}
		return true
	}
	if named && len(s) > 2 && s[2] == ' ' {
		address, _ := nextWord(s[3:])
		address = strings.Trim(address, "<>:")
		switch s[:2] {
		case "<=":
			v[exFrom] = textValue(address)
			return set("mail_received", email, success)
		case "=>", "->", ">>":
			v[exTo] = textValue(address)
			return set("mail_sent", email, success)
		case "**":
			v[exTo] = textValue(address)
			return set("mail_bounced", email, failure)
		case "==":
			v[exTo] = textValue(address)
			return set("mail_deferred", email, failure)
		case "*>":
			v[exTo] = textValue(address)
			return set("mail_dropped", email, "")
		}
	}
	switch {
	case named && s == "Completed":
		return set("mail_completed", email, success)
	case strings.Contains(s, " authenticator failed for "):
		if i := strings.LastIndex(s, "]: "); i >= 0 {
			v[exReason] = textValue(s[i+3:])
		}
		if i := strings.LastIndex(s, "(set_id="); i >= 0 {
			v[exUser] = textValue(strings.TrimRight(s[i+8:], ")"))
		}
		return set("smtp_auth", authentication, failure)
	case strings.Contains(s, " rejected "):
		if i := strings.LastIndex(s, ">: "); i >= 0 {
			v[exReason] = textValue(s[i+3:])
		}
		if _, rest, ok := strings.Cut(s, "rejected RCPT <"); ok {
			to, _, _ := strings.Cut(rest, ">")
			v[exTo] = textValue(to)
		}
		return set("mail_rejected", email, failure)
	case strings.HasPrefix(s, "SMTP "), strings.HasPrefix(s, "no host name found"), strings.HasPrefix(s, "unexpected disconnection"),
		strings.HasPrefix(s, "TLS error"), strings.HasPrefix(s, "no MAIL in SMTP"), strings.HasPrefix(s, "refused connection"),
		strings.HasPrefix(s, "Connection from"):
		v[exReason] = textValue(s)
		if _, ip, ok := strings.Cut(s, "IP address "); ok && isAddress(ip) {
			v[exSource], _ = addressValues(ip)
		}
		return set("smtp_connection", network, "")
	case strings.HasPrefix(s, "H=") && strings.Contains(s, "["):
		v[exReason] = textValue(s)
		return set("smtp_connection", network, failure)
	case strings.HasPrefix(s, "exim ") && strings.Contains(s, "daemon started"):
		return set("service_started", process, success)
	}
	return false
}

// eximWords reads the fields: "H=(helo) [192.0.2.7]:4711", "A=plain_login:anna", "F=<a@b>", "U=root".
func eximWords(s string, v []event.Value) {
	sent := len(s) > 2 && (s[:2] == "=>" || s[:2] == "->" || s[:2] == "==" || s[:2] == "**")
	if i := strings.Index(s, "["); i >= 0 {
		for from, tries := 0, 0; tries < 4; tries++ {
			open := strings.IndexByte(s[from:], '[')
			if open < 0 {
				break
			}
			open += from + 1
			end := strings.IndexByte(s[open:], ']')
			if end < 0 {
				break
			}
			from = open + end
			if open > 1 && s[open-2] == '(' { // what the client calls itself
				continue
			}
			if ip, _ := addressValues(s[open:from]); ip.Kind == event.Text && isAddress(s[open:from]) {
				_, port := portAfter(s, from)
				if sent {
					v[exDestination], v[exDestinationPort] = ip, numberValue(port)
				} else {
					v[exSource], v[exPort] = ip, numberValue(port)
				}
				break
			}
		}
	}
	for rest := s; rest != ""; {
		var w string
		w, rest = eximWord(rest)
		if len(w) < 3 || w[1] != '=' {
			continue
		}
		switch w[0] {
		case 'A':
			if _, user, ok := strings.Cut(w, ":"); ok {
				v[exUser] = textValue(user)
			}
		case 'U':
			if v[exUser].Kind == event.Missing && v[exSource].Kind == event.Missing {
				v[exUser] = textValue(w[2:])
			}
		case 'F':
			v[exFrom] = textValue(strings.Trim(w[2:], "<>"))
		}
	}
}

func eximWord(s string) (w, rest string) {
	end := strings.IndexByte(s, ' ')
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end+1:]
}

// eximLog is mainlog and rejectlog.
var eximLog = ownLog{
	name: "exim",
	doc:  "The main and reject logs of the mail server Exim.",
	example: "2024-03-03 09:12:44 login authenticator failed for ([192.0.2.9]) [203.0.113.7]:4711: 535 Incorrect authentication data (set_id=oracle)\n" +
		"2024-03-03 09:12:45 1rgfHs-0000Ab-1x <= anna@shop.example H=(desk) [198.51.100.4]:50122 P=esmtpsa A=plain_login:anna S=812\n",
	begins: "09AZaz[[",
	read: func(l *ownLine, out *said) bool {
		s := l.rest
		if l.time == 0 || len(s) < 8 || s[0] == '{' {
			return false
		}
		if !eximID(l.first) && !strings.HasPrefix(s, "H=") && !strings.HasPrefix(l.after, "authenticator failed for ") && s[0] != '[' &&
			!strings.HasPrefix(s, "no host name found for IP") && !strings.HasPrefix(s, "SMTP ") {
			return false
		}
		return l.of(eximProgram, "exim", s, out)
	},
}
