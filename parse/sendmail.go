package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Sendmail writes a line for each sender, each recipient and each refusal: the name of the message in the queue, then
// pairs between commas. Source: Sendmail Installation and Operation Guide, "The System Log".
var (
	sendmailFormat  = &event.Format{Name: "sendmail", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	sendmailProgram = newSendmail()
	sendmailKind    = newKind(sendmailFormat, []string{
		"event.action", "event.category", "event.outcome", "event.reason", "source.ip", "source.domain", "destination.ip", "destination.domain",
		"user.name", "email.from.address", "email.to.address", "email.local_id", "email.message_id",
	}, nil)
)

const (
	smAction = iota
	smCategory
	smOutcome
	smReason
	smSource
	smSourceName
	smTarget
	smTargetName
	smUser
	smFrom
	smTo
	smQueue
	smMessage
)

func newSendmail() *program {
	p := newProgram(sendmailFormat)
	p.custom = readSendmail
	return p
}

func readSendmail(s string, out *said) bool {
	queue, rest, ok := strings.Cut(s, ": ")
	if !ok || len(queue) < 4 || len(queue) > 24 || strings.IndexByte(queue, ' ') >= 0 {
		queue, rest = "", s
	}
	v := out.values[:len(sendmailKind.names)]
	clear(v)
	if !sendmailAction(rest, v) {
		return false
	}
	out.kind = sendmailKind
	if queue != "" && queue != "NOQUEUE" {
		v[smQueue] = textValue(queue)
	}
	for rest != "" {
		var pair string
		pair, rest, _ = strings.Cut(rest, ", ")
		if key, value, is := strings.Cut(pair, "="); is && value != "" {
			sendmailPair(key, value, v)
		}
	}
	return true
}

// sendmailAction tells by its beginning and a few words what a line is about.
func sendmailAction(s string, v []event.Value) bool {
	action, category, outcome := "", email, event.Value{}
	switch {
	case strings.HasPrefix(s, "from="):
		action, outcome = "mail_received", successValue
	case strings.HasPrefix(s, "to="):
		action = "mail_sent"
	case strings.HasPrefix(s, "ruleset="):
		action, outcome = "mail_rejected", failureValue
	case strings.HasPrefix(s, "AUTH="):
		action, category, outcome = "smtp_auth", authentication, successValue
	case strings.HasPrefix(s, "AUTH failure"), strings.HasPrefix(s, "AUTH error"):
		action, category, outcome = "smtp_auth", authentication, failureValue
		if i := strings.Index(s, "relay="); i > 0 {
			v[smReason] = textValue(strings.TrimRight(s[:i], ", "))
		}
	case strings.HasPrefix(s, "STARTTLS="):
		action, category = "smtp_tls", network
	case strings.HasPrefix(s, "lost input channel from "), strings.HasPrefix(s, "timeout waiting for input from "),
		strings.HasPrefix(s, "rejecting commands from "), strings.Contains(s, "did not issue MAIL/EXPN/VRFY/ETRN"),
		strings.Contains(s, "POSSIBLE ATTACK"), strings.Contains(s, "probable open proxy"):
		action, category, outcome = "smtp_connection_lost", network, failureValue
		sendmailRelay(s, v, smSource)
	default:
		return false
	}
	v[smAction], v[smCategory], v[smOutcome] = textValue(action), textValue(category), outcome
	return true
}

func sendmailPair(key, value string, v []event.Value) {
	switch key {
	case "from", "to", "arg1", "arg2":
		address := strings.Trim(value, "<>")
		if i := strings.IndexByte(address, '>'); i > 0 {
			address = address[:i]
		}
		switch {
		case key == "from":
			v[smFrom] = textValue(address)
		case strings.IndexByte(address, '@') >= 0:
			v[smTo] = textValue(strings.TrimPrefix(address, "<"))
		}
	case "relay":
		side := smSource
		if v[smAction].Raw == "mail_sent" {
			side = smTarget
		}
		sendmailRelay(value, v, side)
	case "authid":
		v[smUser] = textValue(value)
	case "msgid":
		v[smMessage] = textValue(strings.Trim(value, "<>"))
	case "reject":
		v[smReason] = textValue(value)
	case "stat":
		v[smReason], v[smOutcome] = textValue(value), failureValue
		if strings.HasPrefix(value, "Sent") {
			v[smOutcome] = successValue
		} else if strings.HasPrefix(value, "Deferred") {
			v[smAction] = textValue("mail_deferred")
		}
	}
}

// sendmailRelay reads "mx.shop.example [203.0.113.7] (may be forged)" and "[203.0.113.7]".
func sendmailRelay(s string, v []event.Value, side int) {
	open := strings.IndexByte(s, '[')
	if open < 0 {
		return
	}
	address, _, ok := strings.Cut(s[open+1:], "]")
	address = strings.TrimPrefix(address, "IPv6:")
	if !ok || !isAddress(address) {
		return
	}
	v[side], _ = addressValues(address)
	if name := strings.TrimRight(s[:open], " "); name != "" {
		name = strings.TrimRight(name[strings.LastIndexByte(name, ' ')+1:], ".")
		v[side+1] = textValue(name)
	}
}
